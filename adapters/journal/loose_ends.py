"""Orders of earlier lives of which not all is known: their end, or a fill that it tells of."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from adapters.journal.accounts import PastAccount
from adapters.journal.orders import Journalled
from adapters.journal.reading import TraceReader
from adapters.journal.store import JournalError
from messages import Account, ApprovedAmend, ApprovedOrder, Lots, Order, OrderRejected, StrategyId, UtcNs

_DUPLICATE = "duplicate-client-id"


class JournalledOrders(Mapping[str, Order]):
    """Every order that ever passed, by client id, as it was last approved. Decoded when it is asked for."""

    def __init__(self, rows: Iterable[Journalled]) -> None:
        self._rows: dict[str, Journalled] = {}
        for row in rows:
            if row.message in ("ApprovedOrder", "ApprovedAmend"):
                self._rows[row.client_id] = row

    def __getitem__(self, client_id: str) -> Order:
        message = self._rows[client_id].decoded()
        if not isinstance(message, ApprovedOrder | ApprovedAmend):
            raise JournalError(f"the journal's row {self._rows[client_id].seq} is no order")
        return message.order

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


def filled_of(account: PastAccount) -> dict[str, dict[StrategyId, Lots]]:
    """What is known to be filled, by client id and strategy."""
    filled: dict[str, dict[StrategyId, Lots]] = {}
    for fill in account.from_venue:
        parts = filled.setdefault(fill.client_id, {})
        for part in fill.parts:
            parts[part.strategy] = parts.get(part.strategy, 0) + part.lots
    return filled


def loose_ends(
    reader: TraceReader, before: int, accounts: Mapping[Account, PastAccount], orders: Mapping[str, Order]
) -> dict[Account, dict[str, Order]]:
    """By account and client id: the orders to be found out about, as they were last to be."""
    over = _rejected(reader, before, orders)
    filled: dict[str, Lots] = {}
    for account in accounts.values():
        filled.update({client_id: sum(parts.values()) for client_id, parts in filled_of(account).items()})
    over |= {
        client_id
        for client_id, lots in reader.lots_filled_at_end(before_life=before)
        if abs(filled.get(client_id, 0)) >= abs(lots)
    }
    found: dict[Account, dict[str, Order]] = defaultdict(dict)
    for client_id in orders:
        if client_id not in over:
            order = orders[client_id]
            found[order.account][client_id] = order
    return found


def filled_since(
    account: PastAccount, since: UtcNs, orders: Mapping[str, Order], loose: Mapping[str, Order]
) -> dict[str, Order]:
    """Orders with a fill of that time or later of which all is known: they are in `orders`, and not in `loose`."""
    names = dict.fromkeys(fill.client_id for fill in account.from_venue if fill.ts >= since)
    return {name: orders[name] for name in names if name in orders and name not in loose}


def _rejected(reader: TraceReader, before: int, orders: Mapping[str, Order]) -> set[str]:
    """Orders that the venue does not have. One that was sent again after its rejection may be there."""
    over: set[str] = set()
    for fact in reader.facts([OrderRejected], before_life=before):
        rejected = fact.envelope.message
        assert isinstance(rejected, OrderRejected)
        last = orders.get(rejected.order.client_id)
        if rejected.reason != _DUPLICATE and (last is None or rejected.ts >= last.ts):
            over.add(rejected.order.client_id)
    return over
