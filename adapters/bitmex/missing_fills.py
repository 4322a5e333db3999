"""Orders that are over and of which fewer fills were told than the venue says were made: a frame was lost.

The stream is healthy then, and nothing else would be noticed before the next comparison on the timer.
"""

from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from messages import NS_PER_SECOND, Fill, Lots, Message, OrderEnded, OrderRejected, Period, StrategyId, UtcNs

WAIT: Final[Period] = NS_PER_SECOND
"""Fills and the end of an order are different streams, and come in any order within this time."""
AGAIN: Final[Period] = 10 * NS_PER_SECOND
TRIES: Final = 3
"""After these the comparison on the timer has to find it."""
OVER_MAX: Final = 10_000
"""Orders that are over whose fills are remembered: an end may be said again, to a cancel that came too late."""


@attrs.define
class _Lack:
    filled: Lots
    due: UtcNs
    tries: int = 0


class MissingFills:
    """`filled`: lots that earlier lives were told of, by client id and strategy."""

    def __init__(self, filled: Mapping[tuple[str, StrategyId], Lots] | None = None) -> None:
        self._told: dict[str, Lots] = {}
        for (client_id, _), lots in (filled or {}).items():
            self._told[client_id] = self._told.get(client_id, 0) + lots
        self._lacks: dict[str, _Lack] = {}
        self._over: dict[str, None] = {}

    def hear(self, said: Iterable[Message], at: UtcNs) -> None:
        """What the gateway says of orders."""
        for message in said:
            if isinstance(message, Fill):
                told = self._told[message.client_id] = self._told.get(message.client_id, 0) + message.lots
                lack = self._lacks.get(message.client_id)
                if lack is not None and abs(told) >= abs(lack.filled):
                    del self._lacks[message.client_id]
            elif isinstance(message, OrderEnded):
                name, filled = message.order.client_id, message.lots_filled
                if abs(self._told.get(name, 0)) < abs(filled):
                    self._lacks[name] = _Lack(filled, at + WAIT)
                self._is_over(name)
            elif isinstance(message, OrderRejected):
                self._forget(message.order.client_id)

    def overdue(self, at: UtcNs) -> str:
        """Whose fills should have been told by now, in words; "" when nobody's are."""
        late = [name for name, lack in self._lacks.items() if lack.due <= at]
        for name in late:
            lack = self._lacks[name]
            lack.due, lack.tries = at + AGAIN, lack.tries + 1
            if lack.tries >= TRIES:
                del self._lacks[name]
        return f"fills of {', '.join(late)} were not told" if late else ""

    def next_due(self) -> UtcNs | None:
        """When `overdue` may have something to say."""
        return min([lack.due for lack in self._lacks.values()], default=None)

    def _is_over(self, client_id: str) -> None:
        self._over[client_id] = None
        if len(self._over) > OVER_MAX:
            self._forget(next(iter(self._over)))

    def _forget(self, client_id: str) -> None:
        for memory in (self._told, self._lacks, self._over):
            memory.pop(client_id, None)
