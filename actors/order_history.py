"""The orders of a run, each with its last terms and the last that was heard of it, and what did not become one."""

from collections import Counter
from collections.abc import Mapping

import attrs

from actors.recorder import Record
from actors.result import OrderRow
from messages import Account, Order, OrderEnded, OrderRefused, OrderRejected, Outcome

_Key = tuple[Account, str]


def last_terms(record: Record) -> dict[_Key, Order]:
    """Every order that was asked for by (account, client id), as the last amend left it, in the order of asking.

    Its time stays when it was decided.
    """
    orders: dict[_Key, Order] = {}
    for submitted in record.submitted:
        orders.setdefault((submitted.order.account, submitted.order.client_id), submitted.order)
    for amended in record.amended:
        key = amended.order.account, amended.order.client_id
        first = orders.get(key)
        orders[key] = amended.order if first is None else attrs.evolve(amended.order, ts=first.ts)
    return orders


def order_rows(record: Record, orders: Mapping[_Key, Order]) -> tuple[OrderRow, ...]:
    """A row for each of the orders, which are `last_terms`."""
    ends: dict[_Key, OrderEnded | OrderRefused | OrderRejected] = {}
    for end in record.ended:
        ends[end.order.account, end.order.client_id] = end
    filled: Counter[_Key] = Counter()
    for fill in record.fills:
        filled[fill.account, fill.client_id] += fill.lots
    amends = Counter([(each.order.account, each.order.client_id) for each in record.amended])
    return tuple([_order_row(order, ends.get(key), filled[key], amends[key]) for key, order in orders.items()])


def _order_row(
    order: Order, end: OrderEnded | OrderRefused | OrderRejected | None, filled: int, amends: int
) -> OrderRow:
    status, reason = "working", ""
    if isinstance(end, OrderEnded):
        status, reason = end.outcome.value, end.reason
    elif end is not None:
        status = (Outcome.REFUSED if isinstance(end, OrderRefused) else Outcome.REJECTED).value
        reason = end.reason
    return OrderRow(
        ts=order.ts,
        account=order.account,
        strategy=order.owners[0].strategy if len(order.owners) == 1 else "net",
        owners=tuple([(owner.strategy, owner.lots) for owner in order.owners]),
        symbol=order.symbol,
        client_id=order.client_id,
        type=order.type,
        lots=order.lots,
        price=order.limit_price if order.limit_price is not None else order.stop_price,
        status=status,
        reason=reason,
        lots_filled=filled,
        stop_price=order.stop_price,
        time_in_force=order.time_in_force,
        algorithm=order.algorithm,
        amends=amends,
        decision_price=order.decision_price,
    )


def refusals(record: Record) -> dict[str, int]:
    """How often what was wished for did not become an order at the venue, by reason."""
    counted: Counter[str] = Counter()
    for end in record.ended:
        if isinstance(end, OrderRefused | OrderRejected):
            counted[end.reason] += 1
    counted.update(record.rounded)
    return dict(sorted(counted.items()))


def venue_ends(record: Record) -> dict[str, int]:
    """How many orders the venue ended unasked, by reason: an IOC's rest, a post-only that would have crossed."""
    counted = Counter([end.reason for end in record.ended if isinstance(end, OrderEnded) and end.reason])
    return dict(sorted(counted.items()))
