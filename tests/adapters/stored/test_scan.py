"""One look through a series tells its extent, its grid and its digest, wherever it is cut into chunks."""

import itertools
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.money.grid import infer_tick_size, off_grid
from adapters.stored.ahead import ahead
from adapters.stored.scan import scan
from tests.builders import MONDAY


def ticks_of(prices):
    times = MONDAY + np.arange(len(prices)) * 7
    return {
        "ts": times, "received": times + 1, "price": np.array(prices), "size": np.ones(len(prices)),
        "aggressor": np.ones(len(prices), dtype=np.int8),
    }  # fmt: skip


def cut(rows, bounds):
    edges = [0, *sorted({bound for bound in bounds if 0 < bound < len(rows["received"])}), len(rows["received"])]
    return [{name: column[a:b] for name, column in rows.items()} for a, b in itertools.pairwise(edges)]


PRICES = st.lists(
    st.integers(1_000, 2_000_000).flatmap(lambda n: st.sampled_from([n * 1.0, n * 0.5, n * 0.25, n / 100])), min_size=1
)


@given(prices=PRICES, bounds=st.lists(st.integers(1, 60), max_size=5))
def test_it_finds_the_same_wherever_the_chunks_are_cut(prices, bounds):
    rows = ticks_of(prices)

    found = scan("ticks", "XBTUSD", cut(rows, bounds), None)

    assert found is not None
    assert found.tick_size == infer_tick_size(np.array(prices))
    assert (found.rows, found.first_ts, found.last_ts) == (len(prices), MONDAY + 1, int(rows["received"][-1]))
    assert found.digest == scan("ticks", "XBTUSD", [rows], None).digest


@given(prices=PRICES, row=st.integers(0, 50), name=st.sampled_from(["ts", "received", "price", "size"]))
def test_the_digest_names_every_value(prices, row, name):
    rows = ticks_of(prices)
    changed = {**rows, name: rows[name].copy()}
    changed[name][row % len(prices)] += 1

    assert scan("ticks", "XBTUSD", [rows], None).digest != scan("ticks", "XBTUSD", [changed], None).digest


def test_what_a_message_is_numbered_does_not_count():
    rows = ticks_of([1.0, 2.0, 3.0, 4.0])
    books = {name: rows[name] for name in ("ts", "received", "price", "size")}
    one = {**books, "part": np.array([0, 0, 1, 1]), "side": np.array([1, -1, 1, -1])}
    other = {**one, "part": np.array([7, 7, 9, 9])}
    split = {**one, "part": np.array([0, 1, 2, 2])}

    found = scan("books", "XBTUSD", [one], None)

    assert found.rows == 2
    assert found.digest == scan("books", "XBTUSD", [other], None).digest
    assert found.digest != scan("books", "XBTUSD", [split], None).digest


def test_prices_off_the_grid_that_was_told_are_counted():
    prices = [100.0, 100.5, 100.25, 101.0]

    found = scan("ticks", "XBTUSD", cut(ticks_of(prices), [2]), Decimal("0.5"))

    assert (found.off_grid, found.prices) == (off_grid(np.array(prices), Decimal("0.5")), 4)


def test_what_is_no_price_is_left_to_the_tick_filter():
    found = scan("ticks", "XBTUSD", [ticks_of([100.0, float("nan"), -3.0, 100.5])], None)

    assert found.tick_size == Decimal("0.5")
    assert found.rows == 4


def test_an_empty_series_has_nothing_to_tell():
    assert scan("ticks", "XBTUSD", [], None) is None


def test_the_last_trades_are_kept():
    found = scan("ticks", "XBTUSD", cut(ticks_of([float(n) for n in range(1, 200)]), [150]), None)

    assert found.ending.price.tolist()[-1] == 199.0
    assert len(found.ending) < 100


def test_reading_ahead_changes_nothing():
    assert list(ahead(iter([1, 2, 3]))) == [1, 2, 3]
    assert list(ahead(iter([]))) == []


def test_what_reading_raises_is_raised_in_its_place():
    def broken():
        yield 1
        raise ValueError("a damaged file")

    chunks = ahead(broken())

    assert next(chunks) == 1
    with pytest.raises(ValueError, match="damaged"):
        next(chunks)


def test_who_stops_reading_closes_what_was_read():
    closed = []

    def endless():
        try:
            while True:
                yield 1
        finally:
            closed.append(True)

    chunks = ahead(endless())
    next(chunks)
    chunks.close()

    assert closed == [True]
