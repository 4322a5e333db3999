"""A file of funding rates or mark prices is read whole, or refused with file, line, column and reason."""

import gzip
import hashlib

import duckdb
import pytest

from adapters.errors import InputError
from adapters.files import FUNDING, MARKS, load_series
from tests.builders import HOUR, MONDAY

BITMEX = """timestamp,symbol,fundingInterval,fundingRate,fundingRateDaily
2024-01-01T04:00:00.000Z,XBTUSD,2000-01-01T08:00:00.000Z,0.0001,0.0003
2024-01-01T12:00:00.000Z,XBTUSD,2000-01-01T08:00:00.000Z,-0.003750,-0.01125
"""


def _file(tmp_path, text, name="rates.csv"):
    path = tmp_path / name
    path.write_text(text)
    return path


def test_bitmex_s_own_columns_are_understood(tmp_path):
    path = _file(tmp_path, BITMEX)

    read = load_series(path, FUNDING)

    assert read.ts.tolist() == [MONDAY + 4 * HOUR, MONDAY + 12 * HOUR]
    assert read.values.tolist() == [0.0001, -0.00375]
    assert (read.name, read.rows, read.quarantined) == ("rates.csv", 2, ())
    assert read.sha256 == hashlib.sha256(BITMEX.encode()).hexdigest()


def test_gzip_and_parquet_hold_the_same(tmp_path):
    plain = _file(tmp_path, BITMEX)
    zipped, parquet = tmp_path / "rates.csv.gz", tmp_path / "rates.parquet"
    zipped.write_bytes(gzip.compress(BITMEX.encode()))
    duckdb.sql(f"COPY (SELECT * FROM read_csv('{plain}')) TO '{parquet}'")

    for path in (zipped, parquet):
        read = load_series(path, FUNDING)

        assert read.ts.tolist() == [MONDAY + 4 * HOUR, MONDAY + 12 * HOUR]
        assert read.values.tolist() == [0.0001, -0.00375]


def test_marks_are_read_by_the_usual_names_and_times(tmp_path):
    path = _file(tmp_path, f"Time;Mark Price\n{MONDAY // 10**9};100.5\n{MONDAY // 10**9 + 60};101\n")

    read = load_series(path, MARKS)

    assert read.ts.tolist() == [MONDAY, MONDAY + 60 * 10**9]
    assert read.values.tolist() == [100.5, 101.0]


@pytest.mark.parametrize(
    ("kind", "row", "column", "reason"),
    [
        (FUNDING, "2024-01-01T12:00:00Z,1.5", "rate", "rate 1.5 is not a fraction between -1 and 1"),
        (FUNDING, "2024-01-01T12:00:00Z,-1", "rate", "rate -1 is not a fraction"),
        (FUNDING, "2024-01-01T12:00:00Z,", "rate", "the value is missing"),
        (FUNDING, "2024-01-01T12:00:00Z,x", "rate", "'x' is not a number"),
        (FUNDING, "2024-01-01T12:00:00Z,nan", "rate", "nan stands for no number"),
        (FUNDING, "soon,0.1", "time", "'soon' is not a time"),
        (FUNDING, "2024-01-01T04:00:00Z,0.1", "time", "duplicate"),
        (FUNDING, "2024-01-01T03:00:00Z,0.1", "time", "time goes back"),
        (MARKS, "2024-01-01T12:00:00Z,0", "price", "price 0 is not above zero"),
        (MARKS, "2024-01-01T12:00:00Z,inf", "price", "inf is not finite"),
    ],
)
def test_a_bad_row_is_named_and_can_be_set_aside(tmp_path, kind, row, column, reason):
    path = _file(tmp_path, f"time,{kind.role}\n2024-01-01T04:00:00Z,0.5\n{row}\n2024-01-01T20:00:00Z,0.25\n")

    with pytest.raises(InputError) as caught:
        load_series(path, kind)
    kept = load_series(path, kind, bad_rows="quarantine")

    assert str(caught.value).startswith(f"{path}: line 3, column {column}: ")
    assert reason in str(caught.value)
    assert kept.values.tolist() == [0.5, 0.25]
    assert [(bad.line, bad.column) for bad in kept.quarantined] == [(3, column)]


def test_a_file_without_the_value_names_what_it_was_looked_for_as(tmp_path):
    bars = _file(tmp_path, "time,open,high,low,close\n2024-01-01,1,1,1,1\n")

    with pytest.raises(InputError, match="no column holds the rate; it is looked for as fundingrate, rate, funding"):
        load_series(bars, FUNDING)
    with pytest.raises(InputError, match=r"no column holds the price; .* 'open', 'high', 'low', 'close'"):
        load_series(bars, MARKS)
