"""Orders in the account that this run does not know: strangers' are named and left alone, ours are cancelled.

Only the account-wide kill touches a stranger's order.
"""

from typing import Final

import attrs

from actors.execution.once import Once
from adapters.bitmex import requests
from adapters.bitmex.courier import Courier, Job, JobKind
from adapters.bitmex.ours import CANCEL_PAUSE
from adapters.bitmex.reports import OrderReport
from messages import Account, ApprovedCancel, ForeignActivity, Message, Symbol, UtcNs

_NAMED_MAX: Final = 10_000


@attrs.define
class _Orphan:
    symbol: Symbol
    due: UtcNs


class Strays:
    """Of one account. Each order is named once."""

    def __init__(self, account: Account, courier: Courier) -> None:
        self._account, self._courier = account, courier
        self._named = Once(_NAMED_MAX)
        self._orphans: dict[str, _Orphan] = {}

    @property
    def client_ids(self) -> tuple[str, ...]:
        """Orders with our name that nobody here approved, and that live."""
        return tuple(self._orphans)

    def report(self, report: OrderReport, at: UtcNs, *, is_ours: bool) -> tuple[Message, ...]:
        """An order that is none of those approved."""
        if report.is_over:
            self._orphans.pop(report.client_id, None)
            return ()
        said: list[Message] = []
        if self._named.first(report.order_id):
            kind, done = ("orphan", "it is cancelled") if is_ours else ("order", "it is left alone")
            text = (
                f"{report.client_id or 'an order without a client id'} ({report.order_id}) of {report.contracts:+d} "
                f"contracts, {report.status}: {done}"
            )
            said.append(ForeignActivity(account=self._account, kind=kind, symbol=report.symbol, text=text, ts=at))
        if is_ours and report.client_id not in self._orphans:
            self._orphans[report.client_id] = _Orphan(report.symbol, at)
            said += self.tick(at)
        return tuple(said)

    def cancelled(self, client_id: str, *, is_known: bool) -> None:
        """A cancel was answered; one that the venue does not know is gone."""
        if not is_known:
            self._orphans.pop(client_id, None)

    def keep(self, open_ids: frozenset[str]) -> None:
        """These are all that are open, of whomever."""
        for client_id in [each for each in self._orphans if each not in open_ids]:
            del self._orphans[client_id]

    def tick(self, at: UtcNs) -> tuple[Message, ...]:
        """Cancels that are due: until it is known to be over."""
        said: list[Message] = []
        for client_id, orphan in self._orphans.items():
            if orphan.due <= at:
                orphan.due = at + CANCEL_PAUSE
                if not self._courier.is_busy(JobKind.CANCEL, client_id):
                    wanted = ApprovedCancel(account=self._account, client_id=client_id, symbol=orphan.symbol, ts=at)
                    said += self._courier.send(requests.cancel(wanted), Job(JobKind.CANCEL, (client_id,)), at)
        return tuple(said)

    def next_due(self) -> UtcNs | None:
        """When `tick` may have something to do."""
        return min([each.due for each in self._orphans.values()], default=None)
