"""What is exported and imported again is equal, of every kind, as CSV and as Parquet."""

import csv
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from adapters.data.choosing import Wanted, only
from adapters.data.exporting import export, format_of
from adapters.data.native import exported_names, kinds_of_header
from adapters.errors import InputError, OutputError
from adapters.store import Store
from adapters.store.kinds import KINDS, kind_named
from adapters.store.rows import rows_of
from tests.adapters.data.data_builders import MINUTE, NEW_YEAR, bar_columns, imported, silent
from tests.adapters.store.store_builders import ITEMS


def exported(store, path, **ranges):
    series = only(store, Wanted())
    return export(
        store, series, path, file_format=format_of(path, None), start=ranges.get("start"), end=ranges.get("end"),
        progress=silent,
    )  # fmt: skip


def a_store_of_bars(folder, count=5):
    store = Store(folder / "bars")
    store.write("bitmex", "XBTUSD", "bars-1m", bar_columns(range(1, count + 1)))
    return store


@pytest.mark.parametrize("kind", ITEMS)
@settings(max_examples=4, phases=(Phase.explicit, Phase.generate))
@given(data=st.data(), name=st.sampled_from(("out.csv", "out.csv.gz", "out.parquet")))
def test_what_comes_back_is_equal(tmp_path_factory, kind, name, data):
    folder = tmp_path_factory.mktemp("round")
    messages = data.draw(st.lists(ITEMS[kind], min_size=1, max_size=8))
    store = Store(folder / "one")
    store.write("bitmex", "XBTUSD", kind, rows_of(kind, messages))

    exported(store, folder / name)
    wishes = {"kind": kind.partition("-")[0]} if kind in ("marks", "index") else {}
    if kind_named(kind).is_periodic:
        wishes["period"] = kind_named(kind).period
    back, _ = imported(folder, folder / name, **wishes)

    one, two = (each.table("bitmex", "XBTUSD", kind) for each in (store, back))
    assert one.columns == two.columns
    for column in one.columns:
        assert np.array_equal(one[column], two[column], equal_nan=one[column].dtype.kind == "f"), column


def test_times_stand_there_twice_and_what_is_not_known_is_empty(tmp_path):
    path = tmp_path / "out.csv"

    exported(a_store_of_bars(tmp_path), path)

    with path.open() as stream:
        first = next(csv.DictReader(stream))
    assert first["open_ts"] == "2024-01-01T00:00:00Z"
    assert first["close_ts_ns"] == str(NEW_YEAR + MINUTE)
    assert first["turnover"] == ""
    assert list(first) == list(exported_names(kind_named("bars-1m")))


def test_a_range_is_cut_by_opens(tmp_path):
    store, path = a_store_of_bars(tmp_path), tmp_path / "out.csv"

    written = exported(store, path, start=NEW_YEAR + MINUTE, end=NEW_YEAR + 3 * MINUTE)

    assert written.rows == 2
    with pytest.raises(InputError, match="no row lies in the range"):
        exported(store, path, start=NEW_YEAR + 9 * MINUTE)


@pytest.mark.parametrize(
    ("name", "chosen"),
    [("a.csv", "csv"), ("a.CSV.gz", "csv"), ("a.parquet", "parquet"), ("a", "csv"), ("", "csv"), ("a.2019.csv", "csv")],
)
def test_the_name_of_a_file_says_its_format(name, chosen):
    assert format_of(Path(name), None) == chosen


@pytest.mark.parametrize("name", ["a.xlsx", "a.json", "a.parquet.gz", "a.gz"])
def test_a_name_that_promises_another_format_is_refused_unless_the_format_is_told(name):
    with pytest.raises(InputError, match="ends in none of"):
        format_of(Path(name), None)

    assert format_of(Path(name), "csv") == "csv"


def test_a_file_that_cannot_be_written_is_named_and_no_half_of_it_is_left(tmp_path):
    (tmp_path / "full").mkdir()

    with pytest.raises(OutputError, match=r"full: cannot be written"):
        exported(a_store_of_bars(tmp_path), tmp_path / "full")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["bars", "full"]


def test_each_kind_is_known_by_its_header_but_for_two_that_look_alike():
    found = {
        kind.base: [each.base for each in kinds_of_header(exported_names(kind), typed=False)] for kind in KINDS.values()
    }

    alike = {name for name, kinds in found.items() if kinds != [name]}
    assert alike == {"marks", "index"}


def test_which_of_two_kinds_that_look_alike_must_be_said(tmp_path):
    store = Store(tmp_path / "one")
    price = {"ts": np.array([NEW_YEAR]), "received": np.array([NEW_YEAR]), "price": np.array([1.0])}
    store.write("bitmex", "XBTUSD", "marks", price)
    exported(store, tmp_path / "out.csv")

    with pytest.raises(InputError, match="it may be marks or index; say which: --kind marks"):
        imported(tmp_path, tmp_path / "out.csv")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda text: text.replace("2.0,", "x,", 1), "a value is missing or cannot be"),
        (lambda text: "\n".join([*text.splitlines()[:1], *reversed(text.splitlines()[1:])]), "time goes back"),
    ],
)
def test_an_export_that_was_spoiled_names_the_line_and_changes_nothing(tmp_path, spoil, reason):
    path = tmp_path / "out.csv"
    exported(a_store_of_bars(tmp_path), path)
    path.write_text(spoil(path.read_text()))

    with pytest.raises(InputError) as caught:
        imported(tmp_path, path)

    assert str(caught.value).startswith(f"{path}: line 3, ")
    assert reason in str(caught.value)
    assert not (tmp_path / "store").exists()


def test_of_several_series_that_fit_one_must_be_chosen(tmp_path):
    store = a_store_of_bars(tmp_path)
    store.write("bitmex", "XBTUSD", "bars-5m", bar_columns([1, 2], period=5 * MINUTE))

    with pytest.raises(InputError, match="2 series fit; say which"):
        only(store, Wanted(symbols=["XBTUSD"]))
    assert only(store, Wanted(symbols=["XBTUSD.BITMEX"], period=5 * MINUTE)).kind == "bars-5m"
    assert only(store, Wanted(kind="bars-1m")).kind == "bars-1m"
    with pytest.raises(InputError, match="there is no ETHUSD; there is bitmex XBTUSD bars-1m"):
        only(store, Wanted(symbols=["ETHUSD"]))
