"""The worker asks through the library and answers each request once; with it a feed hears an exchange on a port."""

import json

import pytest

from adapters.ccxt_data.feed_spec import ccxt_feed_specs
from adapters.ccxt_data.worker import CcxtWorker
from adapters.errors import InputError
from messages import MarketFresh, MarketStale, Quarantined, Quote, SendRequest, Tick
from tests.adapters.bitmex.wire_servers import answer
from tests.adapters.ccxt_data.exchanges import Binance, Kraken, on_port
from tests.adapters.ccxt_data.polled import Rig
from tests.builders import MONDAY, SECOND

pytestmark = pytest.mark.usefixtures("ccxt")
MS = 1_000_000


def ask(worker, path, symbol="BTC/USDT", since=None, number=1):
    body = json.dumps({"symbol": symbol, "since": since})
    request = SendRequest(to="rest:x", reply_to="feed:x", number=number, verb="READ", path=path, body=body)
    (answered,) = worker.on_send_request(request)
    assert (answered.to, answered.number) == ("feed:x", number)
    return answered


@pytest.fixture
def binance():
    """binance() -> (exchange, worker)."""
    with on_port(exchange := Binance()) as origin:
        worker = CcxtWorker("binance", origin=origin)
        yield exchange, worker
        worker.release()


def test_each_question_has_its_answer(binance):
    exchange, worker = binance
    exchange.trades = [[MONDAY // MS + number, 100.5, 0.25, "buy", number] for number in range(3)]

    assert json.loads(ask(worker, "market").body) is True
    trades = json.loads(ask(worker, "trades", since=MONDAY // MS + 1, number=7).body)
    assert trades == [[MONDAY // MS + number, 100.5, 0.25, "buy"] for number in (1, 2)]
    assert json.loads(ask(worker, "best").body)[1:] == [99.5, 1.25, 100.5, 2.5]


def test_what_went_wrong_is_an_answer_too(binance):
    exchange, worker = binance
    ask(worker, "market")
    exchange.faults = [
        answer(b'{"code":-1003,"msg":"Too many requests."}', status="429 Slow", Retry_After="9"),
        answer(b"<html>", status="503 Busy"),
        answer(b"half of an ans"),
    ]

    limited, busy, malformed = (ask(worker, "trades", number=number) for number in (1, 2, 3))
    assert (limited.status, dict(limited.headers)) == (429, {"retry-after": "9"})
    assert (busy.status, malformed.status) == (503, 503)
    assert "malformed" in malformed.body
    assert ask(worker, "market", symbol="DOGE/EUR").status == 400
    assert ask(worker, "orders").status == 400


def test_an_exchange_that_the_library_does_not_know_is_refused_before_anything_is_started():
    with pytest.raises(InputError, match="knows no exchange 'nyse'"):
        ccxt_feed_specs("nyse", "nyse", {"A.NYSE": "A"})


@pytest.mark.parametrize(("kind", "market"), [(Binance, "BTC/USDT"), (Kraken, "BTC/USD")])
def test_a_feed_hears_an_exchange_on_a_port(kind, market):
    exchange, symbol = kind(), "BTC.X"
    exchange.trades = [[MONDAY // MS - 60_000, 90.0, 1.0, "buy", 0]]
    with on_port(exchange) as origin:
        worker_spec, feed_spec = ccxt_feed_specs("x", exchange.name, {symbol: market}, origin=origin)
        worker, feed = worker_spec.factory(None), feed_spec.factory(None)

        def through_the_worker(request, _at):
            (answered,) = worker.on_send_request(request)
            worker._exchange._exchange.enableRateLimit = False
            return answered.status, answered.headers, answered.body

        rig = Rig(feed, through_the_worker).run(2)
        for number in range(5):
            exchange.trades.append([(rig.now - SECOND) // MS, 100.0 + number, 0.5, "sell", number + 1])
            exchange.bids = [(99.0 + number / 10, 1.0)]
            rig.run(3)
        worker.release()

    assert [tick.price for tick in rig.of(Tick)] == [100.0, 101.0, 102.0, 103.0, 104.0]
    assert {(tick.symbol, tick.aggressor, tick.size) for tick in rig.of(Tick)} == {(symbol, -1, 0.5)}
    assert [quote.bid for quote in rig.of(Quote)] == [99.5, 99.0, 99.1, 99.2, 99.3, 99.4]
    assert len(rig.of(MarketFresh)) == 1
    assert rig.of(Quarantined, MarketStale) == []
    assert (worker_spec.address, feed_spec.address) == ("rest:x", "feed:x")
