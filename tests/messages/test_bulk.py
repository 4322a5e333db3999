"""What the bulk path makes is what the constructors make: equal, frozen, and with nothing left out."""

import attrs
import pytest

from messages import Bar, BarOpen, Quote, Tick, TickBlock
from messages import bulk as bulk_path
from messages.base import measured_column, whole_column
from messages.bulk import bulk_bar, bulk_bar_open, bulk_bars, bulk_block, bulk_quote, bulk_tick
from tests.builders import MINUTE, MONDAY

BAR = Bar(
    symbol="XBTUSD", period=MINUTE, open_ts=MONDAY, close_ts=MONDAY + MINUTE, received=MONDAY + MINUTE, open=1.0,
    high=4.0, low=0.5, close=2.0, volume=7.0, turnover=9.0, ticks=None,
)  # fmt: skip
COLUMNS = whole_column((1, 2)), measured_column((3.0, 4.0)), measured_column((5.0, 6.0))
PAIRS = [
    (next(bulk_bars("XBTUSD", MINUTE, [MONDAY], [MONDAY + MINUTE], [1.0], [4.0], [0.5], [2.0], [7.0], [9.0]))[2], BAR),
    (
        bulk_bar("XBTUSD", MINUTE, MONDAY, MONDAY + MINUTE, MONDAY + MINUTE, 1.0, 4.0, 0.5, 2.0, 7.0, 9.0, None),
        BAR,
    ),
    (
        bulk_bar_open("XBTUSD", MINUTE, MONDAY, MONDAY + 1, 5.0),
        BarOpen(symbol="XBTUSD", period=MINUTE, ts=MONDAY, received=MONDAY + 1, price=5.0),
    ),
    (
        bulk_tick("XBTUSD", 1, 2, 3.0, 4.0, -1),
        Tick(symbol="XBTUSD", ts=1, received=2, price=3.0, size=4.0, aggressor=-1),
    ),
    (
        bulk_quote("XBTUSD", 2, 1, 3.0, 4.0, 5.0, 6.0),
        Quote(symbol="XBTUSD", ts=1, received=2, bid=3.0, bid_size=4.0, ask=5.0, ask_size=6.0),
    ),
    (
        bulk_block("XBTUSD", 9, *COLUMNS),
        TickBlock(symbol="XBTUSD", received=9, ts=(1, 2), prices=(3.0, 4.0), sizes=(5.0, 6.0)),
    ),
]


@pytest.mark.parametrize(("made", "constructed"), PAIRS)
def test_it_is_an_ordinary_frozen_message(made, constructed):
    assert made == constructed
    assert type(made) is type(constructed)
    assert repr(type(made)) == repr(type(constructed))
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        made.symbol = "other"


@pytest.mark.parametrize("message_class", [Bar, BarOpen, Tick, Quote, TickBlock])
def test_the_twin_s_layout_is_the_message_s(message_class):
    twin = getattr(bulk_path, f"_{message_class.__name__}Twin")

    assert twin.__slots__ == tuple(field.name for field in attrs.fields(message_class))
    assert twin.__basicsize__ == message_class.__basicsize__


def test_nobody_can_write_through_a_block():
    prices = [100.0, 101.0]
    block = TickBlock(symbol="XBTUSD", received=1, ts=(1, 2), prices=prices, sizes=(1.0, 1.0))

    prices[0] = 1.0
    assert block.prices.tolist() == [100.0, 101.0]
    with pytest.raises(TypeError, match="read-only"):
        block.prices[0] = 1.0


def test_a_column_that_its_maker_could_change_is_refused():
    with pytest.raises(TypeError, match="read-only column"):
        TickBlock(
            symbol="XBTUSD", received=1, ts=(1,), prices=memoryview(bytearray(8)).cast("d"), sizes=(1.0,)
        )  # fmt: skip


@pytest.mark.parametrize("ts", [(1.5,), ("1",)])
def test_a_time_is_a_whole_number(ts):
    with pytest.raises(TypeError):
        TickBlock(symbol="XBTUSD", received=1, ts=ts, prices=(1.0,), sizes=(1.0,))
