"""What the next life of a run begins with, from all that its earlier lives wrote.

Facts are folded again and nothing else: fills, funding and adjustments, each once, whichever life they are of. What
cannot be folded (counters, wishes, the trading state, what internal crossings moved) is handed over as heritage.
Restoring reads and changes nothing: done twice it comes to the same.

    positions, books      every actor folds the fills (`kept`), as it does while it lives
    wishes                the last Signal of each strategy and symbol, to the portfolio; the last TargetShares, to the
                          executor
    orders                none is taken up again: those still open at the venue are the gateway's to cancel
    client ids            count on above every one that was ever said or journalled
    trading state         what was halted stays halted, unless `lift_halt`
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from actors.execution.heritage import ExecutorHeritage
from actors.portfolio import PortfolioHeritage
from actors.restored import Restored
from actors.risk.heritage import GuardHeritage
from actors.setup import Setup
from actors.sizing.marks import Prices
from actors.strategy import StrategyEntry
from actors.strategy_host import Heritage
from adapters.journal.accounts import PastAccount, is_internal, read_accounts
from adapters.journal.orders import Journalled, read_orders
from adapters.journal.reading import TraceReader
from adapters.journal.store import JournalError, lives
from messages import (
    Account,
    ApprovedAmend,
    ApprovedOrder,
    Fill,
    FundingPaid,
    Liquidity,
    Lots,
    Message,
    Order,
    OrderEnded,
    OrderRejected,
    PlaceOrder,
    Signal,
    StrategyId,
    Symbol,
    TradingState,
    UtcNs,
)

EXECUTIONS_KEPT = 4096
"""So many ids of its last fills a strategy is given; as many as its host remembers."""
_DUPLICATE = "duplicate-client-id"


class JournalledOrders(Mapping[str, Order]):
    """Every order that ever passed, by client id, as it was last approved. Read when it is asked for."""

    def __init__(self, rows: Iterable[Journalled]) -> None:
        self._rows: dict[str, Journalled] = {}
        for row in rows:
            if row.message in ("ApprovedOrder", "ApprovedAmend"):
                self._rows[row.client_id] = row

    def __getitem__(self, client_id: str) -> Order:
        message = self._rows[client_id].decoded()
        if not isinstance(message, ApprovedOrder | ApprovedAmend):
            raise JournalError(f"the journal's row {self._rows[client_id].seq} is no order")
        return message.order

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


@attrs.frozen(kw_only=True)
class Recovery:
    """What actors begin with, and what a gateway needs besides."""

    restored: Restored
    approved: tuple[Order, ...] = ()
    """Orders that passed and are not known to be over, as they were last to be: to be looked up at the venue."""
    orders: Mapping[str, Order] = attrs.field(factory=dict)
    """All that ever passed, by client id: whose a fill is that is heard of only now."""
    known_executions: frozenset[tuple[Account, str]] = frozenset()
    """(account, execution id) of all fills from the venue."""
    executions_since: Mapping[Account, UtcNs] = attrs.field(factory=dict)
    """When the last fill was; executions are to be asked for from before it, with overlap."""
    held: Mapping[tuple[Account, StrategyId, Symbol], Lots] = attrs.field(factory=dict)
    """Signed lots, those that are not 0."""
    last_counters: Mapping[Account, tuple[int, int]] = attrs.field(factory=dict)
    """(orders made, crossings made)."""


def restore(folder: Path, setup: Setup, *, now: UtcNs, before_life: int, lift_halt: bool = False) -> Recovery:
    """What the life `before_life` starts with, from all lives before it. Of a first life that is nothing.

    `lift_halt`: trading goes on although it was halted, or the account liquidated. JournalError when a file is missing,
    damaged or of a newer version.
    """
    orders = list(read_orders(folder, before_life=before_life))
    journalled = JournalledOrders(orders)
    if not orders and all(life.number >= before_life for life in lives(folder)):
        return Recovery(restored=Restored())
    with TraceReader(folder) as reader:
        accounts = read_accounts(reader, before_life, setup, orders, lift_halt=lift_halt)
        over = reader.client_ids([OrderEnded], before_life=before_life)
        over |= _rejected(reader, before_life, journalled)
        numbers = _signal_numbers(reader, before_life)
    return Recovery(
        restored=Restored(
            kept=_kept(setup, accounts, lift_halt=lift_halt), heritage=_heritage(setup, accounts, numbers, now)
        ),
        approved=tuple([journalled[client_id] for client_id in journalled if client_id not in over]),
        orders=journalled,
        known_executions=frozenset(
            [(name, fill.execution_id) for name, account in accounts.items() for fill in account.from_venue]
        ),
        executions_since={
            name: max(fill.ts for fill in account.from_venue)
            for name, account in accounts.items()
            if account.from_venue
        },
        held={(name, *key): lots for name, account in accounts.items() for key, lots in account.held.items() if lots},
        last_counters={name: (account.intents, account.crossings) for name, account in accounts.items()},
    )


def _signal_numbers(reader: TraceReader, before: int) -> dict[StrategyId, tuple[int, int]]:
    numbers: dict[StrategyId, tuple[int, int]] = {}
    for strategy, number in reader.highest_numbers(Signal, before_life=before):
        numbers[strategy] = (number, 0)
    for strategy, number in reader.highest_numbers(PlaceOrder, before_life=before):
        numbers[strategy] = (numbers.get(strategy, (0, 0))[0], number)
    return numbers


def _rejected(reader: TraceReader, before: int, journalled: Mapping[str, Order]) -> set[str]:
    """Orders that the venue does not have. One that was sent again after its rejection may be there."""
    over: set[str] = set()
    for fact in reader.facts([OrderRejected], before_life=before):
        rejected = fact.envelope.message
        assert isinstance(rejected, OrderRejected)
        last = journalled.get(rejected.order.client_id)
        if rejected.reason != _DUPLICATE and (last is None or rejected.ts >= last.ts):
            over.add(rejected.order.client_id)
    return over


# What is made of it.


def _kept(setup: Setup, accounts: Mapping[Account, PastAccount], *, lift_halt: bool) -> dict[str, tuple[Message, ...]]:
    kept: dict[str, tuple[Message, ...]] = {}
    for name, account in accounts.items():
        moved = [each for each in account.booked if not isinstance(each, FundingPaid)]
        outside = [each for each in moved if not (isinstance(each, Fill) and is_internal(each))]
        kept[f"portfolio@{name}"] = (*account.booked, *account.wishes)
        # What it crossed itself it does not hear: that is in its heritage.
        kept[f"executor@{name}"] = (*outside, *account.targets)
        kept[f"risk-guard@{name}"] = tuple([_harmless(each) for each in moved] if lift_halt else moved)
        if name in setup.live_accounts:
            kept[f"reconciler@{name}"] = tuple(outside)
    return kept


def _harmless(message: Message) -> Message:
    """A liquidation that somebody has looked at: it moved the position, and halts nothing any more."""
    if isinstance(message, Fill) and message.liquidity is Liquidity.LIQUIDATION:
        return attrs.evolve(message, liquidity=Liquidity.TAKER)
    return message


def _heritage(
    setup: Setup, accounts: Mapping[Account, PastAccount], numbers: Mapping[StrategyId, tuple[int, int]], now: UtcNs
) -> dict[str, Any]:
    heritage: dict[str, Any] = {}
    for name, account in accounts.items():
        live = name in setup.live_accounts
        heritage[f"portfolio@{name}"] = PortfolioHeritage(
            prices=Prices({}, {}),
            shares=tuple([(target.symbol, share) for target in account.targets for share in target.shares]),
        )
        heritage[f"executor@{name}"] = ExecutorHeritage(
            intents=account.intents,
            crossings=account.crossings,
            crossed=tuple([(*key, lots) for key, lots in sorted(account.crossed.items())]),
            orders=(),
            placed=(),
            tasks=(),
            now=now,
            state=TradingState.RECOVERING if live else TradingState.ACTIVE,
        )
        heritage[f"risk-guard@{name}"] = GuardHeritage(
            standing=account.standing, lost=account.lost, opening=account.opening, equity=account.equity
        )
    for entry in setup.strategies:
        heritage[f"strategy:{entry.id}"] = _strategy_heritage(
            entry, accounts[entry.account], numbers.get(entry.id, (0, 0))
        )
    return heritage


def _strategy_heritage(entry: StrategyEntry, account: PastAccount, numbers: tuple[int, int]) -> Heritage:
    last = {wish.symbol: wish for wish in account.wishes if wish.strategy == entry.id}
    fills = [
        each.execution_id
        for each in account.booked
        if isinstance(each, Fill) and any(part.strategy == entry.id for part in each.parts)
    ]
    # What was adjusted is held too, though no fill tells the strategy of it.
    return Heritage(
        signals=numbers[0],
        orders=numbers[1],
        positions=tuple([(symbol, account.held.get((entry.id, symbol), 0)) for symbol in entry.symbols]),
        executions=tuple(fills[-EXECUTIONS_KEPT:]),
        order_mode=tuple(sorted(symbol for symbol, wish in last.items() if isinstance(wish, PlaceOrder))),
    )
