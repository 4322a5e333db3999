"""What can be subscribed to, and how long each may be silent before that means something."""

from collections.abc import Iterable
from typing import Final

import attrs

from adapters.bitmex.market import BIN_PERIODS
from adapters.bitmex.tables import Filter
from messages import NS_PER_SECOND, Period, Symbol

PRIVATE: Final = frozenset({"order", "execution", "position", "margin", "wallet"})
_MARKET: Final = frozenset(
    {"trade", "quote", "orderBookL2", "orderBookL2_25", "orderBook10", "instrument", "funding", "liquidation"}
) | {f"tradeBin{name}" for name in BIN_PERIODS}
_WITHOUT_SYMBOL: Final = frozenset({"margin", "wallet"})
BOOKS: Final = frozenset({"orderBookL2", "orderBookL2_25"})
"""Tables that are kept as a book of levels."""
_SILENCE_S: Final = {"instrument": 60, "quote": 60, "orderBookL2": 60, "orderBookL2_25": 60, "orderBook10": 60}
"""A market that trades changes these far more often. Trades, funding and an account's tables may well be silent for
hours: for them the connection itself is watched, and a lost frame is found by comparing with the venue."""
SILENCE_MIN: Final = 5 * NS_PER_SECOND
"""Less would ask the venue for partials all the time."""


def _known(_instance: "Topic", _attribute: "attrs.Attribute[str]", value: str) -> None:
    if value not in PRIVATE | _MARKET:
        raise ValueError(f"topic {value!r} is not one of {', '.join(sorted(PRIVATE | _MARKET))}")


@attrs.frozen(order=True)
class Topic:
    """One subscription: a table, of one symbol or of all (None)."""

    table: str = attrs.field(validator=_known)
    symbol: Symbol | None = None
    silence: Period | None = attrs.field(
        default=None, eq=False, validator=attrs.validators.optional(attrs.validators.ge(SILENCE_MIN))
    )
    """Without a row for so long it is stale; None: what is usual for the table."""

    def __attrs_post_init__(self) -> None:
        if self.table in _WITHOUT_SYMBOL and self.symbol is not None:
            raise ValueError(f"topic {self.table} has no symbol")

    def __str__(self) -> str:
        return self.table if self.symbol is None else f"{self.table}:{self.symbol}"

    @property
    def is_private(self) -> bool:
        """Whether only an authenticated socket hears it."""
        return self.table in PRIVATE

    @property
    def silence_max(self) -> Period | None:
        """Silence that means something is broken; None: silence means nothing."""
        if self.silence is not None:
            return self.silence
        usual = _SILENCE_S.get(self.table)
        return None if usual is None else usual * NS_PER_SECOND

    def covers(self, filter_: Filter) -> bool:
        """Whether a partial with this filter answers this subscription."""
        return dict(filter_).get("symbol") == self.symbol


def market_topics(
    symbols: Iterable[Symbol],
    books: Iterable[Symbol] = (),
    liquidations: Iterable[Symbol] = (),
    changes: Iterable[Symbol] = (),
    *,
    silence_s: int | None = None,
) -> list[Topic]:
    """What a feed subscribes to. The contract first: it says the grid that prices stand on.

    `changes`: symbols whose book is heard change by change. `silence_s`: of quotes, in place of what is usual.
    """
    silence = None if silence_s is None else silence_s * NS_PER_SECOND
    topics = []
    for symbol in symbols:
        topics += [Topic("instrument", symbol), Topic("trade", symbol), Topic("quote", symbol, silence)]
        topics += [Topic("funding", symbol)]
    more = {"orderBook10": books, "liquidation": liquidations, "orderBookL2_25": changes}
    return topics + [Topic(table, symbol) for table, wanted in more.items() for symbol in wanted]
