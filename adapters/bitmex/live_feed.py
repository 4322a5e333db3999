"""The live market of BitMEX as an actor: frames of a line become ticks, quotes and marks, without a gap in the trades.

A frame goes through `session` (text to messages and events). Trades pass a `trade_gap` line each symbol, which asks a
worker for those that were missed; a `market_watch` each symbol says whether the market may be trusted. Nothing here
touches the wire: a line actor and a worker do.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from random import Random
from typing import Any, Final

import attrs

from actors.component import Component
from adapters.bitmex.events import Line, LineDown, LineUp, Step, TopicLive, TopicRefused, TopicStale
from adapters.bitmex.gap_filler import GapFiller
from adapters.bitmex.mark_band import MarkBand
from adapters.bitmex.market import InstrumentState, LiquidationOrder
from adapters.bitmex.market_watch import MarketWatch
from adapters.bitmex.questions import Questions
from adapters.bitmex.session import Session
from adapters.bitmex.stream import Stream
from adapters.bitmex.topics import Topic, market_topics
from adapters.bitmex.trades import LastTrades, Trade, trade
from messages import (
    Address,
    Bar,
    BookChange,
    CloseLine,
    FundingRate,
    Heartbeat,
    IndexPrice,
    LineClosed,
    LineOpened,
    MarkPrice,
    Message,
    OpenLine,
    OrderBook,
    Quarantined,
    Quote,
    RequestAnswered,
    SendText,
    Symbol,
    TextReceived,
    UtcNs,
    WakeAt,
    Woke,
)

_TIMER: Final = "feed"
_PASSED: Final = (Quote, OrderBook, BookChange, MarkPrice, IndexPrice, FundingRate, Bar, Quarantined)


@attrs.frozen(kw_only=True)
class FeedHeritage:
    """What a feed leaves to its next incarnation: its numbers go on, and its gap is filled like any other."""

    connection: int
    request: int
    last_trades: tuple[LastTrades, ...]
    held: tuple[Trade, ...]
    """Live trades that waited for a gap to be filled."""
    now: UtcNs


class BitmexFeed(Component):
    """Ticks, quotes, marks, indices and funding of some symbols, and books (ten levels) of those in `books`.

    Besides, the venue's liquidations of the symbols in `liquidations`, and, only kept for later, every change of the 25
    best levels of those in `changes`.

    Hears LineOpened, LineClosed and TextReceived of its line, RequestAnswered of its worker, Woke and Heartbeat. Says
    OpenLine, CloseLine, SendText and SendRequest; Tick, Quote, OrderBook, BookChange, MarkPrice, IndexPrice,
    FundingRate, Liquidation, Quarantined; and
    MarketStale and MarketFresh when it changes, of a symbol that begins stale. Fresh means: trades and quotes are
    subscribed to, no trade was missed, a quote was heard, the contract is open, what comes is no older than 3 s, and
    our clock is not so far behind the venue's that it would be set aside.

    `last_trades`: where the trades end that were loaded before the start; what was made since is asked for and said
    first. A Tick that fills a gap was received when it is said. What of a gap cannot be had is named in a Quarantined
    with the reason "gap". `silence_s`: without a quote for so long its subscription is renewed (None: as is usual).
    """

    def __init__(
        self,
        *,
        line: Address,
        worker: Address,
        symbols: Collection[Symbol],
        random: Random,
        address: Address = "feed",
        books: Collection[Symbol] = (),
        liquidations: Collection[Symbol] = (),
        changes: Collection[Symbol] = (),
        last_trades: Mapping[Symbol, LastTrades] | None = None,
        silence_s: int | None = None,
        heritage: FeedHeritage | None = None,
    ) -> None:
        left = heritage or FeedHeritage(
            connection=0, request=0, last_trades=tuple((last_trades or {}).values()), held=(), now=0
        )
        self.dropped: Counter[str] = Counter()
        """What the venue says beside, by its kind, and what came from connections that are over."""
        self._line = line
        self._number = left.connection
        self._now = left.now
        self._wake: UtcNs | None = None
        self._in_partial = False
        """Trades that follow in this step are the last ones before the subscription was live."""
        stream = Stream(readers={"trade": trade}, history=("trade",), says_changes=True)
        topics = market_topics(symbols, books, liquidations, changes, silence_s=silence_s)
        self._session = Session(topics, random=random, stream=stream)
        questions = Questions(address, worker, left.request)
        self._trades = GapFiller(symbols, questions, stream, random, lasts=left.last_trades, held=left.held)
        self._watches = {symbol: MarketWatch(symbol, was_said=heritage is not None) for symbol in symbols}
        marks = MarkBand()
        self._events: dict[type[Any], Callable[[Any], Iterable[Message]]] = {
            **dict.fromkeys((MarkPrice, IndexPrice), marks.hear),
            Trade: self._heard_trade,
            Quote: self._heard_quote,
            InstrumentState: self._heard_state,
            LiquidationOrder: self._heard_liquidation,
            TopicLive: self._topic_live,
            TopicStale: self._topic_stale,
            TopicRefused: self._topic_refused,
            LineDown: self._line_down,
        }

    def on_start(self) -> tuple[Message, ...]:
        """Begin as soon as the time is known. After a predecessor nothing is fresh any more."""
        return (*self._news(), WakeAt(0, _TIMER))

    def on_stop(self) -> tuple[Message, ...]:
        """Close the line."""
        return tuple(self._do(self._session.stop(self._now)))

    def heritage(self) -> FeedHeritage:
        """Numbers, and where the trades end that were said."""
        return FeedHeritage(
            connection=self._number,
            request=self._trades.questions.number,
            last_trades=self._trades.lasts,
            held=self._trades.held,
            now=self._now,
        )

    # What is heard.

    def on_text_received(self, message: TextReceived) -> tuple[Message, ...]:
        """A frame came."""
        if message.number != self._number:
            self.dropped["old connection"] += 1
            return ()
        at = self._at(message.at)
        step = self._session.received(message.text, at)
        said = self._do(step)
        return (*said, *self._news()) if _is_plain(step) else (*said, *self._after(at))

    def on_line_opened(self, message: LineOpened) -> tuple[Message, ...]:
        """Connected."""
        at = self._at(message.at)
        step = self._session.connected(at) if message.number == self._number else Step()
        return (*self._do(step), *self._after(at))

    def on_line_closed(self, message: LineClosed) -> tuple[Message, ...]:
        """The connection has ended, or was not made."""
        at = self._at(message.at)
        ours = message.number == self._number
        step = self._session.disconnected(at, message.reason) if ours else Step()
        return (*self._do(step), *self._after(at))

    def on_request_answered(self, message: RequestAnswered) -> tuple[Message, ...]:
        """A page of trades came, or did not."""
        at = self._at(message.received)
        return (*self._trades.answered(message, at), *self._after(at))

    def on_woke(self, woke: Woke) -> tuple[Message, ...]:
        """Time has passed: begin, or see what is due."""
        at = self._at(woke.at)
        if self._wake is None or at >= self._wake:
            self._wake = None
        said = [*self._do(self._session.start(at)), *self._do(self._session.tick(at))]
        return (*said, *self._trades.watch(at), *self._after(at))

    def on_heartbeat(self, heartbeat: Heartbeat) -> tuple[Message, ...]:
        """Pass it on: this actor lives."""
        return (heartbeat,)

    # What follows.

    def _at(self, ts: UtcNs) -> UtcNs:
        """Now: the clocks of threads differ by a little, and time does not go back."""
        self._now = max(self._now, ts)
        return self._now

    def _do(self, step: Step) -> list[Message]:
        """What a step of the session says and sends."""
        said: list[Message] = []
        self._in_partial = False
        for each in step.said:
            event = self._events.get(each.__class__)
            if event is not None:
                said += event(each)
            elif isinstance(each, _PASSED):
                said.append(each)
            elif not isinstance(each, LineUp):
                self.dropped[type(each).__name__] += 1
        if step.line is Line.OPEN:
            self._number += 1
            said.append(OpenLine(to=self._line, number=self._number))
        elif step.line is Line.CLOSE:
            said.append(CloseLine(to=self._line, number=self._number))
        said += [SendText(to=self._line, number=self._number, text=send.text) for send in step.sends]
        return said

    def _after(self, at: UtcNs) -> tuple[Message, ...]:
        """What has changed by it, questions whose time has come, and the next timer."""
        return (*self._news(), *self._trades.due(at), *self._next_wake(at))

    def _news(self) -> list[Message]:
        said: list[Message] = []
        behind = self._session.clock.offset
        for symbol, watch in self._watches.items():
            watch.filling(self._trades.is_filling(symbol))
            watch.clock(behind)
            said += watch.news(self._now)
        return said

    def _next_wake(self, at: UtcNs) -> tuple[Message, ...]:
        due = [each for each in (self._session.next_tick, self._trades.questions.next_deadline(at)) if each is not None]
        if not due or (self._wake is not None and self._wake <= min(due)):
            return ()
        self._wake = min(due)
        return (WakeAt(self._wake, _TIMER),)

    # The market.

    def _heard_trade(self, each: Trade) -> Iterable[Message]:
        tick = each.tick
        if tick.symbol not in self._watches:
            self.dropped["other symbol"] += 1
            return ()
        if self._in_partial:
            return self._trades.hear_last(each, self._now)
        self._lag(tick.symbol, tick.received, tick.ts)
        return self._trades.hear(each, self._now)

    def _heard_quote(self, quote: Quote) -> Iterable[Message]:
        watch = self._watches.get(quote.symbol)
        if watch is not None:
            self._lag(quote.symbol, quote.received, quote.ts)
            watch.quoted()
        return (quote,)

    def _lag(self, symbol: Symbol, received: UtcNs, ts: UtcNs) -> None:
        self._watches[symbol].lag(self._session.clock.venue_time(received) - ts)

    def _heard_state(self, said: InstrumentState) -> Iterable[Message]:
        if said.symbol in self._watches:
            self._watches[said.symbol].state(said.state)
        return ()

    def _heard_liquidation(self, said: LiquidationOrder) -> Iterable[Message]:
        return (said.message,)

    def _topic_live(self, event: TopicLive) -> Iterable[Message]:
        symbol = event.topic.symbol
        assert symbol is not None
        self._watches[symbol].live(event.topic.table)
        if event.topic.table == "trade":
            self._in_partial = True
            self._trades.live(symbol, self._session.clock.venue_time(event.at), event.at)
        return ()

    def _topic_stale(self, event: TopicStale) -> Iterable[Message]:
        self._lost(event.topic, event.reason)
        return ()

    def _topic_refused(self, event: TopicRefused) -> Iterable[Message]:
        self.dropped["refused topics"] += 1
        self._lost(event.topic, f"refused: {event.text}")
        return ()

    def _lost(self, topic: Topic, why: str) -> None:
        assert topic.symbol is not None
        self._watches[topic.symbol].lost(topic.table, why)
        if topic.table == "trade":
            self._trades.lost(topic.symbol)

    def _line_down(self, event: LineDown) -> Iterable[Message]:
        for symbol, watch in self._watches.items():
            watch.line_down(event.reason)
            self._trades.lost(symbol)
        return ()


def _is_plain(step: Step) -> bool:
    """Only news of the market: no deadline has come nearer."""
    return not step.sends and step.line is None and step.said != () and isinstance(step.said[0], (*_PASSED, Trade))
