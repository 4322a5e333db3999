"""Other people's BitMEX clients trade here as they are: nothing but the address is changed."""

import time
from itertools import pairwise

import pytest

from adapters.exchange.simulation import generated_market
from tests.adapters.exchange.serving import KEY, SECRET, served
from tests.waiting import until

SYMBOL = "BTC/USD:BTC"


@pytest.fixture(scope="module")
def server():
    with served(generated_market(seed=5, now=time.time_ns(), history_minutes=60, warm_up_s=30)) as found:
        yield found


@pytest.fixture(scope="module")
def ccxt(server):
    """The last line of ccxt that has BitMEX."""
    library = pytest.importorskip("ccxt", reason="the extra [clients] is not installed")
    client = library.bitmex({"apiKey": KEY, "secret": SECRET, "enableRateLimit": False})
    client.urls["api"] = dict.fromkeys(("public", "private"), f"http://127.0.0.1:{server.port}")
    client.load_markets()
    yield client
    client.session.close()


def test_ccxt_loads_the_markets(ccxt):
    found = {name: (market["linear"], market["inverse"], market["settle"]) for name, market in ccxt.markets.items()}

    assert found == {
        SYMBOL: (False, True, "BTC"), "ETH/USD:BTC": (False, False, "BTC"), "BTC/USDT:USDT": (True, False, "USDT"),
    }  # fmt: skip
    assert ccxt.market(SYMBOL)["precision"] == {"amount": 100.0, "price": 0.1}


def test_ccxt_sees_the_market(ccxt):
    ticker, book = ccxt.fetch_ticker(SYMBOL), ccxt.fetch_order_book(SYMBOL, 10)
    trades, bars = ccxt.fetch_trades(SYMBOL, limit=5), ccxt.fetch_ohlcv(SYMBOL, "1m", limit=5)

    assert ticker["bid"] < ticker["ask"]
    assert ticker["last"] == pytest.approx(ticker["bid"], rel=1e-2)
    assert (len(book["bids"]), len(book["asks"])) == (10, 10)
    assert book["bids"][0][0] < book["asks"][0][0]
    assert [trade["side"] in ("buy", "sell") for trade in trades] == [True] * 5
    assert len(bars) == 5
    assert all(later[0] - before[0] == 60_000 for before, later in pairwise(bars))
    assert set(ccxt.fetch_tickers()) >= set(ccxt.markets)
    assert ccxt.fetch_funding_rate(SYMBOL)["fundingRate"] is not None


def test_ccxt_places_amends_and_cancels(ccxt):
    price = round(ccxt.fetch_ticker(SYMBOL)["bid"] * 0.9)

    placed = ccxt.create_order(SYMBOL, "limit", "buy", 200, price, {"clOrdID": "ccxt-1"})
    amended = ccxt.edit_order(placed["id"], SYMBOL, "limit", "buy", 300, price - 10)
    seen = ccxt.fetch_open_orders(SYMBOL)
    canceled = ccxt.cancel_order(placed["id"], SYMBOL)

    assert (placed["status"], placed["price"], placed["clientOrderId"]) == ("open", price, "ccxt-1")
    assert (amended["id"], amended["price"], amended["info"]["orderQty"]) == (placed["id"], price - 10, "300") or (
        amended["info"]["orderQty"] == 300
    )
    assert [order["id"] for order in seen] == [placed["id"]]
    assert canceled["status"] == "canceled"
    assert ccxt.fetch_order(placed["id"], SYMBOL)["status"] == "canceled"


def test_ccxt_trades_and_sees_what_it_holds(ccxt):
    bought = ccxt.create_order("ETH/USD:BTC", "market", "buy", 10)
    (position,) = [held for held in ccxt.fetch_positions() if held["symbol"] == "ETH/USD:BTC"]
    balance = ccxt.fetch_balance()

    assert (bought["status"], bought["filled"]) == ("closed", 10)
    assert (position["side"], position["contracts"]) == ("long", 10)
    assert ccxt.fetch_my_trades("ETH/USD:BTC")[-1]["order"] == bought["id"]
    assert balance["BTC"]["total"] == pytest.approx(100, rel=1e-3)
    assert balance["BTC"]["free"] < 100
    ccxt.create_order("ETH/USD:BTC", "market", "sell", 10, None, {"execInst": "Close"})
    assert not [held for held in ccxt.fetch_positions() if held["contracts"]]


def test_ccxt_knows_what_was_refused(ccxt):
    import ccxt as library  # noqa: PLC0415 it may be missing

    with pytest.raises(library.InsufficientFunds):
        ccxt.create_order("BTC/USDT:USDT", "limit", "buy", 10_000_000_000, 50_000)
    with pytest.raises(library.ExchangeError, match="Not Found"):
        ccxt.cancel_order("00000000-0000-0000-0000-000000000001", SYMBOL)
    with pytest.raises(library.BadRequest):
        ccxt.create_order(SYMBOL, "limit", "buy", 100, 1_000, {"execInst": "Nonsense"})


@pytest.mark.filterwarnings("ignore")
def test_bitmexs_own_socket_client_follows_market_and_orders(server, ccxt):
    module = pytest.importorskip("bitmex_websocket", reason="the extra [clients] is not installed")
    client = module.BitMEXWebsocket(
        endpoint=f"ws://127.0.0.1:{server.port}/realtime", symbol="XBTUSD", api_key=KEY, api_secret=SECRET
    )
    try:
        client.get_instrument()
        ticker, trades = client.get_ticker(), len(client.recent_trades())
        placed = ccxt.create_order(SYMBOL, "limit", "buy", 100, round(ticker["buy"] * 0.9), {"clOrdID": "stream-1"})
        until(lambda: [order["orderID"] for order in client.open_orders("stream")] == [placed["id"]], patience=10)
        ccxt.cancel_order(placed["id"], SYMBOL)
        until(lambda: not client.open_orders("stream"), patience=10)
        ccxt.create_order(SYMBOL, "market", "buy", 100)
        until(lambda: client.positions() and client.positions()[0]["currentQty"] == 100, patience=10)
        until(lambda: len(client.recent_trades()) > trades, patience=10)

        assert ticker["buy"] < ticker["sell"]
        assert client.funds()["walletBalance"] < 100 * 100_000_000
        assert client.data["execution"][-1]["execType"] == "Trade"
        sides = {row["side"] for row in client.market_depth()}
        assert sides == {"Buy", "Sell"}
    finally:
        client.exit()
        client.wst.join(5)
