"""All orders of an account as they are heard beside the stream, and their names. What is kept is bounded.

An order whose end is known is remembered for a while, for fills that come late. Of numbers below those that are
forgotten, and of earlier lives', nothing can be told: such an order is UNSURE.
"""

import re
from collections import OrderedDict
from typing import Final

from actors.auditing.order import SeenOrder
from actors.auditing.states import Seen

OVER_MAX: Final = 10_000
"""So many orders whose end is known are remembered."""
LIVE_MAX: Final = 50_000
"""More orders than this are never alive at a time: a cap that must not be reached (I9)."""
_SETTLED: Final = (Seen.OVER, Seen.REFUSED, Seen.REJECTED)


class Orders:
    """One account's, by client id."""

    def __init__(self, pattern: re.Pattern[str], known_to: int) -> None:
        self.live: dict[str, SeenOrder] = {}
        self._settled: OrderedDict[str, SeenOrder] = OrderedDict()
        self._pattern = pattern
        self._forgotten = known_to
        """Orders numbered up to this may have been, and are not known."""
        self._highest = known_to

    def get(self, client_id: str) -> SeenOrder | None:
        """One that is known."""
        return self.live.get(client_id) or self._settled.get(client_id)

    def find(self, client_id: str) -> SeenOrder:
        """One that is known, or begins with this; or that is too old to be known."""
        known = self.get(client_id)
        if known is not None:
            return known
        number = self.number(client_id)
        is_old = number is not None and number <= self._forgotten
        self._highest = max(self._highest, number or 0)
        return SeenOrder(client_id, Seen.UNSURE if is_old else Seen.NEW)

    def keep(self, order: SeenOrder) -> None:
        """As it is now: alive, or for a while."""
        name = order.client_id
        if order.state is Seen.NEW or (order.state is Seen.UNSURE and name not in self.live):
            return
        if order.state not in _SETTLED:
            self._settled.pop(name, None)
            self.live[name] = order
            return
        self.live.pop(name, None)
        self._settled[name] = order
        if len(self._settled) > OVER_MAX:
            forgotten, _ = self._settled.popitem(last=False)
            self._forgotten = max(self._forgotten, self.number(forgotten) or 0)

    def number(self, client_id: str) -> int | None:
        """The intent's, of a name of this run; None of any other name."""
        found = self._pattern.fullmatch(client_id)
        return None if found is None else int(found[1])

    def doubt(self) -> None:
        """A word may have been missed: of what is known now anything may be true, the next order that begins too."""
        self._forgotten = self._highest + 1
        for order in (*self.live.values(), *self._settled.values()):
            if order.state is not Seen.OVER:
                order.state, order.waited = Seen.UNSURE, 0
                order.is_doubted, order.posted, order.ways = True, False, []
