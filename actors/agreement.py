"""What portfolio, executor and guard of an account hold, read from the components themselves.

Only a replay does this: one thread makes it safe, and asking by message after every fill would cost more than the fill.
On threads the checker asks, and they answer.
"""

from collections.abc import Callable, Iterator
from typing import Final

from actors.executor import Executor
from actors.portfolio import Portfolio
from actors.risk_guard import RiskGuard
from actors.runtime.runtime import Runtime
from actors.runtime.slot import Slot, State
from messages import Account, Message, ReportPositions, Symbol

# An enum's member costs ten times what a global does, and these are asked for at every order.
_UP: Final = State.UP


def positions(runtime: Runtime, asked: ReportPositions) -> Iterator[Message]:
    """What the three answer to a ReportPositions now; nothing from one that is not up."""
    for role in ("portfolio", "executor", "risk-guard"):
        slot = runtime.slots[f"{role}@{asked.account}"]
        report = getattr(slot.component, "on_report_positions", None)
        if slot.state is _UP and report is not None:
            yield from report(asked)


def agreement(runtime: Runtime) -> Callable[[Account, Symbol], bool]:
    """Whether portfolio, executor and guard of an account certainly hold the same of a symbol now; see `positions`."""
    slots_of: dict[Account, tuple[Slot, Slot, Slot]] = {}

    def agree(account: Account, symbol: Symbol) -> bool:
        slots = slots_of.get(account)
        if slots is None:
            of = runtime.slots
            slots = of[f"portfolio@{account}"], of[f"executor@{account}"], of[f"risk-guard@{account}"]
            slots_of[account] = slots
        # The components are asked for each time: a restart changes them.
        portfolio, executor, guard = slots[0].component, slots[1].component, slots[2].component
        up = slots[0].state is _UP and slots[1].state is _UP and slots[2].state is _UP
        if not (
            up and isinstance(portfolio, Portfolio) and isinstance(executor, Executor) and isinstance(guard, RiskGuard)
        ):
            return False
        books, held = portfolio.books_in(symbol), executor.lots_in(symbol)
        net = 0
        for book in books:
            if book.lots != held.get(book.strategy, 0):
                return False
            net += book.lots
        return len(books) == len(held) and net == guard.lots_in(symbol)

    return agree
