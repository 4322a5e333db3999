"""One order of ours at the venue: what was approved, what the venue says of it, and whose its fills are."""

import enum
from collections import deque
from collections.abc import Iterator
from typing import Final

import attrs

from actors.money.allocation import fill_parts
from adapters.bitmex.orders import news, shows
from adapters.bitmex.reports import OrderReport
from messages import (
    NS_PER_SECOND,
    FillPart,
    Instrument,
    Lots,
    Message,
    Minor,
    Order,
    OrderAmended,
    OrderEnded,
    OrderRejected,
    Outcome,
    StrategyId,
    UtcNs,
)

FINISHED_MAX: Final = 10_000
"""Orders whose end is known are remembered, for fills that come late; so many of them."""
CANCEL_PAUSE: Final = 2 * NS_PER_SECOND
"""Between two cancels of an order that must go."""


class Stage(enum.Enum):
    """How much is known of an order."""

    SENT = "sent"
    """On its way, or nobody knows."""
    LIVE = "live"
    OVER = "over"
    REJECTED = "rejected"
    """The venue does not have it. The same client id may be approved again."""


@attrs.define
class OurOrder:
    """What the gateway knows of one approved order."""

    order: Order
    """As the venue works it, for all that is known."""
    instrument: Instrument
    stage: Stage = Stage.SENT
    report: OrderReport | None = None
    amending: Order | None = None
    """What it is to become, while nobody knows whether it has."""
    doomed: bool = False
    """It is not wanted any more: cancelled whenever it is seen alive."""
    cancel_at: UtcNs = 0
    """When a doomed one is cancelled next."""
    got: dict[StrategyId, Lots] = attrs.field(factory=dict)
    """What its owners have of it, from fills."""
    steps: dict[tuple[int, str], None] = attrs.field(factory=dict)
    """What the venue said was filled in total after each of its fills, and in which match."""
    ways: list[Order] = attrs.field(factory=list)
    """All that was ever approved for it: nothing else may stand at the venue."""

    def __attrs_post_init__(self) -> None:
        self.ways.append(self.order)

    @property
    def is_settled(self) -> bool:
        """Whether its end is known."""
        return self.stage in (Stage.OVER, Stage.REJECTED)

    @property
    def filled(self) -> Lots:
        """Signed lots that fills were said of."""
        return sum(self.got.values())

    def ask_amend(self, new: Order) -> None:
        """It is to be this, or it may be."""
        self.amending = new
        self.ways.append(new)

    def take(self, report: OrderReport, at: UtcNs) -> tuple[Message, ...]:
        """What a report adds. One that is older than what is known, or comes after the end, adds nothing."""
        before = self.report
        if self.stage is Stage.OVER or (self.stage is Stage.REJECTED and report.is_over and not report.filled):
            return ()
        if before is not None and report.ts < before.ts and not report.is_over:
            return ()
        self.report, self.stage = report, Stage.LIVE
        said = news(self.order, before, report, self.instrument, at, amended=self.amending)
        # A report that was lost may have told of fills which the next one, of what has changed since, is silent about.
        said = tuple([self._with_fills(each) if isinstance(each, OrderEnded) else each for each in said])
        for each in said:
            if isinstance(each, OrderAmended):
                self.order, self.amending = each.order, None
            elif isinstance(each, OrderRejected):
                self.stage, self.amending = Stage.REJECTED, None
            elif isinstance(each, OrderEnded):
                self.stage, self.amending = Stage.OVER, None
        return said

    def _with_fills(self, ended: OrderEnded) -> OrderEnded:
        return ended if abs(ended.lots_filled) >= abs(self.filled) else attrs.evolve(ended, lots_filled=self.filled)

    def end_again(self, at: UtcNs) -> tuple[Message, ...]:
        """Its end, for somebody who does not know it; nothing while there is none."""
        if self.stage is not Stage.OVER:
            return ()
        report = self.report
        filled = self.filled if report is None else int(report.filled / self.instrument.lot_size)
        outcome = Outcome.FILLED if report is not None and report.status == "Filled" else Outcome.CANCELLED
        return (OrderEnded(self.order, outcome, filled, at),)

    def is_altered(self) -> bool:
        """Whether the venue works something that nobody approved. It may cut what is reduce-only."""
        report = self.report
        if report is None or report.is_over or any(shows(report, way, self.instrument) for way in self.ways):
            return False
        if not self.order.reduce_only:
            return True
        size = self.instrument.lot_size
        whole = attrs.evolve(report, contracts=int(self.order.lots * size))
        return not (shows(whole, self.order, self.instrument) and 0 < report.contracts / (self.order.lots * size) <= 1)

    def parts(self, lots: Lots, value: Minor, fee: Minor) -> tuple[FillPart, ...]:
        """The owners' parts of a fill, pro rata to what each still lacks; of what nobody lacks, to what each wanted."""
        sign = 1 if lots > 0 else -1
        owners = self.order.owners
        lacking = [
            (owner.strategy, sign * max(0, sign * (owner.lots - self.got.get(owner.strategy, 0)))) for owner in owners
        ]
        if abs(sum([lots_ for _, lots_ in lacking])) < abs(lots):
            enough = -(-abs(lots) // abs(self.order.lots))
            lacking = [(owner.strategy, owner.lots * enough) for owner in owners]
        return fill_parts(lots, value, fee, lacking)

    def why_doubted(self, lots: Lots, total: int | None, match: str) -> str:
        """Why a fill of lots cannot be, after which the venue says that `total` contracts are filled; "" when it can.

        A fill that is told again by another name has the same total and the same match; and no more is filled of an
        order than the venue says, which may be more than was asked for.
        """
        if total is None:
            return ""
        if (total, match) in self.steps:
            return f"it was told before by another id: {total} contracts filled in all"
        reported = 0 if self.report is None else abs(self.report.filled)
        most = max(total, reported, *[each for each, _ in self.steps]) / self.instrument.lot_size
        if abs(self.filled + lots) > most:
            return f"with it {abs(self.filled + lots)} lots would be filled, and the venue says {most}"
        self.steps[total, match] = None
        return ""

    def fold(self, parts: tuple[FillPart, ...]) -> None:
        """These were said."""
        for part in parts:
            self.got[part.strategy] = self.got.get(part.strategy, 0) + part.lots


class OurOrders:
    """By client id. Those whose end is known are forgotten at last."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._all: dict[str, OurOrder] = {}
        self._unsettled: dict[str, OurOrder] = {}
        self._settled: deque[str] = deque()

    def are_ours(self, client_id: str) -> bool:
        """Whether an id can be nobody else's."""
        return client_id.startswith(self._prefix) or client_id in self._all

    def get(self, client_id: str) -> OurOrder | None:
        """None: never heard of, or forgotten."""
        return self._all.get(client_id)

    def add(self, ours: OurOrder) -> None:
        """Approved, and on its way."""
        self._all[ours.order.client_id] = self._unsettled[ours.order.client_id] = ours

    def note(self, ours: OurOrder) -> None:
        """Its stage may have changed."""
        client_id = ours.order.client_id
        if not ours.is_settled:
            self._unsettled[client_id] = ours
        elif self._unsettled.pop(client_id, None) is not None:
            self._settled.append(client_id)
            while len(self._settled) > FINISHED_MAX:
                oldest = self._settled.popleft()
                if oldest not in self._unsettled:
                    self._all.pop(oldest, None)

    @property
    def unsettled_ids(self) -> tuple[str, ...]:
        """Client ids of orders whose end is not known, in order of their approval."""
        return tuple(self._unsettled)

    def unsettled(self) -> Iterator[OurOrder]:
        """Those whose end is not known."""
        yield from list(self._unsettled.values())
