"""Messages of every kind that a store keeps, of some days, and live segments with them."""

import attrs
from hypothesis import strategies as st

import messages
from adapters.store.kinds import Kind, kind_of
from adapters.store.packing import pack
from adapters.store.rows import rows_of
from adapters.store.segment import Series
from adapters.store.segment_writer import NewPiece, SegmentWriter
from adapters.store.writing import by_day
from messages import NS_PER_DAY, Bar, Message, OrderFlow, Period
from tests.builders import MINUTE, MONDAY, a_tick

VENUE, SYMBOL = "bitmex", "XBTUSD"
DAY = NS_PER_DAY
TEXT = st.text("abcXYZ-09 .ü\u20ac\"'\n", min_size=1, max_size=8)
NUMBERS = st.floats(0.5, 1e6)
MAYBE = st.none() | NUMBERS
MOMENTS = st.integers(0, 2).flatmap(lambda day: st.integers(0, 50).map(lambda ns: MONDAY + day * DAY + ns))
"""Three days, with many moments that are the same."""
SIGNS = st.sampled_from((-1, 0, 1))
LEVELS = st.lists(st.tuples(NUMBERS, NUMBERS), max_size=3).map(tuple)
SIDES = st.builds(
    messages.VenueSnapshot, symbol=TEXT, ts=st.none() | MOMENTS, last=MAYBE, bid=MAYBE, bid_size=MAYBE, ask=MAYBE,
    ask_size=MAYBE,
)  # fmt: skip
STAMPED = {"symbol": st.just(SYMBOL), "ts": MOMENTS, "received": MOMENTS}
TICKS = st.builds(messages.Tick, **STAMPED, price=NUMBERS, size=NUMBERS, aggressor=SIGNS)


@st.composite
def bars(draw: st.DrawFn, period: Period = MINUTE) -> Bar:
    low, close, high = sorted(draw(st.tuples(NUMBERS, NUMBERS, NUMBERS)))
    start = draw(MOMENTS)
    return Bar(
        symbol=SYMBOL, period=period, open_ts=start, close_ts=start + period,
        received=start + period + draw(st.integers(0, 5)), open=draw(NUMBERS), high=high, low=low, close=close,
        volume=draw(NUMBERS), turnover=draw(MAYBE), ticks=draw(st.none() | st.integers(0, 99)),
    )  # fmt: skip


@st.composite
def flows(draw: st.DrawFn) -> OrderFlow:
    start = draw(MOMENTS)
    return OrderFlow(
        symbol=SYMBOL, period=MINUTE, open_ts=start, close_ts=start + MINUTE, received=start + MINUTE,
        buy_volume=draw(NUMBERS), sell_volume=draw(NUMBERS), unknown_volume=draw(NUMBERS),
        buys=draw(st.integers(0, 9)), sells=draw(st.integers(0, 9)),
    )  # fmt: skip


ITEMS: dict[str, st.SearchStrategy[Message]] = {
    "ticks": TICKS,
    "quotes": st.builds(
        messages.Quote, **STAMPED, bid=NUMBERS, bid_size=NUMBERS, ask=NUMBERS, ask_size=NUMBERS
    ),
    "books": st.builds(messages.OrderBook, **STAMPED, bids=LEVELS, asks=LEVELS),
    "l2": st.builds(messages.BookChange, **STAMPED, is_snapshot=st.booleans(), bids=LEVELS, asks=LEVELS),
    "bars-1m": bars(),
    "funding": st.builds(messages.FundingRate, **STAMPED, rate=st.floats(-0.01, 0.01)),
    "marks": st.builds(messages.MarkPrice, **STAMPED, price=NUMBERS),
    "index": st.builds(messages.IndexPrice, **STAMPED, price=NUMBERS),
    "liquidations": st.builds(
        messages.Liquidation, **STAMPED, order_id=TEXT, side=SIGNS, size=NUMBERS, price=MAYBE
    ),
    "events": st.builds(
        messages.ExternalEvent,
        source=st.just(SYMBOL),
        kind=TEXT,
        ts=MOMENTS,
        received=MOMENTS,
        payload=st.lists(st.tuples(TEXT, st.none() | TEXT | NUMBERS | st.integers() | st.booleans()), max_size=3).map(
            tuple
        ),
    ),
    "quarantine": st.builds(
        messages.Quarantined, symbol=st.just(SYMBOL), received=MOMENTS, reason=TEXT, text=TEXT | st.just(""),
        item=st.none() | TICKS,
    ),
    "flow-1m": flows(),
    "spreads": st.builds(messages.SpreadSample, name=st.just(SYMBOL), received=MOMENTS, a=SIDES, b=SIDES),
}  # fmt: skip
"""By the name of the kind."""


def a_series(kind: Kind, venue=VENUE, symbol=SYMBOL):
    return Series(venue, symbol, kind)


def pieces_of(*items, venue=VENUE, symbol=SYMBOL):
    """What a recorder would write of items of one kind."""
    kind = kind_of(items[0])
    return [
        NewPiece(
            Series(venue, symbol, kind), day, int(rows["received"].min()), int(rows["received"].max()), pack(kind, rows)
        )
        for day, rows in by_day(kind, rows_of(kind, items))
    ]


def a_segment(root, *batches, started=MONDAY, open_=False):
    """A live segment with these batches of items; closed unless it shall stay open."""
    writer = SegmentWriter(root / "live", started=started)
    for batch in batches:
        writer.write(pieces_of(*batch))
    if not open_:
        writer.close()
    return writer


def in_order(items):
    """As a store gives them: by `received`, stable."""
    return sorted(items, key=lambda item: item.received)


def ticks(count, *, step=1, first=MONDAY, price=100.0):
    """So many different ticks, received one step after the other."""
    return [a_tick(price + number, received=first + number * step, ts=first + number * step) for number in range(count)]


def read(store, kind, symbol=SYMBOL, venue=VENUE, **range_):
    """The messages of a series as a table gives them."""
    return list(store.table(venue, symbol, kind, **range_).messages())


def of_period(bar, period):
    return attrs.evolve(bar, period=period)
