"""A check of trades, quotes, books and single values finds each fault, and keeps the book that changes make."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.data.check_books import BookSide
from adapters.data.checking import check_store
from adapters.store import Store
from tests.adapters.data.data_builders import MINUTE, NEW_YEAR, SECOND, a_file, bar_columns, checked, findings, silent

CALM = [10.0, 10.1, 10.0, 9.9, 10.0, 10.1, 10.2, 10.1, 10.0]


def stamped(count, **columns):
    times = NEW_YEAR + np.arange(count) * SECOND
    return {"ts": times.copy(), "received": times + 1000, **{name: np.array(v) for name, v in columns.items()}}


def ticks(**changed):
    columns = stamped(9, price=CALM, size=[1.0] * 9, aggressor=[1] * 9)
    return _changed(columns, changed)


def quotes(**changed):
    columns = stamped(9, bid=CALM, bid_size=[1.0] * 9, ask=[10.5] * 9, ask_size=[1.0] * 9)
    return _changed(columns, changed)


def marks(**changed):
    return _changed(stamped(9, price=CALM), changed)


def rates(**changed):
    return _changed(stamped(9, rate=[0.0001, -0.0001, 0.0] * 3), changed)


def _changed(columns, changed):
    for name, value in changed.items():
        columns[name][2] = value
    return columns


def levels(*messages):
    """Rows of (is_snapshot, ((side, price, size), ...)) each."""
    rows = [
        (NEW_YEAR + part, NEW_YEAR + part, part, side, price, size, int(whole))
        for part, (whole, changes) in enumerate(messages)
        for side, price, size in changes
    ]
    names = ("ts", "received", "part", "side", "price", "size", "is_snapshot")
    return {name: np.array(values) for name, values in zip(names, zip(*rows, strict=True), strict=True)}


@pytest.mark.parametrize(
    ("kind", "columns"), [("ticks", ticks), ("quotes", quotes), ("marks", marks), ("funding", rates)]
)
def test_sound_streams_have_no_fault(kind, columns):
    assert findings(kind, columns()) == {}


@pytest.mark.parametrize(
    ("kind", "columns", "code"),
    [
        ("ticks", ticks(price=-1.0), "values"),
        ("ticks", ticks(size=np.nan), "values"),
        ("ticks", ticks(size=0.0), "no-size"),
        ("ticks", ticks(aggressor=5), "values"),
        ("ticks", ticks(price=14.0), "jumps"),
        ("ticks", ticks(ts=NEW_YEAR), "time-back"),
        ("ticks", ticks(received=NEW_YEAR), "received-back"),
        ("quotes", quotes(bid=11.0), "crossed"),
        ("quotes", quotes(bid=10.5), "locked"),
        ("quotes", quotes(ask=0.0), "values"),
        ("quotes", quotes(bid_size=-1.0), "values"),
        ("marks", marks(price=np.inf), "values"),
        ("index", marks(price=20.0), "jumps"),
        ("funding", rates(rate=1.5), "values"),
    ],
)
def test_each_fault_is_found(kind, columns, code):
    for chunks in ((columns,), [{n: a[i : i + 1] for n, a in columns.items()} for i in range(9)]):
        found = findings(kind, *chunks)

        assert not found[code].is_note
        assert found[code].count == (2 if code == "jumps" else 1)


def test_two_equal_trades_are_no_fault_and_two_equal_marks_are():
    twice = {name: np.repeat(array, 2) for name, array in ticks().items()}
    marked = {name: np.repeat(array, 2) for name, array in marks().items()}

    assert findings("ticks", twice)["duplicates"].is_note
    assert not findings("marks", marked)["duplicates"].is_note


def test_clocks_that_differ_are_noted():
    early, late = ticks(), ticks()
    early["received"] -= SECOND
    late["received"] += 4 * SECOND

    assert findings("ticks", early)["received-before-ts"].count == 9
    assert findings("ticks", late)["clocks-apart"].count == 9


def test_a_book_that_is_crossed_after_a_change_is_found():
    columns = levels((True, [(1, 99.0, 5.0), (-1, 101.0, 5.0)]), (False, [(1, 102.0, 1.0)]), (False, [(1, 102.0, 0.0)]))

    found = findings("l2", columns)

    assert found["crossed-book"].count == 1
    assert str(found["crossed-book"].examples[0]).endswith("bid 102 ask 101")


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_a_message_that_is_cut_between_chunks_is_looked_at_whole(rows):
    columns = levels(
        (True, [(1, 99.0, 5.0), (1, 98.0, 1.0), (-1, 101.0, 5.0)]),
        (False, [(1, 102.0, 1.0), (-1, 101.0, 0.0), (-1, 103.0, 1.0)]),
        (True, [(1, 99.0, 5.0), (-1, 98.5, 5.0)]),
        (False, [(-1, 98.5, 0.0)]),
    )
    chunks = [{name: array[i : i + rows] for name, array in columns.items()} for i in range(0, 9, rows)]

    whole = findings("l2", columns)

    assert whole["crossed-book"].count == 1
    assert findings("l2", *chunks) == whole


def test_changes_before_any_snapshot_are_a_fault_and_before_the_first_a_note():
    change, whole = (False, [(1, 99.0, 5.0)]), (True, [(1, 98.0, 5.0), (-1, 101.0, 5.0)])

    assert not findings("l2", levels(change, change))["no-snapshot"].is_note
    found = findings("l2", levels(change, whole, change, (False, [(1, 55.0, 0.0)])))
    assert (found["no-snapshot"].count, found["no-snapshot"].is_note) == (1, True)
    assert found["unknown-level"].count == 1


def test_a_whole_book_that_is_crossed_is_found():
    columns = levels(
        (True, [(1, 99.0, 5.0), (1, 98.0, 1.0), (-1, 101.0, 5.0)]), (True, [(1, 99.0, 5.0), (-1, 99.0, 1.0)])
    )
    del columns["is_snapshot"]

    assert findings("books", columns)["crossed-book"].count == 1


@given(st.lists(st.tuples(st.sampled_from((98.0, 99.0, 100.0, 101.0)), st.sampled_from((0.0, 1.0, 2.0)))))
def test_the_best_price_is_that_of_the_levels(changes):
    for sign, best in ((1, max), (-1, min)):
        side, plain = BookSide(sign), {}
        for price, size in changes:
            assert side.set(price, size) == (bool(size) or plain.get(price, 0) > 0)
            plain[price] = size
            there = [level for level, left in plain.items() if left]
            assert side.best() == (best(there) if there else None)


def test_a_series_of_a_store_is_checked_within_its_range(tmp_path):
    store = Store(tmp_path / "store")
    store.write("bitmex", "XBTUSD", "bars-1m", bar_columns([10.0, 10.1, 10.0, 14.0, 14.1]))

    def found(start, end):
        (one,) = check_store(store, store.series(), start=start, end=end, jump=0.1, progress=silent)
        return one

    assert found(None, None).faults == 1
    calm = found(None, NEW_YEAR + 3 * MINUTE)
    assert (calm.faults, calm.rows, calm.last) == (0, 3, NEW_YEAR + 2 * MINUTE)


def test_a_file_of_several_symbols_is_checked_symbol_by_symbol(tmp_path):
    text = "timestamp,symbol,side,size,price\n" + "".join(
        f"2024-01-01T00:00:0{second}Z,{symbol},Buy,1,{price}\n"
        for symbol, prices in (("A", (1, -1, 1)), ("B", (2, 2, 2)))
        for second, price in enumerate(prices)
    )

    found = {each.symbol: each for each in checked(a_file(tmp_path, text))}

    assert [finding.code for finding in found["A"].findings if not finding.is_note] == ["values"]
    assert found["B"].faults == 0


def test_what_is_not_checked_is_said(tmp_path):
    store = Store(tmp_path / "store")
    texts = {"received": np.array([NEW_YEAR]), **{n: np.array(["x"], dtype=object) for n in ("reason", "text", "item")}}
    store.write("bitmex", "XBTUSD", "quarantine", texts)

    (found,) = check_store(store, store.series(), start=None, end=None, jump=0.1, progress=silent)

    assert [finding.code for finding in found.findings] == ["not-checked"]
    assert found.faults == 0
