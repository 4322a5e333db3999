"""An exchange's candles as pages of bars: a source for `adapters.download`.

Candles are stamped with their beginning. Each page is asked for from where the last one ended, however few came: an
answer with less than was asked for is no end, for exchanges have limits of their own. An interval without trades, which
some exchanges tell of as a candle without volume and others not at all, is no bar.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any, Final

from adapters.ccxt_data.public import ExchangeTrouble, PublicExchange
from adapters.download.page import Page
from adapters.download.wanted import Wanted
from adapters.errors import VenueError
from messages import NS_PER_MILLISECOND, NS_PER_SECOND, Bar, Period, Quarantined, UtcNs, iso_utc

TRIES: Final = 7
"""Of one page: about a minute in all."""
FIRST_TRIES: Final = 3
"""Of the first questions: an address that is wrong should not take long to be told."""
_PAUSE_S: Final = 1.0
_PAUSE_S_MAX: Final = 60.0
_WAIT_S_MAX: Final = 600
"""If the exchange asks for more, nobody waits for it."""
_FIELDS: Final = 6


class Candles:
    """A source of one series of bars; see `adapters.download.page`. InputError for what the exchange does not have."""

    def __init__(
        self,
        exchange: str,
        wanted: Wanted,
        *,
        origin: str | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], UtcNs] = time.time_ns,
    ) -> None:
        assert wanted.period is not None, "candles are bars"
        self.notes: list[str] = []
        self.pages_asked = 0
        self._symbol, self._period = wanted.symbol, wanted.period
        self._sleep, self._clock = sleep, clock
        self._exchange = PublicExchange(exchange, origin=origin)
        self._limit = self._exchange.candles_max
        try:
            self._frame = self._exchange.time_frame(wanted.period // NS_PER_SECOND)
            self._patiently(lambda: self._exchange.check(wanted.symbol), FIRST_TRIES)
            told = self._patiently(self._exchange.time, FIRST_TRIES)
        except BaseException:
            self._exchange.close()
            raise
        self._offset = 0 if told is None else told * NS_PER_MILLISECOND - clock()
        self._latest: UtcNs | None = None
        """When the newest candle begins, asked for only where an answer is empty."""

    @property
    def bridge(self) -> Period:
        """As long as a page."""
        return self._limit * self._period

    def now(self) -> UtcNs:
        """By the exchange's clock where it shows one."""
        return self._clock() + self._offset

    def pages(self, begin: UtcNs, end: UtcNs) -> Iterator[Page]:
        """Everything from `begin` up to and without `end`."""
        at = begin
        while at < end:
            # The library takes some malformed answers for one without rows: such a one is believed the second time.
            rows = self._page(at) or self._page(at)
            begins = [opened for opened, _ in rows]
            if at == begin and begins and begins[0] >= at + self._period:
                self.notes.append(f"{self._exchange.name} tells of nothing before {iso_utc(begins[0])}")
            messages, bad = self._read([row for row in rows if row[0] < end])
            done = begins[-1] + self._period if begins else self._behind_nothing(at, end)
            yield Page(messages=messages, bad=bad, done=min(done, end))
            at = done

    def _behind_nothing(self, at: UtcNs, end: UtcNs) -> UtcNs:
        """Where to go on: nothing follows at all, or nothing within what the exchange looks through for one answer."""
        return end if self._newest() < at else at + self.bridge

    def _page(self, at: UtcNs) -> list[tuple[UtcNs, Any]]:
        """The rows that begin at `at` or later with their beginnings, in order."""
        since = -(-at // NS_PER_MILLISECOND)
        rows = self._patiently(lambda: _ordered(self._exchange.candles(self._symbol, self._frame, since, self._limit)))
        self.pages_asked += 1
        return [row for row in rows if row[0] >= at]

    def _newest(self) -> UtcNs:
        if self._latest is None:
            rows = self._patiently(lambda: _ordered(self._exchange.candles(self._symbol, self._frame, None, 2)))
            self._latest = rows[-1][0] if rows else 0
        return self._latest

    def _patiently(self, ask: Callable[[], Any], tries: int = TRIES) -> Any:
        pause = _PAUSE_S
        for tried in range(1, tries + 1):
            try:
                return ask()
            except ExchangeTrouble as trouble:
                if not trouble.again or tried == tries or trouble.pause_s > _WAIT_S_MAX:
                    wait = f" (wait {trouble.pause_s} s)" if trouble.pause_s else ""
                    times = f" ({tried} times)" if tried > 1 else ""
                    raise VenueError(f"{self._exchange.name}: {trouble}{wait}{times}") from None
                self._sleep(max(pause, trouble.pause_s))
                pause = min(2 * pause, _PAUSE_S_MAX)
        raise AssertionError("unreachable")

    def _read(self, rows: list[tuple[UtcNs, Any]]) -> tuple[tuple[Bar, ...], tuple[Quarantined, ...]]:
        bars: list[Bar] = []
        bad: list[Quarantined] = []
        for opened, row in rows:
            closes = opened + self._period
            try:
                open_, high, low, close, volume = map(_number, row[1:_FIELDS])
                if volume:
                    bars.append(
                        Bar(
                            symbol=self._symbol, period=self._period, open_ts=opened, close_ts=closes, received=closes,
                            open=open_, high=high, low=low, close=close, volume=volume,
                        )
                    )  # fmt: skip
            except (TypeError, ValueError) as error:
                text = f"candle at {iso_utc(opened)}: {error}"
                bad.append(Quarantined(symbol=self._symbol, received=closes, reason="malformed", text=text))
        return tuple(bars), tuple(bad)

    def close(self) -> None:
        """Close its connections."""
        self._exchange.close()


def _ordered(rows: list[Any]) -> list[tuple[UtcNs, Any]]:
    """Each row with when it begins, in order. ExchangeTrouble when a row cannot be placed, or two begin at once."""
    found = []
    for row in rows:
        if not isinstance(row, list) or len(row) < _FIELDS or type(row[0]) is not int:
            raise ExchangeTrouble(f"malformed answer: a candle is {row!r:.60}", again=True)
        found.append((row[0] * NS_PER_MILLISECOND, row))
    found.sort(key=lambda each: each[0])
    if len({opened for opened, _ in found}) != len(found):
        raise ExchangeTrouble("malformed answer: two candles begin at one time", again=True)
    return found


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{value!r} is no number")
    return float(value)
