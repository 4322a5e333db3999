"""Against the loopback exchange, over real sockets: history, live trades and a cut line give the bars of one go."""

import time
from random import Random

import pytest
import requests
import websocket

from actors.bar_builder import BarBuilder, BarWanted
from actors.live_bars import LiveBarBuilder
from actors.tick_filter import TickFilter
from adapters.bitmex import queries
from adapters.bitmex.codec import decoded
from adapters.bitmex.history import prime, warm_up
from adapters.bitmex.live_feed import BitmexFeed
from adapters.bitmex.trades import trade
from adapters.exchange.simulation import generated_market
from messages import (
    NS_PER_SECOND,
    Bar,
    CloseLine,
    FeedEnded,
    LineClosed,
    LineOpened,
    MarketFresh,
    MarketStale,
    OpenLine,
    Quarantined,
    RequestAnswered,
    SendRequest,
    SendText,
    TextReceived,
    Tick,
    WakeAt,
    Woke,
)
from tests.adapters.exchange.serving import served

SYMBOL = "XBTUSD"
SECOND, MINUTE = NS_PER_SECOND, 60 * NS_PER_SECOND
PERIODS = (SECOND, 3 * SECOND, MINUTE)
PATIENCE = 30.0
GRACE = 5 * SECOND
"""A loaded machine reads late, and a bar that nobody trades in after it has time."""


@pytest.fixture
def exchange():
    with served(generated_market(seed=5, now=time.time_ns(), history_minutes=60, warm_up_s=90)) as server:
        yield server


class Live:
    """Line, worker, filter and bar builder around a feed, on this thread and the wall's clock."""

    def __init__(self, server, feed, builder):
        self.server, self.feed, self.builder, self.filter = server, feed, builder, TickFilter()
        self.socket, self.number = None, 0
        self.said, self.timers = [], []
        self.hear(feed.on_start(), feed)
        self.hear(builder.on_start(), builder)

    def get(self, path):
        return requests.get(f"http://127.0.0.1:{self.server.port}{path}", timeout=10)

    def hear(self, answers, by):
        for each in answers:
            if isinstance(each, WakeAt):
                self.timers.append((each.at, each.token, by))
            elif isinstance(each, OpenLine):
                self.number = each.number
                self.socket = websocket.create_connection(f"ws://127.0.0.1:{self.server.port}/realtime", timeout=0.05)
                self.hear(self.feed.on_line_opened(LineOpened(to="feed", number=each.number, at=time.time_ns())), by)
            elif isinstance(each, CloseLine):
                self.socket.close()
                self.socket = None
            elif isinstance(each, SendText):
                self.socket.send(each.text)
            elif isinstance(each, SendRequest):
                self.hear(self.feed.on_request_answered(self.answer(each)), by)
            else:
                self.pass_on(each, by)

    def pass_on(self, each, by):
        self.said.append((by, each))
        ways = {Tick: "on_tick", MarketFresh: "on_market_fresh", MarketStale: "on_market_stale"}
        if by is self.feed and type(each) in ways:
            self.hear(getattr(self.filter, ways[type(each)])(each), self.filter)
        elif by is self.filter and type(each) in ways:
            self.hear(getattr(self.builder, ways[type(each)])(each), self.builder)

    def answer(self, request):
        started = time.time_ns()
        got = self.get(request.path)
        return RequestAnswered(
            to="feed", number=request.number, status=got.status_code, headers=tuple(got.headers.items()),
            body=got.text, started=started, sent=started, received=time.time_ns(),
        )  # fmt: skip

    def cut(self):
        self.socket.close()
        self.socket = None
        lost = LineClosed(to="feed", number=self.number, reason="cut by the test", at=time.time_ns())
        self.hear(self.feed.on_line_closed(lost), self.feed)

    def until(self, condition):
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, [type(each).__name__ for _, each in self.said[-20:]]
            now = time.time_ns()
            for _ in range(100):
                if not self.read():
                    break
            for timer in [timer for timer in self.timers if timer[0] <= now]:
                self.timers.remove(timer)
                self.hear(timer[2].on_woke(Woke(now, timer[1])), timer[2])

    def read(self):
        """Hear one frame; whether there was one."""
        try:
            text = self.socket.recv() if self.socket else time.sleep(0.01)
        except websocket.WebSocketTimeoutException:
            return False
        if text:
            message = TextReceived(to="feed", number=self.number, text=text, at=time.time_ns())
            self.hear(self.feed.on_text_received(message), self.feed)
        return bool(text)

    def heard(self, kind, by):
        return [each for sender, each in self.said if sender is by and isinstance(each, kind)]


def all_rows(server, pages):
    rows = []
    while pages is not None:
        got = requests.get(f"http://127.0.0.1:{server.port}{pages.request.path}", timeout=10)
        assert got.status_code == 200
        page = decoded(got.text)
        rows += page
        pages = pages.after(len(page))
    return rows


def test_warm_up_live_trades_and_a_cut_line_give_the_bars_of_all_trades_in_one_go(exchange):
    began = time.time_ns()
    wanted = [(SYMBOL, period, 10) for period in PERIODS]
    history = warm_up(wanted, {}, lambda pages: all_rows(exchange, pages), began)
    builder = LiveBarBuilder([BarWanted(SYMBOL, each) for each in PERIODS], close_grace_ns=GRACE)
    prime(builder, history)
    feed = BitmexFeed(
        line="line:market", worker="rest:market", symbols=[SYMBOL], random=Random(1), last_trades=history.last_trades
    )
    live = Live(exchange, feed, builder)

    live.until(lambda: len(live.heard(MarketFresh, feed)) == 1 and len(live.heard(Bar, builder)) >= 4)
    live.cut()
    live.until(lambda: len(live.heard(MarketFresh, feed)) == 2)
    bars_by_now = len(live.heard(Bar, builder))
    live.until(lambda: len(live.heard(Bar, builder)) >= bars_by_now + 4)

    live.socket.close()
    assert [each for _, each in live.said if isinstance(each, Quarantined)] == []
    assert history.notes == ()
    expected = in_one_go(exchange, began - 120 * SECOND)
    for period in PERIODS:
        joined = [*history.bars[SYMBOL, period], *[bar for bar in live.heard(Bar, builder) if bar.period == period]]
        in_time = [bar for bar in expected[period] if joined[0].open_ts <= bar.open_ts <= joined[-1].open_ts]
        if period == MINUTE:
            # Of the minutes before the last ones the exchange has bars and no trades.
            in_time = [bar for bar in in_time if bar.open_ts >= began - 60 * SECOND]
            joined = joined[len(joined) - len(in_time) :]
        assert [what_was_traded(bar) for bar in joined] == [what_was_traded(bar) for bar in in_time]
    assert len(history.bars[SYMBOL, MINUTE]) == 10


def what_was_traded(bar):
    return bar.open_ts, bar.high, bar.low, bar.close, bar.volume, bar.ticks


def in_one_go(exchange, since):
    """Bars of every trade that the exchange tells of afterwards."""
    builder = BarBuilder([BarWanted(SYMBOL, each) for each in PERIODS])
    rows = all_rows(exchange, queries.trades(SYMBOL, since=since))
    said = [each for row in rows for each in builder.on_tick(trade(row, 0).tick)]
    bars = [bar for bar in (*said, *builder.on_feed_ended(FeedEnded(time.time_ns()))) if isinstance(bar, Bar)]
    return {period: [bar for bar in bars if bar.period == period] for period in PERIODS}
