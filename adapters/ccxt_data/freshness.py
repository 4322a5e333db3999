"""Whether a symbol's market can be trusted that is asked for again and again: each answer in time, and not always the
same. What is said of it, once each time it changes.
"""

from typing import Final

from messages import NS_PER_SECOND, MarketFresh, MarketStale, Message, Period, Symbol, UtcNs

PARTS: Final = ("trades", "quotes")
"""Without either of them nothing may be decided."""


class Freshness:
    """One symbol. Stale from the beginning, which everybody assumes: it is not said before it was fresh once.

    `answer_max`: the longest without a good answer, of trades and of quotes each. `quiet_max`: the longest without
    anything new, which on a venue that answers from a stuck copy is the only sign. `was_said`: with a feed before this
    one everybody may believe that it is fresh.
    """

    def __init__(self, symbol: Symbol, *, answer_max: Period, quiet_max: Period, was_said: bool = False) -> None:
        self.symbol = symbol
        self._answer_max, self._quiet_max = answer_max, quiet_max
        self._answered: dict[str, UtcNs | None] = dict.fromkeys(PARTS)
        self._why = dict.fromkeys(PARTS, "not heard yet")
        self._changed: UtcNs | None = None
        self._is_said_fresh = was_said

    def answered(self, part: str, at: UtcNs) -> None:
        """A good answer came."""
        self._answered[part] = at
        self._why[part] = "no answer"

    def failed(self, part: str, why: str) -> None:
        """None came, and why: it counts once the last good one is too old."""
        self._why[part] = why

    def lost(self, part: str, why: str) -> None:
        """Whatever was had of it is not to be trusted."""
        self._answered[part], self._why[part] = None, why

    def changed(self, at: UtcNs) -> None:
        """A trade or a quote was new."""
        self._changed = at

    def troubles(self, at: UtcNs) -> tuple[str, ...]:
        """What stands against it now."""
        found = []
        for part, answered in self._answered.items():
            if answered is None:
                found.append(f"{part}: {self._why[part]}")
            elif at - answered > self._answer_max:
                found.append(f"{part}: none for {(at - answered) // NS_PER_SECOND} s ({self._why[part]})")
        if not found and self._changed is not None and at - self._changed > self._quiet_max:
            found.append(f"silent: nothing new for {(at - self._changed) // NS_PER_SECOND} s")
        return tuple(found)

    def next_deadline(self, at: UtcNs) -> UtcNs | None:
        """When it is stale unless something is heard before; None: it is, or nothing was heard."""
        if self.troubles(at) or self._changed is None:
            return None
        answers = [answered + self._answer_max for answered in self._answered.values() if answered is not None]
        return min([*answers, self._changed + self._quiet_max]) + 1

    def news(self, at: UtcNs) -> tuple[Message, ...]:
        """What has changed since it was said last."""
        troubles = self.troubles(at)
        if self._is_said_fresh == (not troubles):
            return ()
        self._is_said_fresh = not troubles
        if not troubles:
            return (MarketFresh(symbol=self.symbol, ts=at),)
        return (MarketStale(symbol=self.symbol, reason="; ".join(troubles), ts=at),)
