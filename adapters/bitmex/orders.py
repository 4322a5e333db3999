"""What a report of the venue's means for one of our orders: accepted, rejected, amended, ended, or nothing new.

Reports come from two streams (the socket and the answers to requests) in any order and more than once; the same report
a second time says nothing, and nothing leaves an order's end.
"""

from typing import Final

from actors.money.grid import PriceGrid
from adapters.bitmex.reports import OrderReport
from messages import (
    Instrument,
    Message,
    Order,
    OrderAccepted,
    OrderAmended,
    OrderEnded,
    OrderRejected,
    Outcome,
    TimeInForce,
    UtcNs,
)

_TERM_REASONS: Final = {TimeInForce.IOC: "ioc", TimeInForce.FOK: "fok", TimeInForce.DAY: "day"}
_TEXT_REASONS: Final = (
    ("participatedonotinitiate", "post-only"),
    ("reduceonly", "reduce-only"),
    ("execinst of close", "reduce-only"),
    ("liquidat", "liquidated"),
    ("insufficient", "insufficient-margin"),
)
"""Parts of what the venue writes before an order's own text when it cancels one unasked."""


def shows(report: OrderReport, order: Order, instrument: Instrument) -> bool:
    """Whether the venue works the order by these terms: total and prices."""
    grid = PriceGrid(instrument)

    def same(theirs: float | None, ours: float | None) -> bool:
        return ours is None or (theirs is not None and grid.to_ticks(theirs) == grid.to_ticks(ours))

    return (
        report.contracts == order.lots * instrument.lot_size
        and same(report.price, order.limit_price)
        and same(report.stop_price, order.stop_price)
    )


def end_reason(report: OrderReport, order: Order) -> str:
    """Why the venue ended it unasked; "" when somebody asked for it, or it does not say."""
    if report.status == "Expired":
        return "day" if order.time_in_force is TimeInForce.DAY else "expired"
    # The reason stands in the first line, or in the second after a bare "Canceled"; then the order's own text follows.
    first, _, rest = report.text.lower().partition("\n")
    said = rest.partition("\n")[0] if first == "canceled" else first
    if "canceled via api" in said or "cancel from" in said:
        return ""
    for part, reason in _TEXT_REASONS:
        if part in said:
            return reason
    return _TERM_REASONS.get(order.time_in_force, "")


def news(
    order: Order,
    before: OrderReport | None,
    now: OrderReport,
    instrument: Instrument,
    at: UtcNs,
    *,
    amended: Order | None = None,
) -> tuple[Message, ...]:
    """What `now` adds to `before` (the last report of the same order, None at first).

    `amended` is the order as an amend that is under way wants it. Lots filled that are no whole lots, which the venue
    cannot trade, are cut towards zero.
    """
    if before is not None and before.is_over and now.is_over:
        return ()
    if now.status == "Rejected":
        reason = now.text.partition("\n")[0] or "rejected by the venue"
        return (OrderRejected(order=order, reason=reason, standing=True, ts=at),)
    said: list[Message] = []
    if before is None:
        said.append(OrderAccepted(order, at))
    if amended is not None and shows(now, amended, instrument):
        said.append(OrderAmended(amended, at))
        order = amended
    if now.is_over:
        filled = int(now.filled / instrument.lot_size)
        if now.status == "Filled":
            said.append(OrderEnded(order, Outcome.FILLED, filled, at))
        else:
            said.append(OrderEnded(order, Outcome.CANCELLED, filled, at, end_reason(now, order)))
    return tuple(said)
