"""The portfolio: turns wishes into shares in whole lots, nets each instant once, and keeps the account's books.

A share depends on its own strategy alone, never on another's: signal x lots x weight x symbol multiplier, rounded to
whole lots half away from zero. The netting waits for the end of the instant (a timer of its own step), so that every
strategy has answered before the executor hears anything.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from actors.component import Answers, Component
from actors.execution.once import Once
from actors.execution.rules import ShareRule, whole_lots
from actors.money.ledger import Book
from actors.money.values import Arithmetic
from messages import (
    Account,
    ActorQuarantined,
    Bar,
    EquityMarked,
    Fill,
    Instrument,
    Lots,
    Message,
    Minor,
    Period,
    PlaceOrder,
    PositionAdjusted,
    PositionsReported,
    ReportPositions,
    Share,
    ShareRounded,
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


def share_of(signal: Signal, rule: ShareRule, multiplier: float) -> tuple[Lots, float]:
    """(lots, lots before rounding) that a signal is worth."""
    if signal.in_lots:
        exact, lots = signal.target, int(signal.target)
    else:
        exact = signal.target * rule.lots * rule.weight * multiplier
        lots = whole_lots(exact)
    largest = rule.share_lots_max
    if largest is not None and abs(lots) > largest:
        lots = largest if lots > 0 else -largest
    return lots, exact


class Portfolio(Component):
    """One account's shares and books.

    Hears Signal, PlaceOrder, Woke, Fill, PositionAdjusted, ActorQuarantined, ReportPositions, and Bar where it marks.
    Says TargetShares, ShareRounded, WakeAt, PositionsReported, and EquityMarked where it marks.
    """

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
    ) -> None:
        self.account = account
        self.books: dict[tuple[StrategyId, Symbol], Book] = {}
        self._books_in: dict[Symbol, list[Book]] = {}
        self._rules = {rule.strategy: rule for rule in rules}
        self._multiplier = dict(symbol_multiplier or {})
        self._window = netting_window_ns
        self._shares: dict[Symbol, dict[StrategyId, Share]] = {}
        self._changed: dict[Symbol, None] = {}
        self._once = Once()
        self._waking = False
        self._marks = _Marks(account, instruments, tuple(marks), dict(cash_minor or {}))

    def on_start(self) -> Answers:
        """Subscribe to the bars that mark the books, if any do."""
        return tuple([Subscribe(Bar, symbol, period) for symbol, period in self._marks.wanted])

    def on_signal(self, signal: Signal) -> Answers:
        """Note the wish; it counts when the instant is netted."""
        rule = self._rules[signal.strategy]
        lots, exact = share_of(signal, rule, self._multiplier.get(signal.symbol, 1.0))
        share = Share(signal.strategy, lots, rule.algorithm, signal.price)
        self._shares.setdefault(signal.symbol, {})[signal.strategy] = share
        said = self._net_later(signal.symbol, signal.ts)
        if lots == 0 and exact != 0:
            rounded: Message = ShareRounded(
                account=self.account, strategy=signal.strategy, symbol=signal.symbol, wanted=exact, ts=signal.ts
            )
            return (rounded, *said)
        return said

    def on_place_order(self, placed: PlaceOrder) -> Answers:
        """The strategy is in order mode: its share follows its own fills until its next signal."""
        shares = self._shares.get(placed.symbol)
        if shares is None or shares.pop(placed.strategy, None) is None:
            return ()
        return self._net_later(placed.symbol, placed.ts)

    def on_woke(self, woke: Woke) -> Answers:
        """Net the instant: one TargetShares for each symbol in which a share changed."""
        self._waking = False
        changed, self._changed = self._changed, {}
        return tuple(
            [
                TargetShares(account=self.account, symbol=symbol, ts=woke.at, shares=_in_order(self._shares[symbol]))
                for symbol in sorted(changed)
            ]
        )

    def warmed_up(self) -> None:
        """Timers are not kept: whether one is on its way is not known, and one too many does no harm."""
        self._waking = False

    def on_actor_quarantined(self, quarantined: ActorQuarantined) -> Answers:
        """A strategy is given up on: its shares stay, or are brought to nothing."""
        name = quarantined.actor.removeprefix("strategy:")
        rule = self._rules.get(name)
        if rule is None or quarantined.actor == name or rule.on_quarantine != "flatten":
            return ()
        said: list[Message] = []
        for symbol in rule.symbols:
            self._shares.setdefault(symbol, {})[name] = Share(name, 0, rule.algorithm)
            said.extend(self._net_later(symbol, quarantined.at))
        return said

    def on_fill(self, fill: Fill) -> Answers:
        """Fold an execution into the books, once."""
        if self._once.first(fill.execution_id):
            # Not `book_fill`: the rows it makes are the results' business, and cost more than the booking.
            for part in fill.parts:
                self._book(part.strategy, fill.symbol).apply(part.lots, part.value_minor, part.fee_minor)
            self._marks.touched(fill.symbol)
        return ()

    def on_position_adjusted(self, adjusted: PositionAdjusted) -> Answers:
        """Fold a difference to the venue, once."""
        if self._once.first(f"adjustment {adjusted.adjustment_id}"):
            self._book(adjusted.strategy, adjusted.symbol).apply(adjusted.lots, adjusted.value_minor)
            self._marks.touched(adjusted.symbol)
        return ()

    def on_bar(self, bar: Bar) -> Answers:
        """Mark the books of a symbol at its close."""
        return self._marks.on_bar(bar)

    def on_report_positions(self, asked: ReportPositions) -> Answers:
        """What the books say."""
        positions = tuple([(*key, book.lots) for key, book in sorted(self.books.items()) if book.lots])
        return (PositionsReported(account=self.account, number=asked.number, role="portfolio", positions=positions),)

    def books_in(self, symbol: Symbol) -> Sequence[Book]:
        """The books of one symbol as they are now: for the checker of a replay, where one thread makes that safe."""
        return self._books_in.get(symbol, ())

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


def _in_order(shares: Mapping[StrategyId, Share]) -> tuple[Share, ...]:
    # By id, not by who spoke first: the order of speaking is the runtime's, and crossing looks at this order.
    return tuple(shares.values()) if len(shares) < 2 else tuple([shares[strategy] for strategy in sorted(shares)])


class _Marks:
    """The account's equity at the last closes: only what a bar can have changed is valued again."""

    def __init__(
        self,
        account: Account,
        instruments: Mapping[Symbol, Instrument],
        wanted: tuple[tuple[Symbol, Period], ...],
        cash: dict[str, Minor],
    ) -> None:
        self.instruments = instruments
        self.wanted = wanted
        self._account = account
        self._cash = cash
        self._arithmetic = {symbol: Arithmetic(instruments[symbol]) for symbol, _ in wanted}
        self._of: dict[Symbol, list[Book]] = {symbol: [] for symbol, _ in wanted}
        self._worth: dict[Symbol, Minor] = dict.fromkeys(self._of, 0)
        """Realised, paid and unrealised of all books of the symbol."""
        self._equity = dict(cash)
        self._flat = dict.fromkeys(self._of, True)

    def touched(self, symbol: Symbol) -> None:
        """A book of the symbol has changed."""
        if symbol in self._of:
            self._flat[symbol] = False

    def opened(self, book: Book) -> None:
        """There is a new book."""
        if book.symbol in self._of:
            self._of[book.symbol].append(book)

    def on_bar(self, bar: Bar) -> Answers:
        """The equity of the symbol's currency."""
        symbol = bar.symbol
        currency = self.instruments[symbol].currency
        if not self._flat[symbol]:
            arithmetic, worth, flat = self._arithmetic[symbol], 0, True
            for book in self._of[symbol]:
                worth += book.realised_minor - book.fees_minor + book.funding_minor
                if book.lots:
                    flat = False
                    worth += arithmetic.value_minor(book.lots, bar.close) - book.cost_minor
            self._equity[currency] = self._equity.get(currency, 0) + worth - self._worth[symbol]
            self._worth[symbol] = worth
            self._flat[symbol] = flat
        return (
            EquityMarked(
                account=self._account,
                currency=currency,
                ts=bar.received,
                equity_minor=self._equity.get(currency, 0),
            ),
        )
