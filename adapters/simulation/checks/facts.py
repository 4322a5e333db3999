"""What a judge is told of a run before it begins: its folder, its limits, its contracts, whose orders are whose."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Final

import attrs

STRAY: Final = "-stray-"
"""In the client id of an order that has our prefix, and was sent by nobody here."""


@attrs.frozen(kw_only=True)
class Terms:
    """What a contract can be traded in."""

    lot: int
    """Contracts."""
    tick: Decimal
    largest: int
    """Contracts in one order, as the exchange allows."""
    currency: str


@attrs.frozen(kw_only=True)
class Limits:
    """What the account may do, as configured. Lots and counts."""

    order_lots: int
    position_lots: int
    open_orders: int
    a_second: int
    """Orders that may be approved within any second."""
    a_minute: int
    price_band: float
    """Fraction of the last price."""


@attrs.frozen(kw_only=True)
class Facts:
    """See above."""

    folder: Path
    prefix: str
    """How the client ids of our orders begin."""
    secrets: tuple[str, ...]
    """What nobody may write down or say."""
    switch_s: float
    """After so long without being asked not to, the exchange cancels everything."""
    limits: Limits
    contracts: Mapping[str, Terms]
    local: Callable[[], int]
    """The clock of the machine that trades, in ns."""
    sizes: Callable[[], Mapping[str, tuple[int, int]]]
    """What grows in the process: how large it is now, and how large it may become."""
    struck: Callable[[], int]
    """How often anything has gone wrong in the world around the process."""

    is_synced: bool = False
    """Each commit of the order journal waits for the disk: no loss of power loses one."""

    def are_ours(self, client_id: str) -> bool:
        """Whether the process answers for an order of this name."""
        return client_id.startswith(self.prefix) and STRAY not in client_id
