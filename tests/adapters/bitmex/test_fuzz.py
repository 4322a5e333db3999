"""Whatever is done to real frames, nothing raises, what is said is sound, and a new line works as before."""

import json
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.bitmex import events
from adapters.bitmex.codec import SwitchArmed
from adapters.bitmex.credentials import LoopbackKeys
from adapters.bitmex.events import Line, Step
from adapters.bitmex.market import InstrumentState, LiquidationOrder, UpcomingFunding
from adapters.bitmex.reports import Execution, MarginReport, OrderReport, PositionReport, WalletReport
from adapters.bitmex.session import Phase, Session
from adapters.bitmex.topics import Topic
from messages import Message, Quarantined, Tick
from messages.codec import decode, encode
from tests.adapters.bitmex.frames import (
    STAMP,
    WELCOME,
    a_frame,
    a_level_row,
    a_margin_row,
    a_partial,
    a_position_row,
    a_refusal,
    a_trade_row,
    an_ack,
    an_execution_row,
    an_instrument_row,
    an_order_row,
)
from tests.adapters.bitmex.test_recorded import FILES
from tests.adapters.bitmex.test_session import LOGGED_IN
from tests.builders import MONDAY, SECOND

MARKET = ("trade", "quote", "orderBookL2_25", "orderBook10", "instrument", "funding", "liquidation", "tradeBin1m")
TOPICS = [
    *(Topic(table, "XBTUSD") for table in MARKET),
    *(Topic(table) for table in ("order", "execution", "position", "margin", "wallet")),
]
BIN = {
    "timestamp": STAMP, "symbol": "XBTUSD", "open": 1, "high": 2, "low": 1, "close": 2, "volume": 5, "trades": 2,
    "vwap": 1.5,
}  # fmt: skip
QUOTE = {"timestamp": STAMP, "symbol": "XBTUSD", "bidSize": 5, "bidPrice": 99, "askPrice": 100, "askSize": 6}
TEN = {"symbol": "XBTUSD", "timestamp": STAMP, "bids": [[99, 5]], "asks": [[100, 5]]}
PAID = {"timestamp": STAMP, "symbol": "XBTUSD", "fundingRate": 0.0001, "fundingInterval": "2000-01-01T08:00:00.000Z"}
LIQUIDATION = {"orderID": "l", "symbol": "XBTUSD", "side": "Buy", "price": 5, "leavesQty": 5}
WALLET = {"account": 7, "currency": "XBt", "amount": 5, "timestamp": STAMP}
LEVELS = (a_level_row(1, "Buy", 5, 99), a_level_row(2, "Sell", 6, 100))
OWN = {"symbol": None, "account": 7}
PARTIALS = [
    a_partial("trade", a_trade_row(trdMatchID="p")), a_partial("quote", QUOTE), a_partial("orderBookL2_25", *LEVELS),
    a_partial("orderBook10", TEN), a_partial("instrument", an_instrument_row()), a_partial("funding", PAID),
    a_partial("liquidation", LIQUIDATION), a_partial("tradeBin1m", BIN), a_partial("order", an_order_row(), **OWN),
    a_partial("execution", an_execution_row(), **OWN), a_partial("position", a_position_row(), **OWN),
    a_partial("margin", a_margin_row(), **OWN), a_partial("wallet", WALLET, **OWN),
]  # fmt: skip
FRAMES = [
    *PARTIALS, WELCOME, LOGGED_IN, an_ack("trade:XBTUSD"), "pong", "ping",
    a_refusal("Rate limit exceeded, retry in 2 seconds.", args=["trade:XBTUSD"], status=429),
    '{"now": "2024-01-01T00:00:00.000Z", "cancelTime": 0, "request": {"op": "cancelAllAfter"}}',
    a_frame("trade", "insert", a_trade_row(), a_trade_row(trdMatchID="q")), a_frame("quote", "insert", QUOTE),
    a_frame("orderBookL2_25", "update", a_level_row(1, "Buy", 7)),
    a_frame("orderBookL2_25", "delete", a_level_row(1, "Buy")),
    a_frame("orderBookL2_25", "insert", a_level_row(3, "Buy", 7, 98)),
    a_frame("instrument", "update", {"symbol": "XBTUSD", "markPrice": 5, "timestamp": STAMP}),
    a_frame("order", "update", {"orderID": an_order_row()["orderID"], "account": 7, "leavesQty": 0}),
    a_frame("execution", "insert", an_execution_row()), a_frame("position", "update", a_position_row(currentQty=0)),
    *(json.dumps(message) for path in FILES for message in json.loads(path.read_text())["messages"]),
]  # fmt: skip
SAID = (
    Message, OrderReport, Execution, PositionReport, MarginReport, WalletReport, SwitchArmed, InstrumentState,
    LiquidationOrder, UpcomingFunding, events.LineUp, events.LineDown, events.LoginRefused, events.TopicLive,
    events.TopicStale, events.TopicRefused, events.AuditNeeded, events.CommandRefused,
)  # fmt: skip
ODD = ["0", "-1", "1e400", "1e999999999", "9" * 50, "NaN", "Infinity", "null", '""', '"x"', "[]", "{}", "true", "0.5",
       '"\\ud800"', '"2024-13-01T00:00:00.000Z"', "[[1,2,3]]", '"Buy"', "1e30", "1e-30",
       "0.1234567890123456789012345678901234567", "-0.0"]  # fmt: skip


def places(value, path=()):
    """The way to every value inside."""
    found = [path] if path else []
    if isinstance(value, dict):
        found += [each for key in value for each in places(value[key], (*path, key))]
    if isinstance(value, list):
        found += [each for index in range(len(value)) for each in places(value[index], (*path, index))]
    return found


class Raw(str):
    """Text that stands in JSON as it is."""

    __slots__ = ()


def written(value):
    if isinstance(value, Raw):
        return str(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(key)}:{written(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(written, value)) + "]"
    return json.dumps(value)


@st.composite
def mutants(draw):
    """A frame with up to three things done to it."""
    text = draw(st.sampled_from(FRAMES))
    if not text.startswith("{"):
        return text
    value = json.loads(text)
    for _ in range(draw(st.integers(0, 3))):
        ways = places(value)
        if not ways:
            break
        *way, last = draw(st.sampled_from(ways))
        holder = value
        for step in way:
            holder = holder[step]
        what = draw(st.sampled_from(["drop", "odd", "odd", "extra", "twice"]))
        if what == "drop":
            del holder[last]
        elif what == "odd":
            holder[last] = Raw(draw(st.sampled_from(ODD)))
        elif what == "twice" and isinstance(holder, list):
            holder.append(holder[last])
        elif isinstance(holder, dict):
            holder["unheard-of"] = Raw(draw(st.sampled_from(ODD)))
    text = written(value)
    return text[: draw(st.integers(0, len(text)))] if draw(st.integers(0, 9)) == 0 else text


def sound(step):
    assert isinstance(step, Step)
    for said in step.said:
        assert isinstance(said, SAID), said
        if isinstance(said, Message):
            # What cannot be written cannot be journalled.
            assert decode(json.loads(json.dumps(encode(said), allow_nan=False).encode())) == said
        if isinstance(said, Quarantined):
            assert said.text.isprintable()
            assert len(said.text) < 500


def bring_up(session, at):
    while session.phase is not Phase.CONNECTING:
        at = max(at, session.next_tick) if session.next_tick is not None else at
        sound(session.start(at) if session.phase is Phase.STOPPED else session.tick(at))
        if session.phase not in (Phase.CONNECTING, Phase.WAITING, Phase.STOPPED):
            sound(session.disconnected(at))
    session.connected(at)
    for text in (WELCOME, LOGGED_IN, *PARTIALS):
        sound(session.received(text, at))
    return at


@settings(max_examples=120, deadline=None)
@given(st.lists(st.tuples(mutants(), st.integers(0, 3)), min_size=1, max_size=12))
def test_f23_f25_whatever_is_done_to_real_frames(frames):
    session = Session(TOPICS, random=Random(1), keys=LoopbackKeys("canary-key", "canary-secret"))
    at = bring_up(session, MONDAY)
    assert session.feed.subscriptions.all_live
    for text, seconds in frames:
        at += seconds * SECOND
        step = session.received(text, at)
        sound(step)
        if session.next_tick is not None and session.next_tick <= at:
            sound(session.tick(at))
            # Who does what it is told is not told to do it again at once.
            assert session.next_tick is None or session.next_tick > at
        assert step.line in (None, Line.CLOSE)
    if session.phase in (Phase.GREETING, Phase.LOGIN, Phase.UP):
        session.disconnected(at)

    at = bring_up(session, at + SECOND)

    assert session.feed.subscriptions.all_live
    (tick,) = session.received(a_frame("trade", "insert", a_trade_row(trdMatchID="afterwards")), at).said
    assert isinstance(tick, Tick)


@settings(max_examples=100, deadline=None)
@given(st.text() | st.binary(max_size=50).map(lambda data: data.decode("latin-1")))
def test_any_text_at_all(text):
    session = Session(TOPICS, random=Random(1), keys=LoopbackKeys("canary-key", "canary-secret"))
    at = bring_up(session, MONDAY)

    sound(session.received(text, at))
