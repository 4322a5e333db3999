"""What is known of each account from all earlier lives of a run: facts folded, wishes, counters, trading state."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping

import attrs

from actors.risk.daily_loss import Opening, day_of
from actors.setup import Setup
from adapters.journal.orders import Journalled
from adapters.journal.reading import TraceReader
from adapters.journal.standing import standing_of
from messages import (
    Account,
    Fill,
    FundingPaid,
    HaltTrading,
    Liquidity,
    Lots,
    Message,
    Minor,
    PlaceOrder,
    PositionAdjusted,
    Signal,
    StrategyId,
    SubmitOrder,
    Symbol,
    TargetShares,
    TradingState,
    TradingStateChanged,
    UtcNs,
)


@attrs.define
class PastAccount:
    """What was read of one account."""

    booked: list[Fill | FundingPaid | PositionAdjusted] = attrs.field(factory=list)
    wishes: list[Signal | PlaceOrder] = attrs.field(factory=list)
    targets: list[TargetShares] = attrs.field(factory=list)
    held: dict[tuple[StrategyId, Symbol], Lots] = attrs.field(factory=lambda: defaultdict(int))
    crossed: dict[tuple[StrategyId, Symbol], Lots] = attrs.field(factory=lambda: defaultdict(int))
    intents: int = 0
    crossings: int = 0
    opening: tuple[Opening, ...] = ()
    equity: tuple[tuple[str, UtcNs, Minor], ...] = ()
    standing: TradingState = TradingState.ACTIVE
    lost: TradingState = TradingState.ACTIVE

    @property
    def from_venue(self) -> tuple[Fill, ...]:
        """Its fills, crossings left out."""
        return tuple([each for each in self.outside if isinstance(each, Fill)])

    @property
    def outside(self) -> tuple[Fill | PositionAdjusted, ...]:
        """What changed its position from outside: fills from the venue, and adjustments."""
        return tuple(
            [
                each
                for each in self.booked
                if not isinstance(each, FundingPaid) and not (isinstance(each, Fill) and is_internal(each))
            ]
        )


def read_accounts(
    reader: TraceReader, before: int, setup: Setup, orders: Iterable[Journalled], *, lift_halt: bool
) -> dict[Account, PastAccount]:
    """All accounts of the set-up, as the lives before `before` left them. JournalError as the reader says."""
    accounts = {account: PastAccount() for account in setup.accounts}
    # In one pass: a liquidation is booked, and halts.
    classes = [Fill, FundingPaid, PositionAdjusted, TradingStateChanged, HaltTrading]
    facts = [fact.envelope.message for fact in reader.facts(classes, before_life=before)]
    _note_booked(facts, accounts)
    _read_wishes(reader, before, accounts, setup)
    _read_counters(reader, before, accounts, orders)
    _read_equity(reader, before, accounts, setup.risk.day_starts_ns)
    if not lift_halt:
        for name, account in accounts.items():
            account.standing, account.lost = standing_of(name, facts)
    return accounts


def _note_booked(facts: Iterable[Message], accounts: Mapping[Account, PastAccount]) -> None:
    seen: set[tuple[str, ...]] = set()
    for message in facts:
        if not isinstance(message, Fill | FundingPaid | PositionAdjusted):
            continue
        account = accounts.get(message.account)
        name = _booked_once(message)
        if account is None or name in seen:
            continue
        seen.add(name)
        account.booked.append(message)
        if isinstance(message, PositionAdjusted):
            account.held[message.strategy, message.symbol] += message.lots
        elif isinstance(message, Fill):
            for part in message.parts:
                account.held[part.strategy, message.symbol] += part.lots
                if is_internal(message):
                    account.crossed[part.strategy, message.symbol] += part.lots


def _booked_once(message: Fill | FundingPaid | PositionAdjusted) -> tuple[str, ...]:
    """What a fact is known by that counts once: two of the same name are one, heard twice."""
    if isinstance(message, Fill):
        return ("fill", message.account, message.execution_id)
    if isinstance(message, FundingPaid):
        return ("funding", message.account, message.symbol, str(message.ts))
    return ("adjustment", message.account, message.adjustment_id)


def _read_wishes(reader: TraceReader, before: int, accounts: Mapping[Account, PastAccount], setup: Setup) -> None:
    """Of strategies that are part of this life, in the symbols that they trade now: nobody wants what others wanted."""
    account_of = {(entry.id, symbol): entry.account for entry in setup.strategies for symbol in entry.symbols}
    found = [
        *reader.last_facts(Signal, "strategy, symbol", before_life=before),
        *reader.last_facts(PlaceOrder, "strategy, symbol", before_life=before),
    ]
    last: dict[tuple[StrategyId, Symbol], Signal | PlaceOrder] = {}
    for fact in sorted(found, key=lambda fact: (fact.life, fact.envelope.id)):
        message = fact.envelope.message
        assert isinstance(message, Signal | PlaceOrder)
        key = message.strategy, message.symbol
        if key in account_of:
            accounts[account_of[key]].wishes.append(message)
            last[key] = message
    for fact in reader.last_facts(TargetShares, "account, symbol", before_life=before):
        target = fact.envelope.message
        assert isinstance(target, TargetShares)
        if target.account in accounts and target.symbol in setup.instruments:
            # One that has placed an order since has no share any more, whether that was still said or not.
            shares = [
                share
                for share in target.shares
                if account_of.get((share.strategy, target.symbol)) == target.account
                and not isinstance(last.get((share.strategy, target.symbol)), PlaceOrder)
            ]
            accounts[target.account].targets.append(attrs.evolve(target, shares=tuple(shares)))


def _read_counters(
    reader: TraceReader, before: int, accounts: Mapping[Account, PastAccount], orders: Iterable[Journalled]
) -> None:
    for name, client_id in reader.client_ids_of_accounts(SubmitOrder, before_life=before):
        _count(accounts.get(name), client_id)
    for row in orders:
        if row.message == "ApprovedOrder":
            _count(accounts.get(json.loads(row.body)["fields"]["order"]["account"]), row.client_id)
    for account in accounts.values():
        ids = [each.execution_id for each in account.booked if isinstance(each, Fill) and is_internal(each)]
        account.crossings = max(map(_number_in, ids), default=0)


def _count(account: PastAccount | None, client_id: str) -> None:
    if account is not None:
        account.intents = max(account.intents, _number_in(client_id))


def _number_in(name: str) -> int:
    number = name.rpartition("-")[2]
    return int(number) if number.isdecimal() else 0


def _read_equity(reader: TraceReader, before: int, accounts: Mapping[Account, PastAccount], day_starts_ns: int) -> None:
    opening: dict[Account, dict[str, Opening]] = defaultdict(dict)
    last: dict[Account, dict[str, tuple[str, UtcNs, Minor]]] = defaultdict(dict)
    for account, currency, ts, equity in reader.equities(before_life=before):
        day, known = day_of(ts, day_starts_ns), opening[account].get(currency)
        if known is None or day > known[1]:
            opening[account][currency] = (currency, day, equity)
        if currency not in last[account] or ts >= last[account][currency][1]:
            last[account][currency] = (currency, ts, equity)
    for name, account_ in accounts.items():
        account_.opening = tuple([each for _, each in sorted(opening[name].items())])
        account_.equity = tuple([each for _, each in sorted(last[name].items())])


def is_internal(fill: Fill) -> bool:
    """Whether two strategies of the account traded with each other."""
    return fill.liquidity is Liquidity.INTERNAL
