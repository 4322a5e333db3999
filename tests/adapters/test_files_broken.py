"""A file that is no market data gets a clear error that names it."""

import gzip

import pytest

from adapters.errors import InputError
from adapters.files import load

HEADER = "timestamp,open,high,low,close,volume\n"
ROWS = "".join(f"{1704067200 + 60 * minute},10,12,9,11,{minute % 7}\n" for minute in range(5_000))


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("bars.csv", b"", "is empty"),
        ("bars.csv", b"\n\n", "is empty"),
        ("bars.csv.gz", gzip.compress(b"", mtime=0), "is empty"),
        ("bars.csv", HEADER.encode(), "has a header and no rows"),
        ("bars.csv", bytes(range(256)) * 20, "is not a text file"),
        ("bars.csv", (HEADER + ROWS).encode("utf-16"), "UTF-16"),
        ("bars.csv", b"PK\x03\x04....", "zip archive"),
        ("bars.parquet", HEADER.encode(), "is not a Parquet file"),
        ("bars.parquet", b"PAR1 and then nothing", "damaged Parquet file"),
        ("bars.csv.gz", gzip.compress((HEADER + ROWS).encode(), mtime=0)[:-2000], "damaged or cut short"),
        ("bars.csv.gz", gzip.compress((HEADER + ROWS).encode(), mtime=0)[:12], "damaged or cut short"),
        ("bars.csv.gz", b"\x1f\x8b" + b"\xff" * 100, "damaged or cut short"),
        ("bars.csv", ROWS.encode(), "is the header missing\\?; the columns are '1704067200', '10'"),
        ("bars.csv", b"a,b\n1,2\n", "the columns are 'a', 'b'"),
        ("bars.csv", b"ts,open,high,low\n1704067200,1,1,1\n", "no column for close; the columns are 'ts'"),
        ("bars.csv", b"ts,price\n1704067200,1\n", "no column for size"),
        ("bars.csv", b"when,open,high,low,close\n1704067200,1,1,1,1\n", "no column holds the time"),
        ("bars.csv", b"ts,open,high,low,close,close\n1704067200,1,1,1,1,1\n", "'close' stands there 2 times"),
        ("bars.csv", b"ts,open,high,low,close\nMonday,1,1,1,1\n", "line 2, column ts: 'Monday' is not a time"),
        ("bars.csv", b"ts,open,high,low,close\n7,1,1,1,1\n", "line 2, column ts: '7' is not a time"),
        ("bars.csv", (HEADER + '"' + ROWS * 2).encode(), "line 2"),
    ],
)
def test_says_what_is_wrong_with_the_file(tmp_path, name, content, reason):
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(InputError, match=reason) as caught:
        load(path)

    assert str(caught.value).startswith(f"{path}: ")


def test_names_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(InputError, match=r"nowhere.csv: there is no such file"):
        load(tmp_path / "nowhere.csv")
    with pytest.raises(InputError, match="is a folder"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"stamps": "middle"}, "stamps 'middle' must be start or end"),
        ({"bad_rows": "ignore"}, "'ignore' must be fail or quarantine"),
        ({"timezone": "Mars/Olympus"}, "time zone 'Mars/Olympus' is not known"),
        ({"timezone": ""}, "time zone '' is not known"),
        ({"multiplier": 0.0}, "multiplier 0.0 must be above zero"),
    ],
)
def test_refuses_arguments_that_make_no_sense(tmp_path, arguments, reason):
    path = tmp_path / "bars.csv"
    path.write_text(HEADER + "2024-01-01 00:00,1,1,1,1,1\n2024-01-01 00:01,1,1,1,1,1\n")

    with pytest.raises(InputError, match=reason):
        load(path, **arguments)


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        (
            ["2024-11-03 00:30", "2024-11-03 01:30", "2024-11-03 02:30"],
            "line 3, .*01:30 happened twice in America/New_York",
        ),
        (
            ["2024-03-10 01:30", "2024-03-10 02:30", "2024-03-10 03:30"],
            "line 3, .*02:30 never happened in America/New_York",
        ),
    ],
)
def test_names_the_line_of_a_local_time_that_is_not_one_instant(tmp_path, rows, reason):
    path = tmp_path / "bars.csv"
    path.write_text(HEADER + "".join(f"{row},1,1,1,1,1\n" for row in rows))

    with pytest.raises(InputError, match=reason):
        load(path, timezone="America/New_York", period=3600 * 10**9)


def test_an_unsuitable_step_asks_for_the_period(tmp_path):
    path = tmp_path / "bars.csv"
    path.write_text(HEADER + "".join(f"2024-{month:02d}-01,1,1,1,1,1\n" for month in range(1, 9)))

    with pytest.raises(InputError, match="a period is a whole number of seconds from 1s to 1w"):
        load(path)
