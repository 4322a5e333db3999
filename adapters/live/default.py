"""What `run.py live` trades when nobody says anything: two strategies in bitcoin, on an exchange on this machine.

An XBTUSD lot there is 100 contracts of 1 USD, and an account begins with 100 XBT; so the sizes below are small against
the account, and the limits are a few times the sizes: what goes beyond them is a mistake, and is refused.
"""

from decimal import Decimal
from typing import Final

from adapters.configuration import BacktestSection, Configuration, LiveSection, RiskSection, StrategySection

SYMBOL: Final = "XBTUSD"
RANDOM: Final = StrategySection(id="random", strategy="random", symbols=(SYMBOL,), period="1s", lots=5)
"""Throws dice each second: the whole chain is seen at work within seconds."""
EMA_CROSS: Final = StrategySection(
    id="ema-cross", strategy="ema-cross", symbols=(SYMBOL,), period="5s", params={"fast": 5, "slow": 20}, lots=10
)
RISK: Final = RiskSection(
    order_lots_max=100,
    position_lots_max=100,
    price_band=0.05,
    orders_per_second=8,
    # The venue takes 120 requests a minute, and cancels and queries are requests too.
    orders_per_minute=100,
    open_orders_max=20,
    daily_loss_max=0.05,
    leverage_max=Decimal(1),
)


def default_configuration(seed: int = 1) -> Configuration:
    """The configuration of a run without one."""
    return Configuration(
        strategies=(RANDOM, EMA_CROSS), risk=RISK, backtest=BacktestSection(seed=seed), live=LiveSection()
    )
