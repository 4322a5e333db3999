"""What is heard twice counts once."""

from collections import deque

KEPT = 200_000
"""So many ids back a repetition is recognised: far more than any venue repeats after a reconnect."""


class Once:
    """Remembers ids, the last `kept` of them."""

    __slots__ = ("_in_order", "_kept", "_seen")

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._seen: set[str] = set()
        # Not one dict: looking for its first key passes over every key that was deleted before.
        self._in_order: deque[str] = deque()

    def __contains__(self, name: str) -> bool:
        """Whether this id was heard, and is still remembered."""
        return name in self._seen

    def first(self, name: str) -> bool:
        """True when this id is heard for the first time."""
        seen = self._seen
        if name in seen:
            return False
        seen.add(name)
        self._in_order.append(name)
        if len(seen) > self._kept:
            seen.discard(self._in_order.popleft())
        return True
