"""Over real sockets on loopback: our own client side lives with the exchange, and faults come when asked for."""

import json
import threading
import time
from collections import Counter
from random import Random

import pytest
import requests
import websocket

from adapters.bitmex.credentials import LoopbackKeys
from adapters.bitmex.events import Line, TopicLive, TopicStale
from adapters.bitmex.reports import Execution, OrderReport
from adapters.bitmex.session import Phase, Session
from adapters.bitmex.topics import Topic
from adapters.exchange.faults import Faults, Rule
from adapters.exchange.floor import Change
from adapters.exchange.limits import Limits
from adapters.exchange.simulation import generated_market
from messages import OrderBook, Quarantined, Quote, Tick
from tests.adapters.exchange.serving import KEY, SECRET, on_loop, served
from tests.waiting import until

PATIENCE = 20.0


def a_simulation(seed=3):
    return generated_market(seed=seed, now=time.time_ns(), history_minutes=60, warm_up_s=30)


@pytest.fixture(scope="module")
def exchange():
    """One exchange for the tests that ask for no faults."""
    with served(a_simulation()) as server:
        yield server


def signed(verb, path, body=""):
    keys = LoopbackKeys(KEY, SECRET)
    return keys.headers(verb, path, int(time.time()) + 5, body)


def call(server, verb, path, fields=None, timeout=5.0):
    body = "" if fields is None else json.dumps(fields)
    headers = {**signed(verb, f"/api/v1{path}", body), "content-type": "application/json"}
    return requests.request(
        verb, f"http://127.0.0.1:{server.port}/api/v1{path}", data=body, headers=headers, timeout=timeout
    )


class Trader:
    """Our session, moved by a thread and a socket as in a live run."""

    def __init__(self, server, *topics):
        self.said = []
        self.session = Session(
            [Topic(*topic.split(":")) for topic in topics], random=Random(1), keys=LoopbackKeys(KEY, SECRET)
        )
        self.url = f"ws://127.0.0.1:{server.port}/realtime"
        self.socket = None
        self.ends = False
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        self.do(self.session.start(time.time_ns()))
        while not self.ends:
            try:
                text = self.socket.recv() if self.socket else time.sleep(0.01)
            except websocket.WebSocketTimeoutException:
                text = None
            except (websocket.WebSocketException, OSError):
                self.socket = None
                self.do(self.session.disconnected(time.time_ns()))
                continue
            self.do(self.session.received(text, time.time_ns()) if text else self.session.tick(time.time_ns()))
        if self.socket:
            self.socket.close()

    def do(self, step):
        self.said += step.said
        if step.line is Line.OPEN:
            self.socket = websocket.create_connection(self.url, timeout=0.05)
            self.do(self.session.connected(time.time_ns()))
        elif step.line is Line.CLOSE and self.socket:
            self.socket.close()
            self.socket = None
        for send in step.sends:
            self.socket.send(send.text)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ends = True
        self.thread.join(10)

    def until(self, condition):
        until(condition, lambda: Counter(type(said).__name__ for said in self.said), PATIENCE)

    def heard(self, kind):
        return [said for said in list(self.said) if isinstance(said, kind)]


TOPICS = (
    "instrument:XBTUSD", "orderBookL2_25:XBTUSD", "orderBookL2:ETHUSD", "orderBook10:XBTUSD", "trade:XBTUSD",
    "quote:XBTUSD", "tradeBin1m:XBTUSD", "funding:XBTUSD", "liquidation:XBTUSD", "order", "execution", "position",
    "margin", "wallet",
)  # fmt: skip


def test_our_own_session_lives_with_it_and_sees_an_order_through(exchange):
    with Trader(exchange, *TOPICS) as trader:
        trader.until(lambda: len(trader.heard(TopicLive)) == len(TOPICS))
        placed = call(
            exchange, "POST", "/order", {"symbol": "XBTUSD", "orderQty": 100, "ordType": "Market", "clOrdID": "t-1"}
        )
        trader.until(lambda: any(report.client_id == "t-1" and report.is_over for report in trader.heard(OrderReport)))
        trader.until(lambda: len(trader.heard(Tick)) > 5 and len(trader.heard(OrderBook)) > 20 and trader.heard(Quote))

        assert placed.status_code == 200
        fills = [said for said in trader.heard(Execution) if said.kind_said == "Trade" and said.client_id == "t-1"]
        assert sum(fill.lots for fill in fills) == 1
        assert trader.session.phase is Phase.UP
        assert not trader.heard(Quarantined)
        assert not trader.heard(TopicStale)


def test_rest_and_socket_are_at_the_same_place_and_say_the_same(exchange):
    position = call(exchange, "GET", "/position").json()
    assert [row["symbol"] for row in position if row["currentQty"]] == ["XBTUSD"]
    book = requests.get(
        f"http://127.0.0.1:{exchange.port}/api/v1/orderBook/L2", params={"symbol": "XBTUSD", "depth": 25}, timeout=5
    ).json()

    assert Counter(row["side"] for row in book) == {"Sell": 25, "Buy": 25}
    assert [row["price"] for row in book] == sorted((row["price"] for row in book), reverse=True)


def test_pages_from_elsewhere_and_names_that_pretend_are_turned_away(exchange):
    url = f"http://127.0.0.1:{exchange.port}/api/v1/instrument"

    def status(**headers):
        return requests.get(
            url, headers={name.capitalize(): value for name, value in headers.items()}, timeout=5
        ).status_code

    assert status() == 200
    assert status(origin=f"http://127.0.0.1:{exchange.port}") == 200
    for origin in ("http://evil.example", "null", f"http://127.0.0.1.evil.example:{exchange.port}"):
        assert status(origin=origin) == 403
    for host in ("evil.example", "127.0.0.1.evil.example", f"evil.example:{exchange.port}"):
        assert status(host=host) == 403
    with pytest.raises(websocket.WebSocketBadStatusException):
        websocket.create_connection(f"ws://127.0.0.1:{exchange.port}/realtime", origin="http://evil.example")


def test_every_answer_has_its_limits_and_the_servers_date():
    with served(a_simulation(), limits=Limits()) as server:
        answers = [call(server, "GET", "/position"), call(server, "GET", "/nothing")]

    for answer in answers:
        assert {"x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "date"} <= {
            name.lower() for name in answer.headers
        }


# Faults.


@pytest.fixture(scope="module")
def faulty():
    with served(a_simulation(), faults=Faults()) as server:
        yield server


@pytest.fixture
def server(faulty):
    yield faulty
    faulty.faults.clear()


def orders(server):
    return [row["clOrdID"] for row in call(server, "GET", "/order").json()]


def place(server, name, timeout=5.0):
    fields = {"symbol": "XBTUSD", "orderQty": 100, "price": 1_000, "clOrdID": name}
    return call(server, "POST", "/order", fields, timeout)


@pytest.mark.parametrize(("kind", "status"), [("503", 503), ("502", 502), ("429", 429)])
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_error_comes_before_or_after_the_effect_as_asked(server, kind, status, when):
    server.faults.add(Rule(kind=kind, when=when, verb="POST", path="/order", count=1))
    name = f"{kind}-{when}"

    failed, again = place(server, name), place(server, f"{name}-2")

    assert (failed.status_code, again.status_code) == (status, 200)
    assert (name in orders(server)) == (when == "after")
    if kind == "503":
        assert failed.json()["error"]["message"] == "The system is currently overloaded. Please try again later."
    if kind == "429":
        assert failed.headers["retry-after"] == "1"


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_request_without_an_answer_may_have_had_its_effect(server, when):
    server.faults.add(Rule(kind="timeout", when=when, verb="POST", count=1, ms=20))

    with pytest.raises(requests.ConnectionError):
        place(server, f"timeout-{when}")

    assert (f"timeout-{when}" in orders(server)) == (when == "after")


def test_latency_holds_an_answer_up(server):
    server.faults.add(Rule(kind="latency", path="/position", ms=150, count=1))
    began = time.monotonic()

    call(server, "GET", "/position")

    assert time.monotonic() - began >= 0.15


def test_frames_are_dropped_doubled_and_late(server):
    socket = websocket.create_connection(f"ws://127.0.0.1:{server.port}/realtime?subscribe=liquidation", timeout=5)
    for _ in range(3):
        socket.recv()
    server.faults.add(Rule(kind="drop", table="liquidation", count=1))
    server.faults.add(Rule(kind="duplicate", table="liquidation", count=1))
    server.faults.add(Rule(kind="late", table="liquidation", count=1, ms=100))

    def tell(number):
        row = {"orderID": str(number), "symbol": "XBTUSD", "side": "Buy", "price": 1, "leavesQty": number}

        def say():
            server.exchange.floor.outbox.public("liquidation", "insert", row)
            server.hub.flush()

        on_loop(server, say)

    for number in range(5):
        tell(number)
    heard = [json.loads(socket.recv())["data"][0]["leavesQty"] for _ in range(5)]
    socket.close()

    assert heard == [1, 1, 3, 4, 2]


def frames_until_closed(socket):
    while True:
        socket.recv()


def test_a_socket_is_cut(server):
    socket = websocket.create_connection(f"ws://127.0.0.1:{server.port}/realtime?subscribe=trade", timeout=5)
    server.faults.add(Rule(kind="cut", table="trade", count=1))

    with pytest.raises(websocket.WebSocketConnectionClosedException):
        frames_until_closed(socket)


def test_a_client_that_does_not_read_is_cut_off_before_it_fills_the_memory(server):
    socket = websocket.create_connection(f"ws://127.0.0.1:{server.port}/realtime?subscribe=liquidation", timeout=5)
    row = {"orderID": "x", "symbol": "XBTUSD", "side": "Buy", "price": 1, "leavesQty": 1}
    change = Change(table="liquidation", action="insert", rows=(row,), symbol="XBTUSD")

    on_loop(server, lambda: server.hub.deliver([change] * 20_001))

    with pytest.raises((websocket.WebSocketException, OSError)):
        frames_until_closed(socket)


def test_a_session_gets_over_frames_that_are_lost_and_sockets_that_are_cut(server):
    with Trader(server, "orderBookL2_25:XBTUSD", "trade:XBTUSD") as trader:
        trader.until(lambda: len(trader.heard(TopicLive)) >= 2)
        server.faults.add(Rule(kind="drop", table="orderBookL2_25", probability=0.2, count=10))
        trader.until(lambda: trader.heard(TopicStale))
        server.faults.clear()
        trader.until(lambda: isinstance(trader.said[-1], OrderBook) and trader.session.feed.subscriptions.all_live)


def test_a_skewed_clock_refuses_what_is_signed_by_ours(server):
    server.faults.skew_s = 60.0
    try:
        answer = call(server, "GET", "/position")
    finally:
        server.faults.skew_s = 0.0

    assert answer.status_code == 401
    assert answer.json()["error"]["message"].startswith("This request has expired")
