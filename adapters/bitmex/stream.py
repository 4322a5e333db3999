"""From table frames to messages: tables and books are kept here, and each change of a row is said as what it means.

Rows of a partial that are history (the last trades, the last bars, past funding) are not said: they are old, and may
have been said before the last disconnect. What cannot be read is set aside with its reason and stops nothing else.
"""

from collections.abc import Callable, Collection, Mapping
from functools import partial
from typing import Any, Final, TypeAlias

import attrs

from adapters.bitmex import market, private
from adapters.bitmex.book import Book, Touched
from adapters.bitmex.codec import TableFrame
from adapters.bitmex.contracts import instrument as contract
from adapters.bitmex.fields import FieldError, Row, moment
from adapters.bitmex.reports import Execution, ExecutionKind
from adapters.bitmex.tables import Applied, Change, Filter, Table
from adapters.bitmex.topics import BOOKS, PRIVATE
from messages import BookChange, Instrument, OrderBook, Quarantined, Symbol, UtcNs

BOOK_DEPTH: Final = 25
SEEN_MAX: Final = 4096
"""Trades whose ids are remembered, so that a frame that comes twice is not heard twice."""
_NO_ID: Final = "00000000-0000-0000-0000-000000000000"
_TERMS: Final = frozenset(
    {
        "typ", "tickSize", "lotSize", "multiplier", "isInverse", "isQuanto", "settlCurrency", "makerFee", "takerFee",
        "settlementFee", "initMargin", "maintMargin", "expiry", "fundingInterval", "settledPrice",
    }
)  # fmt: skip
"""Fields of `instrument` that make the contract what it is."""
Reader: TypeAlias = Callable[[Row, UtcNs, Instrument | None], Any]
"""What a row is, received at a time, of an instrument if it is known; None is not said."""
_READERS: Final[dict[str, Reader]] = {
    "trade": market.tick,
    "quote": market.quote,
    "orderBook10": market.book10,
    "funding": lambda row, at, _instrument: market.funding_rate(row, at),
    "order": lambda row, _at, instrument: private.order_report(row, instrument),
    "execution": lambda row, _at, instrument: private.execution(row, instrument),
    "position": lambda row, _at, instrument: private.position(row, instrument),
    "margin": lambda row, _at, _instrument: private.margin(row),
    "wallet": lambda row, _at, _instrument: private.wallet(row),
    **{f"tradeBin{name}": partial(market.bar, period) for name, period in market.BIN_PERIODS.items()},
}
_HISTORY: Final = frozenset({"trade", "funding"} | {f"tradeBin{name}" for name in market.BIN_PERIODS})


@attrs.frozen
class Taken:
    """What came of one frame."""

    said: tuple[Any, ...] = ()
    """Messages and values, in the order of the rows."""
    lost: tuple[Filter, ...] = ()
    """Subscriptions of this table to ask for again."""
    dropped: int = 0
    audit: str = ""
    """Why the account must be compared with the venue now: something of its own could not be understood."""


@attrs.define
class _Taking:
    """One frame being read."""

    frame: TableFrame
    at: UtcNs
    said: list[Any] = attrs.field(factory=list)
    lost: dict[Filter, None] = attrs.field(factory=dict)
    trades: list[str] = attrs.field(factory=list)
    """What marks the trades of this frame; among themselves they are all different trades."""

    def lose(self, table: Table, row: Row) -> None:
        """What is known of a row is wrong; without keys there is nothing to be put right."""
        owner = table.owner(row)
        if table.keys and owner is not None:
            self.lost[owner] = None


class Stream:
    """Tables, books and contracts of one connection. `take` never raises on what a venue may send."""

    def __init__(
        self,
        depth: int = BOOK_DEPTH,
        readers: Mapping[str, Reader] | None = None,
        history: Collection[str] = (),
        *,
        says_changes: bool = False,
    ) -> None:
        """`readers`: other meanings for rows of a table. `history`: tables of which a partial's past is said too.

        `says_changes`: of a kept book what has changed is said (BookChange), and not its best levels (OrderBook).
        """
        self._says_changes = says_changes
        self.instruments: dict[Symbol, Instrument] = {}
        """The contracts as the venue last described them; they outlive a connection."""
        self._depth = depth
        self._readers = {**_READERS, **(readers or {})}
        self._unsaid = _HISTORY - frozenset(history)
        self._tables: dict[str, Table] = {}
        self._books: dict[tuple[str, Symbol], Book] = {}
        self._crossed: dict[tuple[str, Symbol], UtcNs] = {}
        self._seen: dict[str, None] = {}

    def reset(self) -> None:
        """The connection is gone, and with it all that was built from its partials."""
        self._tables.clear()
        self._books.clear()
        self._crossed.clear()

    def forget(self, table: str, symbol: Symbol | None) -> None:
        """One subscription is no longer believed."""
        if table in self._tables:
            self._tables[table].forget(symbol)
        for known in [known for known in self._books if known[0] == table and symbol in (None, known[1])]:
            del self._books[known]
            self._crossed.pop(known, None)

    def crossed_since(self) -> dict[tuple[str, Symbol], UtcNs]:
        """Books (table, symbol) that cannot be, and since when."""
        return dict(self._crossed)

    def rows(self, table: str) -> tuple[dict[str, Any], ...]:
        """The rows of a table as they are known now: copies."""
        known = self._tables.get(table)
        return () if known is None else tuple(dict(row) for row in known.rows)

    def take(self, frame: TableFrame, at: UtcNs) -> Taken:
        """Fold a frame, and say what it means."""
        table = self._tables.get(frame.table)
        if table is None:
            table = self._tables[frame.table] = Table(frame.table)
        applied = table.apply(frame)
        taking = _Taking(frame, at)
        taking.lost.update(dict.fromkeys(applied.lost))
        if frame.table in BOOKS:
            self._take_book(table, applied, taking)
        else:
            for change in applied.changes:
                self._take_change(table, change, taking)
            self._remember(taking.trades)
        taking.said += [_fault(text, at) for text in applied.faults]
        for filter_ in taking.lost:
            self.forget(frame.table, dict(filter_).get("symbol"))
        return Taken(tuple(taking.said), tuple(taking.lost), applied.dropped, _audit(taking))

    def _take_change(self, kept: Table, change: Change, taking: _Taking) -> None:
        table, at, row = kept.name, taking.at, change.row
        said: Any = None
        try:
            if table == "instrument":
                self._take_instrument(change, taking)
            elif table == "liquidation":
                said = market.liquidation(row, at, gone=change.action == "delete")
            elif change.action != "delete":
                said = self._meaning(change, taking)
            elif table in PRIVATE:
                said = market.quarantined(row, at, FieldError("deleted, which this table never is"), table)
        except FieldError as error:
            said = market.quarantined(row, at, error, table)
            if table in PRIVATE:
                taking.lose(kept, row)
        if said is not None:
            taking.said.append(said)

    def _meaning(self, change: Change, taking: _Taking) -> Any:
        """The message or report that a row is, or None."""
        table, row = taking.frame.table, change.row
        reader = self._readers.get(table)
        # Rows of a partial count as heard too, or their repetition would be said as news.
        again = table == "trade" and self._heard(row, taking)
        if reader is None or again or (change.action == "partial" and table in self._unsaid):
            return None
        symbol = row.get("symbol")
        return reader(row, taking.at, self.instruments.get(symbol) if isinstance(symbol, str) else None)

    def _heard(self, row: Row, taking: _Taking) -> bool:
        """Whether this very trade came in a frame before. A trade without an id is always new."""
        trade = row.get("trdMatchID")
        if not isinstance(trade, str) or not trade or trade == _NO_ID or len(trade) > 64:
            return False
        # One taker's trades may share an id, so what else tells them apart belongs to it.
        mark = f"{trade} {row.get('price')} {row.get('size')} {row.get('side')} {row.get('timestamp')}"[:300]
        if mark in self._seen:
            return True
        taking.trades.append(mark)
        return False

    def _remember(self, trades: list[str]) -> None:
        self._seen.update(dict.fromkeys(trades))
        while len(self._seen) > SEEN_MAX:
            del self._seen[next(iter(self._seen))]

    def _take_instrument(self, change: Change, taking: _Taking) -> None:
        """What the frame changed, each by itself: an odd funding rate does not hide the mark."""
        if change.action == "delete":
            return
        row, at, changed = change.row, taking.at, change.said.keys()
        parts: list[Callable[[], Any]] = []
        if changed & _TERMS:
            parts.append(lambda: self._new_terms(row))
        if change.said.get("state"):
            parts.append(lambda: market.instrument_state(row, at))
        if change.said.get("markPrice") is not None:
            parts.append(lambda: market.mark_price(row, at))
        if change.said.get("indicativeSettlePrice") is not None:
            parts.append(lambda: market.index_price(row, at))
        if changed & {"fundingRate", "fundingTimestamp"}:
            parts.append(lambda: market.upcoming_funding(row, at))
        for part in parts:
            try:
                said = part()
            except FieldError as error:
                said = market.quarantined(row, at, error, "instrument")
            if said is not None:
                taking.said.append(said)

    def _new_terms(self, row: Any) -> Instrument | None:
        """The contract, when it is not as we knew it."""
        described = contract(row)
        if described is None or self.instruments.get(described.symbol) == described:
            return None
        self.instruments[described.symbol] = described
        return described

    def _take_book(self, table: Table, applied: Applied, taking: _Taking) -> None:
        """A book is said once for a frame, when all of it was applied, and not while it is crossed."""
        if taking.frame.action == "partial":
            self._begin_books(taking)
        touched: dict[Symbol, UtcNs] = {}
        levels: dict[Symbol, list[Touched]] = {}
        for change in applied.changes:
            row = change.row
            try:
                symbol = market.symbol_of(row)
                changed = self._books.setdefault((table.name, symbol), Book()).apply(change)
                levels.setdefault(symbol, []).extend(changed)
                touched[symbol] = max(touched.get(symbol, 0), moment(change.said, "timestamp") or 0)
            except FieldError as error:
                taking.said.append(market.quarantined(row, taking.at, error, table.name))
                taking.lose(table, row)
        for symbol, ts in touched.items():
            known = (table.name, symbol)
            is_whole = (("symbol", symbol),) not in taking.lost and () not in taking.lost
            if self._says_changes and is_whole and levels[symbol]:
                taking.said.append(_book_change(symbol, ts or taking.at, levels[symbol], taking))
            if self._books[known].crossed:
                self._crossed.setdefault(known, taking.at)
                continue
            self._crossed.pop(known, None)
            if is_whole and not self._says_changes:
                bids, asks = self._books[known].best(self._depth)
                book = OrderBook(symbol=symbol, ts=ts or taking.at, received=taking.at, bids=bids, asks=asks)
                taking.said.append(book)

    def _begin_books(self, taking: _Taking) -> None:
        only = dict(taking.frame.filter or ()).get("symbol")
        for known in [each for each in self._books if each[0] == taking.frame.table and only in (None, each[1])]:
            del self._books[known]
            self._crossed.pop(known, None)


def _book_change(symbol: Symbol, ts: UtcNs, levels: list[Touched], taking: _Taking) -> BookChange:
    """What a frame did to a book. A level that it touched twice is as it was left."""
    left = {(side, price): size for side, price, size in levels}
    return BookChange(
        symbol=symbol,
        ts=ts,
        received=taking.at,
        is_snapshot=taking.frame.action == "partial",
        bids=tuple((price, size) for (side, price), size in left.items() if side == "Buy"),
        asks=tuple((price, size) for (side, price), size in left.items() if side == "Sell"),
    )


def _fault(text: str, at: UtcNs) -> Quarantined:
    return Quarantined(symbol=market.NO_SYMBOL, received=at, reason="malformed", text=text)


def _audit(taking: _Taking) -> str:
    """A row of the account's that was not understood, or a word that is not known, may have been a fill."""
    if taking.frame.table not in PRIVATE:
        return ""
    for said in taking.said:
        if isinstance(said, Quarantined):
            return said.text
        if isinstance(said, Execution) and said.kind is ExecutionKind.UNKNOWN:
            return f"execution: execType {said.kind_said!r} is not known"
    return ""
