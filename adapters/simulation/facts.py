"""What the judge of a run is told before it begins: its limits and contracts, and how large what grows in it may be."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from actors.risk.limits import RiskLimits
from adapters.limits import risk_limits
from adapters.live.settings import LiveSettings
from adapters.simulation.checks.facts import Facts, Limits, Terms
from adapters.simulation.exchange_side import KEY, SECRET, ExchangeSide
from adapters.simulation.sizes import sizes_of
from messages import UtcNs

if TYPE_CHECKING:
    from adapters.simulation.world import World

_NONE: Final = 2**31
"""Of what is not limited."""


def facts_of(
    *,
    folder: Path,
    settings: LiveSettings,
    run6: str,
    exchange: ExchangeSide,
    world: "World",
    local: Callable[[], UtcNs],
    struck: Callable[[], int],
) -> Facts:
    """See above. `local`: the clock of the machine that trades."""
    risk = risk_limits(settings.configuration.risk) or RiskLimits()
    return Facts(
        folder=folder,
        prefix=f"{run6}-",
        secrets=(KEY, SECRET),
        switch_s=settings.live.dead_mans_switch_s,
        limits=Limits(
            order_lots=risk.order_lots_max or _NONE,
            position_lots=risk.position_lots_max or _NONE,
            open_orders=risk.open_orders_max or _NONE,
            a_second=risk.orders_per_second or _NONE,
            a_minute=risk.orders_per_minute or _NONE,
            price_band=risk.price_band or float(_NONE),
        ),
        contracts=_terms(exchange),
        local=local,
        sizes=lambda: sizes_of(world.process),
        struck=struck,
        is_synced=settings.live.sync == "full",
    )


def _terms(exchange: ExchangeSide) -> Mapping[str, Terms]:
    contracts = {symbol: market.contract for symbol, market in exchange.exchange.markets.items()}
    return {
        symbol: Terms(
            lot=contract.lot,
            tick=contract.instrument.tick_size,
            largest=contract.constants()["maxOrderQty"],
            currency=contract.instrument.currency,
        )
        for symbol, contract in contracts.items()
    }
