"""Files become columns: recognised by their columns' names, in UTC, with what was assumed told to the user."""

import gzip
import hashlib
from pathlib import Path

import duckdb
import numpy as np
import pytest

from actors.columns import BarColumns, TickColumns
from adapters.errors import InputError
from adapters.files import load

SECOND = 10**9
MINUTE = 60 * SECOND
NEW_YEAR = 1_704_067_200 * SECOND
REAL = Path(__file__).parents[2].parent / "shared" / "data"

real_data = pytest.mark.skipif(not REAL.is_dir(), reason="the folder ../shared/data with recorded data is absent")

PLAIN = """timestamp,open,high,low,close,volume
2024-01-01T00:00:00Z,10,12,9,11,5
2024-01-01T00:01:00Z,11,13,10,12.5,6
2024-01-01T00:02:00Z,12.5,14,11,11.5,7
"""


def a_file(folder: Path, text: str | bytes = PLAIN, name: str = "bars.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def assert_plain(columns: BarColumns) -> None:
    assert columns.open_ts.tolist() == [NEW_YEAR, NEW_YEAR + MINUTE, NEW_YEAR + 2 * MINUTE]
    assert columns.close_ts.tolist() == [NEW_YEAR + MINUTE, NEW_YEAR + 2 * MINUTE, NEW_YEAR + 3 * MINUTE]
    assert columns.open.tolist() == [10, 11, 12.5]
    assert columns.high.tolist() == [12, 13, 14]
    assert columns.low.tolist() == [9, 10, 11]
    assert columns.close.tolist() == [11, 12.5, 11.5]
    assert columns.volume.tolist() == [5, 6, 7]


def test_loads_bars_and_says_what_it_assumed(tmp_path):
    path = a_file(tmp_path)

    loaded = load(path)

    assert_plain(loaded.columns)
    assert loaded.columns.period == MINUTE
    assert (loaded.columns.symbol, loaded.name, loaded.rows) == ("bars", "bars.csv", 3)
    assert loaded.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert "stamps: assumed to be the starts of bars (--stamps says otherwise)" in loaded.notes
    assert "period: 1m, inferred from the most common step between rows" in loaded.notes
    assert loaded.quarantined == ()


def test_says_nothing_of_what_it_was_told(tmp_path):
    loaded = load(a_file(tmp_path), symbol="XBTUSD", period=MINUTE, stamps="start")

    assert loaded.notes == ()
    assert loaded.columns.symbol == "XBTUSD"


def test_stamps_of_ends_put_the_bars_one_period_earlier(tmp_path):
    columns = load(a_file(tmp_path), stamps="end").columns

    assert columns.close_ts.tolist() == [NEW_YEAR, NEW_YEAR + MINUTE, NEW_YEAR + 2 * MINUTE]
    assert columns.open_ts[0] == NEW_YEAR - MINUTE


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_takes_any_delimiter_line_end_and_byte_order_mark(tmp_path, delimiter, newline, mark):
    text = mark + PLAIN.replace(",", delimiter).replace("\n", newline)

    assert_plain(load(a_file(tmp_path, text)).columns)


def test_takes_quoted_fields_blank_lines_and_mixed_line_ends(tmp_path):
    text = (
        PLAIN.replace("10,12,9", '"10","12","9"')
        .replace("\n", "\r\n", 2)
        .replace("\n2024-01-01T00:02", "\n\n2024-01-01T00:02")
    )

    assert_plain(load(a_file(tmp_path, text)).columns)


@pytest.mark.parametrize("text", ["\n" + PLAIN, PLAIN.rstrip("\n"), PLAIN + "\n\n"])
def test_takes_blank_lines_around_and_a_missing_last_line_end(tmp_path, text):
    assert_plain(load(a_file(tmp_path, text)).columns)


def test_takes_gzip_whatever_the_name(tmp_path):
    packed = gzip.compress(PLAIN.encode())

    assert_plain(load(a_file(tmp_path, packed, "bars.csv.gz")).columns)
    assert_plain(load(a_file(tmp_path, packed, "bars.csv")).columns)


def test_takes_a_path_with_wildcards_and_quotes_literally(tmp_path):
    a_file(tmp_path, "not this one", "bars1.csv")

    assert_plain(load(a_file(tmp_path, name="it's bars[1].csv")).columns)


@pytest.mark.parametrize(
    "header",
    [
        "Date,O,H,L,C,V",
        "DATETIME,Open,High,Low,Close,Vol",
        "ts, open , high, low, close, volume",
        "<TIME>,<OPEN>,<HIGH>,<LOW>,<CLOSE>,<VOL>",
    ],
)
def test_recognises_columns_by_habit_in_any_case(tmp_path, header):
    assert_plain(load(a_file(tmp_path, PLAIN.replace("timestamp,open,high,low,close,volume", header))).columns)


@pytest.mark.parametrize(
    "times",
    [
        ["2024-01-01 00:00:00", "2024-01-01 00:01:00", "2024-01-01 00:02:00"],
        ["2024-01-01 00:00", "2024-01-01 00:01", "2024-01-01 00:02"],
        ["2024/1/1 0:00", "2024/1/1 0:01", "2024/1/1 0:02"],
        ["2024.01.01 00:00", "2024.01.01 00:01", "2024.01.01 00:02"],
        ["20240101 00:00", "20240101 00:01", "20240101 00:02"],
        ["2024-01-01T08:00:00+08:00", "2024-01-01T08:01:00+08:00", "2024-01-01T09:02:00+09:00"],
        ["2023-12-31T19:30:00-0430", "2023-12-31T19:31:00-0430", "2023-12-31T19:32:00-0430"],
        ["2024-01-01 00:00:00.000000", "2024-01-01 00:01:00.000000", "2024-01-01 00:02:00.000000"],
        ["1704067200", "1704067260", "1704067320"],
        ["1704067200.0", "1704067260.0", "1704067320.0"],
        ["1704067200000", "1704067260000", "1704067320000"],
        ["1704067200000000", "1704067260000000", "1704067320000000"],
        ["1704067200000000000", "1704067260000000000", "1704067320000000000"],
    ],
)
def test_reads_time_in_many_forms(tmp_path, times):
    text = PLAIN
    for minute, time in enumerate(times):
        text = text.replace(f"2024-01-01T00:0{minute}:00Z", time)

    assert_plain(load(a_file(tmp_path, text)).columns)


def test_joins_a_date_column_and_a_time_column(tmp_path):
    text = PLAIN.replace("timestamp", "Date,Time").replace("T00", ",00").replace("Z", "")

    assert_plain(load(a_file(tmp_path, text)).columns)


def test_takes_days_of_eight_digits(tmp_path):
    columns = load(a_file(tmp_path, "date,open,high,low,close\n20240101,1,1,1,1\n20240102,1,1,1,1\n")).columns

    assert columns.open_ts.tolist() == [NEW_YEAR, NEW_YEAR + 1440 * MINUTE]


def test_amount_becomes_turnover_and_open_interest_is_ignored_aloud(tmp_path):
    text = "ts,open,high,low,close,volume,amount,oi\n1704067200,10,10,10,10,3,9000,7\n1704067260,10,10,10,10,0,0,7\n"

    loaded = load(a_file(tmp_path, text), multiplier=300.0)

    assert loaded.columns.turnover.tolist() == [30.0, 0.0]
    assert "columns ignored: oi" in loaded.notes
    assert not any("turnover" in note for note in loaded.notes)
    assert any("about 300 x price x volume" in note for note in load(a_file(tmp_path, text)).notes)


def test_a_missing_volume_is_taken_as_nothing_and_said(tmp_path):
    text = "ts,open,high,low,close\n1704067200,10,10,10,10\n1704067260,10,10,10,10\n"

    loaded = load(a_file(tmp_path, text))

    assert loaded.columns.volume.tolist() == [0.0, 0.0]
    assert "volume: no such column, taken as 0" in loaded.notes


def test_counts_gaps_and_allows_them(tmp_path):
    text = "ts,open,high,low,close\n" + "".join(f"{1704067200 + 60 * i},1,1,1,1\n" for i in (0, 1, 2, 5, 6, 20, 21))

    loaded = load(a_file(tmp_path, text))

    assert len(loaded.columns) == 7
    assert "gaps: 2, the longest 0:13:00 from 2024-01-01T00:07:00Z" in loaded.notes


def test_a_session_s_short_last_bar_begins_where_the_one_before_it_ended(tmp_path):
    hours = [10 * 60, 11 * 60, 12 * 60, 12 * 60 + 30, 24 * 60 + 600, 24 * 60 + 660]
    text = "ts,open,high,low,close\n" + "".join(f"{1704067200 + 60 * minute},1,1,1,1\n" for minute in hours)

    loaded = load(a_file(tmp_path, text), stamps="end")

    assert (loaded.columns.close_ts - loaded.columns.open_ts).tolist() == [60 * MINUTE] * 3 + [30 * MINUTE] + [
        60 * MINUTE
    ] * 2
    assert "short bars: 1 last less than 1h" in loaded.notes
    with pytest.raises(InputError, match="say --stamps end"):
        load(a_file(tmp_path, text), stamps="start")


def test_days_of_a_zone_that_changes_its_clock_do_not_overlap(tmp_path):
    text = "date,open,high,low,close\n" + "".join(f"2024-03-{day:02d},1,1,1,1\n" for day in range(8, 14))

    columns = load(a_file(tmp_path, text), timezone="America/New_York").columns

    assert columns.open_ts[0] == 1_709_874_000 * SECOND
    assert ((columns.close_ts - columns.open_ts) // (60 * MINUTE)).tolist() == [24, 24, 23, 24, 24, 24]
    assert (columns.open_ts[1:] >= columns.close_ts[:-1]).all()


def test_a_told_period_must_agree_with_the_data(tmp_path):
    with pytest.raises(InputError, match="told to be 5m, but the most common step between rows is 1m"):
        load(a_file(tmp_path), period=5 * MINUTE)


def test_one_row_needs_a_told_period(tmp_path):
    path = a_file(tmp_path, "\n".join(PLAIN.splitlines()[:2]))

    with pytest.raises(InputError, match="give it with --period"):
        load(path)
    assert len(load(path, period=MINUTE).columns) == 1


def test_cuts_the_range_to_the_bars_that_lie_wholly_in_it(tmp_path):
    path = a_file(tmp_path)

    assert load(path, start=NEW_YEAR + MINUTE).columns.close.tolist() == [12.5, 11.5]
    assert load(path, start=NEW_YEAR + 1).columns.close.tolist() == [12.5, 11.5]
    assert load(path, end=NEW_YEAR + 2 * MINUTE).columns.close.tolist() == [11, 12.5]
    assert load(path, end=NEW_YEAR + 2 * MINUTE - 1).columns.close.tolist() == [11]
    assert "range: 1 of 3 rows lie in it" in load(path, end=NEW_YEAR + MINUTE).notes
    with pytest.raises(InputError, match="no row lies in the range asked for; the file goes from 2024-01-01T00:00:00Z"):
        load(path, start=NEW_YEAR + 10 * MINUTE)


def test_loads_ticks_with_their_sides(tmp_path):
    text = "timestamp,price,qty,side\n1704067200001,10.5,3,Buy\n1704067200001,10.5,1,SELL\n1704067200009,11,2,\n"

    columns = load(a_file(tmp_path, text), symbol="X").columns

    assert isinstance(columns, TickColumns)
    assert columns.ts.tolist() == [NEW_YEAR + 10**6, NEW_YEAR + 10**6, NEW_YEAR + 9 * 10**6]
    assert columns.received.tolist() == columns.ts.tolist()
    assert (columns.price.tolist(), columns.size.tolist()) == ([10.5, 10.5, 11], [3, 1, 2])
    assert columns.aggressor.tolist() == [1, -1, 0]


def test_the_aggressor_is_the_other_side_of_the_maker(tmp_path):
    text = "time,price,amount,isBuyerMaker\n1704067200001,10.5,3,true\n1704067200002,10.5,1,False\n"

    assert load(a_file(tmp_path, text)).columns.aggressor.tolist() == [-1, 1]


def test_ticks_keep_nanoseconds(tmp_path):
    text = "time,price,size\n2024-01-01T00:00:00.123456789Z,1,1\n2024-01-01T00:00:01.000000001Z,1,1\n"

    assert load(a_file(tmp_path, text)).columns.ts.tolist() == [NEW_YEAR + 123456789, NEW_YEAR + SECOND + 1]


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ("1704067200,10,1,buy\n1704067199,10,1,buy\n", "line 3, column ts: time goes back"),
        ("1704067200,0,1,buy\n", "line 2, column price: price 0 is not above zero"),
        ("1704067200,10,-1,buy\n", "line 2, column size: size -1 is negative"),
        ("1704067200,10,1,up\n", "line 2, column side: 'up' is not a side"),
    ],
)
def test_bad_ticks_are_named(tmp_path, rows, reason):
    with pytest.raises(InputError, match=reason):
        load(a_file(tmp_path, "ts,price,size,side\n" + rows))


def test_a_sample_of_prices_holds_first_and_last_rows(tmp_path):
    loaded = load(a_file(tmp_path))

    assert sorted(loaded.prices()) == sorted([10, 11, 12.5, 12, 13, 14, 9, 10, 11, 11, 12.5, 11.5])
    assert loaded.prices(2).tolist() == [10, 12.5, 12, 14, 9, 11, 11, 11.5]


@pytest.mark.parametrize("type_", ["TIMESTAMP", "TIMESTAMP_NS", "TIMESTAMP_S", "TIMESTAMPTZ", "VARCHAR"])
def test_loads_parquet_whatever_the_type_of_its_times(tmp_path, type_):
    path = tmp_path / "bars.parquet"
    csv = a_file(tmp_path)
    with duckdb.connect() as database:
        database.execute("SET TimeZone = 'Asia/Tokyo'")
        zone = "+00" if type_ == "TIMESTAMPTZ" else ""
        time = f"CAST(replace(replace(timestamp, 'T', ' '), 'Z', '{zone}') AS {type_}) AS timestamp"
        rows = f"read_csv('{csv}', types={{'timestamp': 'VARCHAR'}})"
        database.execute(f"COPY (SELECT * REPLACE ({time}) FROM {rows}) TO '{path}' (FORMAT parquet)")

    assert_plain(load(path).columns)


def test_loads_parquet_with_integer_times(tmp_path):
    path = tmp_path / "bars.parquet"
    duckdb.sql(
        "SELECT 1704067200000000000 + i * 60000000000 AS ts, 10::DECIMAL(9, 2) AS o, 12 AS h, 9.5::FLOAT AS l, 11 AS c "
        "FROM range(3) t(i)"
    ).write_parquet(str(path))

    columns = load(path).columns

    assert columns.open_ts.tolist() == [NEW_YEAR, NEW_YEAR + MINUTE, NEW_YEAR + 2 * MINUTE]
    assert columns.low.tolist() == [9.5] * 3


@pytest.mark.parametrize("rows", [3, 60_000])
def test_the_careful_reading_agrees_with_the_fast_one(tmp_path, rows):
    random = np.random.default_rng(5)
    lines = ["ts,open,high,low,close,volume,amount"]
    for row in range(rows):
        price = 100 + random.integers(0, 50) / 4
        lines.append(f"{1704067200 + 60 * row},{price},{price + 1.25},{price - 0.5},{price + 0.1:.2f},{row % 9},{row}")
    fast = load(a_file(tmp_path, "\n".join(lines))).columns

    # A blank first line is beyond the fast reading.
    careful = load(a_file(tmp_path, "\n" + "\n".join(lines))).columns

    for name in ("open_ts", "close_ts", "open", "high", "low", "close", "volume", "turnover"):
        assert getattr(fast, name).tobytes() == getattr(careful, name).tobytes()


@real_data
@pytest.mark.parametrize(
    ("name", "rows", "outside", "gaps"),
    [
        ("bitmex_XBTUSD_1m.csv.gz", 748_799, 20_832, 0),
        ("bitmex_XBTUSD_1h.csv", 32_362, 4_528, 2),
        ("bitmex_XBTUSD_1d.csv", 1_349, 31, 0),
    ],
)
def test_recorded_bitmex_bars_load_whole(name, rows, outside, gaps):
    """The numbers stand in the folder's own description of its files."""
    loaded = load(REAL / name, stamps="start", symbol="XBTUSD")

    assert loaded.rows == len(loaded.columns) == rows
    assert any(note.startswith(f"opens outside low..high: {outside},") for note in loaded.notes)
    assert any(note.startswith(f"gaps: {gaps},") for note in loaded.notes) == (gaps > 0)


@real_data
def test_recorded_index_futures_load_in_china_time():
    loaded = load(REAL / "IF.csv", stamps="end", timezone="Asia/Shanghai", multiplier=300.0, symbol="IF")
    columns = loaded.columns

    assert (loaded.rows, columns.period) == (7_178, 5 * MINUTE)
    assert columns.close_ts[0] == 1_514_856_000 * SECOND
    assert columns.open_ts[0] == 1_514_855_700 * SECOND
    traded = columns.volume > 0
    assert np.abs(columns.turnover[traded] / columns.volume[traded] / columns.close[traded] - 1).max() < 0.02


@real_data
def test_a_recorded_file_of_naive_times_loads_as_utc():
    columns = load(REAL / "ftx_BTC-PERP_1m_20220101_20220201.csv.gz", stamps="end").columns

    assert len(columns) == 45_031
    assert columns.close_ts[0] == 1_640_991_660 * SECOND
