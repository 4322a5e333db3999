"""What is heard twice counts once."""

KEPT = 200_000
"""So many ids back a repetition is recognised: far more than any venue repeats after a reconnect."""


class Once:
    """Remembers ids, the last `kept` of them."""

    __slots__ = ("_kept", "_seen")

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._seen: dict[str, None] = {}

    def first(self, name: str) -> bool:
        """True when this id is heard for the first time."""
        seen = self._seen
        if name in seen:
            return False
        seen[name] = None
        if len(seen) > self._kept:
            del seen[next(iter(seen))]
        return True
