"""A participant: keys, money by currency, positions, open orders."""

from decimal import Decimal
from typing import Final

import attrs

from actors.money.ledger import Book
from adapters.exchange.contracts import Contract
from adapters.exchange.order import Order
from adapters.exchange.wire import Row
from messages import Lots, Minor, Symbol, UtcNs

PERMISSIONS: Final = frozenset({"order", "orderCancel", "withdraw"})
HISTORY_MAX: Final = 20_000
"""Orders and executions of one account that are remembered."""


@attrs.frozen(kw_only=True)
class Key:
    """What a client proves itself with."""

    id: str
    secret: str = attrs.field(repr=False)
    account: int
    permissions: frozenset[str] = frozenset({"order"})
    enabled: bool = True


@attrs.define(kw_only=True, eq=False)
class Position:
    """What an account holds of one contract, since the last session's end."""

    contract: Contract
    book: Book
    leverage: Decimal = Decimal(0)
    """0 is cross margin; else the position is isolated, and its initial margin is 1 / leverage of its value."""
    transferred: Minor = 0
    """Put into an isolated position by hand."""
    risk_limit: int = 0
    prev_realised: Minor = 0
    opening: Lots = 0
    """Held when the session began."""
    changed: UtcNs = 0

    @property
    def lots(self) -> Lots:
        """Signed."""
        return self.book.lots

    @property
    def is_cross(self) -> bool:
        """Whether the whole account backs it."""
        return self.leverage == 0

    @property
    def initial(self) -> Decimal:
        """initMarginReq."""
        return self.contract.instrument.initial_margin if self.is_cross else 1 / self.leverage

    @property
    def realised(self) -> Minor:
        """Profit since the session began, fees and funding included."""
        return self.book.realised_minor - self.book.fees_minor + self.book.funding_minor


@attrs.define(kw_only=True, eq=False)
class Wallet:
    """Money in one currency. `amount` is what there was at the last session's end."""

    currency: str
    """XBt or USDt."""
    deposited: Minor
    amount: Minor
    prev_realised: Minor = 0
    transactions: list[Row] = attrs.field(factory=list)


@attrs.define(kw_only=True, eq=False)
class Account:
    """One participant."""

    number: int
    is_crowd: bool = False
    """One of the exchange's own traders: nobody watches it, and its pockets have no bottom."""
    wallets: dict[str, Wallet] = attrs.field(factory=dict)
    positions: dict[Symbol, Position] = attrs.field(factory=dict)
    open: dict[int, Order] = attrs.field(factory=dict)
    """By number, in the order of arrival."""
    orders: dict[str, Order] = attrs.field(factory=dict)
    """Every order that is remembered, by its id."""
    by_client_id: dict[str, Order] = attrs.field(factory=dict)
    executions: list[Row] = attrs.field(factory=list)
    switch: UtcNs | None = None
    """When cancelAllAfter strikes."""

    def position(self, contract: Contract) -> Position:
        """Of one contract; made when it is first asked for."""
        held = self.positions.get(contract.symbol)
        if held is None:
            book = Book(account=str(self.number), currency=contract.settles, strategy="", symbol=contract.symbol)
            held = Position(contract=contract, book=book, risk_limit=contract.risk_limit)
            self.positions[contract.symbol] = held
        return held

    def lots(self, symbol: Symbol) -> Lots:
        """Held of a symbol."""
        held = self.positions.get(symbol)
        return held.book.lots if held else 0

    def open_in(self, symbol: Symbol) -> list[Order]:
        """Open orders of one symbol, oldest first."""
        return [order for order in self.open.values() if order.contract.symbol == symbol]

    def remember(self, order: Order) -> None:
        """Take an order in; the oldest one that is over is forgotten when there are too many."""
        self.open[order.number] = order
        if self.is_crowd:
            return
        self.orders[order.order_id] = order
        if order.client_id:
            self.by_client_id[order.client_id] = order
        if len(self.orders) > HISTORY_MAX:
            oldest = next((old for old in self.orders.values() if not old.is_open), None)
            if oldest is not None:
                del self.orders[oldest.order_id]
                self.by_client_id.pop(oldest.client_id, None)

    def note(self, execution: Row) -> None:
        """Keep an execution."""
        self.executions.append(execution)
        if len(self.executions) > HISTORY_MAX:
            del self.executions[: HISTORY_MAX // 10]
