"""Orders of which nobody knows what became of a request: asked for by their client ids until it is found out.

Found: that is it. Not found says nothing for a while, for the request may still be under way. Beyond the horizon the
order is cancelled by its id, whatever it is; once that was answered and it was not found two more times, it is gone.
"""

from collections.abc import Sequence
from typing import Final

import attrs

from messages import NS_PER_SECOND, UtcNs

HORIZON: Final = 60 * NS_PER_SECOND
"""No request is under way for longer."""
ABSENCES: Final = 2
BATCH: Final = 50
"""Ids in one question: its address stays far below what servers take."""
_PAUSES: Final = tuple(pause * NS_PER_SECOND // 2 for pause in (1, 2, 4, 10))


@attrs.define
class _Search:
    since: UtcNs
    due: UtcNs
    to_cancel: bool
    tries: int = 0
    absences: int = 0
    asked: bool = False
    cancelled: bool = False


class LookUps:
    """The searches of an account. What is asked counts as asked until `absent`, `unanswered` or `done` is said."""

    def __init__(self) -> None:
        self._searches: dict[str, _Search] = {}

    def begin(self, client_id: str, since: UtcNs, at: UtcNs, *, to_cancel: bool) -> None:
        """The request that may or may not have done something was sent at `since`. Looked up soon; once at a time.

        `to_cancel`: the order itself is in doubt, and is cancelled beyond the horizon. One that is known to live, of
        which only a change is in doubt, is not.
        """
        if client_id not in self._searches:
            self._searches[client_id] = _Search(since, at + _PAUSES[0], to_cancel)

    def done(self, client_id: str) -> None:
        """It is known."""
        self._searches.pop(client_id, None)

    def __contains__(self, client_id: str) -> bool:
        return client_id in self._searches

    def due(self, at: UtcNs) -> tuple[str, ...]:
        """What to look up now, in one question."""
        return self._ask(at, cancels=False)

    def to_cancel(self, at: UtcNs) -> tuple[str, ...]:
        """What to cancel now, seen or not: it is beyond the horizon."""
        return self._ask(at, cancels=True)

    def _ask(self, at: UtcNs, *, cancels: bool) -> tuple[str, ...]:
        found = [
            client_id
            for client_id, search in self._searches.items()
            if search.due <= at and not search.asked and self._wants_cancel(search, at) is cancels
        ][:BATCH]
        for client_id in found:
            self._searches[client_id].asked = True
        return tuple(found)

    def _wants_cancel(self, search: _Search, at: UtcNs) -> bool:
        return search.to_cancel and not search.cancelled and at >= search.since + HORIZON

    def cancelled(self, client_id: str, at: UtcNs) -> None:
        """The venue has answered a cancel of it, whatever it said: what comes later finds that."""
        search = self._searches.get(client_id)
        if search is not None:
            # An answer within the horizon does not hold for a request that comes after it.
            search.cancelled = search.cancelled or at >= search.since + HORIZON
            self._again(search, at)

    def absent(self, client_id: str, at: UtcNs) -> bool:
        """The venue does not have it, or not what was asked of it. True: for good."""
        search = self._searches.get(client_id)
        if search is None:
            return False
        return self._count(search, at)

    def unanswered(self, client_ids: Sequence[str], at: UtcNs) -> None:
        """The question came to nothing."""
        for client_id in client_ids:
            search = self._searches.get(client_id)
            if search is not None:
                self._again(search, at)

    def hurry(self, at: UtcNs) -> None:
        """Whoever had these questions asked is gone: ask all of them again."""
        for search in self._searches.values():
            search.asked, search.due = False, at

    def next_due(self) -> UtcNs | None:
        """When `due` or `to_cancel` may have something to say."""
        return min([each.due for each in self._searches.values() if not each.asked], default=None)

    def _count(self, search: _Search, at: UtcNs) -> bool:
        self._again(search, at)
        if search.cancelled or (not search.to_cancel and at >= search.since + HORIZON):
            search.absences += 1
        return search.absences >= ABSENCES

    def _again(self, search: _Search, at: UtcNs) -> None:
        search.asked = False
        search.tries += 1
        search.due = at + _PAUSES[min(search.tries, len(_PAUSES) - 1)]
