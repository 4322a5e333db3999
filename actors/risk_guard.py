"""The risk guard: the only road to the venue, and the owner of the trading state.

The judgement on an order is a pure function (`risk/judgement.py`) of limits that are data (`risk/limits.py`); the guard
remembers what it needs: positions, what approved orders may still do to them, the last prices and equities, how many
orders passed lately, and the day's opening equity.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from actors.component import Answers
from actors.execution.once import Once
from actors.risk.daily_loss import DAILY_LOSS, NEW_DAY, OpeningEquities
from actors.risk.gate import Gate
from actors.risk.heritage import GuardHeritage
from actors.risk.judgement import refusal
from actors.risk.limits import ACTIONS, REASONS, RiskLimits, ScopedLimits
from actors.risk.readiness import Readiness
from actors.risk.states import States
from messages import (
    Account,
    AmendOrder,
    AmendRejected,
    ApprovedAmend,
    ApprovedCancel,
    ApprovedOrder,
    Bar,
    CancelAll,
    CancelOrder,
    EquityMarked,
    Fill,
    HaltTrading,
    Instrument,
    Liquidity,
    Lots,
    MarketFresh,
    MarketStale,
    Message,
    OrderAccepted,
    OrderAmended,
    OrderEnded,
    OrderRefused,
    OrderRejected,
    Period,
    PositionAdjusted,
    PositionsReported,
    Quote,
    ReportPositions,
    SubmitOrder,
    Subscribe,
    Symbol,
    Tick,
    TradingState,
    TradingStateChanged,
    UtcNs,
    VenueLost,
    VenueReady,
)

__all__ = ["GuardHeritage", "RiskGuard", "RiskLimits", "ScopedLimits", "refusal"]

# An enum's member costs ten times what a global does, and these are asked for at every order.
_REDUCE_ONLY: Final = TradingState.REDUCE_ONLY
_HALTED: Final = TradingState.HALTED
_INTERNAL: Final = Liquidity.INTERNAL
_LIQUIDATION: Final = Liquidity.LIQUIDATION
_MOVING: Final = (SubmitOrder, AmendOrder, Fill, HaltTrading, EquityMarked, VenueReady, VenueLost)
"""What may change the trading state."""


class RiskGuard(Readiness):
    """Approves an order, or refuses it with a reason of `REASONS`. One per account.

    Hears SubmitOrder, AmendOrder, CancelOrder, OrderAccepted, OrderRejected, OrderAmended, AmendRejected, OrderEnded,
    Fill, PositionAdjusted, EquityMarked, HaltTrading, ReportPositions; Bar, or Tick and Quote, where some limit needs a
    price; live VenueReady, VenueLost, MarketStale, MarketFresh and Heartbeat, which it passes on.
    Says ApprovedOrder, OrderRefused, ApprovedAmend, AmendRejected, ApprovedCancel, CancelAll, TradingStateChanged,
    PositionsReported, Subscribe.

    Sizes are signed lots. Exposure counts every approved order that has not ended, unknown ones too. The state becomes
    stricter at once, and never loosens by itself, but for one case: the day after a daily loss takes back what that
    loss led to, if `daily_loss_action` says so. `feeds` tells the period of each symbol's bars, None where it has
    ticks or quotes. Rows of `scoped` for other accounts are left out. A `live` guard lets nothing pass until the venue
    is ready, nor what raises risk in a symbol before its market is fresh.
    """

    # Prices come again, and the time; an order is answered (see `lost`).
    hears_again = frozenset({
        *(CancelOrder, OrderRejected, OrderAmended, AmendRejected, OrderEnded, Fill, PositionAdjusted),
        *(HaltTrading, EquityMarked, ReportPositions, VenueReady, VenueLost, MarketStale, MarketFresh),
    })  # fmt: skip

    def __init__(
        self,
        account: Account,
        instruments: Mapping[Symbol, Instrument],
        limits: RiskLimits | None = None,
        feeds: Mapping[Symbol, Period | None] | None = None,
        heritage: GuardHeritage | None = None,
        *,
        scoped: Iterable[ScopedLimits] = (),
        live: bool = False,
    ) -> None:
        self.account = account
        self.limits = limits = limits or RiskLimits()
        self._heritage = left = heritage or GuardHeritage()
        self._warming = heritage is not None
        """Orders heard again were judged by an earlier incarnation, which knew the prices."""
        awaits = live if left.awaits_venue is None else left.awaits_venue
        self._states = States(left.standing, left.lost, awaits_venue=awaits)
        self._gate = Gate(account, instruments, limits, scoped, left)
        if live and left.awaits_venue is None:
            self._gate.stale.update(instruments)
        self.exposure = self._gate.exposure
        self._prices = self._gate.prices
        self._feeds = {symbol: (feeds or {}).get(symbol) for symbol in instruments}
        self._heard = Once()
        self._now: UtcNs = 0
        self._in_hand: SubmitOrder | AmendOrder | None = None
        self._why = left.why
        self._notes = limits.is_rated or bool(self._gate.scopes)
        self._actions = {reason: ACTIONS[action] for reason, action in limits.actions}
        self._needs_equity = limits.needs_equity
        self._loss_state = ACTIONS[limits.daily_loss_state] or _HALTED
        self._openings: OpeningEquities | None = None
        if limits.daily_loss_max is not None:
            self._openings = OpeningEquities(limits.daily_loss_max, limits.day_starts_ns, left.opening)

    @property
    def state(self) -> TradingState:
        """What may pass now."""
        return self._states.now

    def on_start(self) -> Answers:
        """Asks for prices, if there is a limit to judge by them, and for crossings, if a strategy has limits.

        Answers what an incarnation before failed on.
        """
        said: list[Message] = []
        values = self._gate.values
        for symbol, period in self._feeds.items():
            if values or self.limits.price_band is not None:
                said.append(Subscribe(Tick, symbol) if period is None else Subscribe(Bar, symbol, period))
            if values and period is None:
                said.append(Subscribe(Quote, symbol))
            if self.exposure.by_strategy:
                said.append(Subscribe(Fill, symbol))
        return (*said, *self._heritage.answer())

    def died_on(self, message: Message) -> Answers:
        """A state that its predecessor reached over this message, and did not live to say, is said now."""
        said = tuple(super().died_on(message))
        if not isinstance(message, _MOVING) or any(isinstance(each, TradingStateChanged) for each in said):
            return said
        if self.state is TradingState.ACTIVE and not isinstance(message, EquityMarked):
            return said
        return (*said, *self._state_again())

    def lost(self, message: Message) -> Answers:
        """Who asked for an order, and has no answer, is to ask again."""
        if isinstance(message, SubmitOrder | AmendOrder) and self._heritage.in_hand is None:
            return GuardHeritage(in_hand=message).answer()
        return ()

    def heritage(self) -> GuardHeritage:
        """The trading state and its cause, equities, prices, and which orders count."""
        if self._warming:
            return self._heritage
        return GuardHeritage(
            standing=self._states.standing,
            lost=self._states.lost,
            opening=self._openings.all() if self._openings is not None else (),
            equity=tuple([(currency, *each) for currency, each in sorted(self._gate.equity.items())]),
            prices=tuple(sorted(self._prices.items())),
            approved=frozenset(self.exposure.approved()),
            awaits_venue=self._states.venue is not TradingState.ACTIVE,
            stale=tuple(sorted(self._gate.stale)),
            passed=self._gate.passed(),
            in_hand=self._in_hand,
            why=self._why,
        )

    def warmed_up(self) -> None:
        """From now on orders are new."""
        self._warming = False

    # Orders.

    def on_submit_order(self, submit: SubmitOrder) -> Answers:
        """Judges an order against limits and the worst that may come of those on their way."""
        order = submit.order
        now = self._now = max(self._now, order.ts)
        if self._warming:
            if order.client_id in self._heritage.approved:
                self.exposure.approve(order)
            return ()
        self._in_hand = submit
        reason = self._gate.judge(order, self._states.now, now)
        if reason is not None:
            said = self._refused(OrderRefused(order, reason, order.ts), reason, order.ts)
        else:
            self.exposure.approve(order)
            if self._notes:
                self._gate.note(order, now)
            said = (ApprovedOrder(order),)
        self._in_hand = None
        return said

    def on_amend_order(self, amend: AmendOrder) -> Answers:
        """Judges what an order is to become, as if it had been that from the start. Both count until it is known."""
        order = amend.order
        now = self._now = max(self._now, amend.ts)
        if self._warming:
            if self.exposure.knows(order.client_id) is not None:
                self.exposure.amend(order)
            return ()
        self._in_hand = amend
        reason = self._gate.judge(order, self._states.now, now, amends=True)
        if reason is not None:
            said = self._refused(AmendRejected(order, reason, amend.ts), reason, amend.ts)
        else:
            self.exposure.amend(order)
            self._gate.note(order, now)
            said = (ApprovedAmend(order, amend.ts),)
        self._in_hand = None
        return said

    def on_cancel_order(self, cancel: CancelOrder) -> Answers:
        """Passes always, and counts."""
        if self._notes and not self._warming:
            self._now = max(self._now, cancel.ts)
            self._gate.note_cancel(cancel.client_id, self._now)
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

    def on_order_amended(self, amended: OrderAmended) -> Answers:
        """It is worked so; as the larger of what it is and was it counts until its end, for fills may be late."""
        self.exposure.amended(amended.order)
        return ()

    def on_amend_rejected(self, rejected: AmendRejected) -> Answers:
        """The venue's: what it was to become counts no more."""
        self.exposure.not_amended(rejected.order, rejected.ts)
        return ()

    def on_order_ended(self, ended: OrderEnded) -> Answers:
        """Counts no more, up to fills that are still to come."""
        self.exposure.end(ended.order.client_id, ended.lots_filled)
        return ()

    def on_fill(self, fill: Fill) -> Answers:
        """Folds it, once. A liquidation ends the account's trading."""
        liquidity = fill.liquidity
        if liquidity is _INTERNAL:
            # Subscribed to by symbol: it may be another account's.
            if fill.account == self.account and self._heard.first(fill.execution_id):
                self.exposure.cross(fill)
            return ()
        if not self._heard.first(fill.execution_id):
            return ()
        self.exposure.fill(fill)
        if liquidity is _LIQUIDATION:
            reason = f"liquidated: {fill.lots:+d} lots of {fill.symbol} at {fill.price!r}"
            return self._stand(_HALTED, reason, fill.ts)
        return ()

    def on_position_adjusted(self, adjusted: PositionAdjusted) -> Answers:
        """Folds the reconciler's difference, once."""
        if self._heard.first(f"adjustment {adjusted.adjustment_id}"):
            self.exposure.fold(adjusted.symbol, adjusted.lots, adjusted.strategy)
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

    def on_quote(self, quote: Quote) -> Answers:
        """The mid, where there are no trades to tell the price, or none since."""
        self._prices[quote.symbol] = (quote.bid + quote.ask) / 2
        return ()

    # The trading state.

    def on_halt_trading(self, halt: HaltTrading) -> Answers:
        """Stops: everything is taken back, and only cancels pass from now on, or what brings positions to nothing."""
        self._now = max(self._now, halt.ts)
        return self._stand(TradingState.FLATTENING if halt.flatten else _HALTED, halt.reason, self._now)

    def on_equity_marked(self, marked: EquityMarked) -> Answers:
        """Compares with the day's opening equity; too much lost: out of the market, unless it is stopped already."""
        if not self._needs_equity:
            return ()
        currency, ts, equity = marked.currency, marked.ts, marked.equity_minor
        known = self._gate.equity
        last = known.get(currency)
        if last is not None and ts < last[0]:
            return ()
        known[currency] = (ts, equity)
        if self._openings is None:
            return ()
        new_day, loss = self._openings.hear(currency, ts, equity)
        if loss is not None:
            return self._stop(loss, ts) if self._states.lose(self._loss_state) else ()
        if new_day and self.limits.daily_loss_action == "until-next-day" and self._states.take_back():
            return (self._changed(NEW_DAY, ts),)
        return ()

    def _stand(self, state: TradingState, reason: str, ts: UtcNs) -> tuple[Message, ...]:
        before = self._states.standing
        changed = self._states.stand(state)
        if self._states.standing is not before:
            self._why = reason
        return self._stop(reason, ts) if changed else ()

    def _stop(self, reason: str, ts: UtcNs) -> tuple[Message, ...]:
        changed = self._changed(reason, ts)
        # With reduce-only, what is on its way is left alone.
        if self.state is _REDUCE_ONLY:
            return (changed,)
        # A mark may be older than the last order that passed, which is to be taken back too.
        return CancelAll(account=self.account, ts=max(ts, self._now)), changed

    # Inside.

    def _state_again(self) -> tuple[Message, ...]:
        """What rules, with what follows from it."""
        states = self._states
        if states.now is TradingState.ACTIVE:
            return (self._changed("the guard was started again", self._now),)
        if states.now is states.venue:
            return (self._changed("the venue is not ready", self._now),)
        if states.now is states.standing:
            return self._stop(self._why or "the guard was started again", self._now)
        return self._stop(f"{DAILY_LOSS}more than may be lost", self._now)

    def _refused(self, said: Message, reason: str, ts: UtcNs) -> tuple[Message, ...]:
        state = self._actions.get(reason)
        if state is None:
            return (said,)
        return (said, *self._stand(state, f"an order was refused ({reason}): {REASONS[reason]}", ts))
