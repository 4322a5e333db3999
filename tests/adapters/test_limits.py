"""`[risk]` and `[[risk.limits]]` become the guard's limits, and a scope that names nothing is refused."""

import tomllib
from decimal import Decimal

import pytest

from actors.risk.limits import RiskLimits, ScopedLimits
from adapters.configuration import structured
from adapters.configuration.typed import BacktestOptions
from adapters.errors import InputError
from adapters.limits import risk_limits, scoped_limits
from adapters.preparation import prepare
from tests.builders import HOUR

TEXT = """
[risk]
order_lots_max = 10
position_lots_max = 20
order_notional_max = 1000.5
position_notional_max = 5000
leverage_max = 3
price_band = 0.1
open_orders_max = 5
orders_per_second = 2
orders_per_minute = 60
actions = { order-rate = "halt", leverage = "reduce-only" }
daily_loss_max = 0.05
daily_loss_action = "halt"
daily_loss_state = "reduce-only"
day_starts = "17:00"
[[risk.limits]]
strategy = "random"
order_lots_max = 1
[[risk.limits]]
account = "main"
symbol = "DEMO"
position_notional_max = 2.5
open_orders_max = 3
"""


def _risk(text):
    configuration, problems = structured(tomllib.loads(text, parse_float=Decimal))
    assert problems == []
    return configuration.risk


def test_every_key_is_a_limit():
    assert risk_limits(_risk(TEXT)) == RiskLimits(
        order_lots_max=10,
        position_lots_max=20,
        order_notional_max=Decimal("1000.5"),
        position_notional_max=Decimal(5000),
        leverage_max=Decimal(3),
        price_band=0.1,
        open_orders_max=5,
        orders_per_second=2,
        orders_per_minute=60,
        actions=(("order-rate", "halt"), ("leverage", "reduce-only")),
        daily_loss_max=0.05,
        daily_loss_action="halt",
        daily_loss_state="reduce-only",
        day_starts_ns=17 * HOUR,
    )


def test_every_row_is_a_limit_of_its_scope():
    assert scoped_limits(_risk(TEXT)) == (
        ScopedLimits(strategy="random", order_lots_max=1),
        ScopedLimits(account="main", symbol="DEMO", position_notional_max=Decimal("2.5"), open_orders_max=3),
    )


def test_without_the_section_nothing_is_limited():
    assert risk_limits(None) is None
    assert scoped_limits(None) == ()
    assert risk_limits(_risk("[risk]")) == RiskLimits()


def test_a_scope_has_to_be_there(tmp_path):
    config = tmp_path / "run.toml"
    limits = "".join(
        f"[[risk.limits]]\n{scope} = 'nobody'\norder_lots_max = 1\n" for scope in ("account", "strategy", "symbol")
    )
    config.write_text(f"[[strategies]]\nstrategy = 'random'\n{limits}")

    with pytest.raises(InputError) as caught:
        prepare(BacktestOptions(config=config))

    said = str(caught.value)
    assert f"{config}: risk.limits[0].account: there is no account 'nobody'; there are main" in said
    assert f"{config}: risk.limits[1].strategy: there is no strategy 'nobody'; there are random" in said
    assert f"{config}: risk.limits[2].symbol: there is no symbol 'nobody'; there are DEMO" in said


def test_the_scopes_of_a_run_are_its_accounts_strategies_and_symbols(tmp_path):
    config = tmp_path / "run.toml"
    config.write_text(TEXT + "[[strategies]]\nstrategy = 'random'\n")

    ready = prepare(BacktestOptions(config=config))

    assert len(scoped_limits(ready.configuration.risk)) == 2
