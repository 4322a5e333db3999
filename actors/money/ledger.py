"""The books: positions at average cost, in whole lots and whole minor units.

A fill is folded into the book of each of its owners and leaves rows. The signed values of `values.py` let one rule
serve every kind of contract: what a reduction realises is minus its value, less the cost that it releases.
Always: realised = cost of what is open - sum of the signed values of all fills. At flat the cost is 0, so a book's
profit is exact whatever was rounded on the way.
"""

from typing import Final

import attrs

from actors.money.allocation import split_minor
from actors.money.rounding import divide_half_away
from actors.money.rows import FillRow, LedgerEntry, LedgerKind
from messages import Account, Fill, Lots, Minor, StrategyId, Symbol

# An enum's member costs ten times what a global does, and these are asked for at every order.
_REALISED: Final = LedgerKind.REALISED
_FEE: Final = LedgerKind.FEE


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
            closing, opening = split_minor(value_minor, (abs(before), abs(after)))
            realised = -closing - self.cost_minor
            self.cost_minor = opening
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
        return self.realised_minor - self.fees_minor + self.funding_minor


def book_fill(books: dict[tuple[StrategyId, Symbol], Book], fill: Fill) -> tuple[list[FillRow], list[LedgerEntry]]:
    """Fold one execution into an account's books, which are made as needed; returns the rows it leaves.

    A row per owner, and ledger entries for what changed cash: `realised` and `fee` where they are not 0. Whether the
    execution was folded before is for the caller to know. ValueError when a book is of another account or currency.
    """
    rows: list[FillRow] = []
    entries: list[LedgerEntry] = []
    for part in fill.parts:
        book = books.get((part.strategy, fill.symbol))
        if book is None:
            book = Book(fill.account, fill.currency, part.strategy, fill.symbol)
            books[part.strategy, fill.symbol] = book
        elif book.account != fill.account or book.currency != fill.currency:
            raise ValueError(
                f"Fill {fill.execution_id} of {fill.account} in {fill.currency} does not belong to the book of "
                f"{book.strategy} in {book.symbol}, which is of {book.account} in {book.currency}"
            )
        realised = book.apply(part.lots, part.value_minor, part.fee_minor)
        rows.append(
            FillRow(
                ts=fill.ts,
                account=fill.account,
                currency=fill.currency,
                strategy=part.strategy,
                symbol=fill.symbol,
                client_id=fill.client_id,
                execution_id=fill.execution_id,
                lots=part.lots,
                price=fill.price,
                liquidity=fill.liquidity,
                value_minor=part.value_minor,
                fee_minor=part.fee_minor,
                realised_minor=realised,
                position_lots=book.lots,
            )
        )
        if realised:
            entries.append(_entry(fill, part.strategy, _REALISED, realised))
        if part.fee_minor:
            entries.append(_entry(fill, part.strategy, _FEE, -part.fee_minor))
    return rows, entries


def _entry(fill: Fill, strategy: StrategyId, kind: LedgerKind, amount_minor: Minor) -> LedgerEntry:
    return LedgerEntry(
        ts=fill.ts,
        account=fill.account,
        currency=fill.currency,
        strategy=strategy,
        symbol=fill.symbol,
        kind=kind,
        amount_minor=amount_minor,
        ref=fill.execution_id,
    )
