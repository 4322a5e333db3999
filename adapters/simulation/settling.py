"""What is not settled yet, as the process knows it: orders whose answer is still to come, or was lost."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from messages import (
    AmendRejected,
    ApprovedAmend,
    ApprovedCancel,
    ApprovedOrder,
    CancelRejected,
    Envelope,
    OrderAccepted,
    OrderAmended,
    OrderEnded,
    OrderRejected,
    OrderUnknown,
    VenueRead,
)


class Settling:
    """One life's. Told of every message."""

    def __init__(self) -> None:
        self._asked: dict[str, None] = {}
        """Client ids of orders of which an answer is still to come."""
        self._unknown: dict[str, None] = {}
        """Those of which the answer was lost."""
        self._works: dict[str, None] = {}

    @property
    def doubtful(self) -> list[str]:
        """Client ids of orders of which nobody knows enough."""
        return [*self._asked, *self._unknown]

    @property
    def working(self) -> list[str]:
        """Those that are believed to work, in order of their names."""
        return sorted(self._works)

    def said(self, envelope: Envelope) -> None:
        """A message."""
        heard = _HEARD.get(envelope.message.__class__)
        if heard is not None:
            heard(self, envelope.message)

    def _ask(self, message: ApprovedOrder | ApprovedAmend) -> None:
        self._asked[message.order.client_id] = None

    def _cancel(self, message: ApprovedCancel) -> None:
        self._asked[message.client_id] = None

    def _lose(self, message: OrderUnknown) -> None:
        self._unknown[message.order.client_id] = None

    def _live(self, message: OrderAccepted | OrderAmended) -> None:
        self._asked.pop(message.order.client_id, None)
        self._unknown.pop(message.order.client_id, None)
        self._works[message.order.client_id] = None

    def _as_before(self, message: AmendRejected) -> None:
        self._asked.pop(message.order.client_id, None)

    def _not_cancelled(self, message: CancelRejected) -> None:
        self._asked.pop(message.client_id, None)

    def _end(self, message: OrderRejected | OrderEnded) -> None:
        self._asked.pop(message.order.client_id, None)
        self._unknown.pop(message.order.client_id, None)
        self._works.pop(message.order.client_id, None)

    def _read(self, message: VenueRead) -> None:
        for client_id in message.unsettled:
            if client_id not in self._works:
                self._unknown[client_id] = None


_HEARD: Final[Mapping[type[Any], Callable[[Settling, Any], None]]] = {
    ApprovedOrder: Settling._ask,
    ApprovedAmend: Settling._ask,
    ApprovedCancel: Settling._cancel,
    OrderUnknown: Settling._lose,
    OrderAccepted: Settling._live,
    OrderAmended: Settling._live,
    AmendRejected: Settling._as_before,
    CancelRejected: Settling._not_cancelled,
    OrderRejected: Settling._end,
    OrderEnded: Settling._end,
    VenueRead: Settling._read,
}
