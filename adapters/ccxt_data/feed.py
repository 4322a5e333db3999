"""The live market of an exchange that is asked for it again and again: answers of a worker become ticks and quotes.

One question at a time goes to the worker (`polls` says which); a symbol's first is whether there is such a market. The
trades of answers that overlap are said once each (`seen_trades`); what may be missing between two is named. Nothing
here touches the wire.
"""

import json
from collections.abc import Mapping
from typing import Final

import attrs

from actors.component import Component
from adapters.ccxt_data.freshness import Freshness
from adapters.ccxt_data.polls import Polls
from adapters.ccxt_data.reading import Mark, Unreadable, listed, mark_of, quote_of, tick_of
from adapters.ccxt_data.seen_trades import OVERLAP, SeenTrades
from adapters.ccxt_data.worker import BEST, DONE, LIMITED, MARKET, TRADES, UNAVAILABLE, VERB
from messages import (
    NS_PER_MILLISECOND,
    NS_PER_SECOND,
    Address,
    Message,
    Period,
    Quarantined,
    Quote,
    RequestAnswered,
    SendRequest,
    Symbol,
    UtcNs,
    WakeAt,
    Woke,
    iso_utc,
)

_TIMER: Final = "poll"
_CATCH_UP: Final[Period] = 600 * NS_PER_SECOND
"""Farther back exchanges look through an hour or so at a time, and may find nothing in it."""
_PART: Final = {TRADES: "trades", BEST: "quotes", MARKET: "quotes"}


@attrs.frozen(kw_only=True)
class CcxtHeritage:
    """What a feed leaves to its next incarnation: what was missed between the two is said like any other trade."""

    request: int
    trades: Mapping[Symbol, tuple[tuple[Mark, ...], UtcNs]]
    now: UtcNs


class CcxtFeed(Component):
    """Ticks and quotes of some symbols of one exchange.

    Hears RequestAnswered of its worker, and Woke. Says SendRequest; Tick, Quote, Quarantined; and MarketStale and
    MarketFresh when it changes, of a symbol that begins stale. Fresh means: trades and best prices were both had within
    `answer_max`, and one of them was new within `quiet_max`. A tick's `ts` is the exchange's, a quote's too where it
    shows one; `received` is when the answer came, so a tick is up to a poll old. Trades from before the first answer
    are not said.

    `markets`: what each symbol is called by ccxt. `every`: ns between two questions of one thing, if the exchange's
    pace allows.
    """

    def __init__(
        self,
        *,
        address: Address,
        worker: Address,
        markets: Mapping[Symbol, str],
        every: Period = 2 * NS_PER_SECOND,
        answer_max: Period = 20 * NS_PER_SECOND,
        quiet_max: Period = 120 * NS_PER_SECOND,
        heritage: CcxtHeritage | None = None,
    ) -> None:
        left = heritage or CcxtHeritage(request=0, trades={}, now=0)
        self._address, self._worker, self._markets = address, worker, dict(markets)
        self._now = left.now
        self._wake: UtcNs | None = None
        self._trades = {symbol: SeenTrades(*left.trades.get(symbol, ())) for symbol in markets}
        self._from_latest: set[Symbol] = set()
        """Whose trades are asked for next without a beginning."""
        self._quotes: dict[Symbol, Quote] = {}
        self._found: set[Symbol] = set()
        self._watches = {
            symbol: Freshness(
                symbol, answer_max=answer_max, quiet_max=quiet_max, was_said=heritage is not None
            )
            for symbol in markets
        }  # fmt: skip
        questions = [(symbol, what) for symbol in markets for what in (TRADES, BEST)]
        self._polls = Polls(questions, every, left.request)

    def on_start(self) -> tuple[Message, ...]:
        """Begin as soon as the time is known. After a predecessor nothing is fresh any more."""
        return (*self._news(), WakeAt(0, _TIMER))

    def heritage(self) -> CcxtHeritage:
        """Where the trades end that were said."""
        trades = {symbol: (seen.known, seen.floor) for symbol, seen in self._trades.items() if seen.known}
        return CcxtHeritage(request=self._polls.number, trades=trades, now=self._now)

    def on_woke(self, woke: Woke) -> tuple[Message, ...]:
        """Time has passed."""
        at = self._at(woke.at)
        if self._wake is None or at >= self._wake:
            self._wake = None
        overdue = self._polls.overdue(at)
        if overdue is not None:
            self._polls.failed(at)
            self._watches[overdue[0]].failed(_PART[overdue[1]], "no answer in time")
        return self._after(at)

    def on_request_answered(self, message: RequestAnswered) -> tuple[Message, ...]:
        """An answer came."""
        at, asked = self._at(message.received), self._polls.asked
        if asked is None or message.number != asked.number:
            return ()
        symbol, what = asked.question
        if message.status != DONE:
            self._failed(symbol, what, message, at)
            return self._after(at)
        if symbol not in self._found:
            self._found.add(symbol)
            self._polls.answered(at, more=True)
            return self._after(at)
        hear = self._hear_trades if what == TRADES else self._hear_best
        try:
            said = hear(symbol, listed(message.body), at)
        except Unreadable as error:
            self._polls.failed(at)
            self._watches[symbol].failed(_PART[what], str(error))
            said = (self._quarantined(symbol, "malformed", f"{what}: {error}", at),)
        return (*said, *self._after(at))

    def _hear_trades(self, symbol: Symbol, rows: list[object], at: UtcNs) -> tuple[Message, ...]:
        marks, said = list[Mark](), list[Message]()
        for row in rows:
            try:
                marks.append(mark_of(row))
            except Unreadable as error:
                said.append(self._quarantined(symbol, "malformed", f"trade: {error}", at))
        seen, before = self._trades[symbol], self._trades[symbol].latest
        fresh = seen.take(marks)
        if not fresh.is_joined:
            said.append(self._quarantined(symbol, "gap", f"trades after {_told(before)} may be missing", at))
        said += [tick_of(symbol, mark, at) for mark in fresh.marks]
        was_latest = symbol in self._from_latest
        self._from_latest.discard(symbol)
        if not fresh.marks and not was_latest and before is not None and at - before > _CATCH_UP:
            self._from_latest.add(symbol)
        # What was had may be a part only: it is asked for on from there until nothing is new.
        self._polls.answered(at, more=bool(fresh.marks) and at - fresh.marks[-1][0] > _CATCH_UP // 10)
        self._watches[symbol].answered(_PART[TRADES], at)
        if fresh.marks:
            self._watches[symbol].changed(at)
        return tuple(said)

    def _hear_best(self, symbol: Symbol, row: list[object], at: UtcNs) -> tuple[Message, ...]:
        quote = quote_of(symbol, row, at)
        self._polls.answered(at)
        watch, before = self._watches[symbol], self._quotes.get(symbol)
        watch.answered(_PART[BEST], at)
        if before is not None and _prices(before) == _prices(quote):
            return ()
        self._quotes[symbol] = quote
        watch.changed(at)
        return (quote,)

    def _failed(self, symbol: Symbol, what: str, message: RequestAnswered, at: UtcNs) -> None:
        told = dict(message.headers).get("retry-after", "0")
        least = int(told) * NS_PER_SECOND if told.isdigit() else 0
        is_limited = message.status == LIMITED
        text = message.body or message.failure or "no answer"
        self._polls.failed(at, least=least, all_wait=is_limited)
        watch = self._watches[symbol]
        if is_limited or message.status in (UNAVAILABLE, None):
            watch.failed(_PART[what], text)
        else:
            watch.lost(_PART[what], text)

    def _after(self, at: UtcNs) -> tuple[Message, ...]:
        """What changed, what to ask now, and when to look again."""
        said = [*self._news()]
        asked = self._polls.due(at)
        if asked is not None:
            said.append(self._request(*asked.question, asked.number))
        stale = [deadline for watch in self._watches.values() if (deadline := watch.next_deadline(at)) is not None]
        wake = min([self._polls.next_deadline(), *stale])
        if self._wake is None or wake < self._wake:
            self._wake = wake
            said.append(WakeAt(wake, _TIMER))
        return tuple(said)

    def _request(self, symbol: Symbol, what: str, number: int) -> SendRequest:
        latest = self._trades[symbol].latest
        is_since = what == TRADES and latest is not None and symbol not in self._from_latest
        since = (latest - OVERLAP) // NS_PER_MILLISECOND if is_since and latest is not None else None
        path = what if symbol in self._found else MARKET
        body = json.dumps({"symbol": self._markets[symbol], "since": since})
        return SendRequest(
            to=self._worker, reply_to=self._address, number=number, verb=VERB, path=path, body=body
        )  # fmt: skip

    def _news(self) -> list[Message]:
        return [each for watch in self._watches.values() for each in watch.news(self._now)]

    def _at(self, ts: UtcNs) -> UtcNs:
        """Now: the clocks of threads differ by a little, and time does not go back."""
        self._now = max(self._now, ts)
        return self._now

    def _quarantined(self, symbol: Symbol, reason: str, text: str, at: UtcNs) -> Quarantined:
        return Quarantined(symbol=symbol, received=at, reason=reason, text=text)


def _told(latest: UtcNs | None) -> str:
    return "the beginning" if latest is None else iso_utc(latest)


def _prices(quote: Quote) -> tuple[float, ...]:
    return quote.bid, quote.bid_size, quote.ask, quote.ask_size
