"""What an account is worth at the last prices: only what a price or a fill can have changed is valued again."""

from collections.abc import Mapping
from typing import Final

import attrs

from actors.money.ledger import Book
from actors.money.values import Arithmetic
from messages import (
    Account,
    Bar,
    EquityMarked,
    Instrument,
    MarkPrice,
    Message,
    Minor,
    Period,
    Step,
    Symbol,
    UtcNs,
    WakeAt,
)

MARKED: Final = "marked"
_MARKED: Final = Step.MARKED


@attrs.frozen
class Prices:
    """The last prices of the marked symbols."""

    closes: Mapping[Symbol, float]
    mark_prices: Mapping[Symbol, float]
    """The venue's own, where it says any."""


class Marks:
    """The account's equity per currency at the last marks: cash, and what the books have won and would win.

    A symbol's mark is its last close, and from its first MarkPrice on the last of these. `wanted` tells the bars that
    mark. What was filled since a symbol's last mark counts from its next.

    Where several symbols are marked, equities are said once an instant, after all of the marks (a timer of the token
    `MARKED`, answered by `all_marked`): between the marks of one currency the account never was worth what they add
    up to, and what a limit on equity trips has to trade every symbol at the prices of that instant.
    """

    def __init__(
        self,
        account: Account,
        instruments: Mapping[Symbol, Instrument],
        wanted: tuple[tuple[Symbol, Period], ...],
        cash: Mapping[str, Minor],
    ) -> None:
        self.instruments = instruments
        self.wanted = wanted
        self._account = account
        self._arithmetic = {symbol: Arithmetic(instruments[symbol]) for symbol, _ in wanted}
        self._of: dict[Symbol, list[Book]] = {symbol: [] for symbol, _ in wanted}
        self._worth: dict[Symbol, Minor] = dict.fromkeys(self._of, 0)
        """Realised, paid and unrealised of all books of the symbol."""
        self._equity = dict(cash)
        self._flat = dict.fromkeys(self._of, True)
        self._closes: dict[Symbol, float] = {}
        self._mark_prices: dict[Symbol, float] = {}
        self.waits = len(self._of) > 1
        """Equities are known only after all of an instant's marks, and what follows from one is done at all of them."""
        self._unsaid: dict[str, UtcNs] = {}
        """The last mark of each currency whose equity waits for the instant's other marks."""
        self._unpriced: set[Symbol] = set()
        """Held since an earlier life, and no price of it heard in this one: the account's worth is not known."""

    def equity_in(self, symbol: Symbol) -> Minor:
        """The equity in the symbol's currency, at the last marks."""
        return self._equity.get(self.instruments[symbol].currency, 0)

    def touched(self, symbol: Symbol) -> None:
        """A book of the symbol has changed."""
        if symbol in self._of:
            self._flat[symbol] = False

    def opened(self, book: Book) -> None:
        """There is a new book."""
        if book.symbol in self._of:
            self._of[book.symbol].append(book)

    def on_bar(self, bar: Bar) -> tuple[Message, ...]:
        """The equity of the symbol's currency, or a timer for it."""
        symbol, price = bar.symbol, bar.close
        self._closes[symbol] = price
        if not self._flat[symbol]:
            self._value(symbol, price)
        return self._marked(symbol, bar.received)

    def on_mark_price(self, mark: MarkPrice) -> tuple[Message, ...]:
        """The same, if what is open in the symbol is worth something else now."""
        symbol = mark.symbol
        if symbol not in self._of:
            return ()
        self._mark_prices[symbol] = mark.price
        if self._flat[symbol]:
            return ()
        before = self.equity_in(symbol)
        self._value(symbol, mark.price)
        if self._flat[symbol] or self.equity_in(symbol) == before:
            return ()
        return self._marked(symbol, mark.received)

    def all_marked(self) -> tuple[EquityMarked, ...]:
        """The equities that waited for this."""
        unsaid, self._unsaid = self._unsaid, {}
        return tuple([self._said(currency, ts) for currency, ts in unsaid.items() if self._is_known(currency)])

    def left(self) -> Prices:
        """The last prices, for a successor: nobody keeps them."""
        return Prices(dict(self._closes), dict(self._mark_prices))

    @property
    def is_begun(self) -> bool:
        """Whether every price is known that the account's worth at the beginning of this life depends on."""
        return not self._unpriced

    def begin(self) -> None:
        """Before any price was heard: what earlier lives won is had; what they hold is valued once its price is known.

        Until then no equity of its currency is said, for it would be that of an account without them.
        """
        for symbol, books in self._of.items():
            if symbol in self._closes or symbol in self._mark_prices:
                continue
            worth = sum([book.realised_minor - book.fees_minor + book.funding_minor for book in books])
            currency = self.instruments[symbol].currency
            self._equity[currency] = self._equity.get(currency, 0) + worth - self._worth[symbol]
            self._worth[symbol] = worth
            if any(book.lots for book in books):
                self._unpriced.add(symbol)

    def inherit(self, left: Prices) -> None:
        """Value the books, which are complete again, at the prices that another one had heard."""
        self._closes.update(left.closes)
        self._mark_prices.update(left.mark_prices)
        for symbol, price in {**self._mark_prices, **self._closes}.items():
            if not self._flat[symbol]:
                self._value(symbol, price)

    def _value(self, symbol: Symbol, price: float) -> None:
        """Value the symbol's books at its mark price, which need not stand on the grid, or else at `price`."""
        currency = self.instruments[symbol].currency
        self._unpriced.discard(symbol)
        arithmetic, worth, flat = self._arithmetic[symbol], 0, True
        mark = self._mark_prices.get(symbol)
        value_minor = arithmetic.value_minor
        if mark is not None:
            price, value_minor = mark, arithmetic.exact_value_minor
        for book in self._of[symbol]:
            worth += book.realised_minor - book.fees_minor + book.funding_minor
            if book.lots:
                flat = False
                worth += value_minor(book.lots, price) - book.cost_minor
        self._equity[currency] = self._equity.get(currency, 0) + worth - self._worth[symbol]
        self._worth[symbol] = worth
        self._flat[symbol] = flat

    def _marked(self, symbol: Symbol, ts: UtcNs) -> tuple[Message, ...]:
        currency = self.instruments[symbol].currency
        if not self.waits:
            return () if self._unpriced and not self._is_known(currency) else (self._said(currency, ts),)
        asked = bool(self._unsaid)
        self._unsaid[currency] = max(ts, self._unsaid.get(currency, ts))
        return () if asked else (WakeAt(ts, MARKED, _MARKED),)

    def _is_known(self, currency: str) -> bool:
        return not any(
            self.instruments[symbol].currency == currency and any(book.lots for book in self._of[symbol])
            for symbol in self._unpriced
        )

    def _said(self, currency: str, ts: UtcNs) -> EquityMarked:
        return EquityMarked(account=self._account, currency=currency, ts=ts, equity_minor=self._equity.get(currency, 0))
