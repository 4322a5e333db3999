"""The executor: brings what is held to what is wanted, and forgets no order until its end is known.

A target is compared with fills and working orders each time something changes: a new target, the end of an order, a
fill that nobody expected any more, a trading state. So a failed order is tried again although the target stands still,
and a fill that crosses a cancel is counted before the next order is sent. What may be done at once is decided by
`execution/plan.py`; here it is carried out.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from actors.component import Answers, Component
from actors.execution.maker import OrderMaker
from actors.execution.once import Once
from actors.execution.plan import plan
from actors.execution.rules import ShareRule
from actors.execution.working import Desk, Working
from messages import (
    NS_PER_SECOND,
    Account,
    ActorQuarantined,
    CancelOrder,
    CancelPlaced,
    CancelRejected,
    Fill,
    Instrument,
    Lots,
    Message,
    Order,
    OrderAccepted,
    OrderEnded,
    OrderRefused,
    OrderRejected,
    Outcome,
    Owner,
    PlaceOrder,
    PositionAdjusted,
    PositionsReported,
    Quote,
    ReportPositions,
    StrategyId,
    SubmitOrder,
    Subscribe,
    Symbol,
    TargetShares,
    TradingState,
    TradingStateChanged,
    UtcNs,
    WakeAt,
    Woke,
)

BACK_OFF_NS = NS_PER_SECOND // 2
"""Before the first retry; each further one waits twice as long."""
BACK_OFF_MAX_NS = 30 * NS_PER_SECOND
RETRIES_PER_MINUTE = 30
"""Of all orders of the account together; further ones wait until the minute is over."""
DUPLICATE = "duplicate-client-id"
"""A venue's reason that means: it has this order already."""
_PASSING_REFUSALS = frozenset({"order-rate"})
# An enum's member costs ten times what a global does, and these are asked for at every order.
_ACTIVE: Final = TradingState.ACTIVE
_HALTED: Final = TradingState.HALTED
_FLATTENING: Final = TradingState.FLATTENING
_REFUSED: Final = Outcome.REFUSED
_REJECTED: Final = Outcome.REJECTED
_CANCELLED: Final = Outcome.CANCELLED
_MINUTE = 60 * NS_PER_SECOND


class Executor(Component):
    """One per account: crosses opposite wishes internally, works the rest as orders, and folds what is held.

    Hears TargetShares, PlaceOrder, CancelPlaced, OrderAccepted, OrderRejected, OrderRefused, OrderEnded,
    CancelRejected, Fill, PositionAdjusted, TradingStateChanged, ActorQuarantined, Quote (where strategies share a
    symbol), ReportPositions, Woke.
    Says SubmitOrder, CancelOrder, Fill (internal), PositionsReported, Subscribe, WakeAt.

    Lots are signed. Never are more lots working than somebody lacks. `run6` starts every client id. `order_lots_max`
    cuts larger orders into slices. ValueError for a rule whose algorithm does not exist.
    """

    def __init__(
        self,
        account: Account,
        instruments: Mapping[Symbol, Instrument],
        run6: str,
        strategies: Iterable[ShareRule],
        *,
        order_lots_max: Lots | None = None,
    ) -> None:
        self.account = account
        self.state = _ACTIVE
        self.desks: dict[Symbol, Desk] = {symbol: Desk(symbol) for symbol in instruments}
        self._rules = {rule.strategy: rule for rule in strategies}
        self._maker = OrderMaker(account, instruments, run6, self._rules.values(), order_lots_max)
        self._heard = Once()
        self._placed: dict[tuple[StrategyId, int], str] = {}
        self._retries: deque[UtcNs] = deque()

    def on_start(self) -> Answers:
        """Asks for quotes of the symbols in which strategies can cross: the mid is their price."""
        traders: dict[Symbol, int] = {}
        for rule in self._rules.values():
            for symbol in rule.symbols:
                traders[symbol] = traders.get(symbol, 0) + 1
        return tuple([Subscribe(Quote, symbol) for symbol, count in sorted(traders.items()) if count > 1])

    # What is wanted.

    def on_target_shares(self, target: TargetShares) -> Answers:
        """Compares the new shares with those known, and plans for the strategies whose share changed."""
        desk = self.desks[target.symbol]
        shares, placing = desk.shares, desk.placing
        count = 0
        for share in target.shares:
            strategy = share.strategy
            if strategy in placing:
                continue
            count += 1
            known = shares.get(strategy)
            if known is share:
                continue
            shares[strategy] = share
            desk.unsettled[strategy] = None
            if known is None or known.lots != share.lots:
                desk.blocked = False
            if share.signal_price is not None and known != share:
                desk.last_price = share.signal_price
        if count != len(shares):
            there = {share.strategy for share in target.shares}
            for strategy in [strategy for strategy in shares if strategy not in there]:
                del shares[strategy]
        return self._plan(desk, target.ts)

    def on_quote(self, quote: Quote) -> Answers:
        """The mid is the best price for a crossing."""
        self.desks[quote.symbol].last_price = (quote.bid + quote.ask) / 2
        return ()

    def on_place_order(self, placed: PlaceOrder) -> Answers:
        """A strategy's own order: one owner, never netted or crossed. From now on it has no share here."""
        desk = self.desks[placed.symbol]
        desk.placing.add(placed.strategy)
        desk.shares.pop(placed.strategy, None)
        order = self._maker.order(
            desk,
            (Owner(placed.strategy, placed.lots),),
            placed.ts,
            type=placed.type,
            limit_price=placed.limit_price,
            stop_price=placed.stop_price,
        )
        self._placed[placed.strategy, placed.number] = order.client_id
        return (self._send(desk, order, placed.number),)

    def on_cancel_placed(self, cancel: CancelPlaced) -> Answers:
        """Takes back one of a strategy's own orders, or all of them, which ends its order mode."""
        desk = self.desks[cancel.symbol]
        if cancel.number is not None:
            client_id = self._placed.get((cancel.strategy, cancel.number))
            working = desk.working.get(client_id) if client_id is not None else None
            return self._cancel(desk, working, cancel.ts) if working is not None else ()
        desk.placing.discard(cancel.strategy)
        return self._cancel_placed(desk, cancel.strategy, cancel.ts)

    def on_actor_quarantined(self, quarantined: ActorQuarantined) -> Answers:
        """A strategy that is to be flattened loses its own orders; the portfolio's next target is without them."""
        role, _, strategy = quarantined.actor.partition(":")
        rule = self._rules.get(strategy) if role == "strategy" else None
        if rule is None or rule.on_quarantine != "flatten":
            return ()
        said: list[Message] = []
        for symbol in rule.symbols:
            desk = self.desks[symbol]
            desk.placing.discard(strategy)
            said += self._cancel_placed(desk, strategy, quarantined.at)
        return tuple(said)

    def on_trading_state_changed(self, changed: TradingStateChanged) -> Answers:
        """Halted: everything is taken back. Flattening: that too, then orders to flat. Active: on to the targets."""
        self.state = changed.state
        said: list[Message] = []
        for desk in self.desks.values():
            desk.blocked = False
            if changed.state is not _ACTIVE:
                for working in list(desk.working.values()):
                    said += self._cancel(desk, working, changed.ts)
            else:
                desk.unsettled.update(dict.fromkeys(desk.shares))
            said += self._plan(desk, changed.ts)
        return tuple(said)

    # What became of orders.

    def on_order_accepted(self, accepted: OrderAccepted) -> Answers:
        """The venue has it; a retry that was due is not needed any more."""
        working = self.desks[accepted.order.symbol].working.get(accepted.order.client_id)
        if working is not None:
            working.retry_at = None
        return ()

    def on_fill(self, fill: Fill) -> Answers:
        """Folds it, once. One that was not expected any more changes what is lacking, and is answered."""
        if not self._heard.first(fill.execution_id):
            return ()
        desk = self.desks[fill.symbol]
        for part in fill.parts:
            desk.fold(part.strategy, part.lots)
        desk.last_price = fill.price
        desk.strikes = 0
        was_blocked, desk.blocked = desk.blocked, False
        working = desk.working.get(fill.client_id)
        if working is None:
            return self._plan(desk, fill.ts)
        working.retry_at = None
        working.filled += fill.lots
        left = working.left
        for part in fill.parts:
            left[part.strategy] = left.get(part.strategy, 0) - part.lots
        if working.leaves_all():
            self._forget(desk, working)
        elif not was_blocked:
            # What was working is held now: what is lacking beyond it is as it was.
            return ()
        return self._plan(desk, fill.ts)

    def on_order_ended(self, ended: OrderEnded) -> Answers:
        """Forgets the order once every fill that it tells of was heard, and plans anew."""
        desk = self.desks[ended.order.symbol]
        working = desk.working.get(ended.order.client_id)
        if working is None:
            return ()
        working.retry_at = None
        working.ended_filled = ended.lots_filled
        if not working.leaves_all():
            return ()
        self._forget(desk, working)
        if not desk.unsettled and not desk.working:
            return ()
        unasked = not working.cancel_asked and working.number is None
        desk.blocked = unasked and ended.outcome in (_REFUSED, _REJECTED)
        if unasked and ended.outcome is _CANCELLED and not working.filled:
            # A venue that keeps cancelling must not be asked again within the same instant, for ever.
            desk.hold_until = ended.ts + _back_off(desk.strikes)
            desk.strikes += 1
            return (WakeAt(desk.hold_until, f"plan:{desk.symbol}"),)
        return self._plan(desk, ended.ts)

    def on_order_rejected(self, rejected: OrderRejected) -> Answers:
        """For the time being: the same order again after a while. For good: not before something changes."""
        if rejected.reason == DUPLICATE:
            return ()
        return self._not_taken(rejected.order, rejected.ts, standing=rejected.standing)

    def on_order_refused(self, refused: OrderRefused) -> Answers:
        """The guard's refusals stand, except that of too many orders at a time."""
        return self._not_taken(refused.order, refused.ts, standing=refused.reason not in _PASSING_REFUSALS)

    def on_cancel_rejected(self, rejected: CancelRejected) -> Answers:
        """The order is over, or the venue does not know it yet: ask again, until its end is known."""
        working = self.desks[rejected.symbol].working.get(rejected.client_id)
        if working is None or not working.cancel_asked or working.ended_filled is not None:
            return ()
        if working.cancel_at is not None:
            return ()
        working.cancel_tries += 1
        working.cancel_at = rejected.ts + _back_off(working.cancel_tries - 1)
        return (WakeAt(working.cancel_at, f"cancel:{rejected.client_id}"),)

    def on_position_adjusted(self, adjusted: PositionAdjusted) -> Answers:
        """The reconciler's difference is held, whatever it came from."""
        if not self._heard.first(f"adjustment {adjusted.adjustment_id}"):
            return ()
        desk = self.desks[adjusted.symbol]
        desk.fold(adjusted.strategy, adjusted.lots)
        desk.blocked = False
        return self._plan(desk, adjusted.ts)

    def on_report_positions(self, asked: ReportPositions) -> Answers:
        """Lots by (strategy, symbol), those that are not 0, in order."""
        held = sorted(
            [(owner, desk.symbol, lots) for desk in self.desks.values() for owner, lots in desk.held.items() if lots]
        )
        return (PositionsReported(account=self.account, number=asked.number, role="executor", positions=tuple(held)),)

    def lots_in(self, symbol: Symbol) -> Mapping[StrategyId, Lots]:
        """What is held of one symbol now: for the checker of a replay, where one thread makes that safe."""
        return self.desks[symbol].held

    def on_woke(self, woke: Woke) -> Answers:
        """A back-off is over."""
        what, _, name = woke.token.partition(":")
        if what == "plan":
            return self._plan(self.desks[name], woke.at)
        found = next(((desk, desk.working[name]) for desk in self.desks.values() if name in desk.working), None)
        if found is None:
            return ()
        desk, working = found
        if what == "cancel":
            if working.cancel_at is None or working.cancel_at > woke.at:
                return ()
            working.cancel_at, working.cancel_asked = None, False
            return self._cancel(desk, working, woke.at)
        if working.retry_at is None or working.retry_at > woke.at:
            return ()
        return self._retry(desk, working, woke.at)

    # Inside.

    def _plan(self, desk: Desk, ts: UtcNs) -> tuple[Message, ...]:
        state = self.state
        if not desk.unsettled and not desk.working and state is _ACTIVE:
            return ()
        if desk.blocked or desk.hold_until > ts or state is _HALTED:
            return ()
        flat = state is _FLATTENING
        if not flat and not desk.working and len(desk.unsettled) == 1:
            # The usual case by far, one strategy and nothing on its way, needs no plan.
            return self._send_alone(desk, ts)
        lacking = desk.lacking(flat=flat)
        if not lacking and not desk.working:
            return ()
        made = plan(
            lacking,
            desk.working.values(),
            managed=None if flat else desk.shares,
            can_cross=desk.last_price is not None,
        )
        said: list[Message] = []
        if made.cross:
            for fill in self._maker.crossing(desk, made.cross, ts):
                desk.fold(fill.parts[0].strategy, fill.lots)
                said.append(fill)
        if made.cancel:
            before = len(desk.working)
            for working in made.cancel:
                said += self._cancel(desk, working, ts)
            if len(desk.working) < before:
                # What waited for its retry was not at the venue, and is over at once.
                said += self._plan(desk, ts)
        elif made.send:
            said += [self._send(desk, order) for order in self._maker.orders(desk, made.send, ts, reduce_only=flat)]
        return tuple(said)

    def _send_alone(self, desk: Desk, ts: UtcNs) -> tuple[Message, ...]:
        (strategy,) = desk.unsettled
        share = desk.shares.get(strategy)
        lots = 0 if share is None else share.lots - desk.held.get(strategy, 0)
        if lots == 0:
            desk.unsettled.clear()
            return ()
        maker = self._maker
        if maker.slices:
            wanted = ((strategy, lots),)
            return tuple([self._send(desk, order) for order in maker.orders(desk, wanted, ts, reduce_only=False)])
        return (self._send(desk, maker.order(desk, (Owner(strategy, lots),), ts)),)

    def _send(self, desk: Desk, order: Order, number: int | None = None) -> SubmitOrder:
        left = {owner.strategy: owner.lots for owner in order.owners}
        desk.working[order.client_id] = Working(order=order, left=left, submitted_at=order.ts, number=number)
        return SubmitOrder(order)

    def _cancel(self, desk: Desk, working: Working, ts: UtcNs) -> tuple[Message, ...]:
        if working.retry_at is not None:
            self._forget(desk, working)
            return ()
        if working.cancel_asked or working.ended_filled is not None:
            return ()
        working.cancel_asked = True
        return (
            CancelOrder(account=self.account, client_id=working.order.client_id, symbol=working.order.symbol, ts=ts),
        )

    def _cancel_placed(self, desk: Desk, strategy: StrategyId, ts: UtcNs) -> tuple[Message, ...]:
        own = [each for each in desk.working.values() if each.number is not None and strategy in each.left]
        return tuple([said for each in own for said in self._cancel(desk, each, ts)])

    def _not_taken(self, order: Order, ts: UtcNs, *, standing: bool) -> tuple[Message, ...]:
        desk = self.desks[order.symbol]
        working = desk.working.get(order.client_id)
        if working is None or working.retry_at is not None or ts < working.submitted_at:
            # Not ours any more, known already, or the answer to an earlier submission heard again.
            return ()
        if standing or working.cancel_asked:
            self._forget(desk, working)
            if not working.cancel_asked and working.number is None:
                desk.blocked = True
            return self._plan(desk, ts)
        working.retry_at = self._retry_time(ts + _back_off(working.attempts - 1))
        return (WakeAt(working.retry_at, f"retry:{order.client_id}"),)

    def _retry(self, desk: Desk, working: Working, ts: UtcNs) -> tuple[Message, ...]:
        if self.state is _HALTED:
            self._forget(desk, working)
            return ()
        working.retry_at = None
        working.attempts += 1
        working.submitted_at = ts
        working.order = attrs.evolve(working.order, ts=ts, reference_price=desk.last_price)
        return (SubmitOrder(working.order),)

    def _retry_time(self, at: UtcNs) -> UtcNs:
        retries = self._retries
        if len(retries) >= RETRIES_PER_MINUTE:
            at = max(at, retries.popleft() + _MINUTE)
        retries.append(at)
        return at

    def _forget(self, desk: Desk, working: Working) -> None:
        del desk.working[working.order.client_id]
        desk.unsettled.update(dict.fromkeys(working.left))
        if working.number is not None:
            self._placed.pop((working.order.owners[0].strategy, working.number), None)


def _back_off(failures: int) -> int:
    return min(BACK_OFF_NS << min(failures, 16), BACK_OFF_MAX_NS)
