"""From what is lacking and what is working to what has to be done now. A pure function; the executor carries it out.

The rule that keeps it from over-trading: an order that could fill more than its owners lack, or against what somebody
else still needs, is taken back first, and nothing is sent in that symbol until its end is known.
"""

from collections.abc import Container, Iterable, Mapping

import attrs

from actors.execution.working import Working
from actors.money.allocation import allocate
from messages import Lots, StrategyId

Lacks = list[tuple[StrategyId, Lots]]


@attrs.frozen(kw_only=True)
class Plan:
    """Either orders to take back, and nothing else; or lots to cross internally and lots to send orders for."""

    cancel: tuple[Working, ...] = ()
    cross: tuple[tuple[StrategyId, Lots], ...] = ()
    """Signed lots by strategy; they add up to 0."""
    send: tuple[tuple[StrategyId, Lots], ...] = ()
    """Signed lots by strategy, one-sided unless nothing could be crossed for want of a price."""


NOTHING = Plan()


def plan(
    lacking: Mapping[StrategyId, Lots],
    working: Iterable[Working],
    *,
    managed: Container[StrategyId] | None,
    can_cross: bool,
) -> Plan:
    """What to do about `lacking` (wanted less held, signed) while `working` orders are on their way.

    `managed`: whose positions are ours to bring about; None for everybody. Orders of others are left alone.
    """
    ours = [each for each in working if managed is None or any(owner in managed for owner in each.left)]
    if not ours:
        return _split(list(lacking.items()), can_cross=can_cross)
    pending: dict[StrategyId, Lots] = {}
    for each in ours:
        for owner, lots in each.left.items():
            pending[owner] = pending.get(owner, 0) + lots
    unwanted = tuple(each for each in ours if _unwanted(each, lacking, pending, managed))
    if unwanted:
        return Plan(cancel=unwanted)
    free = [(owner, lots - pending.get(owner, 0)) for owner, lots in lacking.items() if lots != pending.get(owner, 0)]
    made = _split(free, can_cross=can_cross)
    if made.send and can_cross:
        against = tuple(each for each in ours if each.order.lots * made.send[0][1] < 0 and any(each.left.values()))
        if against:
            return Plan(cancel=against, cross=made.cross)
    return made


def _unwanted(
    each: Working,
    lacking: Mapping[StrategyId, Lots],
    pending: Mapping[StrategyId, Lots],
    managed: Container[StrategyId] | None,
) -> bool:
    if each.number is not None:
        # A strategy's own order, while its target is ours to reach.
        return True
    for owner, lots in each.left.items():
        if lots and (managed is None or owner in managed):
            lack = lacking.get(owner, 0)
            if lack * lots <= 0 or abs(pending[owner]) > abs(lack):
                return True
    return False


def _split(free: Lacks, *, can_cross: bool) -> Plan:
    if len(free) < 2:
        return Plan(send=tuple(free)) if free else NOTHING
    buys = [each for each in free if each[1] > 0]
    sells = [each for each in free if each[1] < 0]
    if not buys or not sells or not can_cross:
        return Plan(send=(*buys, *sells))
    bought, sold = sum(lots for _, lots in buys), -sum(lots for _, lots in sells)
    crossed = min(bought, sold)
    cross = [*allocate(crossed, buys), *allocate(-crossed, sells)]
    done = dict(cross)
    send = [(owner, lots - done.get(owner, 0)) for owner, lots in free]
    return Plan(cross=tuple(cross), send=tuple([each for each in send if each[1]]))
