"""Strategies for live runs that are short: they act by a timer, whatever the market does, and some of them fail."""

import sys
import time
from collections import Counter
from pathlib import Path

from actors import Strategy


class Timed(Strategy):
    """Acts each `every` seconds, from the first news of the market on; `turn` counts."""

    every: float = 0.1

    def on_start(self):
        self.turn, self.is_started = 0, False

    def on_quote(self, quote):
        self.quote = quote
        if not self.is_started:
            self.is_started = True
            self.wake_in(self.every)

    def on_timer(self, name):
        self.turn += 1
        self.wake_in(self.every)
        self.act()

    def act(self):
        raise NotImplementedError


class Flipper(Timed):
    """Long, short, long, at market."""

    def act(self):
        self.target(1.0 if self.turn % 2 else -1.0)


class Rester(Timed):
    """Keeps a few orders at the venue that nothing fills, each once amended; the oldest is taken back."""

    most: int = 3

    def on_start(self):
        super().on_start()
        self.resting = []

    def act(self):
        if self.turn % 2:
            self.resting.append(self.buy(1, limit=float(int(self.quote.bid * 0.9))))
        elif self.resting:
            self.amend(self.resting[-1], limit=float(int(self.quote.bid * 0.9) - 1))
        if len(self.resting) > self.most:
            self.cancel(self.resting.pop(0))


class Mixed(Rester):
    """Both ways of trading at once: own orders at market beside those that rest."""

    def act(self):
        super().act()
        (self.buy if self.turn // 2 % 2 else self.sell)(1 + self.turn % 3)


class Holder(Timed):
    """Buys once, and rests one order below the market."""

    def act(self):
        if self.turn == 1:
            self.buy(2)
            self.buy(1, limit=float(int(self.quote.bid * 0.9)))


class Once(Flipper):
    """Does something bad when a file `go` is beside `done`, unless `done` is there, which it writes before."""

    done: str = ""

    def act(self):
        super().act()
        done = Path(self.done)
        if done.with_name("go").exists() and not done.exists():
            done.touch()
            self.fail()

    def fail(self):
        raise NotImplementedError


class Raises(Once):
    """An ordinary mistake."""

    def fail(self):
        raise ZeroDivisionError("a strategy's own mistake")


class Exits(Once):
    """What would end the whole program."""

    def fail(self):
        sys.exit(7)


class Hangs(Once):
    """Comes back only when a file `over` is beside it, or the test is long over."""

    def fail(self):
        until = time.monotonic() + 60
        while not Path(self.done).with_name("over").exists() and time.monotonic() < until:
            time.sleep(0.05)


class Writes(Strategy):
    """Writes down each bar that it hears, one line each, into `file`."""

    file: str = ""
    warmup = 5

    def on_bar(self, bar):
        with Path(self.file).open("a", encoding="utf-8") as lines:
            lines.write(f"{bar.open_ts},{bar.open!r},{bar.high!r},{bar.low!r},{bar.close!r},{bar.volume!r}\n")


class TwoMarkets(Strategy):
    """Notes what it hears of a market that it does not trade."""

    warmup = 5
    flow_period = "100ms"

    def on_start(self):
        self.noted = Counter()

    def on_tick(self, tick):
        self._note("tick", tick)

    def on_quote(self, quote):
        self._note("quote", quote)

    def on_bar(self, bar):
        self._note("bar", bar)

    def on_flow(self, flow):
        self._note("flow", flow)

    def on_stale(self, stale):
        self._note("stale", stale)

    def on_fresh(self, fresh):
        self._note("fresh", fresh)

    def _note(self, word, item):
        self.noted[word] += item.symbol not in self.symbols
        if item.symbol not in self.symbols and (word in {"stale", "fresh"} or self.noted[word] < 4):
            self.mark(word)


class Listens(Strategy):
    """Wants what the last event wants."""

    warmup = 3

    def on_event(self, event):
        self.target(event.get("want"))


class Follows(Strategy):
    """Trades one market on the closes of another, and looks back on both."""

    warmup = 3

    def on_bar(self, bar):
        other = self.history(2, self.hears_first)
        if bar.symbol == self.hears_first and len(other) == 2:
            self.target(1.0 if other[1].close > other[0].close else -1.0, self.symbols[0])

    @property
    def hears_first(self):
        return "XBTUSD.OTHER"


class Forgets(Raises):
    """Counts its turns, from the beginning again after its failure."""

    def act(self):
        super().act()
        self.target(float(self.turn))
