"""The exchange as a whole: who takes part, time and prices going on, and what of it the socket is told."""

from collections.abc import Mapping, Sequence
from typing import Final

from adapters.exchange import clockwork, trading
from adapters.exchange.account import Account, Key, Wallet
from adapters.exchange.clearing import transaction
from adapters.exchange.contracts import EIGHT_HOURS, Contract
from adapters.exchange.floor import Change, Floor
from adapters.exchange.market import Market, next_funding
from adapters.exchange.order import Order
from adapters.exchange.publisher import Publisher
from adapters.exchange.wire import Row
from messages import Lots, Minor, Symbol, UtcNs

DEPOSITS: Final[dict[str, Minor]] = {"XBt": 10_000_000_000, "USDt": 1_000_000_000_000}
"""What a new account has: 100 XBT and 1,000,000 USDT."""
_FIRST_CLIENT: Final = 100_001
_FIRST_TRADER: Final = 1_001


class Exchange:
    """Markets, accounts and keys. What clients ask for stands in `order_commands` and `position_commands`."""

    def __init__(self, markets: Sequence[tuple[Contract, float]], *, now: UtcNs, seed: int) -> None:
        self.floor = Floor(seed, now)
        self.keys: dict[str, Key] = {}
        for contract, price in markets:
            market = Market.opened(contract, price)
            market.funding_at = next_funding(now)
            self.floor.markets[contract.symbol] = market
        self._publisher = Publisher(self.floor)
        self._clients, self._traders = _FIRST_CLIENT, _FIRST_TRADER

    @property
    def now(self) -> UtcNs:
        """The exchange's time."""
        return self.floor.now

    @property
    def markets(self) -> Mapping[Symbol, Market]:
        """By symbol."""
        return self.floor.markets

    # Participants.

    def open_account(self, deposits: Mapping[str, Minor] | None = None) -> Account:
        """For somebody from outside."""
        account = Account(number=self._clients)
        self._clients += 1
        for currency, amount in (DEPOSITS if deposits is None else deposits).items():
            wallet = Wallet(currency=currency, deposited=amount, amount=amount)
            wallet.transactions.append(transaction(self.floor, account.number, wallet, "Deposit", amount))
            account.wallets[currency] = wallet
        self.floor.accounts[account.number] = account
        return account

    def add_key(self, key: Key) -> None:
        """Let whoever holds it act for its account."""
        self.keys[key.id] = key

    def open_trader(self) -> Account:
        """For one of the exchange's own traders."""
        account = Account(number=self._traders, is_crowd=True)
        self._traders += 1
        self.floor.accounts[account.number] = account
        return account

    # Time and prices.

    def advance(self, to: UtcNs) -> None:
        """Let time pass. It never goes back."""
        clockwork.advance(self.floor, to)

    def set_prices(self, symbol: Symbol, *, index: float, premium: float) -> None:
        """The index moved; the mark follows: index x (1 + funding rate x time to funding / 8 h) (BitMEX, marking)."""
        market = self.floor.markets[symbol]
        left = max(0, market.funding_at - self.floor.now) / EIGHT_HOURS
        market.index, market.premium = round(index, 2), premium
        market.mark = round(market.index * (1 + market.funding_rate * left), 2)
        market.next_rate = clockwork.funding_rate(premium)
        clockwork.settle(self.floor, (market.contract.settles,))

    def changes(self) -> tuple[Change, ...]:
        """What happened since the last call, for the socket."""
        return self._publisher.changes()

    def pulse(self) -> tuple[Change, ...]:
        """The same, and what follows from the marks: about twice a second."""
        return self._publisher.pulse()

    def snapshot(self, table: str, symbol: Symbol | None, account: Account | None) -> list[Row]:
        """The rows of a partial. `changes` must have been asked for just before."""
        return self._publisher.snapshot(table, symbol, account)

    # The exchange's own traders.

    def trade(self, trader: Account, market: Market, lots: Lots, price: float | None) -> Order:
        """A limit order, or without a price a market order, of signed lots."""
        plain = clockwork.plain_ticket(1 if lots > 0 else -1, abs(lots), price)
        order = trading.place(self.floor, trader, plain, market)
        clockwork.settle(self.floor)
        return order

    def withdraw(self, order: Order) -> None:
        """Cancel an order of a trader's that is still open."""
        if order.is_open:
            trading.end(self.floor, order, "")
