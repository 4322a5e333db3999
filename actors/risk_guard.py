"""The risk guard: the only road to the venue, and the owner of the trading state.

The judgement on an order is a pure function (`risk/limits.py`); the guard remembers what it needs: positions, what
approved orders may still do to them, the last prices, how many orders passed lately, and the day's opening equity.
"""

from collections import deque
from collections.abc import Mapping
from typing import Final

import attrs

from actors.component import Answers, Component
from actors.execution.once import Once
from actors.money.grid import PriceGrid
from actors.risk.exposure import Exposure
from actors.risk.limits import RiskLimits, day_of, refusal
from messages import (
    NS_PER_SECOND,
    Account,
    ApprovedCancel,
    ApprovedOrder,
    Bar,
    CancelAll,
    CancelOrder,
    EquityMarked,
    Fill,
    HaltTrading,
    Instrument,
    Lots,
    Message,
    Minor,
    OrderAccepted,
    OrderEnded,
    OrderRefused,
    OrderRejected,
    Period,
    PositionAdjusted,
    PositionsReported,
    ReportPositions,
    SubmitOrder,
    Subscribe,
    Symbol,
    Tick,
    TradingState,
    TradingStateChanged,
    UtcNs,
)

__all__ = ["GuardHeritage", "RiskGuard", "RiskLimits", "refusal"]

# An enum's member costs ten times what a global does, and these are asked for at every order.
_ACTIVE: Final = TradingState.ACTIVE
_MINUTE = 60 * NS_PER_SECOND


@attrs.frozen(kw_only=True)
class GuardHeritage:
    """What a guard leaves to its next incarnation: what it decided from marks, which nobody keeps."""

    state: TradingState = TradingState.ACTIVE
    lost_on: int | None = None
    opening: tuple[tuple[str, int, Minor], ...] = ()
    """(currency, day, equity at the day's first mark)."""


class RiskGuard(Component):
    """Approves an order, or refuses it with a reason. One per account.

    Hears SubmitOrder, CancelOrder, OrderAccepted, OrderRejected, OrderEnded, Fill, PositionAdjusted, EquityMarked,
    HaltTrading, ReportPositions, and Bar or Tick when there is a price band.
    Says ApprovedOrder, OrderRefused, ApprovedCancel, CancelAll, TradingStateChanged, PositionsReported, Subscribe.

    Sizes are signed lots. Exposure counts every approved order that has not ended, unknown ones too. Once it does not
    trade, it starts again by itself only on the day after a daily loss, if `daily_loss_action` says so. `feeds` tells
    the period of each symbol's bars, None where it has ticks.
    """

    def __init__(
        self,
        account: Account,
        instruments: Mapping[Symbol, Instrument],
        limits: RiskLimits | None = None,
        feeds: Mapping[Symbol, Period | None] | None = None,
        heritage: GuardHeritage | None = None,
    ) -> None:
        self.account = account
        self.limits = limits or RiskLimits()
        self.state = _ACTIVE
        self.exposure = Exposure()
        self._grids = {symbol: PriceGrid(instrument) for symbol, instrument in instruments.items()}
        self._feeds = {symbol: (feeds or {}).get(symbol) for symbol in instruments}
        self._heritage = heritage or GuardHeritage()
        self._prices: dict[Symbol, float] = {}
        self._heard = Once()
        self._now: UtcNs = 0
        self._passed: deque[UtcNs] = deque()
        self._rated = self.limits.orders_per_second is not None or self.limits.orders_per_minute is not None
        self._opening: dict[str, tuple[int, Minor]] = {}
        self._lost_on: int | None = None
        self._inherit()

    def on_start(self) -> Answers:
        """Asks for prices, only if there is a band to judge by them."""
        if self.limits.price_band is None:
            return ()
        return tuple(
            [
                Subscribe(Tick, symbol) if period is None else Subscribe(Bar, symbol, period)
                for symbol, period in self._feeds.items()
            ]
        )

    def heritage(self) -> GuardHeritage:
        """The trading state and the day's opening equities."""
        opening = tuple([(currency, *each) for currency, each in sorted(self._opening.items())])
        return GuardHeritage(state=self.state, lost_on=self._lost_on, opening=opening)

    def warmed_up(self) -> None:
        """What was decided from marks stands, for the marks were not heard again."""
        self._inherit()

    # Orders.

    def on_submit_order(self, submit: SubmitOrder) -> Answers:
        """Judges an order against limits and the worst that may come of those on their way."""
        order = submit.order
        symbol, exposure = order.symbol, self.exposure
        now = self._tell_time(order.ts)
        buying, selling = exposure.others(order)
        reason = refusal(
            order,
            limits=self.limits,
            state=self.state,
            grid=self._grids.get(symbol),
            position=exposure.position.get(symbol, 0),
            buying=buying,
            selling=selling,
            last_price=self._prices.get(symbol),
            too_many=self._rated and self._too_many(now),
        )
        if reason is not None:
            return (OrderRefused(order, reason, order.ts),)
        exposure.approve(order)
        if self._rated:
            self._passed.append(now)
        return (ApprovedOrder(order),)

    def on_cancel_order(self, cancel: CancelOrder) -> Answers:
        """Passes always, and counts."""
        if self._rated:
            self._passed.append(self._tell_time(cancel.ts))
        return (ApprovedCancel(account=self.account, client_id=cancel.client_id, symbol=cancel.symbol, ts=cancel.ts),)

    def on_order_accepted(self, accepted: OrderAccepted) -> Answers:
        """Only tells the time: an order counts from its approval."""
        self._now = max(self._now, accepted.ts)
        return ()

    def on_order_rejected(self, rejected: OrderRejected) -> Answers:
        """The venue does not have it, except where it says that it had it already."""
        if rejected.reason != "duplicate-client-id":
            self.exposure.reject(rejected.order.client_id, rejected.ts)
        return ()

    def on_order_ended(self, ended: OrderEnded) -> Answers:
        """Counts no more, up to fills that are still to come."""
        self.exposure.end(ended.order.client_id, ended.lots_filled)
        return ()

    def on_fill(self, fill: Fill) -> Answers:
        """Folds it, once."""
        if self._heard.first(fill.execution_id):
            self.exposure.fill(fill)
        return ()

    def on_position_adjusted(self, adjusted: PositionAdjusted) -> Answers:
        """Folds the reconciler's difference, once."""
        if self._heard.first(f"adjustment {adjusted.adjustment_id}"):
            self.exposure.fold(adjusted.symbol, adjusted.lots)
        return ()

    def on_report_positions(self, asked: ReportPositions) -> Answers:
        """Nets by symbol, those that are not 0, in order: whose lots they are is not the guard's to know."""
        nets = sorted([("", symbol, lots) for symbol, lots in self.exposure.position.items() if lots])
        return (PositionsReported(account=self.account, number=asked.number, role="risk-guard", positions=tuple(nets)),)

    def lots_in(self, symbol: Symbol) -> Lots:
        """The net of one symbol now: for the checker of a replay, where one thread makes that safe."""
        return self.exposure.position.get(symbol, 0)

    # Prices.

    def on_bar(self, bar: Bar) -> Answers:
        """The last close."""
        self._prices[bar.symbol] = bar.close
        return ()

    def on_tick(self, tick: Tick) -> Answers:
        """The last price."""
        self._prices[tick.symbol] = tick.price
        return ()

    # The trading state.

    def on_halt_trading(self, halt: HaltTrading) -> Answers:
        """Stops: everything is taken back, and only cancels pass from now on."""
        if self.state is TradingState.HALTED:
            return ()
        return self._stop(TradingState.HALTED, halt.reason, self._tell_time(halt.ts))

    def on_equity_marked(self, marked: EquityMarked) -> Answers:
        """Compares with the day's opening equity; too much lost: out of the market."""
        limits = self.limits
        if limits.daily_loss_max is None:
            return ()
        day = day_of(marked.ts, limits.day_starts_ns)
        known = self._opening.get(marked.currency)
        if known is None or known[0] != day:
            self._opening[marked.currency] = (day, marked.equity_minor)
            return self._new_day(day, marked.ts)
        if self.state is not _ACTIVE:
            return ()
        opening = known[1]
        if marked.equity_minor >= opening - abs(opening) * limits.daily_loss_max:
            return ()
        self._lost_on = day
        reason = f"daily loss of more than {limits.daily_loss_max:g} of {opening} minor units of {marked.currency}"
        return self._stop(TradingState.FLATTENING, reason, marked.ts)

    def _new_day(self, day: int, ts: UtcNs) -> tuple[Message, ...]:
        lost_on = self._lost_on
        if lost_on is None or lost_on == day or self.limits.daily_loss_action != "until-next-day":
            return ()
        self._lost_on = None
        if self.state is not TradingState.FLATTENING:
            return ()
        self.state = _ACTIVE
        return (self._changed("a new day after a daily loss", ts),)

    def _stop(self, state: TradingState, reason: str, ts: UtcNs) -> tuple[Message, ...]:
        self.state = state
        return (CancelAll(account=self.account, ts=ts), self._changed(reason, ts))

    def _changed(self, reason: str, ts: UtcNs) -> TradingStateChanged:
        return TradingStateChanged(account=self.account, state=self.state, reason=reason, ts=ts)

    # Inside.

    def _inherit(self) -> None:
        left = self._heritage
        if left.state is not _ACTIVE:
            self.state = left.state
        self._lost_on = left.lost_on
        self._opening = {currency: (day, equity) for currency, day, equity in left.opening}

    def _tell_time(self, ts: UtcNs) -> UtcNs:
        self._now = max(self._now, ts)
        return self._now

    def _too_many(self, now: UtcNs) -> bool:
        limits, passed = self.limits, self._passed
        while passed and passed[0] <= now - _MINUTE:
            passed.popleft()
        if limits.orders_per_minute is not None and len(passed) >= limits.orders_per_minute:
            return True
        if limits.orders_per_second is None:
            return False
        # From the newest backwards: no more than the limit have to be looked at.
        newest = len(passed) - limits.orders_per_second
        return newest >= 0 and passed[newest] > now - NS_PER_SECOND
