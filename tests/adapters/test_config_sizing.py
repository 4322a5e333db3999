"""Sizing, accounts and paper strategies: who trades in which account, with what cash, and how large."""

import pytest

from actors.sizing.sizing import Sizing
from adapters.configuration import to_toml
from adapters.configuration.typed import BacktestOptions
from adapters.errors import InputError
from adapters.preparation import prepare

MARKETS = """
[[instruments]]
symbol = "XBTUSD"
kind = "inverse"
[[instruments]]
symbol = "XBTUSDT"
[[data]]
symbol = "XBTUSD"
generated = { count = 50 }
[[data]]
symbol = "XBTUSDT"
generated = { count = 50 }
"""
STRATEGIES = """
[[strategies]]
id = "one"
strategy = "random"
symbols = ["XBTUSD"]
[[strategies]]
id = "two"
strategy = "random"
symbols = ["XBTUSDT"]
account = "other"
[[strategies]]
id = "three"
strategy = "random"
symbols = ["XBTUSDT"]
mode = "paper"
"""


def _prepare(tmp_path, text: str):
    config = tmp_path / "run.toml"
    config.write_text(MARKETS + text)
    return prepare(BacktestOptions(config=config))


def _wrong(tmp_path, text: str) -> str:
    with pytest.raises(InputError) as caught:
        _prepare(tmp_path, text)
    return str(caught.value).replace(f"{tmp_path / 'run.toml'}: ", "")


def test_a_paper_strategy_trades_in_an_account_of_its_own(tmp_path):
    ready = _prepare(tmp_path, STRATEGIES)

    assert {entry.id: entry.account for entry in ready.entries} == {
        "one": "main", "two": "other", "three": "paper:three",
    }  # fmt: skip
    assert 'mode = "paper"' in to_toml(ready.configuration)
    assert ready.described["three"].endswith(", on paper")
    assert "paper" not in ready.described["two"]


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ("mode = 'paper'\naccount = 'other'", "a paper strategy has an account of its own"),
        ("account = 'paper:x'", "are those of strategies with mode = 'paper'"),
        ("mode = 'papre'", "did you mean paper?"),
    ],
)
def test_paper_and_an_account_do_not_go_together(tmp_path, keys, reason):
    assert reason in _wrong(tmp_path, f"[[strategies]]\nstrategy = 'random'\n{keys}")


def test_fixed_sizing_needs_no_settings(tmp_path):
    ready = _prepare(tmp_path, STRATEGIES)

    assert (ready.sizing, ready.account_sizing) == (None, {})


def test_each_sizing_has_its_parameters_and_all_of_them_are_written(tmp_path):
    ready = _prepare(
        tmp_path, "[portfolio]\nsizing = 'risk-parity'\ntarget_volatility = 0.5\nscale_max = 3" + STRATEGIES
    )

    assert ready.sizing == Sizing(method="risk-parity", target_volatility=0.5, scale_max=3.0)
    assert "volatility_window = 100" in to_toml(ready.configuration)


def test_a_halflife_takes_the_window_s_place(tmp_path):
    ready = _prepare(tmp_path, "[portfolio]\nsizing = 'risk-parity'\nvolatility_halflife = 30" + STRATEGIES)

    assert ready.sizing == Sizing(method="risk-parity", volatility_halflife=30)
    assert "volatility_window" not in to_toml(ready.configuration)


def test_an_account_s_own_sizing_takes_nothing_from_the_portfolio_s_but_single_keys_lie_over_it(tmp_path):
    ready = _prepare(
        tmp_path,
        """
        [portfolio]
        sizing = "risk-parity"
        scale_max = 3
        [[accounts]]
        name = "other"
        target_volatility = 0.5
        [[accounts]]
        name = "paper:three"
        sizing = "equity-fraction"
        fraction = 0.25
        """
        + STRATEGIES,
    )

    assert ready.account_sizing == {
        "other": Sizing(method="risk-parity", target_volatility=0.5, scale_max=3.0),
        "paper:three": Sizing(method="equity-fraction", fraction=0.25),
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[portfolio]\nfraction = 0.5", "portfolio.fraction: sizing 'fixed' does not use it; it has no parameters"),
        (
            "[portfolio]\nsizing = 'risk-parity'\nfraction = 0.5",
            "portfolio.fraction: sizing 'risk-parity' does not use it; it has target_volatility, ",
        ),
        (
            "[portfolio]\nsizing = 'equity-fraction'\nscale_max = 2",
            "portfolio.scale_max: sizing 'equity-fraction' does not use it; it has fraction, rebalance_band",
        ),
        (
            "[portfolio]\nsizing = 'risk-parity'\nvolatility_window = 5\nvolatility_halflife = 5",
            "portfolio.volatility_window: is not used where there is a volatility_halflife",
        ),
        (
            "[portfolio]\nsizing = 'risk-parity'\nscale_min = 9",
            "portfolio: Sizing.scale_min must not be above scale_max",
        ),
        ("[portfolio]\nsizing = 'kelly'", "portfolio.sizing: must be fixed or risk-parity or equity-fraction"),
        (
            "[portfolio]\nsizing = 'risk-parity'\nvolatility_window = 1",
            "portfolio.volatility_window: must be at least 2",
        ),
        (
            "[portfolio]\nsizing = 'risk-parity'\nrebalance_band = 1",
            "portfolio.rebalance_band: must be a fraction, zero",
        ),
        ("[[accounts]]\nname = 'other'\nfraction = 1", "accounts[0].fraction: sizing 'fixed' does not use it"),
        (
            "[portfolio]\nsizing = 'risk-parity'\n[[accounts]]\nname = 'other'\nsizing = 'fixed'\nscale_max = 1",
            "accounts[0].scale_max: sizing 'fixed' does not use it",
        ),
        (
            "[[accounts]]\nname = 'oter'",
            "accounts[0].name: no strategy trades in 'oter'; they trade in main, other, paper",
        ),
        ("[[accounts]]\nname = 'other'\n[[accounts]]\nname = 'other'", "accounts[1].name: 'other' is already that of"),
        ("[[accounts]]\nname = 'other'\ncash = { USDT = 0 }", "accounts[0].cash.USDT: must be above zero"),
        ("[[accounts]]\nname = 'other'\ncash = { USD = 5 }", "accounts[0].cash: no amount of USDT, in which XBTUSDT"),
        ("[[accounts]]\nname = 'other'\ncash = 0.0000001", "accounts[0].cash.USDT: 1E-7 USDT is no whole number"),
    ],
)
def test_a_mistake_is_named_by_key_path_and_reason(tmp_path, text, said):
    assert said in _wrong(tmp_path, text + STRATEGIES)


def test_a_strategy_that_is_wrong_itself_does_not_make_its_account_a_mistake_too(tmp_path):
    said = _wrong(tmp_path, STRATEGIES.replace('id = "two"', 'id = "TWO"') + "[[accounts]]\nname = 'other'")

    assert "strategies[1].id" in said
    assert "no strategy trades" not in said


def test_every_account_starts_with_the_same_cash_unless_it_says_otherwise(tmp_path):
    ready = _prepare(
        tmp_path, STRATEGIES + "[[accounts]]\nname = 'other'\ncash = 500.25\n[backtest]\ncash = { XBT = 2, USDT = 7 }"
    )

    assert ready.cash == {"XBT": 2 * 10**8, "USDT": 7 * 10**6}
    assert ready.account_cash == {"other": {"USDT": 500_250_000}}
    assert "cash = { USDT = 500.25 }" in to_toml(ready.configuration)


def test_cash_of_a_currency_that_only_an_account_with_its_own_cash_needs_is_not_asked_for(tmp_path):
    ready = _prepare(
        tmp_path,
        STRATEGIES.replace('mode = "paper"', 'account = "other"')
        + "[[accounts]]\nname = 'other'\ncash = 5\n[backtest]\ncash = { XBT = 2 }",
    )

    assert ready.cash == {"XBT": 2 * 10**8}
    assert ready.account_cash == {"other": {"USDT": 5 * 10**6}}
