"""The books: positions at average cost, in whole lots and whole minor units.

A fill is folded into the book of each of its owners and leaves rows. The signed values of `values.py` let one rule
serve every kind of contract: what a reduction realises is minus its value, less the cost that it releases.
Always: realised = cost of what is open - sum of the signed values of all fills. At flat the cost is 0, so a book's
profit is exact whatever was rounded on the way.

A contract moves cash when it realises something. Spot is bought with cash: its cost leaves the cash as a `transfer` and
comes back as one when it is sold, so that cash and market value make up the same equity as profits and losses do.
"""

from collections.abc import Collection
from typing import Final

import attrs

from actors.money.rounding import divide_half_away
from actors.money.rows import FillRow, LedgerEntry, LedgerKind
from messages import Account, Fill, FundingPaid, Liquidity, Lots, Minor, PositionAdjusted, StrategyId, Symbol

# An enum's member costs ten times what a global does, and these are asked for at every order.
_REALISED: Final = LedgerKind.REALISED
_FEE: Final = LedgerKind.FEE
_FUNDING: Final = LedgerKind.FUNDING
_ADJUSTMENT: Final = LedgerKind.ADJUSTMENT
_INTERNAL: Final = Liquidity.INTERNAL
_TRANSFER: Final = LedgerKind.TRANSFER
_SETTLED: Final = LedgerKind.SETTLEMENT
_SETTLEMENT: Final = Liquidity.SETTLEMENT


@attrs.define
class Book:
    """One strategy's position in one symbol of one (account, currency), and the money it has made so far."""

    account: Account
    currency: str
    strategy: StrategyId
    symbol: Symbol
    lots: Lots = 0
    cost_minor: Minor = 0
    """Signed value at which the open lots were bought or sold; 0 when flat."""
    realised_minor: Minor = 0
    """Profit of what was closed, before fees and funding."""
    fees_minor: Minor = 0
    """Paid; negative when rebates exceed fees."""
    funding_minor: Minor = 0
    """Received; negative when paid."""
    fills: int = 0
    spot: bool = False
    """What is held was paid for: its cost is out of the account's cash."""

    def apply(self, lots: Lots, value_minor: Minor, fee_minor: Minor = 0) -> Minor:
        """Fold one fill (signed lots, their signed value, the fee paid); returns the profit that it realised.

        Reducing by q of Q lots releases cost x q / Q, rounded half away from zero. A fill through zero is two legs:
        its value is split between what closes and what opens. No lots at all with a value is a pure profit or loss.
        """
        before, after = self.lots, self.lots + lots
        if lots == 0:
            realised = -value_minor
        elif before * lots >= 0:
            realised = 0
            self.cost_minor += value_minor
        elif before * after >= 0:
            released = divide_half_away(self.cost_minor * abs(lots), abs(before))
            realised = -value_minor - released
            self.cost_minor -= released
        else:
            closing = divide_half_away(value_minor * abs(before), abs(lots))
            realised = -closing - self.cost_minor
            self.cost_minor = value_minor - closing
        self.lots = after
        self.realised_minor += realised
        self.fees_minor += fee_minor
        self.fills += 1
        return realised

    def add_funding(self, amount_minor: Minor) -> None:
        """Book funding: received when positive, paid when negative."""
        self.funding_minor += amount_minor

    def unrealised_minor(self, mark_value_minor: Minor) -> Minor:
        """Profit of the open lots when they are worth `mark_value_minor` (signed, of these very lots)."""
        return mark_value_minor - self.cost_minor

    @property
    def cash_minor(self) -> Minor:
        """What this book has added to its account's cash."""
        cash = self.realised_minor - self.fees_minor + self.funding_minor
        return cash - self.cost_minor if self.spot else cash


def book_fill(
    books: dict[tuple[StrategyId, Symbol], Book], fill: Fill, spot: Collection[Symbol] = ()
) -> tuple[list[FillRow], list[LedgerEntry]]:
    """Fold one execution into an account's books, which are made as needed; returns the rows it leaves.

    A row per owner, and ledger entries for what changed cash, where it is not 0: `realised` (of a settlement it is
    called `settlement`), `fee`, and `transfer` of the cost for the symbols of `spot`. Whether the execution was
    folded before is for the caller to know. ValueError when a book is of another account or currency.
    """
    rows: list[FillRow] = []
    entries: list[LedgerEntry] = []
    realised_kind = _SETTLED if fill.liquidity is _SETTLEMENT else _REALISED
    bought = fill.symbol in spot
    for part in fill.parts:
        book = _book_of(books, part.strategy, fill, fill.currency, bought)
        cost = book.cost_minor
        realised = book.apply(part.lots, part.value_minor, part.fee_minor)
        rows.append(
            FillRow(
                fill.ts,
                fill.account,
                fill.currency,
                part.strategy,
                fill.symbol,
                fill.client_id,
                fill.execution_id,
                part.lots,
                fill.price,
                fill.liquidity,
                part.value_minor,
                part.fee_minor,
                realised,
                book.lots,
            )
        )
        if bought and book.cost_minor != cost:
            entries.append(_entry(fill, part.strategy, _TRANSFER, cost - book.cost_minor, fill.execution_id))
        if realised:
            entries.append(_entry(fill, part.strategy, realised_kind, realised, fill.execution_id))
        if part.fee_minor:
            entries.append(_entry(fill, part.strategy, _FEE, -part.fee_minor, fill.execution_id))
    return rows, entries


def book_funding(books: dict[tuple[StrategyId, Symbol], Book], paid: FundingPaid) -> list[LedgerEntry]:
    """Fold one funding payment into an account's books; returns a `funding` entry for each part that is not 0.

    Whether it was folded before is for the caller to know. ValueError when a book is of another account or currency.
    """
    ref = f"funding-{paid.symbol}-{paid.ts}"
    entries: list[LedgerEntry] = []
    for part in paid.parts:
        _book_of(books, part.strategy, paid, paid.currency).add_funding(part.amount_minor)
        if part.amount_minor:
            entries.append(_entry(paid, part.strategy, _FUNDING, part.amount_minor, ref))
    return entries


def book_adjustment(
    books: dict[tuple[StrategyId, Symbol], Book],
    adjusted: PositionAdjusted,
    *,
    currency: str,
    price: float,
    spot: Collection[Symbol] = (),
) -> tuple[FillRow, list[LedgerEntry]]:
    """Fold a difference to the venue into an account's books, like a fill that nobody asked for and that cost no fee.

    Returns how the book moved, as a row at `price` that says `internal` (nothing was traded for it), and what it did to
    cash: an `adjustment` entry always, of 0 where it only opened a position, and a `transfer` of cost for `spot`.
    Whether it was folded before is for the caller to know. ValueError when a book is of another account or currency.
    """
    key, ref = (adjusted.strategy, adjusted.symbol), adjusted.adjustment_id
    bought = adjusted.symbol in spot
    book = _book_of(books, adjusted.strategy, adjusted, currency, bought)
    cost = book.cost_minor
    realised = book.apply(adjusted.lots, adjusted.value_minor)
    # Nobody traded: what counts fills does not count this.
    book.fills -= 1
    row = FillRow(
        adjusted.ts,
        adjusted.account,
        currency,
        *key,
        "",
        ref,
        adjusted.lots,
        price,
        _INTERNAL,
        adjusted.value_minor,
        0,
        realised,
        book.lots,
    )
    where = adjusted.ts, adjusted.account, currency, *key
    entries = [LedgerEntry(*where, _ADJUSTMENT, realised, ref)]
    if bought and book.cost_minor != cost:
        entries.append(LedgerEntry(*where, _TRANSFER, cost - book.cost_minor, ref))
    return row, entries


def _book_of(
    books: dict[tuple[StrategyId, Symbol], Book],
    strategy: StrategyId,
    booked: Fill | FundingPaid | PositionAdjusted,
    currency: str,
    spot: bool = False,  # noqa: FBT001, FBT002 - the book's own word
) -> Book:
    book = books.get((strategy, booked.symbol))
    if book is None:
        book = Book(booked.account, currency, strategy, booked.symbol, spot=spot)
        books[strategy, booked.symbol] = book
    elif book.account != booked.account or book.currency != currency:
        raise ValueError(
            f"{_told(booked)} of {booked.account} in {currency} does not belong to the book of "
            f"{book.strategy} in {book.symbol}, which is of {book.account} in {book.currency}"
        )
    return book


def _told(booked: Fill | FundingPaid | PositionAdjusted) -> str:
    match booked:
        case Fill():
            return f"Fill {booked.execution_id}"
        case FundingPaid():
            return f"Funding at {booked.ts}"
        case PositionAdjusted():
            return f"Adjustment {booked.adjustment_id}"


def _entry(
    booked: Fill | FundingPaid, strategy: StrategyId, kind: LedgerKind, amount_minor: Minor, ref: str
) -> LedgerEntry:
    return LedgerEntry(booked.ts, booked.account, booked.currency, strategy, booked.symbol, kind, amount_minor, ref)
