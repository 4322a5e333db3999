"""A socket is spoken to as BitMEX speaks: welcome, one answer a topic with its partial behind it, errors with the
request they answer; and it hears what it subscribed to, and nothing of anybody else's account."""

import hashlib
import hmac
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.exchange import order_commands
from adapters.exchange.conversation import Conversation
from adapters.exchange.faults import Faults, Rule
from adapters.exchange.hub import Hub
from adapters.exchange.tables import TABLES
from tests.adapters.exchange.house import Caller, a_market, an_exchange, order

NOW_S = 1_700_000_000.0


class Socket:
    """A client on the other end."""

    def __init__(self, hub, headers=None, query=None):
        self.account = None
        self.texts = []
        self.hub = hub
        self.talk = Conversation(hub, self)
        self.talk.opened(headers or {}, query or {}, NOW_S, 39)

    def send(self, text, table=""):
        self.texts.append(text)

    def say(self, value):
        """What is answered."""
        self.heard()
        self.talk.received(value if isinstance(value, str) else json.dumps(value), NOW_S)
        return self.heard()

    def heard(self):
        texts, self.texts = self.texts, []
        return [json.loads(text) if text != "pong" else text for text in texts]


@pytest.fixture
def exchange():
    exchange = an_exchange("XBTUSD", "XBTUSDT")
    a_market(exchange)
    return exchange


@pytest.fixture
def hub(exchange):
    return Hub(exchange, Faults())


def login(caller, expires=1_800_000_000):
    signed = hmac.new(caller.secret.encode(), f"GET/realtime{expires}".encode(), hashlib.sha256).hexdigest()
    return {"op": "authKeyExpires", "args": [caller.key, expires, signed]}


def subscribe(*topics):
    return {"op": "subscribe", "args": list(topics)}


def test_the_exchange_speaks_first(hub):
    (welcome,) = Socket(hub).heard()

    assert welcome["info"] == "Welcome to the BitMEX Realtime API."
    assert (welcome["limit"], welcome["timestamp"]) == ({"remaining": 39}, "2023-11-14T22:13:20.000Z")
    assert {"version", "docs", "heartbeatEnabled"} <= set(welcome)


def test_each_topic_is_answered_and_followed_by_its_partial(hub):
    request = subscribe("trade:XBTUSD", "quote")

    first, trades, second, quotes = Socket(hub).say(request)

    assert first == {"success": True, "subscribe": "trade:XBTUSD", "request": request}
    assert second == {"success": True, "subscribe": "quote", "request": request}
    assert (trades["table"], trades["action"], trades["filter"]) == ("trade", "partial", {"symbol": "XBTUSD"})
    assert (quotes["filter"], quotes["keys"]) == ({}, [])
    assert [row["symbol"] for row in quotes["data"]] == ["XBTUSD", "XBTUSDT"]


def test_a_single_argument_need_not_be_a_list(hub):
    answer, _ = Socket(hub).say({"op": "subscribe", "args": "trade:XBTUSD"})

    assert answer["request"] == {"op": "subscribe", "args": "trade:XBTUSD"}


@pytest.mark.parametrize("topic", sorted(name for name, table in TABLES.items() if not table.is_private))
def test_every_public_table_has_a_partial_whose_rows_have_the_columns_it_states(hub, topic):
    _, partial = Socket(hub).say(subscribe(topic))

    assert partial["keys"] == list(TABLES[topic].keys)
    for row in partial["data"]:
        assert set(row) == set(partial["types"])


def test_every_private_table_has_a_partial_whose_rows_have_the_columns_it_states(exchange, hub):
    caller = Caller(exchange)
    order(exchange, caller.account, 100, 49_000)
    order(exchange, caller.account, 100)
    socket = Socket(hub)
    socket.say(login(caller))

    for topic in ("order", "execution", "position", "margin", "wallet", "transact"):
        _, partial = socket.say(subscribe(topic))

        assert partial["filter"] == {"account": caller.account.number}
        assert partial["data"]
        for row in partial["data"]:
            assert set(row) == set(partial["types"]), topic


def test_a_star_is_every_symbol_and_case_does_not_matter(hub):
    _, every = Socket(hub).say(subscribe("instrument:*"))
    _, one = Socket(hub).say(subscribe("instrument:xbtusd"))

    assert (every["filter"], one["filter"]) == ({}, {"symbol": "XBTUSD"})


@pytest.mark.parametrize(
    ("request_", "status", "text"),
    [
        (subscribe("trades"), 400, "Unknown table: trades"),
        (subscribe("trade:XBTEUR"), 400, "Unknown or expired symbol: XBTEUR"),
        (subscribe("order"), 401, "User requested an account-locked subscription but no authorization was provided."),
        ({"op": "unsubscribe", "args": ["trade"]}, 400, "You are not subscribed to this topic: trade"),
        ({"op": "buy"}, 400, "Unknown or unsupported operation: buy"),
        ({"op": "cancelAllAfter", "args": 60000}, 401, "Authorization Required"),
        ("nonsense", 400, 'Unrecognized request. If you need help, send "help".'),
        ([1, 2], 400, 'Unrecognized request. If you need help, send "help".'),
    ],
)
def test_what_cannot_be_done_is_answered_with_the_request(hub, request_, status, text):
    (answer,) = Socket(hub).say(request_)

    assert (answer["status"], answer["error"], answer["meta"]) == (status, text, {})
    if isinstance(request_, dict):
        assert answer["request"] == request_


def test_a_topic_is_subscribed_to_once_and_can_be_left(exchange, hub):
    socket = Socket(hub)
    socket.say(subscribe("trade:XBTUSD"))

    (again,) = socket.say(subscribe("trade:XBTUSD"))
    assert again["error"] == "You are already subscribed to this topic: trade:XBTUSD"
    left = {"op": "unsubscribe", "args": ["trade:XBTUSD"]}
    assert socket.say(left) == [{"success": True, "unsubscribe": "trade:XBTUSD", "request": left}]
    order(exchange, exchange.open_account(), 100)
    hub.flush()
    assert socket.heard() == []


def test_the_text_ping_is_answered_before_anybody_reads_json(hub):
    assert Socket(hub).say("ping") == ["pong"]


def test_help_lists_the_subjects(hub):
    for text in ("help", '"help"', '{"op":"help"}'):
        (answer,) = Socket(hub).say(text)
        assert "order" in answer["subscriptionSubjects"]["authenticationRequired"]
        assert "trade" in answer["subscriptionSubjects"]["public"]


# Log-in.


def test_a_log_in_opens_the_account_and_happens_once(exchange, hub):
    caller = Caller(exchange)
    socket = Socket(hub)

    assert socket.say(login(caller)) == [{"success": True, "request": login(caller)}]
    assert socket.say(login(caller))[0]["status"] == 400
    assert socket.say({"op": "cancelAllAfter", "args": 60_000})[0]["cancelTime"] == "2024-01-01T00:01:00.000Z"


def test_a_wrong_log_in_is_told_and_the_line_closed(exchange, hub):
    caller = Caller(exchange)
    wrong, late = login(caller), login(caller, 1_600_000_000)
    wrong["args"][2] = "0" * 64

    for request, text in ((wrong, "Signature not valid."), (late, "This request has expired")):
        socket = Socket(hub)
        (answer,) = socket.say(request)
        assert (answer["status"], socket.talk.close) == (401, True)
        assert answer["error"].startswith(text)


def test_keys_and_topics_may_come_with_the_address(exchange, hub):
    caller = Caller(exchange)
    key, expires, signature = login(caller)["args"]
    named = {"api-key": key, "api-expires": str(expires), "api-signature": signature}

    for where in ({"headers": named}, {"query": named}):
        query = {"subscribe": "trade:XBTUSD,margin", **where.get("query", {})}
        frames = Socket(hub, where.get("headers"), query).heard()
        assert [frame.get("table") for frame in frames] == [None, None, "trade", None, "margin"]


def test_milliseconds_as_expiry_are_a_far_future(exchange, hub):
    caller = Caller(exchange)

    assert Socket(hub).say(login(caller, 1_700_000_060_000))[0]["success"]


# What is heard.


def test_a_symbols_subscriber_hears_that_symbol_and_a_tables_every_one(exchange, hub):
    a_market(exchange, symbol="XBTUSDT")
    one, every = Socket(hub), Socket(hub)
    one.say(subscribe("trade:XBTUSD"))
    every.say(subscribe("trade"))
    account = exchange.open_account()

    order(exchange, account, 100)
    order(exchange, account, 100, symbol="XBTUSDT")
    hub.flush()

    assert [frame["data"][0]["symbol"] for frame in one.heard()] == ["XBTUSD"]
    assert [frame["data"][0]["symbol"] for frame in every.heard()] == ["XBTUSD", "XBTUSDT"]


def test_nobody_hears_of_anothers_account(exchange, hub):
    mine, other = Caller(exchange), Caller(exchange)
    sockets = []
    for caller in (mine, other):
        socket = Socket(hub)
        socket.say(login(caller))
        socket.say(subscribe("order", "execution", "position", "margin"))
        sockets.append(socket)

    order(exchange, mine.account, 100)
    hub.flush()

    assert {frame["table"] for frame in sockets[0].heard()} == {"order", "execution", "position", "margin"}
    assert sockets[1].heard() == []


def test_trades_of_one_taker_travel_in_one_frame(exchange, hub):
    a_market(exchange, ask=50_002.0, bid=49_998.0, lots=10)
    socket = Socket(hub)
    socket.say(subscribe("trade:XBTUSD"))

    order(exchange, exchange.open_account(), 100_500)
    hub.flush()

    (frame,) = socket.heard()
    assert [(row["size"], row["price"]) for row in frame["data"]] == [(100_000, 50_001), (500, 50_002)]
    assert [row["tickDirection"] for row in frame["data"]] == ["PlusTick", "PlusTick"]


def test_book_deltas_have_no_price_on_updates_and_only_keys_on_deletes(exchange, hub):
    account = exchange.open_account()
    socket = Socket(hub)
    socket.say(subscribe("orderBookL2_25:XBTUSD"))

    order(exchange, account, 100, 49_999)
    hub.flush()
    (update,) = socket.heard()
    row = order(exchange, account, 100, 49_500)
    hub.flush()
    (insert,) = socket.heard()
    order_commands.cancel(exchange.floor, account, {"orderID": row["orderID"]})
    hub.flush()
    (delete,) = socket.heard()

    assert (update["action"], insert["action"], delete["action"]) == ("update", "insert", "delete")
    assert set(update["data"][0]) == {"symbol", "id", "side", "size", "timestamp", "transactTime"}
    assert (insert["data"][0]["price"], insert["data"][0]["size"]) == (49_500, 100)
    assert set(delete["data"][0]) == {"symbol", "id", "side"}


def test_a_stale_partial_is_that_of_whoever_asked_first(exchange):
    hub = Hub(exchange, Faults(Rule(kind="stale", table="quote")))
    first, second = Socket(hub), Socket(hub)
    (_, fresh) = first.say(subscribe("quote:XBTUSD"))
    order(exchange, exchange.open_account(), 100)

    (_, stale) = second.say(subscribe("quote:XBTUSD"))

    assert stale["data"] == fresh["data"]
    assert exchange.markets["XBTUSD"].quote_row(exchange.now)["askSize"] != stale["data"][0]["askSize"]


@pytest.mark.parametrize(
    "text",
    ["Infinity", "[NaN]", '{"op":"x","args":1e999}', "[" * 30_000, '{"op":"x","args":' + "[" * 900 + "]" * 900 + "}"],
)
def test_what_could_not_be_written_again_is_not_read(hub, text):
    (answer,) = Socket(hub).say(text)

    assert answer["status"] == 400


@given(st.lists(st.one_of(st.text(), st.binary().map(repr)), max_size=5))
def test_no_text_breaks_a_conversation(texts):
    socket = Socket(Hub(an_exchange(), Faults()))
    for text in texts:
        socket.say(text)

    assert socket.say("ping") == ["pong"]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=2),
        max_leaves=6,
    ),
    st.sampled_from(["subscribe", "unsubscribe", "authKeyExpires", "cancelAllAfter", "help", "x"]),
)
def test_no_arguments_break_a_conversation(args, op):
    socket = Socket(Hub(an_exchange(), Faults()))
    socket.say({"op": op, "args": args})

    assert socket.say("ping") == ["pong"]
