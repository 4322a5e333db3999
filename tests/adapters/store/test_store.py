"""What is written is what is read: whole, in order, once, however it came in and whichever way it is asked for."""

from collections import Counter

import duckdb
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.errors import InputError, OutputError
from adapters.security.lock import LockedError
from adapters.store import Store
from adapters.store import table as table_module
from adapters.store.kinds import kind_named
from adapters.store.names import day_name, day_of
from adapters.store.rows import messages_of, rows_of
from adapters.store.writing import writing
from messages import ExternalEvent
from tests.adapters.store.store_builders import DAY, ITEMS, SYMBOL, VENUE, a_segment, in_order, read, ticks
from tests.builders import MINUTE, MONDAY, SECOND, a_bar, a_book, a_tick

ANY = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def write(store, kind, items, **options):
    return store.write(VENUE, SYMBOL, kind, rows_of(kind, items), **options)


def key_of(item):
    return getattr(item, kind_named(_name(item)).key)


def _name(item):
    return "bars-1m" if hasattr(item, "open_ts") else "ticks"


def first_of(day):
    return MONDAY + day * DAY


@ANY
@given(data=st.data())
def test_what_was_written_is_read_whole_and_in_order(data, tmp_path_factory):
    name = data.draw(st.sampled_from(sorted(ITEMS)))
    items = data.draw(st.lists(ITEMS[name], max_size=12))
    store = Store(tmp_path_factory.mktemp("store"))

    written = write(store, name, items)

    assert read(store, name) == in_order(items)
    rows = sum(len(rows_of(name, [item])["received"]) for item in items)
    assert (written.rows, written.new) == (rows, rows)
    assert sum(series.rows for series in store.series()) == rows


@ANY
@given(data=st.data())
def test_the_rows_are_the_same_in_whatever_parts_and_order_they_were_written(data, tmp_path_factory):
    """Distinct ones: of equal rows that come in two parts one is taken for the other."""
    name = data.draw(st.sampled_from(sorted(ITEMS)))
    items = data.draw(st.lists(ITEMS[name], max_size=12, unique_by=repr))
    edges = sorted(data.draw(st.lists(st.integers(0, len(items)), max_size=3)))
    shuffled = data.draw(st.permutations(items))
    store = Store(tmp_path_factory.mktemp("store"))

    for first, last in zip([0, *edges], [*edges, len(items)], strict=True):
        write(store, name, shuffled[first:last])

    found = read(store, name)
    assert Counter(map(repr, found)) == Counter(map(repr, items))
    assert [item.received for item in found] == sorted(item.received for item in items)


@ANY
@given(data=st.data())
def test_what_is_written_again_is_not_there_twice(data, tmp_path_factory):
    name = data.draw(st.sampled_from(sorted(ITEMS)))
    items = data.draw(st.lists(ITEMS[name], max_size=8))
    again = items + data.draw(st.lists(st.sampled_from(items), max_size=3)) if items else items
    store = Store(tmp_path_factory.mktemp("store"))

    write(store, name, items)
    files = {path: path.read_bytes() for path in store.root.rglob("*.parquet")}
    same = write(store, name, items)
    more = write(store, name, again)

    assert (same.new, same.days) == (0, ())
    assert {path: path.read_bytes() for path in files} == files or more.new
    # Of what is equal there are as many as in the part that had most of it.
    assert Counter(map(repr, read(store, name))) == Counter(map(repr, again))
    assert more.new == sum(len(rows_of(name, [item])["received"]) for item in again) - same.rows


@ANY
@given(data=st.data(), rows=st.integers(1, 9))
def test_chunks_are_the_table_in_pieces_and_cut_no_message(data, rows, tmp_path_factory):
    name = data.draw(st.sampled_from(sorted(ITEMS)))
    items = data.draw(st.lists(ITEMS[name], max_size=15))
    store = Store(tmp_path_factory.mktemp("store"))
    write(store, name, items)

    chunks = list(store.chunks(VENUE, SYMBOL, name, rows=rows))

    assert [item for chunk in chunks for item in messages_of(name, SYMBOL, chunk)] == read(store, name)
    whole = store.table(VENUE, SYMBOL, name)
    for column in whole.columns if chunks else ():
        np.testing.assert_array_equal(np.concatenate([chunk[column] for chunk in chunks]), whole[column])
    longest = max((len(rows_of(name, [item])["received"]) for item in items), default=0)
    assert all(len(chunk["received"]) <= max(rows, longest) for chunk in chunks)


@ANY
@given(data=st.data())
def test_a_range_has_its_start_and_not_its_end(data, tmp_path_factory):
    name = data.draw(st.sampled_from(["ticks", "bars-1m"]))
    items = data.draw(st.lists(ITEMS[name], max_size=15))
    edges = st.none() | st.integers(0, 3).flatmap(lambda day: st.integers(-2, 52).map(lambda ns: first_of(day) + ns))
    start, end = data.draw(edges), data.draw(edges)
    store = Store(tmp_path_factory.mktemp("store"))
    write(store, name, items)

    wanted = [
        item for item in in_order(items)
        if (start is None or key_of(item) >= start) and (end is None or key_of(item) < end)
    ]  # fmt: skip
    chunks = store.chunks(VENUE, SYMBOL, name, start, end, rows=4)

    assert read(store, name, start=start, end=end) == wanted
    assert [item for chunk in chunks for item in messages_of(name, SYMBOL, chunk)] == wanted


def test_a_day_larger_than_a_row_group_is_read_in_parts_and_from_the_middle(tmp_path, monkeypatch):
    monkeypatch.setattr("adapters.store.parquet.ROW_GROUP", 2_048)
    monkeypatch.setattr("adapters.store.reading._GROUPED_BYTES", 1_000)
    store, count = Store(tmp_path), 10_000
    received = MONDAY + np.arange(count) // 3
    price = np.random.default_rng(1).uniform(1, 2, count)
    columns = {"ts": received, "received": received, "price": price, "size": price, "aggressor": np.ones(count, int)}
    store.write(VENUE, SYMBOL, "ticks", columns)

    chunks = [chunk["price"] for chunk in store.chunks(VENUE, SYMBOL, "ticks", rows=5_000)]
    middle = store.chunks(VENUE, SYMBOL, "ticks", MONDAY + 1_000, MONDAY + 1_010, rows=7)

    assert max(map(len, chunks)) <= 5_000
    assert len(chunks) > 2
    np.testing.assert_array_equal(np.concatenate(chunks), price)
    np.testing.assert_array_equal(np.concatenate([chunk["price"] for chunk in middle]), price[3_000:3_030])


def test_a_book_that_lies_across_row_groups_is_given_whole(tmp_path, monkeypatch):
    monkeypatch.setattr("adapters.store.parquet.ROW_GROUP", 2_048)
    monkeypatch.setattr("adapters.store.reading._GROUPED_BYTES", 100)
    levels = tuple((100.0 - number, float(number + 1)) for number in range(7))
    items = [a_book(levels, levels, ts=MONDAY, received=MONDAY + number) for number in range(1_000)]
    store = Store(tmp_path)
    write(store, "books", items)

    chunks = list(store.chunks(VENUE, SYMBOL, "books", rows=3_000))

    assert [item for chunk in chunks for item in messages_of("books", SYMBOL, chunk)] == items
    parts = np.concatenate([chunk["part"] for chunk in chunks])
    assert parts.tolist() == sorted(parts.tolist())
    assert len(set(parts.tolist())) == len(items)


def test_bars_that_are_heard_late_come_when_they_are_heard(tmp_path):
    """A bar of one day may be received after one of the next."""
    late = a_bar(open_ts=MONDAY, period=MINUTE, received=MONDAY + DAY + 5 * MINUTE)
    early = [a_bar(open_ts=MONDAY + DAY + number * MINUTE, period=MINUTE) for number in range(10)]
    store = Store(tmp_path)
    write(store, "bars-1m", [*early, late])

    assert read(store, "bars-1m") == in_order([late, *early])
    chunks = store.chunks(VENUE, SYMBOL, "bars-1m", rows=2)
    assert [bar for chunk in chunks for bar in messages_of("bars-1m", SYMBOL, chunk)] == in_order([late, *early])
    assert read(store, "bars-1m", end=MONDAY + DAY) == [late]


def test_some_columns_are_read_as_they_are_among_all(tmp_path):
    store = Store(tmp_path)
    write(store, "ticks", ticks(5))
    a_segment(tmp_path, ticks(4, price=7.0), [a_tick(ts=MONDAY + DAY)])
    whole = store.ticks(VENUE, SYMBOL)

    some = store.table(VENUE, SYMBOL, "ticks", columns=["price"])
    chunks = list(store.chunks(VENUE, SYMBOL, "ticks", rows=3, columns=["price"]))

    assert some.columns == ("received", "price")
    np.testing.assert_array_equal(some["price"], whole["price"])
    np.testing.assert_array_equal(np.concatenate([chunk["price"] for chunk in chunks]), whole["price"])
    with pytest.raises(InputError, match="ticks have no column 'prices'"):
        store.table(VENUE, SYMBOL, "ticks", columns=["prices"])


def test_a_day_is_replaced_where_that_is_asked_for(tmp_path):
    store = Store(tmp_path)
    write(store, "ticks", [a_tick(1.0), a_tick(2.0), a_tick(9.0, ts=MONDAY + DAY)])

    written = write(store, "ticks", [a_tick(3.0)], replace=True)

    assert [tick.price for tick in read(store, "ticks")] == [3.0, 9.0]
    assert written.days == (day_name(day_of(MONDAY)),)


def test_a_file_is_one_day_of_one_series_and_says_its_schema(tmp_path):
    store = Store(tmp_path)
    store.write("binance-coinm", "BTC/USD", "ticks", rows_of("ticks", [a_tick()]))

    (path,) = tmp_path.rglob("*.parquet")
    facts = dict(duckdb.sql(f"SELECT decode(key), decode(value) FROM parquet_kv_metadata('{path}')").fetchall())

    assert path.relative_to(tmp_path).parts[:4] == ("market", "binance-coinm", "BTC%2FUSD", "ticks")
    assert path.stem == day_name(day_of(MONDAY))
    assert facts["openoutcry_schema"] == "1"
    assert list(tmp_path.rglob(".*")) == []
    (series,) = store.series()
    assert (series.venue, series.symbol, series.kind, series.rows) == ("binance-coinm", "BTC/USD", "ticks", 1)
    assert (series.first, series.last, series.days) == (MONDAY, MONDAY, 1)


def test_what_there_is_of_some_symbols_is_told_as_among_all_and_no_file_of_others_is_looked_at(tmp_path):
    store = Store(tmp_path)
    for symbol in ("BTC/USD", ".BXBT", SYMBOL):
        store.write(VENUE, symbol, "ticks", rows_of("ticks", ticks(3)))
    store.write("loopback", ".BXBT", "ticks", rows_of("ticks", ticks(2)))
    a_segment(tmp_path, [a_bar(period=MINUTE)], ticks(4, price=7.0))
    every = store.series()
    (tmp_path / "market" / VENUE / "BTC%2FUSD" / "ticks" / f"{day_name(day_of(MONDAY))}.parquet").write_bytes(b"PAR1")

    some = store.series({".BXBT", SYMBOL, "none"})

    assert some == tuple(each for each in every if each.symbol != "BTC/USD")
    assert [(each.symbol, each.kind, each.rows) for each in some] == [
        (".BXBT", "ticks", 3), (SYMBOL, "bars-1m", 1), (SYMBOL, "ticks", 7), (".BXBT", "ticks", 2),
    ]  # fmt: skip
    with pytest.raises(InputError, match="BTC%2FUSD"):
        store.series()


def test_each_kind_has_a_way_to_ask_for_it(tmp_path):
    store = Store(tmp_path)
    for name in ITEMS:
        assert len(store.table(VENUE, SYMBOL, name)) == 0
    write(store, "bars-1m", [a_bar(period=MINUTE)])
    event = ExternalEvent(source="gold", kind="price", ts=MONDAY, received=MONDAY + SECOND, payload={"close": 1.0})
    store.write("external", "gold", "events", rows_of("events", [event]))

    assert len(store.bars(VENUE, SYMBOL, "1m")) == len(store.bars(VENUE, SYMBOL, MINUTE)) == 1
    assert list(store.events("gold", "2000-01-01").messages()) == [event]
    for name in ("ticks", "quotes", "books", "l2", "funding", "marks", "index", "liquidations", "quarantine"):
        assert getattr(store, name)(VENUE, SYMBOL).kind.name == name
    assert store.flow(VENUE, SYMBOL, "1m").kind.name == "flow-1m"
    assert store.spreads("pair").kind.name == "spreads"


def test_reading_makes_no_folder(tmp_path):
    store = Store(tmp_path / "none")

    assert (read(store, "ticks"), store.series(), store.roll().segments) == ([], (), 0)
    assert list(store.chunks(VENUE, SYMBOL, "ticks")) == []
    assert not (tmp_path / "none").exists()


def test_a_table_is_read_only_and_names_its_columns(tmp_path):
    store = Store(tmp_path)
    write(store, "ticks", ticks(2))
    table = store.ticks(VENUE, SYMBOL)

    assert table.columns == ("ts", "received", "price", "size", "aggressor")
    with pytest.raises(InputError, match="ticks have no column 'prices'; they have ts"):
        table["prices"]
    with pytest.raises(ValueError, match="read-only"):
        table["price"][0] = 1.0


def test_a_table_becomes_a_frame_of_pandas_where_that_is_installed(tmp_path):
    pytest.importorskip("pandas", reason="pandas is not installed")
    store = Store(tmp_path)
    write(store, "bars-1m", [a_bar(open_ts=MONDAY, period=MINUTE)])

    frame = store.bars(VENUE, SYMBOL, "1m").to_pandas()

    assert frame["open_ts"][0].isoformat() == "2024-01-01T00:00:00+00:00"
    assert frame["turnover"].isna().tolist() == [True]


def test_a_table_says_what_is_not_installed(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "polars", None)

    with pytest.raises(InputError, match="polars is not installed: pip install polars"):
        Store(tmp_path).ticks(VENUE, SYMBOL).to_polars()
    assert table_module.Table.__doc__


# What is wrong is named.


def test_two_writers_at_once_are_one_and_a_refusal(tmp_path):
    with writing(tmp_path), pytest.raises(LockedError, match="in use by process"):
        write(Store(tmp_path), "ticks", [a_tick()])


@pytest.mark.parametrize("damage", [lambda raw: raw[:-20], lambda raw: b"x" * len(raw), lambda _raw: b""])
def test_a_damaged_file_is_named(tmp_path, damage):
    store = Store(tmp_path)
    write(store, "ticks", [a_tick(), a_tick(ts=MONDAY + DAY)])
    path = sorted(tmp_path.rglob("*.parquet"))[1]
    path.write_bytes(damage(path.read_bytes()))

    for reading in (
        lambda: read(store, "ticks"),
        lambda: list(store.chunks(VENUE, SYMBOL, "ticks")),
        store.series,
        lambda: write(store, "ticks", [a_tick(7.0, ts=MONDAY + DAY)]),
    ):
        with pytest.raises(InputError, match=str(path)):
            reading()


def test_a_file_of_a_newer_schema_is_not_guessed_at(tmp_path, monkeypatch):
    store = Store(tmp_path)
    with monkeypatch.context() as newer:
        newer.setattr("adapters.store.parquet.SCHEMA", 2)
        write(store, "ticks", [a_tick()])

    with pytest.raises(InputError, match=r"2024-01-01.parquet: its version is '2', this program knows 1..1"):
        read(store, "ticks")


def test_nor_is_it_written_to_and_its_version_is_what_is_told_although_its_columns_are_not_ours(tmp_path):
    store = Store(tmp_path)
    write(store, "ticks", [a_tick()])
    (path,) = tmp_path.rglob("*.parquet")
    duckdb.sql(f"COPY (SELECT 1 AS other) TO '{path}' (FORMAT parquet, KV_METADATA {{openoutcry_schema: '2'}})")

    with pytest.raises(InputError, match=r"2024-01-01.parquet: its version is '2', this program knows 1..1"):
        write(store, "ticks", [a_tick(2.0)])


def test_a_file_that_is_no_folder_is_no_store(tmp_path):
    (tmp_path / "file").write_text("x")

    with pytest.raises(InputError, match="a store is a folder"):
        Store(tmp_path / "file")
    with pytest.raises(InputError, match="must be without"):
        Store(tmp_path / "*")


def test_what_cannot_be_written_leaves_the_day_as_it_was(tmp_path, monkeypatch):
    store = Store(tmp_path)
    write(store, "ticks", [a_tick(1.0)])

    def full(*_arguments):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("adapters.durable._sync", full)
        with pytest.raises(OutputError, match=r"2024-01-01.parquet: cannot be written: the disk is full"):
            write(store, "ticks", [a_tick(2.0)])

    assert [tick.price for tick in read(store, "ticks")] == [1.0]
    assert len(list(tmp_path.rglob("*writing*"))) == 0


def test_a_bar_that_was_heard_before_it_began_is_refused(tmp_path):
    columns = rows_of("bars-1m", [a_bar(open_ts=MONDAY, period=MINUTE, received=MONDAY - 1)])

    with pytest.raises(InputError, match="row 0 was received before its interval began"):
        Store(tmp_path).write(VENUE, SYMBOL, "bars-1m", columns)
