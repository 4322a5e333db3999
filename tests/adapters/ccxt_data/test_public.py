"""Through ccxt nothing leaves but public reading, and what goes wrong is said by blame."""

import re

import pytest

from adapters.ccxt_data.public import ExchangeTrouble, NotPublic, PublicExchange, is_public
from adapters.errors import InputError
from tests.adapters.bitmex.wire_servers import answer, serving
from tests.adapters.ccxt_data.exchanges import Binance, Kraken, on_port
from tests.builders import HOUR, MONDAY

MS = 1_000_000


@pytest.mark.parametrize(
    ("api", "method", "passes"),
    [
        ("public", "GET", True), ("fapiPublic", "GET", True), (["v1", "public"], "GET", True),
        ("private", "GET", False), ("fapiPrivate", "GET", False), (["public", "private"], "GET", False),
        ("public", "POST", False), ("public", "DELETE", False), ("sapi", "GET", False), (None, "GET", False),
        ([], "GET", False), ({"public": 1}, "GET", False),
    ],
)  # fmt: skip
def test_only_reading_what_the_exchange_calls_public_passes(api, method, passes):
    assert is_public(api, method) is passes


@pytest.mark.usefixtures("ccxt")
@pytest.mark.parametrize("kind", [Binance, Kraken])
def test_no_private_method_of_the_library_can_be_called(kind):
    exchange = kind()
    with on_port(exchange) as origin:
        public = PublicExchange(exchange.name, origin=origin)
        inner, symbol = public._exchange, "BTC/USDT" if kind is Binance else "BTC/USD"
        inner.load_markets()
        asked = len(exchange.asked)
        # Even with keys, which nothing here ever gives it.
        inner.apiKey, inner.secret, inner.enableRateLimit = "key", "c2VjcmV0", False
        calls = {
            "create_order": (symbol, "limit", "buy", 1, 1.0), "cancel_order": ("1", symbol), "fetch_balance": (),
            "fetch_open_orders": (symbol,), "fetch_my_trades": (symbol,), "fetch_deposit_address": ("BTC",),
            "withdraw": ("BTC", 1, "address", None, {"key": "name"}),
        }  # fmt: skip
        for name, arguments in calls.items():
            with pytest.raises(NotPublic):
                getattr(inner, name)(*arguments)
        private = re.compile(r"[a-z]*(private|sapi|papi)[a-z0-9]*_(get|post|put|delete)_")
        implicit = [name for name in dir(inner) if private.match(name)]
        assert len(implicit) > 40
        for name in implicit:
            with pytest.raises(NotPublic):
                getattr(inner, name)({"symbol": "BTCUSDT", "pair": "XXBTZUSD"})
        for method in ("POST", "PUT", "DELETE"):
            with pytest.raises(NotPublic):
                inner.fetch(origin, method)
        public.close()

    assert len(exchange.asked) == asked
    assert exchange.methods == {"GET"}


@pytest.mark.usefixtures("ccxt")
def test_what_is_offered_is_reading_only():
    offered = {name for name in dir(PublicExchange) if not name.startswith("_")}

    assert offered == {"best", "candles", "candles_max", "check", "close", "time", "time_frame", "trades"}


@pytest.mark.usefixtures("ccxt")
@pytest.mark.parametrize(("kind", "symbol"), [(Binance, "BTC/USDT"), (Kraken, "BTC/USD")])
def test_candles_trades_and_prices_are_read(kind, symbol):
    exchange = kind().with_candles(5)
    exchange.trades = [
        [MONDAY // MS + number * 1_000, 100.5, 0.25, ("buy", "sell")[number % 2], number] for number in range(4)
    ]
    with on_port(exchange) as origin:
        public = PublicExchange(exchange.name, origin=origin)
        public.check(symbol)

        assert public.candles(symbol, "1h", (MONDAY + 2 * HOUR) // MS, 100) == [
            [(MONDAY + hour * HOUR) // MS, 100.0 + hour, 102.0 + hour, 99.0 + hour, 101.0 + hour, 1.5 + hour]
            for hour in (2, 3, 4)
        ]
        assert public.trades(symbol, None, None) == [
            [MONDAY // MS + number * 1_000, 100.5, 0.25, ("buy", "sell")[number % 2]] for number in range(4)
        ]
        assert public.best(symbol)[1:] == [99.5, 1.25, 100.5, 2.5]
        assert public.time() == exchange.now // MS
        assert public.time_frame(3_600) == "1h"
        exchange.bids = []
        assert public.best(symbol)[1:] == [None, None, 100.5, 2.5]
        public.close()


@pytest.mark.usefixtures("ccxt")
@pytest.mark.parametrize(
    ("told", "again", "limited", "text"),
    [
        (answer(b'{"code":-1003,"msg":"Too many requests."}', status="429 Slow", Retry_After="9"), True, True, "-1003"),
        (answer(b'{"code":-1003,"msg":"banned"}', status="418 Teapot", Retry_After="9"), True, True, "418"),
        (answer(b'{"code":-1121,"msg":"Invalid symbol."}', status="400 Bad"), False, False, "BadSymbol"),
        (answer(b"<html>", status="502 Bad"), True, False, "502"),
        (answer(b"<html>", status="503 Busy"), True, False, "503"),
        (answer(b"not json at all"), True, False, "malformed"),
    ],
    ids=["429", "418", "400", "502", "503", "no json"],
)
def test_what_goes_wrong_is_said_by_blame(told, again, limited, text):
    exchange = Binance().with_candles(5)
    with on_port(exchange) as origin:
        public = PublicExchange("binance", origin=origin)
        public.check("BTC/USDT")
        exchange.faults = [told]

        with pytest.raises(ExchangeTrouble) as caught:
            public.candles("BTC/USDT", "1h", MONDAY // MS, 10)
        public.close()

    assert (caught.value.again, caught.value.limited) == (again, limited)
    assert text in str(caught.value)
    assert caught.value.pause_s == (9 if limited else 0)


@pytest.mark.usefixtures("ccxt")
def test_an_error_inside_an_answer_of_200_is_one():
    exchange = Kraken().with_candles(3)
    with on_port(exchange) as origin:
        public = PublicExchange("kraken", origin=origin)
        public.check("BTC/USD")
        exchange.faults = [answer(b'{"error":["EAPI:Rate limit exceeded"]}'), answer(b'{"error":["EService:Busy"]}')]

        with pytest.raises(ExchangeTrouble) as limited:
            public.trades("BTC/USD", None, None)
        with pytest.raises(ExchangeTrouble) as busy:
            public.trades("BTC/USD", None, None)
        public.close()

    assert (limited.value.again, limited.value.limited) == (True, True)
    assert busy.value.again


@pytest.mark.usefixtures("ccxt")
def test_an_exchange_that_is_not_there_may_be_there_later():
    with serving(lambda _connection: None) as port:
        pass
    public = PublicExchange("kraken", origin=f"http://127.0.0.1:{port}")

    with pytest.raises(ExchangeTrouble) as caught:
        public.trades("BTC/USD", None, None)
    public.close()

    assert caught.value.again


@pytest.mark.usefixtures("ccxt")
def test_what_is_not_known_is_named_with_what_is_near():
    with pytest.raises(InputError, match=r"knows no exchange 'binanc'; did you mean .*binance"):
        PublicExchange("binanc")
    with on_port(Binance()) as origin:
        public = PublicExchange("binance", origin=origin)
        with pytest.raises(InputError, match=r"binance has no market 'BTC/USD'; did you mean BTC/USDT\?"):
            public.check("BTC/USD")
        with pytest.raises(InputError, match="binance has no candles of 420 s: 1s, 1m"):
            public.time_frame(420)
        public.close()


@pytest.mark.usefixtures("ccxt")
@pytest.mark.parametrize("origin", ["http://example.com", "https://me@example.com", "ftp://127.0.0.1", "here"])
def test_only_tls_or_this_machine_is_spoken_to(origin):
    with pytest.raises(InputError, match="only TLS, or this very machine, is spoken to"):
        PublicExchange("binance", origin=origin)


def test_without_the_library_it_is_said_how_to_have_it(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ccxt", None)

    with pytest.raises(InputError, match=r"pip install openoutcry\[ccxt\]"):
        PublicExchange("binance")
