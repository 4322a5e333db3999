"""Positions and profit of every strategy, from fills, funding and adjustments."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from actors.money.ledger import Book
from actors.money.values import Arithmetic
from adapters.live.news import Kind, NewsPaper
from adapters.live.snapshot import BookView
from messages import Account, Fill, FundingPaid, Instrument, Liquidity, PositionAdjusted, StrategyId, Symbol

_DECIMALS: Final = 2
_Key = tuple[Account, StrategyId, Symbol]


class Money:
    """Every (account, strategy, symbol)'s book. What is heard must be heard once."""

    def __init__(
        self, main: Account, instruments: Mapping[Symbol, Instrument], keys: Iterable[_Key], news: NewsPaper
    ) -> None:
        self._main, self._instruments, self._news = main, instruments, news
        self._arithmetics = {symbol: Arithmetic(each) for symbol, each in instruments.items()}
        self._books: dict[_Key, Book] = {}
        self.fills = 0
        for key in keys:
            self._book(key)

    @property
    def accounts(self) -> tuple[Account, ...]:
        """Each once."""
        return tuple(dict.fromkeys(account for account, _, _ in self._books))

    def on_fill(self, fill: Fill) -> None:
        """An execution, in each owner's book."""
        # As the summary counts them: two strategies that traded with each other did nothing at the venue.
        self.fills += fill.liquidity is not Liquidity.INTERNAL
        for part in fill.parts:
            book = self._book((fill.account, part.strategy, fill.symbol), fill.currency)
            book.apply(part.lots, part.value_minor, part.fee_minor)
        instrument = self._instruments.get(fill.symbol)
        decimals = _DECIMALS if instrument is None else instrument.price_decimals
        owners = "+".join([part.strategy for part in fill.parts])
        word = "bought" if fill.lots > 0 else "sold"
        whose = "" if fill.account == self._main else f"{fill.account}: "
        text = f"{word} {abs(fill.lots):,} {fill.symbol} at {fill.price:,.{decimals}f} for {owners}"
        self._news.add(Kind.FILL, f"{whose}{text} ({fill.liquidity.value})", fill.ts)

    def on_funding_paid(self, paid: FundingPaid) -> None:
        """A payment."""
        for part in paid.parts:
            self._book((paid.account, part.strategy, paid.symbol), paid.currency).add_funding(part.amount_minor)

    def on_position_adjusted(self, adjusted: PositionAdjusted) -> None:
        """A difference to the venue."""
        book = self._book((adjusted.account, adjusted.strategy, adjusted.symbol))
        book.apply(adjusted.lots, adjusted.value_minor)
        # Nobody traded.
        book.fills -= 1
        why = f": {adjusted.reason}" if adjusted.reason else ""
        text = f"adjusted to the venue by {adjusted.lots:+,} {adjusted.symbol} for {adjusted.strategy}{why}"
        self._news.add(Kind.TROUBLE, text, adjusted.ts)

    def views(self, price_of: Callable[[Symbol], float | None], down: Mapping[StrategyId, str]) -> tuple[BookView, ...]:
        """Every book, valued at what `price_of` says of its symbol; `down` says whose actor is."""
        return tuple([self._view(book, price_of, down) for _, book in sorted(self._books.items())])

    def _view(self, book: Book, price_of: Callable[[Symbol], float | None], down: Mapping[StrategyId, str]) -> BookView:
        arithmetic, price = self._arithmetics.get(book.symbol), price_of(book.symbol)
        unrealised = None if book.lots else 0
        if book.lots and arithmetic is not None and price is not None:
            unrealised = book.unrealised_minor(arithmetic.value_minor(book.lots, price))
        return BookView(
            account=book.account,
            strategy=book.strategy,
            symbol=book.symbol,
            currency=book.currency,
            lots=book.lots,
            fills=book.fills,
            realised_minor=book.realised_minor,
            costs_minor=book.fees_minor - book.funding_minor,
            unrealised_minor=unrealised,
            down=down.get(book.strategy, ""),
        )

    def _book(self, key: _Key, currency: str = "") -> Book:
        book = self._books.get(key)
        if book is None:
            instrument = self._instruments.get(key[2])
            book = Book(key[0], currency if instrument is None else instrument.currency, key[1], key[2])
            self._books[key] = book
        return book
