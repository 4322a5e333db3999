"""The trades of one symbol without gap or repetition: live ones wait until what was missed before them was asked for.

A subscription to `trade` goes live, and tells of some last trades -> the venue is asked for the trades from the last
one said on, page by page -> what is new of them is said -> then those last ones and the live ones that came meanwhile
-> live. The answers must hold a trade that we know and reach the first of those that were told: then nothing can lie
between. (An answer may be behind the socket.) A gap that cannot be filled is named and left.
"""

import enum
from collections.abc import Sequence
from typing import Final

import attrs

from adapters.bitmex import queries
from adapters.bitmex.fields import FieldError, Row
from adapters.bitmex.market import quarantined
from adapters.bitmex.queries import Pages
from adapters.bitmex.trades import OVERLAP, LastTrades, SaidTrades, Trade, Union, time_of, trade
from messages import Instrument, Message, Quarantined, Symbol, Tick, UtcNs, iso_utc

PAGES_MAX: Final = 20
"""Of 1000 trades: more is not worth the time in which nothing can be traded."""
TRIES_MAX: Final = 6
"""Answers without use, or that fall short."""
HELD_MAX: Final = 20_000
"""Live trades that wait."""
GAP: Final = "gap"
"""The reason code of trades that are missing."""


class Filling(enum.Enum):
    """How far it is."""

    ASK = "ask"
    """The next page is to be asked for."""
    AGAIN = "again"
    """The answer fell short: ask from the beginning, after a pause."""
    DONE = "done"


@attrs.frozen
class Filled:
    """What an answer brought."""

    then: Filling
    said: tuple[Message, ...] = ()


class TradeLine:
    """One symbol's trades. `last`: where those end that were had before; None: nothing was, so nothing was missed."""

    def __init__(self, symbol: Symbol, last: LastTrades | None = None, held: Sequence[Trade] = ()) -> None:
        self.symbol = symbol
        self.is_filling = False
        self._said = None if last is None else SaidTrades(last)
        self._held = [list(held)]
        """Of each subscription those that wait: what two of them tell may be the same."""
        self._live_ts: UtcNs | None = None
        """Of the first trade that the subscription told of since it is live: from there on none is missed."""
        self._base = last
        """Where the gap begins."""
        self._known = frozenset(() if last is None else last.known)
        self._met = True
        """The answers hold a trade that we know, or there is none: they go back far enough."""
        self._reached: UtcNs = 0
        self._union: Union | None = None
        """None: nothing comes from two sources any more."""
        self._pages: Pages | None = None
        self._pages_had = self._tries = 0

    @property
    def last(self) -> LastTrades | None:
        """Where the trades end that were said."""
        return None if self._said is None else self._said.last

    @property
    def held(self) -> tuple[Trade, ...]:
        """Live trades that were not said yet."""
        union = Union(())
        return tuple(self._new_of_held(union))

    @property
    def question(self) -> Pages:
        """The page to ask for now."""
        assert self._pages is not None, "nothing is to be asked"
        return self._pages

    def live(self, at: UtcNs) -> bool:
        """The subscription is live, at the venue's time `at`. Whether something has to be filled."""
        self._live_ts = None
        self._held.append([])
        if self._said is None:
            # The clocks may differ by a little: rather a trade from before the beginning than one that is missing.
            self._said = SaidTrades(LastTrades(symbol=self.symbol, since=at - OVERLAP))
            return False
        if not self.is_filling or self._met:
            self._begin(self._said.last)
        self._ask_anew()
        self.is_filling, self._tries = True, 0
        return True

    def hear(self, trade_: Trade, at: UtcNs) -> tuple[Message, ...]:
        """A live trade: said, unless a gap before it is being filled. Too many that wait end the filling."""
        if self.is_filling:
            ts = trade_.tick.ts
            self._live_ts = ts if self._live_ts is None else min(ts, self._live_ts)
            self._held[-1].append(trade_)
            is_full = sum(map(len, self._held)) >= HELD_MAX
            return self._give_up("too many live trades wait", at) if is_full else ()
        if self._union is not None:
            # An answer may have told of trades that the socket brings only now.
            if trade_.tick.ts > self._reached + OVERLAP:
                self._union = None
            elif not self._union.is_new(trade_):
                return ()
        return (self._say(trade_),)

    def answered(self, rows: Sequence[Row], at: UtcNs, instrument: Instrument | None) -> Filled:
        """A page came at `at`: what is new of it, and how it goes on."""
        said = self._new_of(rows, at, instrument)
        self._pages_had += 1
        self._pages = self.question.after(len(rows))
        if self._pages is None:
            lacking = self._lacking()
            then = self.failed(lacking, at) if lacking else Filled(Filling.DONE, self._finish(at))
        elif self._pages_had < PAGES_MAX:
            then = Filled(Filling.ASK)
        else:
            then = Filled(Filling.DONE, self._give_up(f"more than {PAGES_MAX} pages", at))
        return attrs.evolve(then, said=(*said, *then.said))

    def failed(self, why: str, at: UtcNs) -> Filled:
        """No answer of use came: ask again, from where we are, but not for ever."""
        self._tries += 1
        if self._tries >= TRIES_MAX:
            return Filled(Filling.DONE, self._give_up(why, at))
        if self._met and self._said is not None:
            self._begin(self._said.last)
        self._ask_anew()
        return Filled(Filling.AGAIN)

    def _begin(self, base: LastTrades) -> None:
        self._base, self._known = base, frozenset(base.known)
        self._met = not base.known
        self._reached = base.since
        self._union = Union(base.known)

    def _ask_anew(self) -> None:
        assert self._base is not None
        assert self._union is not None
        self._pages, self._pages_had = queries.trades(self.symbol, since=self._base.since), 0
        self._union.next_source()

    def _new_of(self, rows: Sequence[Row], at: UtcNs, instrument: Instrument | None) -> list[Message]:
        assert self._base is not None
        assert self._union is not None
        said: list[Message] = []
        for row in rows:
            try:
                each = trade(row, at, instrument)
            except FieldError as error:
                said.append(quarantined(row, at, error, "trade"))
                continue
            if each.tick.ts < self._base.since or each.tick.symbol != self.symbol:
                continue
            self._reached = max(self._reached, each.tick.ts)
            self._met = self._met or each.mark in self._known
            if self._union.is_new(each):
                said.append(self._say(each))
        return said

    def _lacking(self) -> str:
        """What the answers do not show, though they are at their end; "": nothing can be missing."""
        if not self._met:
            return "the venue does not tell of the trade before them"
        if self._live_ts is not None and self._reached < self._live_ts:
            return "the venue's answer ends before the live trades begin"
        return ""

    def _give_up(self, why: str, at: UtcNs) -> tuple[Message, ...]:
        assert self._base is not None
        begins = self._reached if self._met else self._base.latest
        ends = at if self._live_ts is None else self._live_ts
        text = f"trades from {iso_utc(begins)} to {iso_utc(max(begins, ends))} may be missing: {why}"
        return (Quarantined(symbol=self.symbol, received=at, reason=GAP, text=text), *self._finish(at))

    def _finish(self, at: UtcNs) -> tuple[Message, ...]:
        assert self._base is not None
        assert self._union is not None
        self.is_filling, self._pages = False, None
        since, new = self._base.since, self._new_of_held(self._union)
        self._held = [[]]
        # They are heard only now.
        return tuple([self._say(each, at) for each in new if each.tick.ts >= since])

    def _new_of_held(self, union: Union) -> list[Trade]:
        """Those that wait and were not listed yet, as they lie in time."""
        new: list[Trade] = []
        for told in self._held:
            union.next_source()
            new += [each for each in told if union.is_new(each)]
        return sorted(new, key=time_of)

    def _say(self, trade_: Trade, at: UtcNs = 0) -> Tick:
        tick = trade_.tick
        if self._said is None:
            self._said = SaidTrades(LastTrades(symbol=self.symbol, since=tick.ts))
        self._said.say(trade_)
        return tick if at <= tick.received else attrs.evolve(tick, received=at)
