"""The day's opening equities, and what a day may lose. A day begins at its first mark, however late that comes."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from messages import MINOR_DIGITS, NS_PER_DAY, Minor, UtcNs

DAILY_LOSS: Final = "daily loss of "
"""How the guard's reason begins when a lost day led to a state: the next day may take that back."""
NEW_DAY: Final = "a new day after a daily loss"
"""The guard's reason when it has."""
Opening = tuple[str, int, Minor]
"""(currency, day, equity at the day's first mark)."""


def day_of(ts: UtcNs, day_starts_ns: int) -> int:
    """The number of the trading day that `ts` belongs to."""
    return (ts - day_starts_ns) // NS_PER_DAY


def floor_of(opening: Minor, loss_max: float) -> float:
    """The equity, in minor units, below which more is lost than the fraction `loss_max` of a day's opening equity."""
    return opening - abs(opening) * loss_max


def loss_in_words(currency: str, opening: Minor, now: Minor, loss_max: float) -> str:
    """What was lost, from what to what, and what might have been, in units of the currency."""
    limit = round(abs(opening) * loss_max)
    return (
        f"{DAILY_LOSS}{_written(opening - now, currency)}: the day opened with {_written(opening, currency)}, "
        f"now {_written(now, currency)}; the limit is {_written(limit, currency)}, {loss_max * 100:g} %"
    )


def _written(minor: Minor, currency: str) -> str:
    return f"{Decimal(minor).scaleb(-MINOR_DIGITS.get(currency, 2)):,f} {currency}"


class OpeningEquities:
    """By currency: the equity that the current day opened with, and the floor under it."""

    def __init__(self, loss_max: float, day_starts_ns: int, left: Iterable[Opening] = ()) -> None:
        self._loss_max = loss_max
        self._day_starts_ns = day_starts_ns
        self._of: dict[str, tuple[int, Minor, float]] = {}
        self.today: int | None = None
        """The latest day that a mark of any currency belongs to."""
        for currency, day, equity in left:
            self._open(currency, day, equity)

    def all(self) -> tuple[Opening, ...]:
        """What there is, in order."""
        return tuple([(currency, day, equity) for currency, (day, equity, _) in sorted(self._of.items())])

    def hear(self, currency: str, ts: UtcNs, equity: Minor) -> tuple[bool, str | None]:
        """(whether a day begins with this mark, what was lost too much, in words). An older day's mark says nothing."""
        day = day_of(ts, self._day_starts_ns)
        today = self.today
        known = self._of.get(currency)
        if day == today and known is not None and known[0] == day:
            if equity >= known[2]:
                return _NOTHING
            return False, loss_in_words(currency, known[1], equity, self._loss_max)
        if today is not None and day < today:
            return _NOTHING
        self._open(currency, day, equity)
        return day != today, None

    def _open(self, currency: str, day: int, equity: Minor) -> None:
        self._of[currency] = (day, equity, floor_of(equity, self._loss_max))
        self.today = day if self.today is None else max(day, self.today)


_NOTHING = (False, None)
