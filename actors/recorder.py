"""The recorder: keeps what a result is made of, in the order it was said. It decides nothing and answers nothing."""

from array import array
from collections import Counter
from collections.abc import Iterable

from actors.component import Answers, Component
from messages import (
    Account,
    ActorFailed,
    ActorHung,
    ActorLagging,
    ActorQuarantined,
    AmendRejected,
    Annotated,
    Bar,
    Fill,
    ForeignActivity,
    FundingPaid,
    GaveUp,
    InvariantViolated,
    OrderAmended,
    OrderEnded,
    OrderRefused,
    OrderRejected,
    OrderTimed,
    Period,
    PositionAdjusted,
    Quarantined,
    ShareRounded,
    ShareSized,
    Signal,
    SubmitOrder,
    Subscribe,
    Symbol,
    Tick,
    TradingStateChanged,
    UtcNs,
)

BAD_ITEMS_KEPT = 1_000
_HEARD_ALL_THE_SAME = frozenset({"duplicate", "late"})
"""Reasons to set a trade aside that leave its price true: it was heard before, or came too late for its bar alone."""


class Record:
    """What was recorded: lists of messages, and the closes of bars that were built on the way."""

    def __init__(self) -> None:
        self.signals: list[Signal] = []
        self.annotations: list[Annotated] = []
        self.submitted: list[SubmitOrder] = []
        self.ended: list[OrderEnded | OrderRefused | OrderRejected] = []
        self.amended: list[OrderAmended] = []
        self.amend_rejections: Counter[str] = Counter()
        """Changes to working orders that guard or venue did not make, by reason."""
        self.gave_up: list[GaveUp] = []
        self.sized: list[ShareSized] = []
        self.booked: list[Fill | FundingPaid | PositionAdjusted] = []
        """What the books are folded from, as it was said: each execution, payment and adjustment once."""
        self.known: dict[Account, set[str]] = {}
        """What names each of these. A venue repeats itself, and so does a start that recovers."""
        self.adjusted: list[PositionAdjusted] = []
        """The adjustments alone."""
        self.foreign: list[ForeignActivity] = []
        self.timed: list[OrderTimed] = []
        self.rounded: Counter[str] = Counter()
        """Shares that were too small for one lot, by (strategy, symbol)."""
        self.bad_items: list[Quarantined] = []
        self.bad_item_counts: Counter[str] = Counter()
        self.unheard_ticks: dict[Symbol, set[tuple[UtcNs, float, float]]] = {}
        """(ts, price, size) of all trades that the filter let nobody hear: no result is measured by them either."""
        self.failures: list[ActorFailed] = []
        self.hangs: list[ActorHung] = []
        self.lagging: list[ActorLagging] = []
        self.quarantined: dict[str, str] = {}
        self.states: list[TradingStateChanged] = []
        self.violated: list[InvariantViolated] = []
        """What an auditor found, where there is one."""
        self.closes: dict[Symbol, tuple[array[int], array[float]]] = {}
        """(close times, closes) of the built bars that were subscribed to, by symbol."""
        self.extremes: dict[Symbol, tuple[array[float], array[float]]] = {}
        """(highs, lows) of the same."""

    @property
    def fills(self) -> list[Fill]:
        """The fills alone, in a new list."""
        return [each for each in self.booked if isinstance(each, Fill)]


class Recorder(Component):
    """Hears what the results are made of and notes it in a Record that outlives its incarnations."""

    def __init__(self, record: Record, *, closes_of: Iterable[tuple[Symbol, Period]] = ()) -> None:
        self.record = record
        self._closes_of = tuple(closes_of)
        self.on_signal = _noting(record.signals)
        self.on_annotated = _noting(record.annotations)
        self.on_submit_order = _noting(record.submitted)
        self.on_order_ended = _noting(record.ended)
        self.on_order_refused = _noting(record.ended)
        self.on_order_rejected = _noting(record.ended)
        self.on_order_amended = _noting(record.amended)
        self.on_gave_up = _noting(record.gave_up)
        self.on_share_sized = _noting(record.sized)
        self.on_foreign_activity = _noting(record.foreign)
        self.on_order_timed = _noting(record.timed)
        self.on_actor_failed = _noting(record.failures)
        self.on_actor_hung = _noting(record.hangs)
        self.on_actor_lagging = _noting(record.lagging)
        self.on_trading_state_changed = _noting(record.states)
        self.on_invariant_violated = _noting(record.violated)

    def on_start(self) -> Answers:
        """Subscribe to the built bars whose closes the equity curve needs."""
        return [Subscribe(Bar, symbol, period) for symbol, period in self._closes_of]

    def on_bar(self, bar: Bar) -> Answers:
        """A built bar's close."""
        times, closes = self.record.closes.setdefault(bar.symbol, (array("q"), array("d")))
        times.append(bar.close_ts)
        closes.append(bar.close)
        highs, lows = self.record.extremes.setdefault(bar.symbol, (array("d"), array("d")))
        highs.append(bar.high)
        lows.append(bar.low)
        return ()

    def on_quarantined(self, item: Quarantined) -> Answers:
        """Count all, keep the first thousand, and know again every trade that nobody heard."""
        self.record.bad_item_counts[item.reason] += 1
        if len(self.record.bad_items) < BAD_ITEMS_KEPT:
            self.record.bad_items.append(item)
        tick = item.item
        if isinstance(tick, Tick) and item.reason not in _HEARD_ALL_THE_SAME:
            self.record.unheard_ticks.setdefault(tick.symbol, set()).add((tick.ts, tick.price, tick.size))
        return ()

    def on_fill(self, fill: Fill) -> Answers:
        """An execution, once."""
        if self._first(fill.account, fill.execution_id):
            self.record.booked.append(fill)
        return ()

    def on_funding_paid(self, paid: FundingPaid) -> Answers:
        """A payment, once."""
        if self._first(paid.account, f"funding {paid.symbol} {paid.ts}"):
            self.record.booked.append(paid)
        return ()

    def on_position_adjusted(self, adjusted: PositionAdjusted) -> Answers:
        """An adjustment, once; it may come from the reconciler and from the venue."""
        if self._first(adjusted.account, f"adjustment {adjusted.adjustment_id}"):
            self.record.booked.append(adjusted)
            self.record.adjusted.append(adjusted)
        return ()

    def on_share_rounded(self, share: ShareRounded) -> Answers:
        """A wish that came to nothing."""
        self.record.rounded[share.reason] += 1
        return ()

    def on_amend_rejected(self, rejected: AmendRejected) -> Answers:
        """A change that was not made."""
        self.record.amend_rejections[rejected.reason] += 1
        return ()

    def on_actor_quarantined(self, quarantined: ActorQuarantined) -> Answers:
        """Who was given up on, and why."""
        self.record.quarantined[quarantined.actor] = quarantined.reason
        return ()

    def _first(self, account: Account, name: str) -> bool:
        known = self.record.known.setdefault(account, set())
        if name in known:
            return False
        known.add(name)
        return True


def _noting(messages: list):  # type: ignore[no-untyped-def,type-arg]
    append = messages.append

    def note(message) -> tuple[()]:  # type: ignore[no-untyped-def]
        append(message)
        return ()

    return note
