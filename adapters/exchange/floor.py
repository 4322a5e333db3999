"""What all parts of the exchange work on: markets, accounts, the house's purse, and the outbox of what changed."""

from collections.abc import Iterator

import attrs

from adapters.exchange import order as orders
from adapters.exchange.account import Account
from adapters.exchange.market import Market
from adapters.exchange.order import Order, execution
from adapters.exchange.refusals import invalid
from adapters.exchange.wire import Row, delta, guid, seeded
from messages import Minor, Symbol, UtcNs


@attrs.frozen(kw_only=True)
class Change:
    """Rows of one table that somebody may want to hear of. `account` None: everybody may."""

    table: str
    action: str
    rows: tuple[Row, ...]
    symbol: Symbol | None = None
    account: int | None = None


class Outbox:
    """What happened since it was last emptied, in order; positions and money only as names, for they are summed up."""

    def __init__(self) -> None:
        self.changes: list[Change] = []
        self.positions: dict[tuple[int, Symbol], None] = {}
        self.margins: dict[tuple[int, str], None] = {}
        self.traded: dict[Symbol, list[Row]] = {}
        self._sent: dict[int, Row] = {}

    def order(self, order: Order) -> None:
        """An order is new or has changed: an insert the first time, then what is different."""
        row, before = order.row(), self._sent.get(order.number)
        if before is None:
            self._say("order", "insert", row, order.account)
        else:
            news = delta(before, row, orders.ALWAYS)
            if news is not None:
                self._say("order", "update", news, order.account)
        if order.is_open:
            self._sent[order.number] = row
        else:
            self._sent.pop(order.number, None)

    def execution(self, row: Row) -> None:
        """An execution of an account."""
        self._say("execution", "insert", row, row["account"])

    def public(self, table: str, action: str, row: Row) -> None:
        """A row that everybody may hear of."""
        self.changes.append(Change(table=table, action=action, rows=(row,), symbol=row["symbol"]))

    def trade(self, row: Row) -> None:
        """Trades of one symbol and instant travel in one frame."""
        self.traded.setdefault(row["symbol"], []).append(row)

    def held(self, account: Account, symbol: Symbol, currency: str) -> None:
        """A position, and with it the money behind it, has changed."""
        if not account.is_crowd:
            self.positions[account.number, symbol] = None
            self.margins[account.number, currency] = None

    def _say(self, table: str, action: str, row: Row, account: int) -> None:
        change = Change(table=table, action=action, rows=(row,), symbol=row["symbol"], account=account)
        self.changes.append(change)


class Floor:
    """The shared state. `now` is the exchange's time; every random identity comes from one seeded generator."""

    def __init__(self, seed: int, now: UtcNs) -> None:
        self.random = seeded(seed)
        self.now = now
        self.markets: dict[Symbol, Market] = {}
        self.accounts: dict[int, Account] = {}
        self.outbox = Outbox()
        self.speed = 1.0
        """How much faster than the wall's clock time passes here: a client's switch counts in the client's seconds."""
        self.house: dict[str, Minor] = {}
        """Fees less rebates, and the minor units that funding leaves over, by currency."""
        self.insurance = Account(number=1, is_crowd=True)
        """Takes over what is liquidated."""
        self.accounts[1] = self.insurance
        self._numbers = 0

    def next_number(self) -> int:
        """For the next order."""
        self._numbers += 1
        return self._numbers

    def guid(self) -> str:
        """A new identity."""
        return guid(self.random)

    def collect(self, currency: str, amount: Minor) -> None:
        """The house receives (or, below zero, pays)."""
        self.house[currency] = self.house.get(currency, 0) + amount

    def market_named(self, symbol: object) -> Market:
        """By symbol, in either case; a bare root is its perpetual."""
        if not isinstance(symbol, str) or not symbol:
            raise invalid("symbol")
        name = symbol.upper().removesuffix(":PERPETUAL")
        for market in self.markets.values():
            if name in (market.symbol, market.contract.root) or name == f"{market.contract.root}:{market.symbol}":
                return market
        raise invalid("symbol")

    def market_of(self, order: Order) -> Market:
        """Where an order trades."""
        return self.markets[order.contract.symbol]

    def owner(self, order: Order) -> Account:
        """Whose an order is."""
        return self.accounts[order.account]

    def clients(self) -> Iterator[Account]:
        """The accounts of people from outside."""
        return (account for account in self.accounts.values() if not account.is_crowd)

    def note(self, order: Order, kind: str) -> None:
        """Tell of an order and of what happened to it, in that order for a new one and the other way else."""
        account = self.owner(order)
        if account.is_crowd:
            return
        row = execution(order.row(), kind, self.guid(), self.now)
        if kind == "New":
            self.outbox.order(order)
            row["workingIndicator"] = not order.waits
        account.note(row)
        self.outbox.execution(row)
        if kind != "New":
            self.outbox.order(order)
        self.outbox.held(account, order.contract.symbol, order.contract.settles)
