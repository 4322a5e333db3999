"""The actor around one strategy: time, history and position go in, what the strategy asked for comes out.

The handlers of market data are made in strategy_handlers.py.
"""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import attrs

from actors.component import Answers, Component, Handler, PerSymbol
from actors.strategy import OrderEvent, StrategyFill, flow_of, make
from actors.strategy_desk import Desk
from actors.strategy_entry import StrategyEntry
from actors.strategy_handlers import market_handlers
from messages import (
    Bar,
    BarOpen,
    ExternalEvent,
    Fill,
    IndexPrice,
    Instrument,
    Liquidation,
    Lots,
    MarketFresh,
    MarketStale,
    Message,
    Minor,
    OrderBook,
    OrderFlow,
    Quote,
    Subscribe,
    Symbol,
    Tick,
    UtcNs,
    Woke,
)

_EXECUTIONS_KEPT = 4096
"""So many fills back, one that is heard twice is folded once."""

_BY_SYMBOL: Final[tuple[tuple[str, type[Message]], ...]] = (
    *(("on_tick", Tick), ("on_quote", Quote), ("on_book", OrderBook)),
    *(("on_index", IndexPrice), ("on_liquidation", Liquidation)),
    *(("on_stale", MarketStale), ("on_fresh", MarketFresh)),
)
"""What is subscribed to by symbol alone, and the callback that hears it."""
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

    Hears Bar, BarOpen, Tick, Quote, OrderBook, IndexPrice, Liquidation, OrderFlow, ExternalEvent, MarketStale,
    MarketFresh (as far as the class overrides their callbacks), Fill,
    OrderAccepted, OrderRefused, OrderRejected, OrderAmended, AmendRejected, OrderEnded, Woke. Says Subscribe at the
    start, then Signal, PlaceOrder, AmendPlaced, CancelPlaced, Annotated, WakeAt. An exception from the strategy passes
    through, and nothing that the failed call asked for is said. ParameterError at construction when the entry's
    parameters do not fit the class.
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
        """Bars per symbol that `history` and the next incarnation go back."""
        if type(self.warmup) is not int or self.warmup < 0:
            raise ValueError(f"{entry.strategy.__name__}.warmup must be a whole number of bars, not {self.warmup!r}")
        self._heritage = heritage or Heritage()
        self._is_first = heritage is None
        self._first_acts: tuple[Any, ...] = ()
        """What on_start of a first incarnation asked for: it is said with the first message behind a warm-up."""
        self._desk = Desk(
            strategy_id=entry.id,
            symbols=entry.symbols,
            hears=entry.hears,
            instruments=instruments,
            starting_cash_minor=starting_cash_minor,
            seed=seed,
            warmup=self.warmup,
        )
        self._desk.positions.update(dict(self._heritage.positions))
        self._count_on()
        self._executions = deque(self._heritage.executions)
        self._known_executions = set(self._executions)
        handlers = market_handlers(self.strategy, self._desk)
        self.on_bar: Handler = handlers[Bar]
        self.on_bar_open: Handler = handlers[BarOpen]
        self.on_tick: Handler = handlers[Tick]
        self.on_quote: Handler = handlers[Quote]
        self.on_order_book: Handler = handlers[OrderBook]
        self.on_index_price: Handler = handlers[IndexPrice]
        self.on_liquidation: Handler = handlers[Liquidation]
        self.on_external_event: Handler = handlers[ExternalEvent]
        self.on_order_flow: Handler = handlers[OrderFlow]
        hears = entry.strategy.hears()
        self._tells_fills = "on_fill" in hears
        if "on_order" in hears:
            # Only then: there are three of these for each fill, and a message without a handler costs next to nothing.
            self.on_order_accepted: Handler = self._order_event
            self.on_order_refused: Handler = self._order_event
            self.on_order_rejected: Handler = self._order_event
            self.on_order_amended: Handler = self._order_event
            self.on_amend_rejected: Handler = self._order_event
            self.on_order_ended: Handler = self._order_event
        self.strategy._desk = self._desk

    def on_start(self) -> Answers:
        """Subscribes, then calls the strategy's own on_start; what that asks for waits until a time is known."""
        self._call(self.strategy.on_start)
        timers = self._desk.split_timers()
        self._first_acts = self._desk.waiting() if self._is_first else ()
        return (*self._subscriptions(), *timers)

    def on_stop(self) -> Answers:
        """The strategy's last word."""
        self._call(self.strategy.on_stop)
        return self._desk.flush() if self._desk.now else ()

    def warmed_up(self) -> None:
        """The kept messages have been heard and the answers discarded: from here on everything is said again."""
        self._desk.forget_wishes()
        self._count_on()
        self._desk.renew_lapsed_timers()
        # A restarted one's had been said. What the first asked for at its start waits for the first bar that counts.
        self._desk.ask_again(self._first_acts)

    def keeps(self) -> dict[type[Message], int]:
        """The last `warmup` bars of each symbol, and as many external events.

        Fills need not be kept: the position is in the heritage.
        """
        if not self.warmup:
            return {}
        # What there is only one symbol of is told apart by nothing: this is done at every bar.
        bars = self.warmup if len(self.entry.heard_symbols) == 1 else PerSymbol(self.warmup)
        return {Bar: bars, ExternalEvent: self.warmup} if self.entry.sources != () else {Bar: bars}

    def heritage(self) -> Heritage:
        """What the next incarnation needs to know of this one."""
        desk = self._desk
        return Heritage(
            signals=desk.signals,
            orders=desk.own_orders.count,
            positions=tuple(desk.positions.items()),
            executions=tuple(self._executions),
            order_mode=tuple(sorted(desk.order_mode)),
        )

    def on_fill(self, fill: Fill) -> Answers:
        """Folds its own parts into the position, then tells the strategy. A fill heard twice counts once."""
        executions, known, execution_id = self._executions, self._known_executions, fill.execution_id
        parts = [part for part in fill.parts if part.strategy == self.entry.id]
        if not parts or execution_id in known:
            return ()
        # Not one dict: looking for its first key passes over every key that was deleted before.
        executions.append(execution_id)
        known.add(execution_id)
        if len(executions) > _EXECUTIONS_KEPT:
            known.discard(executions.popleft())
        lots = parts[0].lots if len(parts) == 1 else sum([part.lots for part in parts])
        desk = self._desk
        position = desk.positions.get(fill.symbol, 0) + lots
        desk.positions[fill.symbol] = position
        if not self._tells_fills:
            desk.now = max(desk.now, fill.ts)
            return desk.flush() if desk.acts else ()
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

    def on_woke(self, woke: Woke) -> Answers:
        """A timer of the strategy."""
        return self._heard(woke.at, self.strategy.on_timer, woke.token)

    def on_market_stale(self, stale: MarketStale) -> Answers:
        """A market cannot be trusted."""
        return self._heard(stale.ts, self.strategy.on_stale, stale)

    def on_market_fresh(self, fresh: MarketFresh) -> Answers:
        """It can."""
        return self._heard(fresh.ts, self.strategy.on_fresh, fresh)

    def _order_event(self, event: OrderEvent) -> Answers:
        return self._heard(event.ts, self.strategy.on_order, event)

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
        for symbol in self.entry.heard_symbols:
            if "on_bar" in hears or self.warmup > 0:
                wanted.append(Subscribe(Bar, symbol, period))
            if "on_bar_open" in hears:
                wanted.append(Subscribe(BarOpen, symbol, period))
            if "on_flow" in hears:
                wanted.append(Subscribe(OrderFlow, symbol, flow_of(self.strategy)[0]))
            wanted += [Subscribe(message, symbol) for callback, message in _BY_SYMBOL if callback in hears]
        sources = self.entry.sources
        wanted += (
            [Subscribe(ExternalEvent)] if sources is None else [Subscribe(ExternalEvent, each) for each in sources]
        )
        return tuple(wanted)
