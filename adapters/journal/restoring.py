"""What the next life of a run begins with, from all that its earlier lives wrote.

Facts are folded again and nothing else: fills, funding and adjustments, each once, whichever life they are of. What
cannot be folded (counters, wishes, the trading state, what internal crossings moved) is handed over as heritage.
Restoring reads and changes nothing: done twice it comes to the same.

    positions, books      every actor folds the fills (`kept`), as it does while it lives
    wishes                the last Signal of each strategy and symbol, to the portfolio; the last TargetShares, to the
                          executor
    orders                none is taken up again: those still open at the venue are the gateway's to cancel; a
                          simulated venue has what is held and the cash, and no order
    client ids            count on above every one that was ever said or journalled
    trading state         what was halted stays halted, unless `lift_halt`
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from actors.execution.heritage import ExecutorHeritage
from actors.portfolio import PortfolioHeritage
from actors.restored import Restored
from actors.risk.heritage import GuardHeritage
from actors.setup import PAPER, Setup
from actors.sizing.marks import Prices
from actors.strategy_entry import StrategyEntry
from actors.strategy_host import Heritage
from actors.venue.floor import Floor
from actors.venue.restoring import restored_floor
from adapters.journal.accounts import PastAccount, read_accounts
from adapters.journal.loose_ends import JournalledOrders, filled_of, filled_since, loose_ends
from adapters.journal.orders import read_orders
from adapters.journal.reading import TraceReader
from adapters.journal.store import lives
from messages import (
    NS_PER_SECOND,
    Account,
    Fill,
    FundingPaid,
    Liquidity,
    Lots,
    Message,
    Order,
    PlaceOrder,
    PositionAdjusted,
    Signal,
    StrategyId,
    Symbol,
    TradingState,
    UtcNs,
)

EXECUTIONS_KEPT = 4096
"""So many ids of its last fills a strategy is given; as many as its host remembers."""


OVERLAP_NS = 600 * NS_PER_SECOND
"""So far back from the last reading of the venue executions are asked for again: one may have been on its way."""


@attrs.frozen(kw_only=True)
class AccountRecovery:
    """What an account's gateway and reconciler need to know of earlier lives."""

    approved: Mapping[str, Order] = attrs.field(factory=dict)
    """Orders that passed and of which not all is known: their end, or fills that it tells of; as they were last to be.
    By client id."""
    over: Mapping[str, Order] = attrs.field(factory=dict)
    """Orders of which all is known, and that were filled since `executions_since`: the venue may tell of that again."""
    filled: Mapping[tuple[str, StrategyId], Lots] = attrs.field(factory=dict)
    """Of these: what is known to be filled, by (client id, strategy)."""
    held: Mapping[tuple[StrategyId, Symbol], Lots] = attrs.field(factory=dict)
    """The fold of all fills and adjustments, in signed lots, of what is not 0."""
    positions: Mapping[Symbol, Lots] = attrs.field(factory=dict)
    """The same by symbol."""
    known_executions: tuple[str, ...] = ()
    """Ids of all fills from the venue and of all adjustments, in order."""
    known_funding: tuple[tuple[Symbol, UtcNs], ...] = ()
    executions_since: UtcNs
    """Up to then these are complete: the last successful reading of the venue, less an overlap; or the first start."""
    booked: tuple[Fill | FundingPaid | PositionAdjusted, ...] = ()
    """All that changed the account, each once, in the order it was said."""
    crossings_made: int = 0


@attrs.frozen(kw_only=True)
class Recovery:
    """What actors begin with, and what is to be known of each account besides."""

    restored: Restored
    accounts: Mapping[Account, AccountRecovery]


def restore(folder: Path, setup: Setup, *, now: UtcNs, before_life: int, lift_halt: bool = False) -> Recovery:
    """What the life `before_life` starts with, from all lives before it. Of a first life that is nothing.

    `now` is when it begins; a life that was begun already began when it did, so that it can be restored again just so.
    `lift_halt`: trading goes on although it was halted, or the account liquidated. JournalError when a file is missing,
    damaged or of a newer version.
    """
    known_lives = lives(folder)
    now = next((life.started for life in known_lives if life.number == before_life), now)
    rows = list(read_orders(folder, before_life=before_life))
    started = [life.started for life in known_lives if life.number < before_life]
    if not rows and not started:
        return Recovery(
            restored=Restored(), accounts={name: AccountRecovery(executions_since=now) for name in setup.accounts}
        )
    with TraceReader(folder) as reader:
        accounts = read_accounts(reader, before_life, setup, rows, lift_halt=lift_halt)
        orders = JournalledOrders(rows)
        open_ended = loose_ends(reader, before_life, accounts, orders)
        numbers = _signal_numbers(reader, before_life)
        read_at = dict(reader.last_reads(before_life=before_life))
    first = min(started, default=0)
    return Recovery(
        restored=Restored(kept=_kept(accounts), heritage=_heritage(setup, accounts, numbers, now)),
        accounts={
            # A clock that went ahead and was set right since: what is filled from now on must not count as had.
            name: _known(
                account, orders, open_ended.get(name, {}), min(now, max(first, read_at.get(name, 0) - OVERLAP_NS))
            )
            for name, account in accounts.items()
        },
    )


def _known(
    account: PastAccount, orders: Mapping[str, Order], approved: Mapping[str, Order], since: UtcNs
) -> AccountRecovery:
    filled = filled_of(account)
    over = filled_since(account, since - OVERLAP_NS, orders, approved)
    positions: dict[Symbol, Lots] = {}
    for (_, symbol), lots in account.held.items():
        positions[symbol] = positions.get(symbol, 0) + lots
    return AccountRecovery(
        approved=approved,
        over=over,
        filled={
            (client_id, strategy): lots
            for client_id in (*approved, *over)
            for strategy, lots in filled.get(client_id, {}).items()
        },
        held={key: lots for key, lots in account.held.items() if lots},
        positions={symbol: lots for symbol, lots in positions.items() if lots},
        known_executions=tuple(
            [each.execution_id if isinstance(each, Fill) else each.adjustment_id for each in account.outside]
        ),
        known_funding=tuple([(each.symbol, each.ts) for each in account.booked if isinstance(each, FundingPaid)]),
        executions_since=since,
        booked=tuple(account.booked),
        crossings_made=account.crossings,
    )


def _signal_numbers(reader: TraceReader, before: int) -> dict[StrategyId, tuple[int, int]]:
    numbers: dict[StrategyId, tuple[int, int]] = {}
    for strategy, number in reader.highest_numbers(Signal, before_life=before):
        numbers[strategy] = (number, 0)
    for strategy, number in reader.highest_numbers(PlaceOrder, before_life=before):
        numbers[strategy] = (numbers.get(strategy, (0, 0))[0], number)
    return numbers


# What is made of it.


def _kept(accounts: Mapping[Account, PastAccount]) -> dict[str, tuple[Message, ...]]:
    kept: dict[str, tuple[Message, ...]] = {}
    for name, account in accounts.items():
        moved = [each for each in account.booked if not isinstance(each, FundingPaid)]
        kept[f"portfolio@{name}"] = (*account.booked, *account.wishes)
        # What it crossed itself it does not hear: that is in its heritage.
        kept[f"executor@{name}"] = (*account.outside, *account.targets)
        kept[f"risk-guard@{name}"] = tuple([_harmless(each) for each in moved])
    return kept


def _harmless(message: Message) -> Message:
    """A liquidation moved the position; whether it still halts stands in the trading state, for it may be lifted."""
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
            begins=True,
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
        if not live and (setup.venue is None or name.startswith(PAPER)):
            heritage[f"venue@{name}"] = _floor(setup, name, account)
    for entry in setup.strategies:
        heritage[f"strategy:{entry.id}"] = _strategy_heritage(
            entry, accounts[entry.account], numbers.get(entry.id, (0, 0))
        )
    return heritage


def _floor(setup: Setup, name: Account, account: PastAccount) -> Floor:
    periods = setup.file_periods
    feeds = {symbol: periods[symbol][0] if symbol in periods else None for symbol in setup.instruments}
    return restored_floor(
        name, setup.instruments, setup.venue_settings, feeds, setup.cash_of(name), booked=account.booked
    )


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
