"""The portfolio: turns wishes into shares in whole lots, nets each instant once, and keeps the account's books.

A share depends on its own strategy alone, never on another's: signal x lots x weight x scale x symbol multiplier,
rounded to whole lots half away from zero. The scale is 1, or follows the market as the account's sizing says. The
netting waits for the end of the instant (a timer of its own step), so that every strategy has answered before the
executor hears anything.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import attrs

from actors.component import Answers, Component
from actors.execution.once import Once
from actors.execution.rules import ShareRule
from actors.money.ledger import Book
from actors.sizing.marks import MARKED, Marks, Prices
from actors.sizing.scales import Scales, SymbolScale
from actors.sizing.shares import Shares
from actors.sizing.sizing import Sizing
from messages import (
    Account,
    ActorQuarantined,
    Bar,
    Fill,
    FundingPaid,
    Heartbeat,
    Instrument,
    Kind,
    MarkPrice,
    Message,
    Minor,
    Period,
    PlaceOrder,
    PositionAdjusted,
    PositionsReported,
    ReportPositions,
    Share,
    Signal,
    Step,
    StrategyId,
    Subscribe,
    Symbol,
    TargetShares,
    UtcNs,
    WakeAt,
    Woke,
)

NET = "net"
# An enum's member costs ten times what a global does, and these are asked for at every order.
_NETTING: Final = Step.NETTING


@attrs.frozen(kw_only=True)
class PortfolioHeritage:
    """What a portfolio leaves to its next incarnation: what came of prices, which nobody keeps. Books are facts'."""

    prices: Prices
    scales: Mapping[Symbol, SymbolScale] | None = None
    shares: tuple[tuple[Symbol, Share], ...] = ()
    closed: tuple[Bar, ...] = ()
    """Bars that were marked and not yet sized by."""
    begins: bool = False
    """The books are of earlier lives of the run, and not every price was heard in this one that they are worth."""


class Portfolio(Component):
    """One account's shares and books.

    Hears Signal, PlaceOrder, Woke, Fill, FundingPaid, PositionAdjusted, ActorQuarantined, ReportPositions, and Bar and
    MarkPrice where it marks.
    Says TargetShares, ShareRounded, WakeAt, PositionsReported, EquityMarked where it marks, and ShareSized where its
    sizing follows the market.

    `marks` tells the bars that it marks at and measures volatility from. ValueError when a sizing that follows the
    market has no such bars of a symbol that a strategy trades.
    """

    # Whatever is no price.
    hears_again = frozenset({
        *(Signal, PlaceOrder, Woke, ActorQuarantined, Fill, FundingPaid, PositionAdjusted, ReportPositions),
    })  # fmt: skip

    def __init__(
        self,
        account: Account,
        instruments: Mapping[Symbol, Instrument],
        rules: Iterable[ShareRule],
        *,
        symbol_multiplier: Mapping[Symbol, float] | None = None,
        marks: Iterable[tuple[Symbol, Period]] = (),
        cash_minor: Mapping[str, Minor] | None = None,
        netting_window_ns: int = 0,
        sizing: Sizing | None = None,
        heritage: PortfolioHeritage | None = None,
    ) -> None:
        self.account = account
        self.books: dict[tuple[StrategyId, Symbol], Book] = {}
        self._books_in: dict[Symbol, list[Book]] = {}
        self._window = netting_window_ns
        self._changed: dict[Symbol, None] = {}
        self._once = Once()
        self._waking = False
        self._marks = Marks(account, instruments, tuple(marks), cash_minor or {})
        rules = tuple(rules)
        self._scales: Scales | None = None
        self._by_equity = sizing is not None and sizing.method == "equity-fraction"
        self._closed: list[Bar] = []
        """Bars whose shares are sized by an equity that waits for other marks of the instant."""
        if sizing is not None and sizing.moves:
            self._scales = Scales(sizing, instruments, _periods(self._marks.wanted, rules, sizing))
        spot = [symbol for symbol, instrument in instruments.items() if instrument.kind is Kind.SPOT]
        self._shares = Shares(account, rules, dict(symbol_multiplier or {}), self._scales, spot)
        self._left = heritage
        if heritage is not None and heritage.scales is not None and self._scales is not None:
            self._scales.inherit(heritage.scales)

    def on_start(self) -> Answers:
        """Subscribe to the bars and prices that mark the books, if any do."""
        wanted = self._marks.wanted
        return tuple(
            [Subscribe(Bar, symbol, period) for symbol, period in wanted]
            + [Subscribe(MarkPrice, symbol) for symbol, _ in wanted]
        )

    # Wishes.

    def on_signal(self, signal: Signal) -> Answers:
        """Note the wish; it counts when the instant is netted."""
        said = self._shares.wish(signal)
        return (*said, *self._net_later(signal.symbol, signal.ts))

    def on_place_order(self, placed: PlaceOrder) -> Answers:
        """The strategy is in order mode: its share follows its own fills until its next signal."""
        if self._shares.leave(placed.strategy, placed.symbol):
            return self._net_later(placed.symbol, placed.ts)
        return ()

    def on_woke(self, woke: Woke) -> Answers:
        """After all marks say what waited for them; at the end the shares of each symbol in which one changed."""
        if woke.token == MARKED:
            closed, self._closed = self._closed, []
            return (*self._marks.all_marked(), *[said for bar in closed for said in self._size(bar)])
        self._waking = False
        changed, self._changed = self._changed, {}
        return tuple(
            [
                TargetShares(account=self.account, symbol=symbol, ts=woke.at, shares=self._shares.of(symbol))
                for symbol in sorted(changed)
            ]
        )

    def on_actor_quarantined(self, quarantined: ActorQuarantined) -> Answers:
        """A strategy is given up on: its shares stay, or are brought to nothing."""
        name = quarantined.actor.removeprefix("strategy:")
        if quarantined.actor == name or name not in self._shares.rules:
            return ()
        said: list[Message] = []
        for symbol in self._shares.give_up(name):
            said.extend(self._net_later(symbol, quarantined.at))
        return said

    # Books.

    def on_fill(self, fill: Fill) -> Answers:
        """Fold an execution into the books, once."""
        if self._once.first(fill.execution_id):
            # Not `book_fill`: the rows it makes are the results' business, and cost more than the booking.
            for part in fill.parts:
                self._book(part.strategy, fill.symbol).apply(part.lots, part.value_minor, part.fee_minor)
            self._marks.touched(fill.symbol)
        return ()

    def on_funding_paid(self, paid: FundingPaid) -> Answers:
        """Fold a funding payment into the books of those who held the position, once."""
        if self._once.first(f"funding {paid.symbol} {paid.ts}"):
            for part in paid.parts:
                self._book(part.strategy, paid.symbol).add_funding(part.amount_minor)
            self._marks.touched(paid.symbol)
        return ()

    def on_position_adjusted(self, adjusted: PositionAdjusted) -> Answers:
        """Fold a difference to the venue, once."""
        if self._once.first(f"adjustment {adjusted.adjustment_id}"):
            self._book(adjusted.strategy, adjusted.symbol).apply(adjusted.lots, adjusted.value_minor)
            self._marks.touched(adjusted.symbol)
        return ()

    def on_report_positions(self, asked: ReportPositions) -> Answers:
        """What the books say."""
        positions = tuple([(*key, book.lots) for key, book in sorted(self.books.items()) if book.lots])
        return (PositionsReported(account=self.account, number=asked.number, role="portfolio", positions=positions),)

    def books_in(self, symbol: Symbol) -> Sequence[Book]:
        """The books of one symbol as they are now: for the checker of a replay, where one thread makes that safe."""
        return self._books_in.get(symbol, ())

    def on_heartbeat(self, beat: Heartbeat) -> Answers:
        """Passes it on."""
        return (beat,)

    # Prices.

    def on_bar(self, bar: Bar) -> Answers:
        """Mark the books of a symbol at its close, and size its shares again if its scale has moved."""
        marked = self._marks.on_bar(bar)
        if self._scales is None:
            return marked
        if self._by_equity and self._marks.waits:
            self._closed.append(bar)
            return marked
        return (*marked, *self._size(bar))

    def on_mark_price(self, mark: MarkPrice) -> Answers:
        """From now on this is the symbol's mark."""
        return self._marks.on_mark_price(mark)

    # Life and death.

    def heritage(self) -> PortfolioHeritage:
        """Prices, scales, and the shares that came of them; what was inherited, until the facts were heard again."""
        if self._left is not None:
            return self._left
        return PortfolioHeritage(
            prices=self._marks.left(),
            scales=None if self._scales is None else self._scales.left(),
            shares=self._shares.left(),
            closed=tuple(self._closed),
            begins=not self._marks.is_begun,
        )

    def warmed_up(self) -> None:
        """Books and wishes are complete again; timers are not kept: one too many does no harm."""
        self._waking = False
        left, self._left = self._left, None
        if left is not None:
            self._marks.inherit(left.prices)
            if left.begins:
                self._marks.begin()
            self._shares.inherit(left.shares)
            self._closed[:0] = left.closed

    # Inside.

    def _size(self, bar: Bar) -> list[Message]:
        symbol = bar.symbol
        said, changed = self._shares.on_close(bar, self._marks.equity_in(symbol))
        if changed:
            said.extend(self._net_later(symbol, bar.received))
        elif self._changed and not self._waking:
            # An incarnation before may have sized shares and not lived to net them.
            said.extend(self._net_later(next(iter(self._changed)), bar.received))
        return said

    def _book(self, strategy: StrategyId, symbol: Symbol) -> Book:
        book = self.books.get((strategy, symbol))
        if book is None:
            book = Book(self.account, self._marks.instruments[symbol].currency, strategy, symbol)
            self.books[strategy, symbol] = book
            self._books_in.setdefault(symbol, []).append(book)
            self._marks.opened(book)
        return book

    def _net_later(self, symbol: Symbol, ts: UtcNs) -> tuple[Message, ...]:
        self._changed[symbol] = None
        if self._waking:
            return ()
        self._waking = True
        return (WakeAt(ts + self._window, NET, _NETTING),)


def _periods(
    wanted: Iterable[tuple[Symbol, Period]], rules: Iterable[ShareRule], sizing: Sizing
) -> dict[Symbol, Period]:
    periods = dict(wanted)
    without = sorted({symbol for rule in rules for symbol in rule.symbols} - periods.keys())
    if without:
        raise ValueError(f"sizing {sizing.method} needs bars that mark {', '.join(without)}, and there are none")
    return periods
