"""After any mix of cuts, refused connections, torn, doubled and delayed frames, mutes and lost rows, a session whose
network is well again is live with the venue's true book, and it never connects more often than its budget.

The venue here is a small independent one: it keeps true rows in a plain dict, answers commands, and tells each
connection what a subscriber is owed. The network between them does what the test draws.
"""

import json
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.bitmex.credentials import LoopbackKeys
from adapters.bitmex.events import Line, LineDown, LineUp, TopicLive, TopicStale
from adapters.bitmex.session import Phase, Session
from adapters.bitmex.topics import Topic
from messages import OrderBook, Tick
from tests.adapters.bitmex.frames import (
    WELCOME,
    a_frame,
    a_level_row,
    a_partial,
    a_trade_row,
    an_ack,
    an_order_row,
)
from tests.builders import HOUR, MONDAY, SECOND

BOOK, TRADE, ORDER = "orderBookL2_25:XBTUSD", "trade:XBTUSD", "order"
TOPICS = (Topic("orderBookL2_25", "XBTUSD"), Topic("trade", "XBTUSD", silence=30 * SECOND), Topic("order"))


class Venue:
    """True rows, and what a connection is told."""

    def __init__(self):
        self.levels, self.trades, self.subscribed = {}, 0, None

    def accept(self):
        self.subscribed = set()
        return [WELCOME]

    def command(self, text):
        """Answers to a frame of the client's."""
        if text == "ping":
            return ["pong"]
        command = json.loads(text)
        if command["op"] == "authKeyExpires":
            return [json.dumps({"success": True, "request": command})]
        (topic,) = command["args"]
        if command["op"] == "unsubscribe":
            self.subscribed.discard(topic)
            return [an_ack(topic, "unsubscribe")]
        self.subscribed.add(topic)
        partials = {
            BOOK: a_partial("orderBookL2_25", *self.levels.values()),
            TRADE: a_partial("trade"),
            ORDER: a_partial("order", an_order_row(), symbol=None, account=7),
        }
        return [an_ack(topic), partials[topic]]

    def move(self, id_, size):
        """One level comes, changes or (size 0) goes: bids below 10, asks from there. The book is never crossed."""
        side, row = ("Buy" if id_ < 10 else "Sell"), self.levels.get(id_)
        if size == 0:
            action = "delete" if self.levels.pop(id_, None) else None
            said = a_level_row(id_, side)
        elif row is None:
            action, said = "insert", a_level_row(id_, side, size, 100 + id_)
            self.levels[id_] = said
        else:
            action, said = "update", a_level_row(id_, side, size)
            row["size"] = size
        return [a_frame("orderBookL2_25", action, said)] if action and BOOK in (self.subscribed or ()) else []

    def trade(self):
        self.trades += 1
        said = a_trade_row(trdMatchID=f"trade-{self.trades}")
        return [a_frame("trade", "insert", said)] if TRADE in (self.subscribed or ()) else []

    def book(self):
        return (
            tuple(
                (100.0 + id_, float(row["size"])) for id_, row in sorted(self.levels.items(), reverse=True) if id_ < 10
            ),
            tuple((100.0 + id_, float(row["size"])) for id_, row in sorted(self.levels.items()) if id_ >= 10),
        )


class Network:
    """Moves text between a session and a venue in virtual time, as badly as told."""

    def __init__(self, seed):
        self.session = Session(TOPICS, random=Random(seed), keys=LoopbackKeys("canary-key", "canary-secret"))
        self.venue, self.at = Venue(), MONDAY
        self.said, self.opened = [], []
        self.refusing = self.mute = False
        self.delay = 0
        self.way = []
        """(when, text) on the way to the session, in order."""
        self.held = []
        """What waits while the network is mute: nothing is lost that a connection carries, it only comes late."""
        self.do(self.session.start(self.at))

    def do(self, step):
        self.said += step.said
        if step.line is Line.CLOSE:
            self.way, self.held, self.venue.subscribed = [], [], None
        if step.line is Line.OPEN:
            self.opened.append(self.at)
            if self.refusing:
                self.do(self.session.disconnected(self.at, "refused"))
                return
            self.do(self.session.connected(self.at))
            self.send(self.venue.accept())
        for each in step.sends:
            if self.venue.subscribed is None:
                continue
            if self.mute:
                self.held.append(each.text)
            else:
                self.send(self.venue.command(each.text))

    def send(self, texts):
        if self.mute:
            self.held += [[text] for text in texts]
            return
        last = self.way[-1][0] if self.way else self.at
        self.way += [(max(last, self.at + self.delay), text) for text in texts]

    def speak(self):
        """The network is mute no more: both ways, in order."""
        self.mute = False
        held, self.held = self.held, []
        for each in held:
            self.send(each if isinstance(each, list) else self.venue.command(each))

    def cut(self):
        if self.venue.subscribed is not None:
            self.way, self.held, self.venue.subscribed = [], [], None
            self.do(self.session.disconnected(self.at, "cut"))

    def run(self, until):
        """Deliver, and tick when the session wants it, up to a time; at most so many times at one instant."""
        turns = 0
        while True:
            times = [self.session.next_tick, self.way[0][0] if self.way else None]
            when = min((time for time in times if time is not None), default=until)
            if when > until:
                self.at = until
                return
            turns = turns + 1 if when <= self.at else 0
            assert turns < 200, "the session is never done with an instant"
            self.at = max(self.at, when)
            if self.way and self.way[0][0] <= self.at:
                _, text = self.way.pop(0)
                self.do(self.session.received(text, self.at))
            if self.session.next_tick is not None and self.session.next_tick <= self.at:
                self.do(self.session.tick(self.at))

    def act(self, action, number, size):
        if action == "move":
            self.send(self.venue.move(number, size))
        elif action == "trade":
            self.send(self.venue.trade())
        elif action == "cut":
            self.cut()
        elif action == "torn" and self.way:
            when, text = self.way[-1]
            self.way[-1] = (when, text[: len(text) // 2])
        elif action == "doubled" and self.way:
            self.way.append(self.way[-1])
        elif action == "lost" and self.way:
            self.way.pop()
        elif action == "refusing":
            self.refusing = size > 4
        elif action == "mute":
            if size > 4:
                self.mute = True
            else:
                self.speak()
        elif action == "delay":
            self.delay = size * SECOND // 2
        self.run(self.at + number * SECOND // 4)

    def heal(self, *, reconnect):
        """All is well again; gives how long it took until everything was live."""
        self.refusing, self.delay = False, 0
        self.speak()
        if reconnect:
            self.cut()
        began = self.at
        while not (self.session.phase is Phase.UP and self.session.feed.subscriptions.all_live and not self.way):
            self.work(SECOND)
            assert self.at < began + 2 * HOUR, "it never came back"
        took = self.at - began
        for _ in range(30):
            self.work(2 * SECOND)
        return took

    def work(self, pause):
        """A venue at work: trades, and a level that comes and changes."""
        self.send(self.venue.trade())
        self.send(self.venue.move(3, 5))
        self.send(self.venue.move(3, 6))
        self.run(self.at + pause)


def chaos(*actions):
    return st.lists(st.tuples(st.sampled_from(actions), st.integers(0, 19), st.integers(0, 9)), max_size=60)


def true_to_the_venue(network):
    (book,) = [said for said in network.said if isinstance(said, OrderBook)][-1:]
    return (book.bids, book.asks) == network.venue.book()


@settings(max_examples=60, deadline=None)
@given(chaos("move", "move", "move", "trade", "cut", "torn", "doubled", "refusing", "mute", "delay"), st.integers(0, 9))
def test_a_session_whose_network_is_well_again_is_live_and_true(actions, seed):
    network = Network(seed)
    for action in actions:
        network.act(*action)
    network.heal(reconnect=False)

    assert network.session.phase is Phase.UP
    assert network.session.feed.subscriptions.all_live
    assert true_to_the_venue(network)
    for when in network.opened:
        assert sum(when - HOUR < other <= when for other in network.opened) <= 30


@settings(max_examples=40, deadline=None)
@given(chaos("move", "move", "move", "trade", "lost", "torn", "cut", "mute"), st.integers(0, 9))
def test_after_a_new_line_even_frames_lost_without_a_trace_do_no_harm(actions, seed):
    network = Network(seed)
    for action in actions:
        network.act(*action)
    network.heal(reconnect=True)

    assert network.session.feed.subscriptions.all_live
    assert true_to_the_venue(network)


@settings(max_examples=40, deadline=None)
@given(chaos("move", "trade", "trade", "cut", "doubled", "torn", "refusing", "mute", "delay"), st.integers(0, 9))
def test_i14_nothing_is_said_of_a_topic_between_its_end_and_its_next_partial(actions, seed):
    network = Network(seed)
    for action in actions:
        network.act(*action)
    network.heal(reconnect=False)

    live, up = set(), False
    for said in network.said:
        if isinstance(said, LineDown):
            live, up = set(), False
        elif isinstance(said, LineUp):
            up = True
        elif isinstance(said, TopicLive):
            assert up
            live.add(str(said.topic))
        elif isinstance(said, TopicStale):
            live.discard(str(said.topic))
        elif isinstance(said, OrderBook):
            assert BOOK in live
        elif isinstance(said, Tick):
            assert TRADE in live
    trades = [said for said in network.said if isinstance(said, Tick)]
    assert len(trades) <= network.venue.trades


@pytest.mark.parametrize("seed", range(3))
def test_the_same_history_and_seed_give_the_same_conversation(seed):
    def run():
        network = Network(seed)
        for action in [
            ("move", 3, 5),
            ("cut", 4, 0),
            ("mute", 19, 9),
            ("mute", 19, 9),
            ("mute", 19, 0),
            ("move", 5, 5),
        ]:
            network.act(*action)
        network.heal(reconnect=True)
        return network.said, network.opened

    assert run() == run()
