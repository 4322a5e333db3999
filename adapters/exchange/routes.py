"""The table of all REST routes."""

from collections.abc import Mapping
from typing import Final

from adapters.exchange.account_routes import PRIVATE
from adapters.exchange.market_routes import PUBLIC
from adapters.exchange.route import Route

ROUTES: Final[Mapping[tuple[str, str], Route]] = {**PUBLIC, **PRIVATE}
"""By verb and path below `/api/v1`."""
