"""Which tasks are worked together, and what their algorithm says to do about them now. Pure; `dealing` carries it out.

A unit is one algorithm with its parameters, one side, and (where prices differ from strategy to strategy) one strategy.
It is given only lots that the plan has found free to be sent, less those whose time has not come.
"""

from collections.abc import Iterable, Mapping

import attrs

from actors.execution.algorithms import MARKET, Child, Execution, Step, Task, Work, algorithm_of
from actors.execution.desk import Desk
from actors.execution.states import CLOSING
from actors.execution.working import Working
from messages import Lots, StrategyId, UtcNs

Key = tuple[str, int, StrategyId]
"""Execution, side, strategy or nothing."""


@attrs.define
class Unit:
    """Some tasks of one side, worked together."""

    execution: Execution
    side: int
    free: dict[StrategyId, Lots] = attrs.field(factory=dict)
    """Signed."""
    strategies: dict[StrategyId, None] = attrs.field(factory=dict)
    children: list[Working] = attrs.field(factory=list)
    look_at: UtcNs | None = None
    """When more of its tasks will be due."""


def units_of(
    desk: Desk,
    lacking: Mapping[StrategyId, Lots],
    send: Iterable[tuple[StrategyId, Lots]],
    executions: Mapping[StrategyId, Execution],
    ts: UtcNs,
) -> list[Unit]:
    """The units of a symbol, with what is free and due of each; `lacking` and `send` are signed."""
    units: dict[Key, Unit] = {}
    pending: dict[StrategyId, Lots] = {}
    for working in desk.working.values():
        for owner, lots in working.left.items():
            pending[owner] = pending.get(owner, 0) + abs(lots)
    for strategy, lots in lacking.items():
        execution = executions.get(strategy, MARKET)
        unit = _unit(units, execution, 1 if lots > 0 else -1, strategy)
        unit.strategies[strategy] = None
    for strategy, lots in send:
        unit = _unit(units, executions.get(strategy, MARKET), 1 if lots > 0 else -1, strategy)
        due, look_at = _due(desk.tasks[strategy], lots, ts, lacking=lacking, pending=pending)
        if due:
            unit.free[strategy] = due
        if look_at is not None and (unit.look_at is None or look_at < unit.look_at):
            unit.look_at = look_at
    for working in desk.working.values():
        if working.number is None:
            for owner in working.left:
                execution = executions.get(owner, MARKET)
                if execution.text == working.order.algorithm:
                    unit = _unit(units, execution, 1 if working.order.lots > 0 else -1, owner)
                    unit.children.append(working)
                    break
    return list(units.values())


def step_of(desk: Desk, unit: Unit, ts: UtcNs) -> Step:
    """What the unit's algorithm says."""
    tasks = [desk.tasks[strategy] for strategy in unit.strategies]
    work = Work(
        now=ts,
        side=unit.side,
        free=abs(sum(unit.free.values())),
        children=tuple([_child(working) for working in unit.children]),
        market=desk.market,
        grid=desk.grid,
        began=min([task.began for task in tasks], default=ts),
        decision_price=tasks[0].decision_price if tasks else None,
    )
    return algorithm_of(unit.execution).step(work)


def _unit(units: dict[Key, Unit], execution: Execution, side: int, strategy: StrategyId) -> Unit:
    key = (execution.text, side, strategy if algorithm_of(execution).apart else "")
    unit = units.get(key)
    if unit is None:
        unit = units[key] = Unit(execution, side)
    return unit


def _due(
    task: Task,
    free: Lots,
    ts: UtcNs,
    *,
    lacking: Mapping[StrategyId, Lots],
    pending: Mapping[StrategyId, Lots],
) -> tuple[Lots, UtcNs | None]:
    """Of the free lots, those whose time has come; and when that will be more."""
    due, look_at = task.due(ts)
    done = abs(task.lots) - abs(lacking.get(task.strategy, 0))
    lots = max(0, min(abs(free), due - done - pending.get(task.strategy, 0)))
    return (lots if free > 0 else -lots), look_at


def _child(working: Working) -> Child:
    return Child(
        client_id=working.order.client_id,
        lots=0 if working.state is CLOSING else abs(sum(working.left.values())),
        limit_price=working.to_be.limit_price,
        since=working.since,
    )
