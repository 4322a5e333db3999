"""Messages that BitMEX really sent, 2018 to 2024, parse and mean what they say."""

import json
import pathlib

import pytest

from actors.money.values import Arithmetic
from adapters.bitmex import private
from adapters.bitmex.answers import Accepted, VenueRefused, judged
from adapters.bitmex.codec import Acknowledged, Malformed, TableFrame, Welcome, decoded, parse
from adapters.bitmex.contracts import instrument
from adapters.bitmex.market import InstrumentState, UpcomingFunding, tick
from adapters.bitmex.queries import positions
from adapters.bitmex.reports import OrderReport
from adapters.bitmex.stream import Stream
from messages import Bar, IndexPrice, Instrument, Kind, MarkPrice, OrderBook, Quarantined, Quote, Tick
from tests.builders import HOUR, MONDAY

ROOT = pathlib.Path(__file__).parents[3]
FOLDERS = [base / "shared" / "reference" / "recorded" for base in (ROOT.parent, ROOT.parent.parent)]
FOLDER = next((folder for folder in FOLDERS if folder.is_dir()), None)
FILES = [] if FOLDER is None else sorted(FOLDER.glob("*.json"))

pytestmark = pytest.mark.skipif(not FILES, reason="the recorded messages are not beside this checkout")


def texts(name):
    """Each message of a recording as text: numbers as they were written."""
    (path,) = [path for path in FILES if path.stem.startswith(name)]
    return [json.dumps(message) for message in json.loads(path.read_text())["messages"]]


def heard(name):
    """All that a recording makes a stream say, frame by frame."""
    stream = Stream()
    return [stream.take(parse(text), MONDAY).said for text in texts(name)]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_recorded_message_parses(path):
    for message in json.loads(path.read_text())["messages"]:
        assert decoded(json.dumps(message))
        if path.stem.startswith("ws_"):
            assert not isinstance(parse(json.dumps(message)), Malformed)


def test_the_welcome_and_the_acknowledgement_of_2019():
    welcome, acknowledged = map(parse, texts("ws_welcome"))

    assert isinstance(welcome, Welcome)
    assert (welcome.connections_left, welcome.server_ts) == (39, 1_574_499_747_771_000_000)
    assert acknowledged == Acknowledged("subscribe", "orderBookL2:XBTUSD")


def test_trades_of_2020_and_of_rest_in_2018():
    partial, insert = heard("ws_trade_partial")
    (sold,) = insert

    assert partial == ()
    assert (type(sold), sold.price, sold.size, sold.aggressor) == (Tick, 9521.5, 37412.0, -1)
    assert [tick(decoded(text), MONDAY).price for text in texts("rest_trade")] == [6906.5, 6906.0]


def test_quotes_of_2018():
    quotes = [said for frame in heard("ws_quote") for said in frame]

    assert {type(quote) for quote in quotes} == {Quote}
    assert [quote.bid_size for quote in quotes] == [14019, 13989, 13959, 13929, 13959, 14019, 14019]


def test_bars_of_2020():
    _, (bar,) = heard("ws_tradeBin1m")

    assert (type(bar), bar.close_ts, bar.close, bar.ticks) == (Bar, 1_580_754_480_000_000_000, 9256.0, 29)


def test_the_book_of_2019_and_an_update_of_rows_that_it_lacks():
    (book,), lost = heard("ws_orderBookL2")

    assert (type(book), book.bids, book.asks[0], book.asks[-1]) == (OrderBook, (), (712980.5, 1720), (999999, 1))
    assert [type(said) for said in lost] == [Quarantined] * 12


def test_the_orders_of_2018():
    (first,), (second,), (updated,) = heard("ws_order_")

    assert {type(report) for report in (first, second, updated)} == {OrderReport}
    assert (first.contracts, first.price, first.account, first.client_id) == (30, 6270.0, 101488, "")
    assert (second.contracts, second.working, updated.working) == (-30, False, True)


def test_the_instrument_of_2018_and_its_updates():
    first, *updates = heard("ws_instrument")

    assert [type(said) for said in first] == [Instrument, InstrumentState, MarkPrice, IndexPrice, UpcomingFunding]
    assert (first[2].price, first[3].price, first[4].rate) == (6399.04, 6387.52, 0.001854)
    # None of what was recorded after it is of the mark or the index, and nothing of it is wrong.
    assert updates == [()] * 11


def test_the_instrument_of_2024_counts_money_as_the_venue_does():
    (text,) = texts("rest_instrument")
    xbtusd = instrument(decoded(text))

    assert (xbtusd.kind, xbtusd.currency, str(xbtusd.tick_size), str(xbtusd.lot_size)) == (
        Kind.INVERSE, "XBT", "0.1", "100",
    )  # fmt: skip
    assert xbtusd.funding_interval == 8 * HOUR
    assert Arithmetic(xbtusd).value_minor(33, 47898.5) == -6889575


def test_the_order_the_margin_and_the_refusal_of_rest():
    order = private.order_report(decoded(texts("rest_order")[0]))
    margin = private.margin(decoded(texts("rest_user_margin")[0]))
    refused = judged(positions(), 400, {}, texts("rest_error")[0])

    assert (order.contracts, order.left, order.price) == (-1, -1, 40000.0)
    assert (margin.currency, margin.wallet_minor, margin.available_minor) == ("XBT", 263542, 263542)
    assert isinstance(refused, VenueRefused)
    assert refused.code == "insufficient-margin"
    assert isinstance(judged(positions(), 200, {}, texts("rest_order")[0]), Accepted)
    assert isinstance(parse(texts("ws_order_")[0]), TableFrame)
