"""What the venue says of orders, and what is done about orders that must go or that nobody knows of.

What is said of an order comes by two ways, answers and stream, and both end in `report`.
"""

from collections.abc import Mapping

from adapters.bitmex import requests
from adapters.bitmex.courier import Courier, Job, JobKind
from adapters.bitmex.fields import Row
from adapters.bitmex.look_ups import LookUps
from adapters.bitmex.ours import CANCEL_PAUSE, OurOrder, OurOrders, Stage
from adapters.bitmex.private import order_report
from adapters.bitmex.queries import orders_named
from adapters.bitmex.reports import OrderReport
from adapters.bitmex.strays import Strays
from messages import (
    Account,
    ApprovedCancel,
    CancelRejected,
    ForeignActivity,
    Instrument,
    Message,
    Symbol,
    UtcNs,
)


class OrderReports:
    """One account's orders. Every method gives what is to be said; `tick` must be called when `next_due` is over."""

    def __init__(
        self, account: Account, instruments: Mapping[Symbol, Instrument], prefix: str, courier: Courier
    ) -> None:
        self.orders = OurOrders(prefix)
        self.searches = LookUps()
        self.strays = Strays(account, courier)
        self._account, self._instruments, self._courier = account, instruments, courier

    # What the venue says.

    def report(self, report: OrderReport, at: UtcNs) -> tuple[Message, ...]:
        """An order as the venue has it: ours, or a stranger's."""
        ours = self.orders.get(report.client_id)
        if ours is None:
            return self.strays.report(report, at, is_ours=self.orders.are_ours(report.client_id))
        was_rejected, was_doomed = ours.stage is Stage.REJECTED, ours.doomed
        first = ours.report is None
        said: list[Message] = list(ours.take(report, at))
        self.orders.note(ours)
        if ours.amending is None:
            self.searches.done(report.client_id)
        if ours.stage is Stage.LIVE and not report.is_over:
            if not was_doomed and (was_rejected or ours.is_altered()):
                ours.doomed = True
                kind = "orphan" if was_rejected else "order"
                why = "it was given up as unknown" if was_rejected else f"not as approved: {report.contracts} contracts"
                said.append(self._named_activity(ours, kind, f"{why}; it is cancelled", at))
            elif was_doomed and first:
                said.append(self._named_activity(ours, "orphan", "an order that was to be gone; it is cancelled", at))
            said += self._cancel_doomed(ours, at)
        return tuple(said)

    def row(self, row: Row, at: UtcNs) -> tuple[Message, ...]:
        """The same, of a row that was not read yet. FieldError where it cannot be."""
        symbol = row.get("symbol")
        return self.report(order_report(row, self._instruments.get(symbol) if isinstance(symbol, str) else None), at)

    def listed(self, open_ids: frozenset[str], asked: tuple[str, ...], found: frozenset[str], at: UtcNs) -> None:
        """What a read of the venue saw: all open orders, and those `found` of the ones `asked` for by name."""
        self.strays.keep(open_ids)
        for client_id in asked:
            if client_id in found:
                continue
            ours = self.orders.get(client_id)
            if ours is not None and ours.stage is Stage.LIVE:
                self.searches.begin(client_id, at, at, to_cancel=True)

    # Time.

    def tick(self, at: UtcNs) -> tuple[Message, ...]:
        """Look-ups and cancels that are due."""
        said: list[Message] = []
        wanted = self.searches.due(at)
        if wanted:
            said += self._courier.send(orders_named(wanted), Job(JobKind.LOOK_UP, wanted), at)
        for client_id in self.searches.to_cancel(at):
            ours = self.orders.get(client_id)
            if ours is None:
                self.searches.done(client_id)
            elif not self._courier.is_busy(JobKind.CANCEL, client_id):
                said += self._send_cancel(ours, at)
        for ours in self.orders.unsettled():
            said += self._cancel_doomed(ours, at)
        return (*said, *self.strays.tick(at))

    def next_due(self) -> UtcNs | None:
        """When `tick` may have something to do."""
        times = [each.cancel_at for each in self.orders.unsettled() if each.doomed and each.stage is Stage.LIVE]
        times += [each for each in (self.searches.next_due(), self.strays.next_due()) if each is not None]
        return min(times, default=None)

    @property
    def unsettled(self) -> tuple[str, ...]:
        """Client ids of orders whose end is not known, in order of their approval."""
        return (*self.orders.unsettled_ids, *self.strays.client_ids)

    @property
    def must_go(self) -> bool:
        """Whether something still lives that this run did not want alive."""
        return bool(self.strays.client_ids) or any(
            each.doomed and each.stage is Stage.LIVE for each in self.orders.unsettled()
        )

    # Inside.

    def _cancel_doomed(self, ours: OurOrder, at: UtcNs) -> tuple[Message, ...]:
        if not ours.doomed or ours.stage is not Stage.LIVE or ours.cancel_at > at:
            return ()
        ours.cancel_at = at + CANCEL_PAUSE
        if self._courier.is_busy(JobKind.CANCEL, ours.order.client_id):
            return ()
        return self._send_cancel(ours, at)

    def _send_cancel(self, ours: OurOrder, at: UtcNs) -> tuple[Message, ...]:
        order = ours.order
        wanted = ApprovedCancel(account=self._account, client_id=order.client_id, symbol=order.symbol, ts=at)
        return self._courier.send(requests.cancel(wanted), Job(JobKind.CANCEL, (order.client_id,)), at)

    def _not_cancelled(self, client_id: str, symbol: Symbol, reason: str, at: UtcNs) -> CancelRejected:
        return CancelRejected(account=self._account, client_id=client_id, symbol=symbol, reason=reason, ts=at)

    def _named_activity(self, ours: OurOrder, kind: str, text: str, at: UtcNs) -> ForeignActivity:
        said = f"{ours.order.client_id}: {text}"
        return ForeignActivity(account=self._account, kind=kind, symbol=ours.order.symbol, text=said, ts=at)
