"""The actor around one strategy: time, history and position go in, what the strategy asked for comes out.

The handlers of market data are closures bound once, in `market_handlers`: they are the hot path of every backtest.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import attrs

from actors.component import Answers, Component, Handler
from actors.strategy import Strategy, StrategyEntry, StrategyFill, make
from actors.strategy_desk import Desk
from messages import (
    Bar,
    BarOpen,
    ExternalEvent,
    Fill,
    Instrument,
    Lots,
    Message,
    Minor,
    OrderAccepted,
    OrderBook,
    OrderEnded,
    OrderRefused,
    OrderRejected,
    Quote,
    Subscribe,
    Symbol,
    Tick,
    UtcNs,
    Woke,
)

_EXECUTIONS_KEPT = 4096
"""So many fills back, one that is heard twice is folded once."""

_User: TypeAlias = Callable[[Any], None]


@attrs.frozen(kw_only=True)
class Heritage:
    """What an incarnation leaves to the next: its position, and where its counters stood, so that no number repeats."""

    signals: int = 0
    orders: int = 0
    positions: tuple[tuple[Symbol, Lots], ...] = ()
    executions: tuple[str, ...] = ()
    """Ids of the last fills folded into the positions."""
    order_mode: tuple[Symbol, ...] = ()


class StrategyHost(Component):
    """One strategy instance as an actor.

    Hears Bar, BarOpen, Tick, Quote, OrderBook, ExternalEvent (as far as the class overrides their callbacks), Fill,
    OrderAccepted, OrderRefused, OrderRejected, OrderEnded, Woke. Says Subscribe at the start, then Signal, PlaceOrder,
    CancelPlaced, Annotated, WakeAt. An exception from the strategy passes through, and nothing that the failed call
    asked for is said. ParameterError at construction when the entry's parameters do not fit the class.
    """

    def __init__(
        self,
        entry: StrategyEntry,
        instruments: Mapping[Symbol, Instrument],
        seed: int,
        starting_cash_minor: Mapping[str, Minor],
        heritage: Heritage | None = None,
    ) -> None:
        self.entry = entry
        self.strategy = make(entry.strategy, dict(entry.params))
        self.warmup = self.strategy.warmup
        """Bars per symbol that its address should keep for the next incarnation."""
        if type(self.warmup) is not int or self.warmup < 0:
            raise ValueError(f"{entry.strategy.__name__}.warmup must be a whole number of bars, not {self.warmup!r}")
        self._heritage = heritage or Heritage()
        self._desk = Desk(
            strategy_id=entry.id,
            symbols=entry.symbols,
            instruments=instruments,
            starting_cash_minor=starting_cash_minor,
            seed=seed,
            warmup=self.warmup,
        )
        self._desk.positions.update(dict(self._heritage.positions))
        self._count_on()
        self._executions = dict.fromkeys(self._heritage.executions)
        self._start_timers: list[Any] = []
        handlers = market_handlers(self.strategy, self._desk)
        self.on_bar: Handler = handlers[Bar]
        self.on_bar_open: Handler = handlers[BarOpen]
        self.on_tick: Handler = handlers[Tick]
        self.on_quote: Handler = handlers[Quote]
        self.on_order_book: Handler = handlers[OrderBook]
        self.on_external_event: Handler = handlers[ExternalEvent]
        self.strategy._desk = self._desk

    def on_start(self) -> Answers:
        """Subscribes, then calls the strategy's own on_start; what that asks for waits until a time is known."""
        self._call(self.strategy.on_start)
        timers = self._desk.split_timers()
        self._start_timers = self._desk.delayed_timers()
        return (*self._subscriptions(), *timers)

    def on_stop(self) -> Answers:
        """The strategy's last word."""
        self._call(self.strategy.on_stop)
        return self._desk.flush() if self._desk.now else ()

    def warmed_up(self) -> None:
        """The kept messages have been heard and the answers discarded: from here on everything is said again."""
        self._desk.forget_wishes()
        self._count_on()
        self._desk.acts[:] = self._start_timers

    def heritage(self) -> Heritage:
        """What the next incarnation needs to know of this one."""
        desk = self._desk
        return Heritage(
            signals=desk.signals,
            orders=desk.orders,
            positions=tuple(desk.positions.items()),
            executions=tuple(self._executions),
            order_mode=tuple(sorted(desk.order_mode)),
        )

    def on_fill(self, fill: Fill) -> Answers:
        """Folds its own parts into the position, then tells the strategy. A fill heard twice counts once."""
        parts = [part for part in fill.parts if part.strategy == self.entry.id]
        if not parts or fill.execution_id in self._executions:
            return ()
        self._executions[fill.execution_id] = None
        if len(self._executions) > _EXECUTIONS_KEPT:
            del self._executions[next(iter(self._executions))]
        lots = sum(part.lots for part in parts)
        desk = self._desk
        position = desk.positions.get(fill.symbol, 0) + lots
        desk.positions[fill.symbol] = position
        view = StrategyFill(
            ts=fill.ts,
            symbol=fill.symbol,
            lots=lots,
            price=fill.price,
            fee_minor=sum(part.fee_minor for part in parts),
            liquidity=fill.liquidity,
            client_id=fill.client_id,
            position=position,
        )
        return self._heard(fill.ts, self.strategy.on_fill, view)

    def on_order_accepted(self, event: OrderAccepted) -> Answers:
        """Told to the strategy."""
        return self._heard(event.ts, self.strategy.on_order, event)

    def on_order_refused(self, event: OrderRefused) -> Answers:
        """Told to the strategy."""
        return self._heard(event.ts, self.strategy.on_order, event)

    def on_order_rejected(self, event: OrderRejected) -> Answers:
        """Told to the strategy."""
        return self._heard(event.ts, self.strategy.on_order, event)

    def on_order_ended(self, event: OrderEnded) -> Answers:
        """Told to the strategy."""
        return self._heard(event.ts, self.strategy.on_order, event)

    def on_woke(self, woke: Woke) -> Answers:
        """A timer of the strategy."""
        return self._heard(woke.at, self.strategy.on_timer, woke.token)

    def _heard(self, at: UtcNs, callback: _User, what: object) -> Answers:
        desk = self._desk
        desk.now = max(desk.now, at)
        self._call(callback, what)
        return desk.flush() if desk.acts else ()

    def _call(self, callback: Callable[..., None], *what: object) -> None:
        try:
            callback(*what)
        except BaseException:
            self._desk.drop_acts()
            raise

    def _count_on(self) -> None:
        left = self._heritage
        self._desk.carry_on(left.signals, left.orders, left.order_mode)

    def _subscriptions(self) -> tuple[Message, ...]:
        hears = self.entry.strategy.hears()
        period = self.entry.period
        wanted: list[Message] = []
        for symbol in self.entry.symbols:
            if "on_bar" in hears or self.warmup > 0:
                wanted.append(Subscribe(Bar, symbol, period))
            if "on_bar_open" in hears:
                wanted.append(Subscribe(BarOpen, symbol, period))
            for callback, message in (("on_tick", Tick), ("on_quote", Quote), ("on_book", OrderBook)):
                if callback in hears:
                    wanted.append(Subscribe(message, symbol))
        if "on_event" in hears:
            wanted.append(Subscribe(ExternalEvent))
        return tuple(wanted)


def market_handlers(strategy: Strategy, desk: Desk) -> dict[type[Message], Handler]:
    """The handlers of market data, each specialised once for what this strategy hears.

    A strategy that hears bars alone needs no price noted: its last price is the last close in its history.
    """
    hears = strategy.hears()
    bars_only = hears.isdisjoint({"on_bar_open", "on_tick", "on_quote", "on_book"})
    return {
        Bar: _bars(strategy.on_bar, desk) if bars_only else _bars_among_others(strategy.on_bar, desk),
        BarOpen: _others(strategy.on_bar_open, desk, lambda bar_open: bar_open.price),
        Tick: _others(strategy.on_tick, desk, lambda tick: tick.price),
        Quote: _others(strategy.on_quote, desk, lambda quote: (quote.bid + quote.ask) / 2),
        OrderBook: _others(strategy.on_book, desk, _book_price),
        ExternalEvent: _others(strategy.on_event, desk, None),
    }


def _bars(user: _User, desk: Desk) -> Handler:
    if len(desk.symbols) > 1:
        return _bars_of_several(user, desk)
    acts, flush, drop_acts = desk.acts, desk.flush, desk.drop_acts
    keep = desk.histories[desk.symbols[0]].append

    def on_bar(bar: Bar) -> Answers:
        received = bar.received
        if received > desk.now:  # noqa: PLR1730 - max() is a call, and this runs at every bar
            desk.now = received
        keep(bar)
        try:
            user(bar)
        except BaseException:
            drop_acts()
            raise
        return flush() if acts else ()

    return on_bar


def _bars_of_several(user: _User, desk: Desk) -> Handler:
    acts, flush, drop_acts, histories = desk.acts, desk.flush, desk.drop_acts, desk.histories

    def on_bar(bar: Bar) -> Answers:
        received = bar.received
        if received > desk.now:  # noqa: PLR1730 - max() is a call, and this runs at every bar
            desk.now = received
        histories[bar.symbol].append(bar)
        try:
            user(bar)
        except BaseException:
            drop_acts()
            raise
        return flush() if acts else ()

    return on_bar


def _bars_among_others(user: _User, desk: Desk) -> Handler:
    prices, hear = desk.prices, _bars_of_several(user, desk)

    def on_bar(bar: Bar) -> Answers:
        prices[bar.symbol] = bar.close
        return hear(bar)

    return on_bar


def _others(user: _User, desk: Desk, price_of: Callable[[Any], float | None] | None) -> Handler:
    acts, flush, drop_acts, prices = desk.acts, desk.flush, desk.drop_acts, desk.prices

    def on_market(item: Any) -> Answers:
        if item.received > desk.now:  # noqa: PLR1730 - max() is a call, and this runs at every tick
            desk.now = item.received
        if price_of is not None:
            price = price_of(item)
            if price is not None:
                prices[item.symbol] = price
        try:
            user(item)
        except BaseException:
            drop_acts()
            raise
        return flush() if acts else ()

    return on_market


def _book_price(book: OrderBook) -> float | None:
    if book.bids and book.asks:
        return (book.bids[0][0] + book.asks[0][0]) / 2
    best = book.bids or book.asks
    return best[0][0] if best else None
