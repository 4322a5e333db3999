"""What an executor with algorithms, or with a market that closes, leaves to its next incarnation.

Targets, fills and trading states are heard again, and from them an executor of market orders alone comes to the same
orders with the same ids. What the market or a timer brought about does not come about again: it is handed over.
"""

from collections.abc import Iterable
from copy import deepcopy

import attrs

from actors.execution.algorithms import Task
from actors.execution.dealing import Dealing
from actors.execution.states import CANCELLING, WAITING
from actors.execution.working import Working
from messages import NS_PER_SECOND, Lots, Message, StrategyId, Symbol, TradingState, UtcNs, WakeAt

_SOON = NS_PER_SECOND


@attrs.frozen(kw_only=True)
class ExecutorHeritage:
    """Orders whose end is not known, what they were for, and what is heard by nobody but their maker."""

    intents: int
    """Orders made: no client id is given twice."""
    crossings: int
    crossed: tuple[tuple[StrategyId, Symbol, Lots], ...]
    """Signed lots that internal fills have moved: the executor does not hear its own."""
    orders: tuple[Working, ...]
    placed: tuple[tuple[StrategyId, int, str], ...]
    """Strategies' own orders by their number."""
    tasks: tuple[tuple[Symbol, Task], ...]
    now: UtcNs
    state: TradingState = TradingState.ACTIVE
    on: Message | None = None
    """What it heard last."""
    words: tuple[Message, ...] = ()
    """What it was to say of that, of orders and crossings that are told above: if it failed nobody has heard it."""


def left_by(dealing: Dealing) -> ExecutorHeritage | None:
    """What there is to leave, as copies: one that hangs may go on in what it has. None where all comes about again."""
    desks = dealing.desks.values()
    if not any(desk.timed for desk in desks):
        return None
    return ExecutorHeritage(
        intents=dealing.maker.intents,
        crossings=dealing.maker.crossings,
        crossed=tuple([(name, symbol, lots) for (name, symbol), lots in sorted(dealing.crossed.items())]),
        # What waits for its retry is not at the venue: it is planned anew, unless a strategy placed it itself.
        orders=tuple(
            [
                deepcopy(each)
                for desk in desks
                for each in desk.working.values()
                if each.state is not WAITING or each.number is not None
            ]
        ),
        placed=tuple([(*key, client_id) for key, client_id in dealing.out.placed.items()]),
        tasks=tuple([(desk.symbol, deepcopy(task)) for desk in desks for task in desk.tasks.values()]),
        now=max([desk.now for desk in desks]),
        state=dealing.state,
        on=dealing.out.on,
        words=tuple(dealing.out.words),
    )


def take_over(dealing: Dealing, left: ExecutorHeritage) -> None:
    """After everything was heard again: from now on what was handed over is ours."""
    dealing.adopting = False
    dealing.out.on, dealing.out.words = left.on, list(left.words)
    for strategy, symbol, lots in left.crossed:
        dealing.desks[symbol].fold(strategy, lots)
        dealing.crossed[strategy, symbol] = lots
    for working in left.orders:
        dealing.desks[working.order.symbol].working[working.order.client_id] = working
    dealing.out.placed.update({(strategy, number): client_id for strategy, number, client_id in left.placed})
    for symbol, task in left.tasks:
        dealing.desks[symbol].tasks[task.strategy] = task
    for desk in dealing.desks.values():
        desk.now = left.now
        desk.unsettled.update(dict.fromkeys(desk.shares))


def first_wakes(left: ExecutorHeritage, symbols: Iterable[Symbol]) -> tuple[Message, ...]:
    """At a real venue: everything is looked at once, however long ago anything was planned, and own orders go on.

    Said at the start and not while everything is heard again: of that a timer that is past by now is not set.
    """
    said = [each for symbol in symbols for each in wakes(left, symbol)]
    said += [
        WakeAt(working.retry_at, f"retry:{working.order.client_id}")
        for working in left.orders
        if working.retry_at is not None
    ]
    return tuple(said)


def wakes(left: ExecutorHeritage, symbol: Symbol) -> tuple[Message, ...]:
    """The predecessor's timers are gone: soon after the beginning everything is looked at once."""
    at = left.now + _SOON
    said: list[Message] = [WakeAt(at, f"plan:{symbol}")]
    for working in left.orders:
        # Whether the cancel was said before the end nobody knows: it does no harm twice.
        if working.state is CANCELLING and working.order.symbol == symbol:
            working.cancel_at = at
            said.append(WakeAt(at, f"cancel:{working.order.client_id}"))
    return tuple(said)
