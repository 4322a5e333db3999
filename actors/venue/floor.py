"""The trading floor: all books and purses of one account, what ends an order, and what closes a position unasked.

The actor (simulated_venue.py) hears messages and says what comes of them; this is what it remembers in between. An
incarnation that has failed leaves its floor to the next one.
"""

from collections.abc import Mapping
from typing import Final

from actors.money.funding import funding_of
from actors.venue.book import Book
from actors.venue.closing import closing_fills
from actors.venue.purse import Purse
from actors.venue.resting import Resting
from actors.venue.settings import VenueSettings
from actors.venue.states import OVER, OrderEvent, step
from messages import (
    Account,
    ApprovedAmend,
    ApprovedCancel,
    ApprovedOrder,
    CancelAll,
    Fill,
    FundingPaid,
    FundingRate,
    Instrument,
    Liquidity,
    Message,
    Minor,
    OrderEnded,
    Outcome,
    Period,
    Symbol,
    UtcNs,
)

# An enum's member costs ten times what a global does, and these are asked for at every order.
_CANCELLED: Final = Outcome.CANCELLED
_FILLED: Final = Outcome.FILLED
_CANCEL: Final = OrderEvent.CANCEL


class Floor:
    """What one account has at the venue."""

    def __init__(
        self,
        account: Account,
        instruments: Mapping[Symbol, Instrument],
        settings: VenueSettings,
        feeds: Mapping[Symbol, Period | None],
        cash_minor: Mapping[str, Minor] | None,
    ) -> None:
        self.account = account
        self.now: UtcNs = 0
        self.live: dict[str, Resting] = {}
        self.known: set[str] = set()
        self.days: set[UtcNs] = set()
        """Ends of days that a timer was asked for."""
        self.facts: list[Message] = []
        """Fills, payments and ends of the message being handled: who comes after a failure has to say them."""
        self.in_hand: ApprovedOrder | ApprovedAmend | ApprovedCancel | CancelAll | None = None
        """What is being asked: an order that is lost with who failed on it would be waited for for ever."""
        currencies = dict.fromkeys(instrument.currency for instrument in instruments.values())
        self.purses: dict[str, Purse] = {}
        if cash_minor is not None:
            self.purses = {currency: Purse(currency, cash_minor.get(currency, 0)) for currency in currencies}
        self.books = {
            symbol: Book(account, each, feeds.get(symbol), settings, self.purses.get(each.currency))
            for symbol, each in instruments.items()
        }
        for currency in currencies:
            siblings = [book for book in self.books.values() if book.arithmetic.instrument.currency == currency]
            for book in siblings:
                book.siblings = siblings
        self._closings = 0

    # Orders.

    def put_in(self, book: Book, resting: Resting) -> None:
        """An order that was accepted begins to wait."""
        book.put_in(resting)
        self.live[resting.order.client_id] = resting

    def end(self, book: Book, resting: Resting, reason: str, ts: UtcNs) -> tuple[Message, ...]:
        """An order is over: filled, or cancelled with a reason."""
        self._take_out(book, resting)
        if resting.state not in OVER:
            resting.state = step(resting.state, _CANCEL)
        order, filled = resting.order, resting.filled
        outcome = _FILLED if abs(filled) >= abs(order.lots) else _CANCELLED
        ended = OrderEnded(order, outcome, filled, ts, reason)
        self.facts.append(ended)
        return (ended,)

    # Positions.

    def is_lost(self, book: Book, price: float) -> bool:
        """Whether a position cannot be kept at a price: asked where that was not known to be safe.

        Where there is a mark, a last price ruins nobody unless we trade at it and nothing would be left.
        """
        purse, position = book.purse, book.position
        if purse is None or not position.lots:
            return False
        if position.mark is not None:
            return purse.balance(position, price) <= 0
        if position.lower < price < position.upper:
            return False
        purse.watch(position)
        return not position.lower < price < position.upper and purse.is_lost(position, price)

    def judge(self, book: Book, low: float, high: float, ts: UtcNs, *, ambiguous: bool = False) -> tuple[Message, ...]:
        """Prices have left what was known to be safe: the position is looked at where it stands worst."""
        position = book.position
        if position.mark is not None:
            position.rest()
            return ()
        price = low if position.lots > 0 else high
        return self.liquidate(book, price, ts, ambiguous=ambiguous) if self.is_lost(book, price) else ()

    def judge_mark(self, book: Book, ts: UtcNs) -> tuple[Message, ...]:
        """The fair price has moved."""
        position, purse = book.position, book.purse
        if purse is None or not position.lots or position.mark is None:
            return ()
        return self.liquidate(book, position.mark, ts) if purse.is_lost(position, position.mark) else ()

    def liquidate(self, book: Book, price: float, ts: UtcNs, *, ambiguous: bool = False) -> tuple[Message, ...]:
        """The account can keep no position of this currency: its orders end, and its positions are taken over.

        Others close at their marks, then this one at its bankruptcy price; without one at the price it was judged at.
        `ambiguous`: the path of a bar decided it, and the pessimistic one was taken.
        """
        purse = book.purse
        assert purse is not None
        how = Liquidity.LIQUIDATION, "liquidation", ts
        said: list[Message] = []
        for each in book.siblings:
            for resting in list(each.orders()):
                said += self.end(each, resting, "liquidated", ts)
        for each in book.siblings:
            if each is not book and each.position.symbol in purse.open:
                at = each.position.price
                assert at is not None
                said += self._close(each, at, *how, ambiguous=ambiguous)
        bankrupt_at = purse.bankruptcy(book.position)
        said += self._close(book, price if bankrupt_at is None else bankrupt_at, *how, ambiguous=ambiguous)
        for each in book.siblings:
            said += each.listen()
        return tuple(said)

    def pay_funding(self, book: Book, funding: FundingRate, price: float) -> FundingPaid:
        """What the account pays or receives for what it holds, valued at a price."""
        book.funded_at = funding.ts
        position = book.position
        amount, parts = funding_of(book.arithmetic, position.held, price, funding.rate)
        if book.purse is not None:
            book.purse.pay(position, amount)
        paid = FundingPaid(
            account=self.account,
            currency=book.arithmetic.instrument.currency,
            symbol=book.symbol,
            ts=funding.ts,
            rate=funding.rate,
            price=price,
            lots=sum([part.lots for part in parts]),
            amount_minor=amount,
            parts=parts,
        )
        self.facts.append(paid)
        return paid

    def settle(self, book: Book, ts: UtcNs) -> tuple[Message, ...]:
        """A dated contract expires: its orders end, what is held of it settles."""
        instrument, position = book.arithmetic.instrument, book.position
        book.expired = True
        said: list[Message] = []
        for resting in list(book.orders()):
            said += self.end(book, resting, "expired", ts)
        price = instrument.settlement_price or position.price
        if position.held:
            assert price is not None, f"{book.symbol} is held, so a price of it was shown"
            said += self._close(book, price, Liquidity.SETTLEMENT, "settlement", ts)
        return (*said, *book.listen())

    # Inside.

    def _close(
        self, book: Book, price: float, liquidity: Liquidity, word: str, ts: UtcNs, *, ambiguous: bool = False
    ) -> list[Message]:
        self._closings += 1
        instrument = book.arithmetic.instrument
        rate = instrument.taker_fee if liquidity is Liquidity.LIQUIDATION else instrument.settlement_fee
        name = f"{word}-{book.symbol}-{self._closings}"
        fills = closing_fills(
            self.account,
            book.position,
            price,
            liquidity=liquidity,
            fee_rate=rate,
            client_id=name,
            ts=ts,
            ambiguous=ambiguous,
        )
        for fill in fills:
            self.book_fill(book, fill)
        return list(fills)

    def book_fill(self, book: Book, fill: Fill) -> None:
        """An execution at the venue changes what is held, and what cash there is."""
        position = book.position
        position.hand_out(fill.parts)
        if book.purse is None:
            position.lots += fill.lots
        else:
            book.purse.book(position, fill.lots, fill.value_minor, fill.fee_minor)
        if position.last is None:
            position.last = fill.price
        self.facts.append(fill)

    def _take_out(self, book: Book, resting: Resting) -> None:
        if self.live.pop(resting.order.client_id, None) is not None:
            book.take_out(resting)
