"""Whether a symbol's market can be trusted: what stands against it, each trouble by its own name, and what was said."""

from typing import Final

from messages import NS_PER_SECOND, MarketFresh, MarketStale, Message, Period, Symbol, UtcNs

LAG_MAX: Final[Period] = 3 * NS_PER_SECOND
LAG_ITEMS: Final = 5
"""So many in a row: one late item is not yet a late market."""
BEHIND_MAX: Final[Period] = 55 * NS_PER_SECOND
"""The tick filter sets aside what is 60 s ahead of our clock, and without a market nothing is decided."""
_LAG: Final = "lag"
_CLOCK: Final = "clock"
_NEEDED: Final = ("trade", "quote")
"""Tables without which nothing may be decided."""


class MarketWatch:
    """One symbol. Stale from the beginning, which everybody assumes: it is not said before it was fresh once.

    `was_said`: with a feed before this one everybody may believe that it is fresh.
    """

    def __init__(self, symbol: Symbol, *, was_said: bool = False) -> None:
        self.symbol = symbol
        self._troubles = {table: f"{table}: not live yet" for table in _NEEDED}
        self._is_said_fresh = was_said
        self._late_items = 0
        self._is_to_be_told = False
        """Something new stands against it that only a person can put right: it is said of what was never fresh, too."""

    def lost(self, table: str, why: str) -> None:
        """A subscription cannot be trusted any more."""
        if table in _NEEDED:
            self._troubles[table] = f"{table}: {why}"

    def live(self, table: str) -> None:
        """A subscription is complete from now on; of quotes the first one is still awaited."""
        if table == "quote":
            self._troubles["first quote"] = "no quote yet"
        self._troubles.pop(table, None)

    def line_down(self, why: str) -> None:
        """Nothing is heard at all."""
        for table in _NEEDED:
            self.lost(table, why)
        self._late_items = 0
        self._troubles.pop(_LAG, None)

    def filling(self, is_filling: bool) -> None:  # noqa: FBT001 - what it is called with is what it says
        """Whether trades that were missed are still to come."""
        if is_filling:
            self._troubles["gap"] = "trades that were missed are still to come"
        elif self._troubles:
            self._troubles.pop("gap", None)

    def state(self, state: str) -> None:
        """What the venue says of the contract."""
        if state == "Open":
            self._troubles.pop("state", None)
        else:
            self._troubles["state"] = f"contract is {state}"

    def quoted(self) -> None:
        """A quote was heard."""
        self._troubles.pop("first quote", None)

    def lag(self, lag: Period) -> None:
        """How old a live item was when it was received, by the venue's clock."""
        if lag <= LAG_MAX:
            if self._late_items:
                self._late_items = 0
                self._troubles.pop(_LAG, None)
            return
        self._late_items += 1
        if self._late_items >= LAG_ITEMS:
            self._troubles[_LAG] = f"lag {lag / NS_PER_SECOND:.1f} s"

    def clock(self, behind: Period) -> None:
        """How far our clock is behind the venue's, as far as is known."""
        if behind <= BEHIND_MAX:
            if _CLOCK in self._troubles:
                del self._troubles[_CLOCK]
        elif _CLOCK not in self._troubles:
            told = f"our clock is {behind / NS_PER_SECOND:.0f} s behind the venue's: set it right, and start again"
            self._troubles[_CLOCK] = told
            self._is_to_be_told = True

    @property
    def is_fresh(self) -> bool:
        """Nothing stands against it."""
        return not self._troubles

    def news(self, at: UtcNs) -> tuple[Message, ...]:
        """What has changed since it was said last."""
        if self.is_fresh == self._is_said_fresh and not self._is_to_be_told:
            return ()
        self._is_to_be_told = False
        self._is_said_fresh = self.is_fresh
        if self.is_fresh:
            return (MarketFresh(symbol=self.symbol, ts=at),)
        return (MarketStale(symbol=self.symbol, reason="; ".join(self._troubles.values()), ts=at),)
