"""Carries plans out for one account: what `plan` says may be done at once, the way that the algorithms want it done."""

from collections.abc import Iterable, Mapping
from typing import Final

import attrs

from actors.execution.algorithms import Step
from actors.execution.attempts import Retries, back_off
from actors.execution.desk import NEVER, Desk
from actors.execution.maker import OrderMaker
from actors.execution.orders_out import OrdersOut
from actors.execution.plan import Plan, plan, reducing
from actors.execution.rules import ShareRule
from actors.execution.slices import SLICES_MAX
from actors.execution.units import Unit, step_of, units_of
from actors.execution.working import Working
from actors.money.allocation import allocate
from messages import (
    Account,
    GaveUp,
    Lots,
    Message,
    Owner,
    StrategyId,
    Symbol,
    TradingState,
    UtcNs,
    WakeAt,
)

# An enum's member costs ten times what a global does, and these are asked for at every order.
_ACTIVE: Final = TradingState.ACTIVE
_HALTED: Final = TradingState.HALTED
_FLATTENING: Final = TradingState.FLATTENING
_REDUCE_ONLY: Final = TradingState.REDUCE_ONLY
_RECOVERING: Final = TradingState.RECOVERING


class Dealing:
    """Desks, orders and trading state of an account, and the one way to what has to be done next: `plan`."""

    def __init__(
        self, account: Account, desks: Mapping[Symbol, Desk], rules: Iterable[ShareRule], maker: OrderMaker
    ) -> None:
        self.account = account
        self.state = _ACTIVE
        self.desks = desks
        self.maker = maker
        self.out = OrdersOut(account)
        self.retries = Retries()
        self.adopting = False
        """Everything is heard again, and the orders will be handed over: nothing is planned until then."""
        self.crossed: dict[tuple[StrategyId, Symbol], Lots] = {}
        """What internal fills have moved, since the beginning."""
        self._executions = {rule.strategy: rule.execution for rule in rules}

    def plan(self, desk: Desk, ts: UtcNs) -> tuple[Message, ...]:
        """What has to be done now in a symbol, whatever it was that changed."""
        state = self.state
        nothing = not desk.unsettled and not desk.working and state is not _FLATTENING
        if nothing or self.adopting or state is _HALTED or state is _RECOVERING:
            return ()
        if desk.expiry is not None and ts >= desk.expiry:
            return self._expired(desk, ts)
        desk.wait_no_longer(ts)
        if state is _ACTIVE and not desk.working and len(desk.unsettled) == 1 and not desk.worked and not desk.waits:
            # The usual case by far, one strategy and nothing on its way, needs no plan.
            return self._send_alone(desk, ts)
        flat = state is _FLATTENING
        lacking = desk.lacking(flat=flat, reducing=state is _REDUCE_ONLY)
        if desk.timed:
            # An answer that comes late tells an old time; what an algorithm sees never goes back.
            ts = desk.now = max(desk.now, ts)
        if desk.worked and not flat:
            desk.begin_tasks(lacking, self._executions, ts)
        if not lacking and not desk.working:
            return ()
        made = plan(
            lacking,
            desk.working.values(),
            managed=None if flat else desk.shares,
            can_cross=desk.can_cross,
        )
        said = self._cross(desk, made, lacking, ts) if made.cross else []
        if made.waits:
            said += self._take_back(desk, made, ts)
        else:
            said += self._go_on(desk, lacking, made.send, ts)
        return tuple(said)

    def _cross(self, desk: Desk, made: Plan, lacking: dict[StrategyId, Lots], ts: UtcNs) -> list[Message]:
        """What strategies want of each other, now or when the market opens; what changes hands is lacking no more."""
        said: list[Message] = []
        if desk.crossing_waits(ts):
            assert desk.hours is not None
            at = desk.hours.next_open(ts)
            if desk.crosses_at != at:
                desk.crosses_at = at
                said.append(WakeAt(at, f"plan:{desk.symbol}"))
            return said
        for fill in self.maker.crossing(desk, made.cross, ts):
            part = fill.parts[0]
            desk.fold(part.strategy, part.lots)
            lacking[part.strategy] -= part.lots
            moved = (part.strategy, desk.symbol)
            self.crossed[moved] = self.crossed.get(moved, 0) + part.lots
            said.append(fill)
            self.out.words.append(fill)
        return said

    def _send_alone(self, desk: Desk, ts: UtcNs) -> tuple[Message, ...]:
        (strategy,) = desk.unsettled
        share = desk.shares.get(strategy)
        lots = 0 if share is None else share.lots - desk.held.get(strategy, 0)
        if share is None or lots == 0:
            desk.unsettled.clear()
            return ()
        maker = self.maker
        if maker.slices:
            orders = maker.orders(desk, ((strategy, lots),), ts)
            return tuple([self.out.send(desk, order) for order in orders])
        decided = desk.decided_at(strategy)
        return (self.out.send(desk, maker.order(desk, (Owner(strategy, lots),), ts, decision_price=decided)),)

    def _take_back(self, desk: Desk, made: Plan, ts: UtcNs) -> list[Message]:
        said: list[Message] = []
        before = len(desk.working)
        for working in made.cancel:
            said += self.out.cancel(desk, working, ts)
        for working, by in made.shrink:
            said += self.out.shrink(desk, working, by, ts)
        if len(desk.working) < before:
            # What waited for its retry was not at the venue, and is over at once.
            said += self.plan(desk, ts)
        return said

    def _go_on(
        self, desk: Desk, lacking: Mapping[StrategyId, Lots], send: Iterable[tuple[StrategyId, Lots]], ts: UtcNs
    ) -> list[Message]:
        """Nothing is in the way: sends what is free, and lets the algorithms look after what works."""
        waits, state = desk.waits, self.state
        wanted = [each for each in send if each[0] not in waits] if waits else list(send)
        if _is_full(desk):
            wanted = []
        if state is _REDUCE_ONLY and wanted:
            wanted = reducing(wanted, sum(desk.held.values()), desk.working.values())
        if state is _FLATTENING or not desk.worked:
            # What has to be flat is sent at market, whatever its strategy likes.
            flat = state is _FLATTENING
            orders = self.maker.orders(desk, wanted, ts, reduce_only=state is not _ACTIVE, flat=flat)
            return [self.out.send(desk, order) for order in orders]
        still = {strategy: lots for strategy, lots in lacking.items() if lots}
        said: list[Message] = []
        look_at: UtcNs | None = None
        before = len(desk.working)
        for unit in units_of(desk, still, wanted, self._executions, ts):
            step = step_of(desk, unit, ts)
            said += self._carry_out(desk, unit, step, ts)
            for at in (unit.look_at, step.look_at):
                if at is not None and at > ts and (look_at is None or at < look_at):
                    look_at = at
        if look_at is not None:
            said += self._look(desk, look_at, ts)
        if len(desk.working) < before:
            # What waited for its retry was not at the venue, and is over at once.
            said += self.plan(desk, ts)
        return said

    def _carry_out(self, desk: Desk, unit: Unit, step: Step, ts: UtcNs) -> list[Message]:
        said: list[Message] = []
        for client_id, price in step.reprice:
            said += self.out.reprice(desk, desk.working[client_id], price, ts)
        for client_id in step.cancel:
            said += self.out.cancel(desk, desk.working[client_id], ts)
        if step.send and not _is_full(desk):
            wanted = allocate(unit.side * step.send, list(unit.free.items()))
            reduce_only = self.state is not _ACTIVE
            for order in self.maker.children(desk, unit.execution, wanted, step, ts, reduce_only=reduce_only):
                said.append(self.out.send(desk, order))
        if step.gave_up:
            said += self._give_up(desk, unit, ts)
        return said

    def _give_up(self, desk: Desk, unit: Unit, ts: UtcNs) -> list[Message]:
        said: list[Message] = []
        for strategy in unit.strategies:
            desk.tasks[strategy] = attrs.evolve(desk.tasks[strategy], gave_up=True)
            desk.unsettled.pop(strategy, None)
            said.append(
                GaveUp(
                    account=self.account,
                    strategy=strategy,
                    symbol=desk.symbol,
                    algorithm=unit.execution.text,
                    lots=desk.shares[strategy].lots - desk.held.get(strategy, 0),
                    ts=ts,
                )
            )
        return said

    def _expired(self, desk: Desk, ts: UtcNs) -> tuple[Message, ...]:
        """Nothing can be brought about here any more: who lacks something is told so, once for each target."""
        lacking = desk.lacking(flat=False)
        desk.unsettled.clear()
        return tuple(
            [
                GaveUp(
                    account=self.account,
                    strategy=strategy,
                    symbol=desk.symbol,
                    algorithm=self._executions[strategy].text,
                    lots=lots,
                    ts=ts,
                )
                for strategy, lots in lacking.items()
            ]
        )

    def _look(self, desk: Desk, at: UtcNs, ts: UtcNs) -> tuple[Message, ...]:
        if desk.look_at is not None and ts < desk.look_at <= at:
            return ()
        desk.look_at = at
        return (WakeAt(at, f"look:{desk.symbol}"),)

    def block(self, desk: Desk, working: Working) -> None:
        """Refused for good: nothing is sent for its owners until target, position or trading state change."""
        for owner in working.left:
            desk.waits[owner] = NEVER

    def hold(self, desk: Desk, working: Working, ts: UtcNs) -> tuple[Message, ...]:
        """Ended by the venue, and not for good: a venue that does so again and again must not be asked within the same
        instant, for ever."""
        failures = max([desk.strikes.get(owner, 0) for owner in working.left])
        until = ts + back_off(failures)
        for owner in working.left:
            desk.strikes[owner] = failures + 1
            desk.waits[owner] = max(until, desk.waits.get(owner, 0))
        return (WakeAt(until, f"plan:{desk.symbol}"), *self.plan(desk, ts))


def _is_full(desk: Desk) -> bool:
    """Whether so many netted orders are on their way that no more are sent before some are over."""
    working = desk.working
    return len(working) >= SLICES_MAX and sum([each.number is None for each in working.values()]) >= SLICES_MAX
