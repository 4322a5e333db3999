"""From what is lacking and what is working to what has to be done now. A pure function; `dealing` carries it out.

The rule that keeps it from over-trading: an order that could fill more than its owners lack, or against what somebody
else still needs, is made smaller or taken back first, and nothing is sent in that symbol until that has happened. Until
then an order counts with the most that may still come of it: what is unknown, being cancelled, or not yet smaller, in
full. So position + everything that may still be filled never passes what is wanted.
"""

from collections.abc import Container, Iterable, Mapping, Sequence

import attrs

from actors.execution.states import CANCELLING, CLOSING
from actors.execution.working import Working
from actors.money.allocation import allocate
from messages import Lots, OrderType, StrategyId

Lacks = list[tuple[StrategyId, Lots]]
Sides = dict[tuple[StrategyId, bool], Lots]
"""Signed lots by strategy and whether they buy: an order on one side makes no room on the other."""
_LIMIT = OrderType.LIMIT


@attrs.frozen(kw_only=True)
class Plan:
    """Either orders to take back or make smaller; or lots to cross internally and lots that are free to be sent."""

    waits: bool = False
    """Nothing may be sent before something on its way has ended or shrunk."""
    cancel: tuple[Working, ...] = ()
    shrink: tuple[tuple[Working, Lots], ...] = ()
    """By how many lots, above zero."""
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
    pending: Sides = {}
    for each in ours:
        for owner, lots in each.left.items():
            side = (owner, lots > 0)
            pending[side] = pending.get(side, 0) + lots
    unwanted = [each for each in ours if _unwanted(each, lacking, pending, managed)]
    if unwanted:
        return _taken_back(unwanted, ours, lacking, managed)
    free = [(owner, lots - pending.get((owner, lots > 0), 0)) for owner, lots in lacking.items()]
    free = [each for each in free if each[1]]
    made = _split(free, can_cross=can_cross)
    if made.send and can_cross:
        against = tuple(each for each in ours if each.order.lots * made.send[0][1] < 0 and any(each.left.values()))
        if against:
            return Plan(waits=True, cancel=against, cross=made.cross)
    return made


def _unwanted(
    each: Working,
    lacking: Mapping[StrategyId, Lots],
    pending: Sides,
    managed: Container[StrategyId] | None,
) -> bool:
    if each.number is not None:
        # A strategy's own order, while its target is ours to reach.
        return True
    for owner, lots in each.left.items():
        if lots and (managed is None or owner in managed):
            lack = lacking.get(owner, 0)
            if lack * lots <= 0 or abs(pending.get((owner, lots > 0), 0)) > abs(lack):
                return True
    return False


def _taken_back(
    unwanted: Sequence[Working],
    ours: Sequence[Working],
    lacking: Mapping[StrategyId, Lots],
    managed: Container[StrategyId] | None,
) -> Plan:
    """Shrinks the orders that can be made smaller, the youngest first, and cancels the others."""
    expected: Sides = {}
    for each in ours:
        for owner, lots in each.left.items():
            side = (owner, lots > 0)
            expected[side] = expected.get(side, 0) + each.expected(owner)
    cancel: list[Working] = []
    shrink: list[tuple[Working, Lots]] = []
    smaller = [each for each in unwanted if each.smaller()]
    for each in unwanted:
        if each.state is CANCELLING or each.state is CLOSING or each in smaller:
            continue
        if _unwanted(each, lacking, expected, managed):
            cancel.append(each)
    for each in cancel:
        for owner, lots in each.left.items():
            expected[owner, lots > 0] -= each.expected(owner)
    for each in reversed(smaller):
        ((owner, left),) = each.left.items()
        lack = lacking.get(owner, 0)
        side = (owner, left > 0)
        excess = abs(expected[side]) - abs(lack) if lack * left > 0 else abs(left)
        if excess >= abs(left):
            cancel.append(each)
            expected[side] -= left
        elif excess > 0:
            shrink.append((each, excess))
            expected[side] -= excess if left > 0 else -excess
    return Plan(waits=True, cancel=tuple(cancel), shrink=tuple(shrink))


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


def reducing(send: Iterable[tuple[StrategyId, Lots]], net: Lots, working: Iterable[Working]) -> Lacks:
    """Of what is free to be sent, as much as brings the account's net position nearer to nothing, and not through it.

    Everything that may still be filled on that side counts as filled.
    """
    wanted = [each for each in send if each[1] * net < 0]
    pending = sum([lots for each in working for lots in each.left.values() if lots * net < 0])
    room = abs(net) - abs(pending)
    total = abs(sum([lots for _, lots in wanted]))
    if room <= 0 or not wanted:
        return []
    return wanted if total <= room else allocate(room if net < 0 else -room, wanted)
