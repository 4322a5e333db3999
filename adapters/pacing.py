"""`--speed`: a replay waits for the wall's time, and shows on the way what a live run would show.

What is shown is folded from what the run has recorded, beside it: watching changes nothing.
"""

import sys
import time
from collections.abc import Callable, Mapping
from shutil import get_terminal_size
from typing import Any, Final

from actors.money.values import Arithmetic
from actors.recorder import Record
from messages import (
    Account,
    Bar,
    BarOpen,
    Fill,
    FundingPaid,
    Instrument,
    Lots,
    Message,
    Minor,
    Quote,
    Symbol,
    Tick,
    TickBlock,
    UtcNs,
    iso_utc,
)

_LOOK_S: Final = 0.05
"""A stop is noticed so soon while it waits."""
_SHOW_S: Final = 0.2


class Pace:
    """Lets a replay go on at so many times the speed of what it plays. `stopped()`: it is not to wait any more."""

    def __init__(self, speed: float, *, stopped: Callable[[], bool]) -> None:
        self._speed = speed
        self._stopped = stopped
        self.show: StandingLine | None = None
        """Where the run stands is shown on it."""
        self._began: tuple[UtcNs, float] | None = None
        self.prices: dict[Symbol, float] = {}
        """The last of each symbol."""

    def wait(self, at: UtcNs) -> None:
        """Until so much wall time has passed since the first call as the data took, divided by the speed."""
        first, started = self._began = self._began or (at, time.monotonic())
        due = started + (at - first) / 1e9 / self._speed
        while (left := due - time.monotonic()) > 0 and not self._stopped():
            if self.show is not None:
                self.show(at - int(left * 1e9 * self._speed))
            time.sleep(min(left, _LOOK_S))
        if self.show is not None:
            self.show(at)

    def close(self) -> None:
        """Nothing is left on the screen."""
        if self.show is not None:
            self.show.close()

    def saw(self, message: Message) -> None:
        """Keep the last price."""
        if isinstance(message, Tick | BarOpen):
            self.prices[message.symbol] = message.price
        elif isinstance(message, Bar):
            self.prices[message.symbol] = message.close
        elif isinstance(message, TickBlock):
            self.prices[message.symbol] = message.prices[-1]
        elif isinstance(message, Quote):
            self.prices[message.symbol] = (message.bid + message.ask) / 2


class Standing:
    """Equity, positions and fills of the accounts so far, folded from a run's record as it grows."""

    def __init__(
        self,
        record: Record,
        instruments: Mapping[Symbol, Instrument],
        cash: Mapping[Account, Mapping[str, Minor]],
        prices: Mapping[Symbol, float],
    ) -> None:
        self._record = record
        self._arithmetic = {symbol: Arithmetic(instrument) for symbol, instrument in instruments.items()}
        self._prices = prices
        self._cash = {account: dict(own) for account, own in cash.items()}
        """What equity would be with all positions worth nothing."""
        self._lots: dict[Account, dict[Symbol, Lots]] = {account: {} for account in cash}
        self._folded = 0
        self.fills = 0

    def fold(self) -> None:
        """Take in what has been booked since."""
        booked = self._record.booked
        for each in booked[self._folded :]:
            if isinstance(each, Fill):
                self.fills += 1
                self._add(each.account, each.currency, -each.value_minor - each.fee_minor)
                lots = self._lots.setdefault(each.account, {})
                lots[each.symbol] = lots.get(each.symbol, 0) + each.lots
            elif isinstance(each, FundingPaid):
                self._add(each.account, each.currency, each.amount_minor)
        self._folded = len(booked)

    def equity_minor(self, account: Account) -> dict[str, Minor]:
        """By currency, at the last prices."""
        equity = dict(self._cash.get(account, {}))
        for symbol, lots in self._lots.get(account, {}).items():
            price = self._prices.get(symbol)
            if lots and price is not None:
                arithmetic = self._arithmetic[symbol]
                currency = arithmetic.instrument.currency
                equity[currency] = equity.get(currency, 0) + arithmetic.value_minor(lots, price)
        return equity

    def line(self, now: UtcNs) -> str:
        """One line: time, equity, what is held, how many fills."""
        self.fold()
        digits = {each.instrument.currency: each.instrument.minor_digits for each in self._arithmetic.values()}
        parts = [iso_utc(now - now % 10**9).replace("T", " ").removesuffix("Z")]
        for account in sorted(self._cash):
            equity = [
                f"{minor / 10 ** digits[currency]:,.{digits[currency]}f} {currency}"
                for currency, minor in self.equity_minor(account).items()
                if currency in digits
            ]
            held = [f"{lots:+,} {symbol}" for symbol, lots in sorted(self._lots.get(account, {}).items()) if lots]
            name = f"{account}: " if len(self._cash) > 1 else ""
            parts.append(f"{name}{', '.join(equity)}  {', '.join(held) or 'flat'}")
        return "  ".join([*parts, f"{self.fills:,} fills"])

    def _add(self, account: Account, currency: str, minor: Minor) -> None:
        cash = self._cash.setdefault(account, {})
        cash[currency] = cash.get(currency, 0) + minor


class StandingLine:
    """The line on a terminal, written over itself."""

    def __init__(self, standing: Standing, stream: Any = None) -> None:
        self._standing = standing
        self._stream = stream or sys.stderr
        self._next = 0.0
        self._width = 0

    def __call__(self, now: UtcNs) -> None:
        """Show where the run is, at most five times a second."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _SHOW_S
        # A line that went on below itself could not be written over.
        line = self._standing.line(now)[: get_terminal_size().columns - 1]
        self._stream.write("\r" + line.ljust(self._width))
        self._stream.flush()
        self._width = len(line)

    def close(self) -> None:
        """Take the line away."""
        if self._width:
            self._stream.write("\r" + " " * self._width + "\r")
            self._stream.flush()
