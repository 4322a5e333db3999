"""A block says of itself only what is true of all its ticks, and who hears it decides as for the single ones."""

import math

import attrs
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.bar_builder import BarBuilder, BarWanted
from actors.columns import TickColumns
from actors.feed_streams import TickStream
from actors.tape import FOREVER
from actors.tick_filter import TickFilter
from messages import Bar, Quarantined, Tick
from tests.builders import MONDAY, SECOND

PRICES = st.sampled_from([100.0, 100.5, 101.0, 99.5, 130.0])
BAD_PRICES = st.sampled_from([100.0, 100.5, 99.5, math.nan, 0.0, -1.0, math.inf])
BAD_SIZES = st.sampled_from([1.0, 0.1, 3.7, math.nan, -1.0, math.inf])


def columns_of(rows):
    """(received after the one before, how much earlier it was made, price, size), in tenths of a second."""
    received = MONDAY + np.cumsum([row[0] for row in rows]) * (SECOND // 10)
    ts = received - np.array([row[1] for row in rows]) * (SECOND // 10)
    price, size = [row[2] for row in rows], [row[3] for row in rows]
    return TickColumns(symbol="XBTUSD", ts=ts, received=received, price=price, size=size)


def blocks_of(columns, period=SECOND):
    stream, blocks = TickStream(columns, period), []
    while stream.next_at(singly=False) != FOREVER:
        blocks.append(stream.take())
    return blocks


def ticks_of(columns):
    rows = zip(*[getattr(columns, name).tolist() for name in ("ts", "received", "price", "size")], strict=True)
    return [Tick(symbol="XBTUSD", ts=ts, received=at, price=price, size=size) for ts, at, price, size in rows]


def heard(component, messages):
    handlers = {"Tick": component.on_tick, "TickBlock": component.on_tick_block}
    return [answer for message in messages for answer in handlers[type(message).__name__](message)]


@given(st.lists(st.tuples(st.integers(0, 25), st.integers(0, 1), BAD_PRICES, BAD_SIZES), min_size=1, max_size=60))
@settings(max_examples=200, deadline=None)
def test_blocks_are_the_columns_cut_at_periods_and_promise_what_holds(rows):
    columns = columns_of(rows)

    blocks = blocks_of(columns)

    assert [ts for block in blocks for ts in block.ts] == columns.ts.tolist()
    turns = [{at // SECOND for at in columns.received.tolist()}, {block.received // SECOND for block in blocks}]
    assert turns[0] == turns[1]
    assert len(blocks) == len(turns[0])
    for block in blocks:
        if block.reach is not None:
            prices, sizes, ts = list(block.prices), list(block.sizes), list(block.ts)
            assert block.reach == (min(prices), max(prices))
            assert all(0.0 < price < math.inf for price in prices)
            assert all(0.0 <= size < math.inf for size in sizes)
            assert ts == sorted(ts)


def test_what_is_left_of_a_block_that_was_interrupted_promises_nothing():
    stream = TickStream(columns_of([(1, 0, 100.0 + row, 1.0) for row in range(8)]), SECOND)
    stream.next_at(singly=False)

    part = stream.interrupt(MONDAY + SECOND // 2)
    stream.next_at(singly=False)
    rest = stream.take()

    assert (len(part.ts), len(rest.ts)) == (4, 4)
    assert part.reach is rest.reach is None


@given(st.lists(st.tuples(st.integers(0, 25), st.integers(0, 1), PRICES, st.sampled_from([0.1, 3.7])), max_size=80))
@settings(max_examples=200, deadline=None)
def test_bars_from_blocks_are_those_from_single_ticks_to_the_last_bit(rows):
    columns = columns_of(rows) if rows else columns_of([(1, 0, 100.0, 1.0)])

    def said(messages):
        wanted = [BarWanted("XBTUSD", SECOND), BarWanted("XBTUSD", 5 * SECOND)]
        kept = [each for each in heard(TickFilter(), messages) if not isinstance(each, Quarantined)]
        answers = heard(BarBuilder(wanted), kept)
        bars = [attrs.evolve(answer, received=answer.close_ts) for answer in answers if isinstance(answer, Bar)]
        late = [(answer.item.ts, answer.text) for answer in answers if isinstance(answer, Quarantined)]
        return bars, late

    by_blocks = said(blocks_of(columns))

    assert by_blocks == said(ticks_of(columns))
