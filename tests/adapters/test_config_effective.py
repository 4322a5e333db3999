"""Options win over the file, the data settle what nobody told, and all of it is the effective configuration."""

import sys
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from actors.strategies import EmaCross, Turtle
from adapters.configuration import to_toml
from adapters.configuration.option_data import symbol_of
from adapters.configuration.typed import BacktestOptions
from adapters.contracts import currency_of
from adapters.errors import InputError
from adapters.preparation import prepare
from messages import Kind, parse_period
from tests.builders import MONDAY

STRATEGY = """
from actors import Strategy

class MyOwnIdea(Strategy):
    depth: int = 3
    name: str = "x"
    maybe: float | None = None
"""


def _bars(path: Path, *, rows=200, step="00:01:00", tick=0.5, first=100.0) -> Path:
    hours, minutes, _ = (int(part) for part in step.split(":"))
    seconds = hours * 3600 + minutes * 60
    lines = ["timestamp,open,high,low,close,volume"]
    for row in range(rows):
        price = first + tick * (row % 7)
        lines.append(f"{MONDAY // 10**9 + row * seconds},{price},{price},{price},{price},1")
    path.write_text("\n".join(lines) + "\n")
    return path


def _wrong(**options) -> str:
    with pytest.raises(InputError) as caught:
        prepare(BacktestOptions(**options))
    return str(caught.value)


def test_without_anything_two_strategies_trade_a_generated_market_and_it_says_so():
    ready = prepare(BacktestOptions())

    assert [(entry.id, entry.strategy) for entry in ready.entries] == [("ema-cross", EmaCross), ("turtle", Turtle)]
    assert ready.data[0].file == "generated"
    assert "generated market (seed 1)" in ready.notes[0]
    assert ready.cash == {"USD": 10_000_000_00}


def test_the_seed_makes_another_market_and_another_run():
    one, other = prepare(BacktestOptions()), prepare(BacktestOptions(seed="2"))

    assert one.data[0].sha256 != other.data[0].sha256
    assert one.run_id != other.run_id


def test_a_file_alone_is_enough(tmp_path):
    ready = prepare(BacktestOptions(data=(str(_bars(tmp_path / "bitmex_XBTUSD_1m.csv")),)))

    (instrument,) = ready.instruments
    assert (instrument.symbol, instrument.kind, instrument.tick_size) == ("XBTUSD", Kind.LINEAR, Decimal("0.5"))
    assert ready.entries[0].period == parse_period("1m")
    said = "\n".join(ready.notes)
    assert "stamps: assumed" in said
    assert "tick size: 0.5" in said
    assert "period: 1m, inferred" in said


def test_an_inverse_contract_starts_with_one_coin(tmp_path):
    data = f"XBTUSD={_bars(tmp_path / 'a.csv')}"

    ready = prepare(BacktestOptions(data=(data,), instrument="inverse"))

    assert ready.cash == {"XBT": 100_000_000}


def test_cash_is_counted_in_whole_minor_units(tmp_path):
    data = (str(_bars(tmp_path / "A.csv")),)

    assert prepare(BacktestOptions(data=data, cash="1000.25")).cash == {"USD": 100_025}
    assert "no whole number of its minor unit" in _wrong(data=data, cash="0.001")


@pytest.mark.parametrize(
    ("symbol", "kind", "currency"),
    [
        ("XBTUSD", Kind.INVERSE, "XBT"),
        ("BTC-PERP", Kind.INVERSE, "XBT"),
        ("ETHUSD", Kind.INVERSE, "ETH"),
        ("SYMBOL", Kind.LINEAR, "USD"),
        ("SYMBOL", Kind.INVERSE, "XBT"),
        ("XBTUSDT", Kind.LINEAR, "USDT"),
        ("ETHUSD", Kind.QUANTO, "XBT"),
        ("XBTUSDT", Kind.SPOT, "USDT"),
    ],
)
def test_the_currency_follows_from_kind_and_symbol(symbol, kind, currency):
    assert currency_of(symbol, kind) == currency


@pytest.mark.parametrize(
    ("name", "symbol"),
    [
        ("bitmex_XBTUSD_1m.csv.gz", "XBTUSD"),
        ("IF.csv", "IF"),
        ("ftx_BTC-PERP_1m_20220101_20220201.csv.gz", "BTC-PERP"),
        ("ethusdt_5m.parquet", "ETHUSDT"),
        ("2024-01-01_trades.csv", "SYMBOL"),
        ("bars.csv", "SYMBOL"),
        ("ES.F_1h.csv", "ES.F"),
    ],
)
def test_a_symbol_is_recognised_in_a_file_s_name(name, symbol):
    assert symbol_of(Path(name)) == symbol


def test_bars_of_a_longer_period_are_left_to_the_builder(tmp_path):
    ready = prepare(BacktestOptions(data=(str(_bars(tmp_path / "A.csv")),), period="5m"))

    assert ready.data[0].period == parse_period("1m")
    assert ready.entries[0].period == parse_period("5m")


def test_a_told_period_that_is_shorter_than_the_rows_seem_is_taken_for_the_file_s_own(tmp_path):
    path = tmp_path / "A.csv"
    lines = ["timestamp,open,high,low,close,volume"]
    starts = [0, 5, 15, 25, 35, 45]
    lines += [f"{MONDAY // 10**9 + minute * 60},1,1,1,1,1" for minute in starts]
    path.write_text("\n".join(lines) + "\n")

    assert prepare(BacktestOptions(data=(str(path),), period="5m")).data[0].period == parse_period("5m")


def test_options_win_over_the_file(tmp_path):
    _bars(tmp_path / "x.csv")
    config = tmp_path / "run.toml"
    config.write_text(
        """
        [[data]]
        symbol = "XBTUSD"
        file = "x.csv"
        [[instruments]]
        symbol = "XBTUSD"
        kind = "inverse"
        tick_size = 0.5
        taker_fee = 0.00075
        [[strategies]]
        strategy = "random"
        [backtest]
        fill = "this-close"
        seed = 5
        cash = { XBT = 2, USD = 5 }
        """
    )

    kept = prepare(BacktestOptions(config=config))
    changed = prepare(
        BacktestOptions(config=config, fill="next-open", seed="6", cash="3", taker_fee="0", strategies=("ema-cross",))
    )

    assert kept.configuration.backtest.fill == "this-close"
    assert kept.configuration.backtest.seed == 5
    assert kept.cash == {"XBT": 200_000_000}
    assert kept.instruments[0].taker_fee == Decimal("0.00075")
    assert changed.configuration.backtest.fill == "next-open"
    assert changed.configuration.backtest.seed == 6
    assert changed.cash == {"XBT": 300_000_000}
    assert changed.instruments[0].taker_fee == 0
    assert [entry.id for entry in changed.entries] == ["ema-cross"]


def test_leverage_on_the_command_line_takes_the_place_of_a_margin_in_the_file(tmp_path):
    config = tmp_path / "run.toml"
    config.write_text("[[instruments]]\nsymbol = 'DEMO'\ninitial_margin = 0.5\n")

    ready = prepare(BacktestOptions(config=config, leverage="4"))

    assert ready.instruments[0].initial_margin == Decimal("0.25")
    assert "initial_margin" not in to_toml(ready.configuration)


def test_what_sessions_leave_unsaid_is_written(tmp_path):
    config = tmp_path / "run.toml"
    config.write_text("[[instruments]]\nsymbol = 'DEMO'\nsessions = ['09:00-10:00']\n")

    told = tomllib.loads(to_toml(prepare(BacktestOptions(config=config)).configuration))["instruments"][0]

    assert (told["sessions_timezone"], told["sessions_days"]) == ("UTC", ["mon", "tue", "wed", "thu", "fri"])


def test_an_instrument_entry_serves_data_of_another_name(tmp_path):
    config = tmp_path / "run.toml"
    config.write_text("[[instruments]]\nsymbol = 'XBTUSD'\nkind = 'inverse'\ntick_size = 0.1\nmultiplier = 100\n")

    ready = prepare(BacktestOptions(config=config, data=(f"PERP={_bars(tmp_path / 'a.csv')}",), instrument="XBTUSD"))

    assert ready.instruments[0].symbol == "PERP"
    assert ready.instruments[0].multiplier == 100


def test_parameters_reach_every_strategy_that_has_them_or_the_one_that_is_named():
    ready = prepare(
        BacktestOptions(strategies=("ema-cross", "ema-cross", "turtle"), params=("slow=60", "ema-cross-2.fast=5"))
    )

    params = {entry.id: dict(entry.params) for entry in ready.entries}
    assert params["ema-cross"] == {"fast": 10, "slow": 60}
    assert params["ema-cross-2"] == {"fast": 5, "slow": 60}
    assert "slow" not in params["turtle"]


def test_lots_size_the_turtle_too():
    ready = prepare(BacktestOptions(lots="7"))

    assert [entry.lots for entry in ready.entries] == [7, 7]
    assert dict(ready.entries[1].params)["lots"] == 7
    assert "lots" not in dict(prepare(BacktestOptions()).entries[1].params)


def test_the_users_own_class_gets_an_id_from_its_name_and_parameters_by_their_type(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(STRATEGY)

    ready = prepare(
        BacktestOptions(strategies=(f"{path}:MyOwnIdea",), params=("name=5", "depth=4", "MyOwnIdea.maybe=2"))
    )

    assert ready.entries[0].id == "my-own-idea"
    assert dict(ready.entries[0].params) == {"depth": 4, "name": "5", "maybe": 2.0}


def test_everything_wrong_with_the_options_is_told_at_once(tmp_path):
    said = _wrong(
        data=(str(tmp_path / "none.csv"),),
        seed="x",
        tick_size="-1",
        instrument="sport",
        leverage="0.5",
        funding="2",
        volume_cap="0",
        execution="chaes",
        stamps="middle",
        strategies=("ema-cros",),
        begin="soon",
    )

    for part in (
        "--seed: ",
        "--tick-size: ",
        "not 'sport'; did you mean spot?",
        "--stamps: ",
        "did you mean ema-cross?",
        "none.csv: there is no such file",
        "--from: ",
        "--leverage: must be 1 or above",
        "--funding: must be a fraction",
        "--volume-cap: must be a fraction above 0",
        "did you mean chase?",
    ):
        assert part in said


@pytest.mark.parametrize(
    ("param", "reason"),
    [
        ("fsat=5", "no strategy has a parameter 'fsat'; did you mean fast?"),
        ("turtel.fast=5", "no strategy is called 'turtel'"),
        ("turtle.fast=5", "no strategy has a parameter 'fast'"),
        ("fast", "must be k=v"),
        ("fast=ten", "fast must be int, not 'ten'"),
        ("fast=true", "fast must be int, not True"),
        ("fast=60", "fast must be at least 1 and below slow"),
    ],
)
def test_a_parameter_that_nobody_can_take_is_refused(param, reason):
    assert reason in _wrong(params=(param,))


def test_mistakes_of_a_file_s_strategies_carry_file_and_key(tmp_path):
    config = tmp_path / "run.toml"
    config.write_text(
        "[[strategies]]\nstrategy = 'ema-cross'\nparams = { fsat = 1 }\nsymbols = ['NOPE']\n"
        "[[strategies]]\nstrategy = 'none.py:A'\n[backtest]\nfil = 1\n"
    )

    said = _wrong(config=config)

    assert f"{config}: strategies[0].params.fsat: no strategy has a parameter 'fsat'" in said
    assert f"{config}: strategies[0].symbols: there are no data of 'NOPE'" in said
    assert f"{config}: strategies[1]: strategy 'none.py:A': there is no file" in said
    assert f"{config}: backtest.fil: there is no such key" in said


def test_two_files_of_one_symbol_and_period_are_refused(tmp_path):
    said = _wrong(data=(f"A={_bars(tmp_path / 'a.csv')}", f"A={_bars(tmp_path / 'b.csv')}"))

    assert "both hold 1m bars of A" in said


def test_one_name_for_two_files_is_refused(tmp_path):
    said = _wrong(data=(str(_bars(tmp_path / "a.csv")), str(_bars(tmp_path / "b.csv"))), symbol="X")

    assert "--symbol: names one file" in said


def test_the_effective_configuration_gives_itself_again_from_anywhere(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(STRATEGY)
    _bars(tmp_path / "XBTUSD.csv")
    monkeypatch.chdir(tmp_path)
    ready = prepare(
        BacktestOptions(
            data=("XBTUSD.csv",), instrument="inverse", strategies=("mine.py:MyOwnIdea", "turtle"), lots="3",
            begin="2024-01-01T00:10:00Z", params=("maybe=0.1",),
        )
    )  # fmt: skip
    text = to_toml(ready.configuration)
    elsewhere = tmp_path / "else" / "where"
    elsewhere.mkdir(parents=True)
    (elsewhere / "config.toml").write_text(text)
    monkeypatch.chdir(elsewhere)

    again = prepare(BacktestOptions(config=elsewhere / "config.toml"))

    assert to_toml(again.configuration) == text
    assert again.run_id == ready.run_id
    assert [attr.params for attr in again.entries] == [attr.params for attr in ready.entries]
    assert again.data == ready.data
    assert tomllib.loads(text)["instruments"][0]["tick_size"] == 0.5


def test_a_module_of_the_users_is_found_again_from_anywhere(tmp_path, monkeypatch):
    (tmp_path / "their_ideas_xyz.py").write_text(STRATEGY)
    monkeypatch.chdir(tmp_path)
    text = to_toml(prepare(BacktestOptions(strategies=("their_ideas_xyz:MyOwnIdea",))).configuration)
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "config.toml").write_text(text)
    monkeypatch.chdir(tmp_path / "deep")
    monkeypatch.delitem(sys.modules, "their_ideas_xyz")

    again = prepare(BacktestOptions(config=tmp_path / "deep" / "config.toml"))

    assert to_toml(again.configuration) == text


def test_the_run_s_id_does_not_depend_on_where_the_data_lie(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one = prepare(BacktestOptions(data=(str(_bars(tmp_path / "a" / "X.csv")),)))
    other = prepare(BacktestOptions(data=(str(_bars(tmp_path / "b" / "X.csv")),)))
    changed = prepare(BacktestOptions(data=(str(_bars(tmp_path / "b" / "X.csv", first=200.0)),)))

    assert one.run_id == other.run_id != changed.run_id
    assert len(one.run_id) == 6


def test_the_range_asked_for_cuts_a_generated_market_too():
    ready = prepare(BacktestOptions(begin="2024-01-02", end="2024-01-03"))

    assert (ready.data[0].used, ready.data[0].rows) == (24, 20_000)
    assert "nothing of the generated market lies in the range" in _wrong(begin="2023-01-01", end="2023-01-02")


def test_a_symbol_that_came_from_a_file_s_name_is_said(tmp_path):
    path = str(_bars(tmp_path / "a_XBTUSD.csv"))

    guessed = prepare(BacktestOptions(data=(path,))).notes
    assert [note for note in guessed if "symbol: XBTUSD, from the name of a_XBTUSD.csv" in note]
    assert not any("symbol:" in note for note in prepare(BacktestOptions(data=(path,), symbol="X")).notes)
