"""A configuration is judged strictly and completely: every mistake at once, each with its key path and reason."""

from decimal import Decimal
from pathlib import Path

import pytest

from adapters.configuration import Configuration, read_toml, structured
from adapters.errors import InputError


def _read(tmp_path: Path, text: str):
    path = tmp_path / "run.toml"
    path.write_text(text, encoding="utf-8")
    return structured(read_toml(path))


def _problems(tmp_path: Path, text: str) -> dict[str, str]:
    return dict(_read(tmp_path, text)[1])


def test_the_interface_s_own_example_is_read(tmp_path):
    configuration, problems = _read(
        tmp_path,
        """
        [[instruments]]
        symbol = "XBTUSD"
        kind = "inverse"
        tick_size = 0.5
        lot_size = 1
        multiplier = 1.0
        currency = "XBT"
        value_rounding = "per-lot"
        maker_fee = -0.00025
        taker_fee = 0.00075
        funding = "none"
        funding_interval = "8h"
        [[data]]
        symbol = "XBTUSD"
        file = "bars.csv.gz"
        period = "1m"
        stamps = "start"
        timezone = "UTC"
        [[strategies]]
        id = "ema-fast"
        strategy = "ema-cross"
        symbols = ["XBTUSD"]
        period = "1m"
        params = { fast = 10, slow = 50 }
        weight = 1.0
        lots = 1
        execution = "market"
        mode = "live"
        on_quarantine = "hold"
        [portfolio]
        sizing = "fixed"
        symbol_multiplier = { XBTUSD = 1.0 }
        [risk]
        order_lots_max = 100000
        position_lots_max = 1000000
        daily_loss_max = 0.05
        daily_loss_action = "until-next-day"
        day_starts = "00:00"
        [backtest]
        fill = "next-open"
        cash = { XBT = 1.0, USD = 100000 }
        [live]
        venue = "loopback"
        account = "main"
        """,
    )

    assert problems == []
    assert configuration.instruments[0].maker_fee == Decimal("-0.00025")
    assert configuration.strategies[0].params == {"fast": 10, "slow": 50}
    assert configuration.backtest.cash == {"XBT": Decimal("1.0"), "USD": Decimal(100000)}
    assert configuration.risk is not None
    assert configuration.risk.daily_loss_max == 0.05


def test_nothing_is_a_configuration_too():
    assert structured({}) == (Configuration(), [])


@pytest.mark.parametrize(
    ("text", "path", "reason"),
    [
        ('[backtest]\nslippage_ticks = "5"', "backtest.slippage_ticks", "must be a whole number, not the text '5'"),
        ("[backtest]\nslippage_ticks = true", "backtest.slippage_ticks", "must be a whole number, not the truth value"),
        ("[backtest]\nslippage_ticks = 5.0", "backtest.slippage_ticks", "must be a whole number, not 5.0"),
        ("[backtest]\nlive_marks = 1", "backtest.live_marks", "must be true or false, not 1"),
        ("[backtest]\ncash = true", "backtest.cash", "must be a number, not the truth value true"),
        ("[backtest]\ncash = { XBT = -1 }", "backtest.cash.XBT", "must be above zero"),
        ("[backtest]\ncash = inf", "backtest.cash", "must be a finite number"),
        ("[backtest]\ncash = nan", "backtest.cash", "must be a finite number"),
        ('[backtest]\nfill = "next"', "backtest.fill", "did you mean next-open?"),
        ('[backtest]\nfrom = "soon"', "backtest.from", "'soon' is no time"),
        ("[backtest]\nto = 9999-01-01", "backtest.to", "which nanoseconds can count"),
        ("[backtest]\nfil = 1", "backtest.fil", "there is no such key; did you mean fill?"),
        ("[backtset]\nfill = 1", "backtset", "there is no such section; did you mean backtest?"),
        ("backtest = 5", "backtest", "must be a table, not 5"),
        ("[strategies]\nid = 'a'", "strategies", "must be a list of tables"),
        ("accounts = 5", "accounts", "must be a list of tables"),
        ("[[strategies]]\nid = 'a'", "strategies[0].strategy", "must be given"),
        ("[[strategies]]\nstrategy = 'random'\nexecution = 'chaes'", "strategies[0].execution", "did you mean chase?"),
        ("[[strategies]]\nstrategy = 'random'\nexecution = 5", "strategies[0].execution", "an algorithm's name or a"),
        (
            "[[strategies]]\nstrategy = 'random'\nexecution = { seconds = 5 }",
            "strategies[0].execution.algorithm",
            "must be given",
        ),
        (
            "[[strategies]]\nstrategy = 'random'\nexecution = { algorithm = 'chase', secons = 5 }",
            "strategies[0].execution",
            "did you mean seconds?",
        ),
        (
            "[[strategies]]\nstrategy = 'random'\nexecution = { algorithm = 'iceberg' }",
            "strategies[0].execution",
            "needs show_lots",
        ),
        (
            "[[strategies]]\nstrategy = 'random'\nexecution = { algorithm = 'chase', seconds = [1] }",
            "strategies[0].execution.seconds",
            "not a list",
        ),
        ("[backtest]\nvolume_cap = 1.5", "backtest.volume_cap", "above 0 and at most 1"),
        ("[backtest]\nslippage_spread = -1", "backtest.slippage_spread", "must be zero or above"),
        ("[risk]\nactions = { order-rat = 'halt' }", "risk.actions.order-rat", "did you mean order-rate?"),
        (
            "[risk]\nactions = { order-rate = 'stop' }",
            "risk.actions.order-rate",
            "must be refuse or reduce-only or halt",
        ),
        ("[risk]\ndaily_loss_state = 'halt'", "risk.daily_loss_state", "belongs to a daily_loss_max"),
        ("[risk]\norder_notional_max = 0", "risk.order_notional_max", "must be above zero"),
        ("[risk]\nlimits = []", "risk.limits", "must not be empty"),
        ("[risk]\nlimits = 5", "risk.limits", "must be a list"),
        ("[[risk.limits]]\norder_lots_max = 5", "risk.limits[0]", "names no account, strategy or symbol"),
        ("[[risk.limits]]\nsymbol = 'A'", "risk.limits[0]", "limits nothing"),
        (
            "[[risk.limits]]\nsymbol = 'A'\norder_lot_max = 5",
            "risk.limits[0].order_lot_max",
            "did you mean order_lots_max?",
        ),
        ("[[risk.limits]]\nsymbol = 'A'\norder_lots_max = 0", "risk.limits[0].order_lots_max", "must be at least 1"),
        ("[[strategies]]\nstrategy = 'random'\nid = 'My Idea'", "strategies[0].id", "at most 16 of a-z, 0-9 and -"),
        ("[[strategies]]\nstrategy = 'random'\nid = 'net'", "strategies[0].id", "'net' is taken"),
        ("[[strategies]]\nstrategy = 'random'\nweight = -1", "strategies[0].weight", "must be zero or above"),
        ("[[strategies]]\nstrategy = 'random'\nsymbols = []", "strategies[0].symbols", "must not be empty"),
        ("[[strategies]]\nstrategy = 'random'\nsymbols = ['A', 5]", "strategies[0].symbols[1]", "must be a text"),
        ("[[strategies]]\nstrategy = 'random'\nparams = { a = [1] }", "strategies[0].params.a", "not a list"),
        ("[[instruments]]\nsymbol = 'A'\ntick_size = 0", "instruments[0].tick_size", "must be above zero"),
        ("[[instruments]]\nsymbol = 'A'\ntaker_fee = 7.5", "instruments[0].taker_fee", "must be a fraction between"),
        ("[[instruments]]\nsymbol = 'A'\nkind = 'invers'", "instruments[0].kind", "did you mean inverse?"),
        ("[[data]]\nsymbol = 'A'", "data[0]", "either a file or generated"),
        ("[[data]]\nsymbol = 'A'\nfile = 'a.csv'\ntimezone = 'Mars'", "data[0].timezone", "'Mars' is not known"),
        ("[[data]]\nsymbol = 'A'\nfile = 'a.csv'\nperiod = '7x'", "data[0].period", "period '7x'"),
        ("[[data]]\nsymbol = 'A'\ngenerated = { sed = 1 }", "data[0].generated.sed", "did you mean seed?"),
        ("[[data]]\nsymbol = 'A'\ngenerated = 5", "data[0].generated", "must be a table"),
        ("[risk]\ndaily_loss_max = 5", "risk.daily_loss_max", "0.05 is 5 %"),
        ("[risk]\nday_starts = '24:00'", "risk.day_starts", "from 00:00 to 23:59"),
    ],
)
def test_a_mistake_is_named_by_key_path_and_reason(tmp_path, text, path, reason):
    problems = _problems(tmp_path, text)

    assert list(problems) == [path]
    assert reason in problems[path]


def test_all_mistakes_are_told_at_once_across_sections_and_entries(tmp_path):
    problems = _problems(
        tmp_path,
        """
        [[instruments]]
        symbol = "A"
        tick_size = "5"
        lot_size = true
        [[instruments]]
        symbol = "A"
        [[strategies]]
        strategy = 5
        mode = "papre"
        [risk]
        order_lots_max = 0
        [backtest]
        cahs = 1
        """,
    )

    assert set(problems) == {
        "instruments[0].tick_size",
        "instruments[0].lot_size",
        "instruments[1].symbol",
        "strategies[0].strategy",
        "strategies[0].mode",
        "risk.order_lots_max",
        "backtest.cahs",
    }


def test_decimals_are_what_was_written(tmp_path):
    configuration, _ = _read(tmp_path, "[[instruments]]\nsymbol = 'A'\ntick_size = 0.1\ntaker_fee = 0.00075")

    assert configuration.instruments[0].tick_size == Decimal("0.1")
    assert configuration.instruments[0].taker_fee == Decimal("0.00075")


def test_toml_s_own_dates_are_times_too(tmp_path):
    configuration, problems = _read(tmp_path, "[backtest]\nfrom = 2018-01-01\nto = 2018-02-01T09:30:00+08:00")

    assert problems == []
    assert (configuration.backtest.begin, configuration.backtest.end) == ("2018-01-01", "2018-02-01T09:30:00+08:00")


def test_a_file_that_is_no_toml_is_named_with_the_line(tmp_path):
    with pytest.raises(InputError, match=r"run\.toml: not TOML: .*line 2"):
        _read(tmp_path, "[backtest]\nfill = \n")


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.toml: the configuration cannot be read: No such file"):
        read_toml(tmp_path / "none.toml")


def test_a_file_that_is_not_utf_8_is_named(tmp_path):
    path = tmp_path / "run.toml"
    path.write_bytes(b"# \xff\n")

    with pytest.raises(InputError, match="not UTF-8 at byte 2"):
        read_toml(path)
