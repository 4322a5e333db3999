"""Files become series of the store: what they are is told or inferred and said, and nothing comes in twice."""

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.data import importing, tabular
from adapters.data.formats import opened
from adapters.data.reading import ASSUMED, INFERRED, TOLD, Wishes
from adapters.data.recorded_book import BookFolder
from adapters.data.telling import import_lines
from adapters.errors import InputError
from adapters.files import load
from adapters.store import Store
from tests.adapters.data.data_builders import (
    DAY,
    MINUTE,
    NEW_YEAR,
    SECOND,
    SHARED,
    a_file,
    bar_text,
    facts_of,
    imported,
)

TRADES = """timestamp,symbol,side,size,price,tickDirection,trdMatchID,grossValue,homeNotional,foreignNotional
2018-01-01D00:00:05.123456789,XBTUSD,Buy,100,13880.5,PlusTick,a,1,1,1
2018-01-01D00:00:05.123456789,XBTUSD,Buy,100,13880.5,ZeroPlusTick,b,1,1,1
2018-01-01D00:00:07.000000000,XBTUSD,Sell,3,13880,MinusTick,c,1,1,1
2018-01-01D00:00:01.000000000,ETHH18,Sell,7,0.051,MinusTick,d,1,1,1
"""
QUOTES = """timestamp,symbol,bidSize,bidPrice,askPrice,askSize
2018-01-01D00:00:05.123456789,XBTUSD,10,13880,13880.5,20
2018-01-01D00:00:06.5,XBTUSD,11,13880,13881,21
"""


def test_bars_come_in_and_what_was_assumed_is_said(tmp_path):
    store, (report,) = imported(tmp_path, a_file(tmp_path, bar_text(range(5))))

    bars = store.bars("bitmex", "XBTUSD", "1m")
    assert bars["open_ts"].tolist() == [NEW_YEAR + minute * MINUTE for minute in range(5)]
    assert (bars["close_ts"] - bars["open_ts"]).tolist() == [MINUTE] * 5
    assert bars["received"].tolist() == bars["close_ts"].tolist()
    assert bars["close"].tolist() == [10, 11, 12, 10, 11]
    assert np.isnan(bars["turnover"]).all()
    facts = facts_of(report)
    assert facts["venue"] == ("bitmex", TOLD)
    assert facts["stamps"] == ("start", ASSUMED)
    assert facts["period"] == ("1m", INFERRED)
    assert facts["kind"] == ("bars", INFERRED)
    assert facts["time zone"] == ("UTC", INFERRED)
    assert (report.rows, report.new) == (5, 5)


def test_a_file_brought_twice_adds_nothing_and_says_so(tmp_path):
    path = a_file(tmp_path, TRADES)
    store, _ = imported(tmp_path, path, symbol=None)
    before = {file: file.read_bytes() for file in store.root.rglob("*.parquet")}

    _, (report,) = imported(tmp_path, path, store=store, symbol=None)

    assert report.new == 0
    assert {file: file.read_bytes() for file in store.root.rglob("*.parquet")} == before


def test_rows_that_stood_among_the_new_ones_are_told_for_they_may_be_the_same_trades_of_another_source(tmp_path):
    store, (first,) = imported(tmp_path, a_file(tmp_path, TRADES), venue=None, symbol="XBTUSD")
    ticks = store.ticks("bitmex", "XBTUSD")
    other = Store(tmp_path / "other")
    later = {name: ticks[name] + (1_000 if name == "received" else 0) for name in ticks.columns}
    other.write("bitmex", "XBTUSD", "ticks", later)

    _, (second,) = imported(tmp_path, a_file(tmp_path, TRADES), store=other, venue=None, symbol="XBTUSD")
    _, (again,) = imported(tmp_path, a_file(tmp_path, TRADES), store=other, venue=None, symbol="XBTUSD")

    assert (first.series[0].new, first.series[0].beside) == (3, 0)
    assert (second.series[0].new, second.series[0].beside) == (3, 2)
    assert "LOOK: 2 other rows were there at these times already" in " ".join(
        " ".join(import_lines(second, dry=False)).split()
    )
    assert (again.series[0].new, again.series[0].beside) == (0, 0)


def test_bitmex_dumps_need_nothing_told_and_two_equal_trades_are_two(tmp_path):
    paths = a_file(tmp_path, TRADES, "trade.csv.gz"), a_file(tmp_path, QUOTES, "quote.csv.gz")
    store, (trades, quotes) = imported(tmp_path, *paths, venue=None, symbol=None)

    ticks = store.ticks("bitmex", "XBTUSD")
    moment = 1_514_764_805 * SECOND + 123_456_789
    assert ticks["ts"].tolist() == [moment, moment, 1_514_764_807 * SECOND]
    assert ticks["aggressor"].tolist() == [1, 1, -1]
    assert store.ticks("bitmex", "ETHH18")["price"].tolist() == [0.051]
    assert store.quotes("bitmex", "XBTUSD")["ask_size"].tolist() == [20, 21]
    assert facts_of(trades)["venue"] == ("bitmex", INFERRED)
    assert facts_of(trades)["time zone"] == ("UTC", INFERRED)
    assert facts_of(trades)["symbol"] == ("XBTUSD, ETHH18", INFERRED)
    assert facts_of(quotes)["kind"] == ("quotes", INFERRED)


def test_of_a_file_of_several_symbols_one_may_be_asked_for(tmp_path):
    store, _ = imported(tmp_path, a_file(tmp_path, TRADES), symbol="ETHH18")

    assert [(info.symbol, info.rows) for info in store.series()] == [("ETHH18", 1)]
    with pytest.raises(InputError, match="holds no rows of LTCH18"):
        imported(tmp_path, a_file(tmp_path, TRADES), symbol="LTCH18")


def test_equal_trades_stay_two_however_the_file_is_cut(tmp_path, monkeypatch):
    monkeypatch.setattr(importing, "ROWS_MAX", 1)

    store, _ = imported(tmp_path, a_file(tmp_path, TRADES), symbol=None)

    assert len(store.ticks("bitmex", "XBTUSD")) == 3


def test_stamps_of_ends_a_time_zone_and_a_multiplier_are_heeded(tmp_path):
    text = "DATETIME,open,high,low,close,volume,amount\n" + "".join(
        f"2018-01-02 09:{minute}:00,4000,4010,3990,4005,2,2403000\n" for minute in (20, 25, 30)
    )
    store, (report,) = imported(
        tmp_path, a_file(tmp_path, text), stamps="end", timezone="Asia/Shanghai", multiplier=300.0
    )

    bars = store.bars("bitmex", "XBTUSD", "5m")
    assert bars["close_ts"][0] == 1_514_856_000 * SECOND
    assert bars["open_ts"][0] == 1_514_855_700 * SECOND
    assert bars["turnover"].tolist() == [8010.0] * 3
    assert facts_of(report)["stamps"] == ("end", TOLD)
    assert facts_of(report)["time zone"] == ("Asia/Shanghai", TOLD)


def test_days_of_a_zone_whose_clock_changes_do_not_overlap(tmp_path):
    text = "date,open,high,low,close\n" + "".join(f"2024-03-{day:02d},1,1,1,1\n" for day in range(8, 14))

    store, (report,) = imported(tmp_path, a_file(tmp_path, text), timezone="America/New_York")

    bars = store.bars("bitmex", "XBTUSD", "1d")
    assert ((bars["close_ts"] - bars["open_ts"]) // (60 * MINUTE)).tolist() == [24, 24, 23, 24, 24, 24]
    assert "no column of volumes: taken as 0" in report.notes


def test_a_time_zone_that_nobody_told_is_an_assumption(tmp_path):
    text = bar_text(range(2)).replace("1704067200", "2024-01-01 00:00").replace("1704067260", "2024-01-01 00:01")

    _, (report,) = imported(tmp_path, a_file(tmp_path, text))

    assert facts_of(report)["time zone"] == ("UTC", ASSUMED)


@pytest.mark.parametrize(("unit", "word"), [(1, "nano"), (1_000, "micro"), (10**6, "milli"), (10**9, "")])
def test_the_unit_of_epoch_times_is_found_and_said(tmp_path, unit, word):
    rows = [f"{(NEW_YEAR + minute * MINUTE) // unit},1,1,1,1,1" for minute in range(3)]
    path = a_file(tmp_path, "\n".join(["open_time,open,high,low,close,volume", *rows]))

    store, (report,) = imported(tmp_path, path)

    assert store.bars("bitmex", "XBTUSD", "1m")["open_ts"][0] == NEW_YEAR
    assert f"{word}seconds since 1970" in next(fact.why for fact in report.facts if fact.name == "time zone")
    assert facts_of(report)["stamps"] == ("start", INFERRED)


def test_columns_may_be_told_by_name_and_without_a_header_by_number(tmp_path):
    named = bar_text(range(3), header="when,first,top,bottom,last,contracts")
    roles = {"ts": "when", "open": "first", "high": "top", "low": "bottom", "close": "last", "volume": "contracts"}
    store, _ = imported(tmp_path, a_file(tmp_path, named), columns=roles)
    headless = named.split("\n", 1)[1]
    numbered = dict(zip(roles, "123456", strict=True))

    _, (report,) = imported(tmp_path, a_file(tmp_path, headless), columns=numbered, store=store)

    assert (report.rows, report.new) == (3, 0)


def test_columns_that_are_not_there_are_named(tmp_path):
    with pytest.raises(InputError, match="no column is called 'last', which --columns close=last names"):
        imported(tmp_path, a_file(tmp_path, bar_text(range(3))), columns={"close": "last"})


def test_who_says_neither_venue_nor_symbol_is_asked_for_both_and_nothing_is_written(tmp_path):
    with pytest.raises(InputError, match="does not say its venue nor its symbol; say --venue"):
        imported(tmp_path, a_file(tmp_path, bar_text(range(3))), venue=None, symbol=None)

    assert not (tmp_path / "store").exists()


def test_a_file_with_a_bad_row_changes_nothing_and_the_row_is_named(tmp_path):
    text = bar_text(range(40)).replace(",10,12,9,11,", ",10,8,9,11,", 1)
    path = a_file(tmp_path, text)

    with pytest.raises(InputError, match=rf"{path}: line 3, column high: high 8 is below low 9"):
        imported(tmp_path, path)

    assert not (tmp_path / "store").exists()


def test_a_file_that_speaks_of_interrupts_is_not_taken_for_a_signal(tmp_path):
    path = a_file(tmp_path, bar_text(range(5)).replace(",10,12,9,11,", ",10,interrupt,9,11,", 1))

    with pytest.raises(InputError, match=rf"{path}: line 3, column high: 'interrupt' is not a number"):
        imported(tmp_path, path)


def test_bad_rows_may_be_set_aside_and_are_kept_with_the_reason(tmp_path):
    path = a_file(tmp_path, bar_text(range(5)).replace(",10,12,9,11,", ",10,x,9,11,", 1))

    store, (report,) = imported(tmp_path, path, bad_rows="quarantine")

    assert len(store.bars("bitmex", "XBTUSD", "1m")) == 3 + 1
    kept = store.quarantine("bitmex", "XBTUSD")
    assert kept["reason"].tolist() == ["'x' is not a number"]
    assert kept["text"].tolist() == ["file.csv: line 3, column high: 1704067260,10,x,9,11,2"]
    assert len(report.bad_rows) == 1
    imported(tmp_path, path, store=store, bad_rows="quarantine")
    assert len(store.quarantine("bitmex", "XBTUSD")) == 1


def test_a_row_without_its_symbol_is_a_bad_row(tmp_path):
    path = a_file(tmp_path, TRADES.replace("ETHH18", ""))

    with pytest.raises(InputError, match="line 5, column symbol: the symbol is missing"):
        imported(tmp_path, path, symbol=None)
    store, _ = imported(tmp_path, path, symbol=None, bad_rows="quarantine")
    assert len(store.ticks("bitmex", "XBTUSD")) == 3


def test_a_row_of_too_few_columns_is_named_although_its_symbol_is_lost(tmp_path):
    path = a_file(tmp_path, TRADES + "2018-01-01D00:00:08,XBTUSD\n")

    with pytest.raises(InputError, match=r"line 6, .*the row has 2 columns and the header 10"):
        imported(tmp_path, path, symbol="XBTUSD")


def test_parquet_comes_in_too(tmp_path):
    path = tmp_path / "bars.parquet"
    duckdb.execute(
        "COPY (SELECT TIMESTAMP '2024-01-01' + INTERVAL (i) MINUTE AS ts, 1.0 AS open, 1.0 AS high, 1.0 AS low, "
        f"1.0 AS close, i AS volume FROM range(4) r(i)) TO '{path}' (FORMAT parquet)"
    )

    store, _ = imported(tmp_path, path)

    assert store.bars("bitmex", "XBTUSD", "1m")["volume"].tolist() == [0, 1, 2, 3]


def test_funding_rates_and_index_prices_come_in(tmp_path):
    funding = a_file(tmp_path, "timestamp,symbol,fundingRate\n2024-01-01T04:00:00Z,XBTUSD,0.0001\n", "funding.csv")
    index = a_file(tmp_path, "timestamp,price\n2024-01-01T04:00:00Z,42000\n", "index.csv")

    store, _ = imported(tmp_path, funding, symbol=None)
    imported(tmp_path, index, store=store, kind="index")

    assert store.funding("bitmex", "XBTUSD")["rate"].tolist() == [0.0001]
    assert store.index("bitmex", "XBTUSD")["price"].tolist() == [42000.0]


def test_a_dry_run_says_the_same_and_writes_nothing(tmp_path):
    reports = []
    path = a_file(tmp_path, bar_text(range(5)))
    wishes = Wishes(venue="bitmex", symbol="XBTUSD")

    importing.import_files([path], wishes, None, progress=lambda *_: None, done=reports.append)

    assert [(each.kind, each.rows, each.new) for each in reports[0].series] == [("bars-1m", 5, 0)]
    assert list(tmp_path.iterdir()) == [path]


@st.composite
def files_of_bars(draw):
    """Minutes, mostly rising, and rows that are spoiled."""
    steps = draw(st.lists(st.sampled_from((1, 1, 1, 2, 9, 0, -3, 5_000)), min_size=4, max_size=30))
    minutes = np.cumsum([0, 1, 1, 1, 1, *steps, 1, 1, 1, 1]).tolist()
    spoiled = draw(st.sets(st.integers(0, len(minutes) - 1), max_size=3))
    lines = bar_text(minutes).splitlines()
    for row in spoiled:
        lines[row + 1] = lines[row + 1].replace(",12,", ",7,")
    return "\n".join(lines) + "\n"


@settings(max_examples=20)
@given(text=files_of_bars(), rows=st.integers(1, 12), stamps=st.sampled_from(("start", "end")))
def test_chunks_of_any_size_give_the_verdicts_and_the_bars_of_a_whole_file(tmp_path_factory, text, rows, stamps):
    folder = tmp_path_factory.mktemp("chunks")
    path = a_file(folder, text)
    try:
        whole = load(path, symbol="X", stamps=stamps, bad_rows="quarantine", period=MINUTE)
    except InputError:
        return
    wishes = Wishes(venue="v", symbol="X", stamps=stamps, bad_rows="quarantine", period=MINUTE)

    with opened(path, wishes, BookFolder()) as reading:
        assert isinstance(reading, tabular.TabularFile)
        # The period is told of many rows or by the user: so few say little.
        reading.chunk_rows = rows if rows > 4 else 100
        examined = reading.examine()
        pieces = [piece.columns for piece in reading.pieces()]

    together = {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}
    for name in ("open_ts", "close_ts", "open", "high", "low", "close", "volume"):
        assert together[name].tolist() == getattr(whole.columns, name).tolist()
    assert [str(row) for row in examined.bad_rows] == [str(row) for row in whole.quarantined]


def test_days_of_many_chunks_are_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(tabular, "CHUNK", 7)
    minutes = range(0, 3 * 1440, 10)

    store, (report,) = imported(tmp_path, a_file(tmp_path, bar_text(minutes)))

    bars = store.bars("bitmex", "XBTUSD", "10m")
    assert bars["open_ts"].tolist() == [NEW_YEAR + minute * MINUTE for minute in minutes]
    assert len(list(store.root.rglob("*.parquet"))) == 3
    assert (report.series[0].first, report.series[0].last) == (NEW_YEAR, NEW_YEAR + 3 * DAY - 10 * MINUTE)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the folder ../shared/data with recorded data is absent")
def test_recorded_bars_of_china_come_in_as_the_loader_reads_them(tmp_path):
    path = SHARED / "IF.csv"
    whole = load(path, stamps="end", timezone="Asia/Shanghai", multiplier=300.0).columns

    store, _ = imported(
        tmp_path, path, venue="cffex", symbol="IF", stamps="end", timezone="Asia/Shanghai", multiplier=300.0
    )  # fmt: skip

    bars = Store(store.root).bars("cffex", "IF", "5m")
    assert len(bars) == 7178
    for name in ("open_ts", "close_ts", "open", "close", "volume", "turnover"):
        assert np.array_equal(bars[name], getattr(whole, name))
