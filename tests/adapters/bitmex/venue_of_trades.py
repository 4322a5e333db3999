"""A venue for tests of the live feed: it trades, tells of it on a line that may be cut, and answers for its history."""

import json
from random import Random

from adapters.bitmex.live_feed import BitmexFeed
from adapters.bitmex.queries import HISTORY_PAGE, venue_time
from messages import (
    CloseLine,
    LineClosed,
    LineOpened,
    OpenLine,
    RequestAnswered,
    SendRequest,
    SendText,
    TextReceived,
    WakeAt,
    Woke,
)
from tests.adapters.bitmex.frames import WELCOME, a_frame, a_partial, a_refusal, a_trade_row, an_ack, an_instrument_row
from tests.builders import MONDAY, SECOND

SYMBOL = "XBTUSD"
MS = SECOND // 1000


def a_feed(**fields):
    return BitmexFeed(
        **{"line": "line:market", "worker": "rest:market", "symbols": [SYMBOL], "random": Random(1), **fields}
    )


def a_quote_row(at=MONDAY, **fields):
    return {
        "timestamp": venue_time(at), "symbol": SYMBOL, "bidSize": 100, "bidPrice": 42000.0, "askPrice": 42000.5,
        "askSize": 200, **fields,
    }  # fmt: skip


def trade_row(at=MONDAY, price=42000.5, size=100, match_id=None, **fields):
    return a_trade_row(price, size, timestamp=venue_time(at), trdMatchID=match_id or f"id-{at}-{price}", **fields)


class Venue:
    """Plays line and worker to a feed, at a time that the test moves. `said` is everything that is not for them."""

    def __init__(self, feed=None, at=MONDAY, *, refuses="", clock_error=0, **fields):
        self.feed, self.now = feed or a_feed(**fields), at
        self.refuses, self.clock_error = refuses, clock_error
        self.said, self.timers, self.requests, self.texts = [], [], [], []
        self.number = None
        """Of the connection that is open."""
        self.trades, self.on_their_way = [], []
        self.hear(self.feed.on_start())

    def hear(self, answers):
        for each in answers:
            if isinstance(each, WakeAt):
                self.timers.append(each)
            elif isinstance(each, SendRequest):
                self.requests.append(each)
            elif isinstance(each, SendText):
                self.texts.append(each.text)
            elif isinstance(each, OpenLine):
                self.number = each.number
                self.on_their_way.clear()
            elif isinstance(each, CloseLine):
                self.number = None
                self.on_their_way.clear()
            else:
                self.said.append(each)

    @property
    def time(self):
        """By the venue's clock."""
        return self.now + self.clock_error

    def kinds(self, kind):
        return [each for each in self.said if isinstance(each, kind)]

    def wait(self, seconds):
        """Let time pass, with its timers."""
        end = self.now + int(seconds * SECOND)
        while due := sorted((each for each in self.timers if each.at <= end), key=lambda each: each.at):
            self.timers.remove(due[0])
            self.now = max(self.now, due[0].at)
            self.hear(self.feed.on_woke(Woke(self.now, due[0].token)))
        self.now = end

    def text(self, text, number=None):
        number = self.number if number is None else number
        self.hear(self.feed.on_text_received(TextReceived(to="feed", number=number, text=text, at=self.now)))

    def connect(self, **partials):
        """From wherever it is: wait until the feed wants a line, and let everything go live."""
        self.wait(0)
        while self.number is None:
            self.wait(1)
        self.hear(self.feed.on_line_opened(LineOpened(to="feed", number=self.number, at=self.now)))
        self.texts.clear()
        self.text(json.dumps({**json.loads(WELCOME), "timestamp": venue_time(self.time)}))
        for text in list(self.texts):
            self.go_live(json.loads(text)["args"][0], **partials)

    def go_live(self, topic, **partials):
        table, symbol = topic.split(":")
        if table == self.refuses:
            self.text(a_refusal("Unknown table", args=[topic]))
            return
        self.text(an_ack(topic))
        rows = {
            "instrument": [an_instrument_row(symbol=symbol, timestamp=venue_time(self.time))],
            "quote": [a_quote_row(self.time, symbol=symbol)],
            "trade": self.trades[-5:],
            **partials,
        }
        self.text(a_partial(table, *rows.get(table, ()), symbol=symbol))

    def cut(self, reason="connection lost"):
        number, self.number = self.number, None
        self.on_their_way.clear()
        self.hear(self.feed.on_line_closed(LineClosed(to="feed", number=number, reason=reason, at=self.now)))

    def trade(self, *rows):
        """Trades happen; whoever is connected will be told."""
        rows = rows or (trade_row(self.now),)
        self.trades += rows
        if self.number is not None:
            self.on_their_way.append(a_frame("trade", "insert", *rows))

    def deliver(self, count=None):
        for _ in range(len(self.on_their_way) if count is None else min(count, len(self.on_their_way))):
            self.text(self.on_their_way.pop(0))

    def quote(self, **fields):
        self.text(a_frame("quote", "insert", a_quote_row(self.time, **fields)))

    def instrument(self, **fields):
        self.text(a_frame("instrument", "update", {"symbol": SYMBOL, "timestamp": venue_time(self.time), **fields}))

    def answer(self, *, until=None, known=None, **fields):
        """Answer the first request by the trades that happened (up to `until`; `known`: only these)."""
        request = self.requests.pop(0)
        asked = dict(part.split("=") for part in request.path.split("?")[1].split("&"))
        since, start = asked["startTime"].replace("%3A", ":"), int(asked["start"])
        assert asked["symbol"] == SYMBOL
        trades = self.trades if known is None else known
        rows = [row for row in trades if row["timestamp"] >= since and (until is None or row["timestamp"] <= until)]
        rows = rows[start : start + HISTORY_PAGE]
        times = dict.fromkeys(("started", "sent", "received"), self.now)
        said = {"status": 200, "body": json.dumps(rows), **times, **fields}
        answer = RequestAnswered(to=request.reply_to, number=request.number, **said)
        self.hear(self.feed.on_request_answered(answer))
        return request

    def settle(self):
        """Answer whatever is asked, as long as something is."""
        for _ in range(200):
            self.deliver()
            if self.requests:
                self.answer()
            elif self.number is None:
                self.connect()
            elif not self.feed._watches[SYMBOL].is_fresh:
                self.wait(1)
                if self.number is not None:
                    self.text(json.dumps({"success": True}))
            else:
                return
        raise AssertionError("it never settles")
