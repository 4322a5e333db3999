"""What users write: a class that hears the market and says what position it wants.

`Strategy` is plain. It sends nothing and knows no actor: a StrategyHost (actors/strategy_host.py) owns one instance,
calls its callbacks, collects what it asked for during the call, and says it. The same object runs in a backtest and
live.
"""

import math
from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Any, ClassVar

from actors.not_hosted import NotHosted
from actors.order_flow import flow_period
from actors.strategy_desk import Desk
from actors.strategy_news import OrderEvent, StrategyFill
from actors.strategy_orders import Terms
from actors.strategy_parameters import Parameter, ParameterError, make, parameters_of
from actors.strategy_values import number, price_or_none, whole_lots
from messages import (
    Bar,
    BarOpen,
    ExternalEvent,
    IndexPrice,
    Instrument,
    Liquidation,
    Lots,
    MarketFresh,
    MarketStale,
    Minor,
    OrderBook,
    OrderFlow,
    Period,
    Quote,
    StrategyId,
    Symbol,
    Tick,
    UtcNs,
)

__all__ = [
    "OrderEvent",
    "Parameter",
    "ParameterError",
    "Strategy",
    "StrategyFill",
    "make",
    "parameters_of",
]

_NAN = math.nan
"""Equal to nothing, not even itself: stands for a target that was never set."""


class Strategy:
    """Base of every strategy: override the callbacks you need, act through `target` or `buy` and `sell`.

    Annotated class attributes with a default are parameters (`fast: int = 10`), checked when the strategy is made and
    set before `__init__` runs; names that begin with an underscore, `ClassVar`s and attributes without annotation are
    not. A subclass needs no `__init__`; one without arguments is fine, and needs no `super().__init__()`.

    What a callback asks for is sent when it returns, and not at all when it raises. What `on_start` asks for (except
    `wake_at`) is sent with the first message heard, for before it no time is known.
    """

    warmup = 200
    """How many closed bars per symbol `bars` and `history` reach back; these, and as many events, a restart hears."""

    flow_period = "1s"
    """Of the order flow that `on_flow` hears, from `100ms` on. As a parameter: `flow_period: str = "500ms"`."""
    flow_zeros = False
    """Whether `on_flow` hears of intervals without trades too, with zeros."""
    events: ClassVar[Sequence[str] | None] = None
    """The sources that `on_event` hears; None: all of them. An entry's own `events` take its place."""

    _desk: Desk = NotHosted()

    # What it hears. Only what a subclass overrides is subscribed to.

    def on_start(self) -> None:
        """Called once before anything is heard."""

    def on_bar(self, bar: Bar) -> None:
        """A bar of the entry's period has closed; `history` already ends with it."""

    def on_bar_open(self, bar_open: BarOpen) -> None:
        """A bar has begun at this price; nothing else of it is known yet."""

    def on_tick(self, tick: Tick) -> None:
        """One trade on the market."""

    def on_quote(self, quote: Quote) -> None:
        """The best bid and ask have changed."""

    def on_book(self, book: OrderBook) -> None:
        """The order book's best levels, or the best of the book that a venue tells change by change."""

    def on_index(self, index: IndexPrice) -> None:
        """The index that a contract follows has moved."""

    def on_liquidation(self, liquidation: Liquidation) -> None:
        """The venue closes somebody's position, or goes on doing so."""

    def on_flow(self, flow: OrderFlow) -> None:
        """An interval of `flow_period` has closed: what buyers took in it, and what sellers hit."""

    def on_stale(self, stale: MarketStale) -> None:
        """Live: what is known of a symbol's market cannot be trusted at the moment, and why.

        In a symbol that is traded, nothing passes then that raises risk. Of one that is only heard this is for the
        strategy to judge, and nobody else: trading goes on.
        """

    def on_fresh(self, fresh: MarketFresh) -> None:
        """Live: a symbol's market can be trusted; said too when it can for the first time."""

    def on_order(self, event: OrderEvent) -> None:
        """One of this strategy's orders was accepted, refused, rejected, amended or not, or has ended.

        `event.order.number` is what `buy` or `sell` returned; None for an order that works a target.
        """

    def on_fill(self, fill: StrategyFill) -> None:
        """This strategy's part of an execution; `position` already includes it."""

    def on_timer(self, name: str) -> None:
        """The timer that `wake_at` or `wake_in` set under this name."""

    def on_event(self, event: ExternalEvent) -> None:
        """Something from beside the market."""

    def on_stop(self) -> None:
        """Called once at an ordered stop, not after a failure."""

    def check(self) -> None:
        """Called when the parameters have been set: raise ValueError when they do not fit together."""

    @classmethod
    def hears(cls) -> frozenset[str]:
        """Names of the callbacks that this class overrides."""
        return frozenset(name for name in CALLBACKS if getattr(cls, name) is not getattr(Strategy, name))

    # What it does.

    def target(self, x: float, symbol: Symbol | None = None) -> None:
        """Want a position of `x` units: any finite number, scaled by lots, weight and volatility. Cheap if unchanged.

        It ends order mode: orders of `buy` and `sell` that still work in the symbol are cancelled first. The symbol
        may be left out when the strategy has only one. TypeError or ValueError for what is not a finite number.
        """
        desk = self._desk
        if desk.units.get(symbol, _NAN) == x:
            return
        desk.wish(symbol, number("target", x), in_lots=False)

    def target_lots(self, n: int, symbol: Symbol | None = None) -> None:
        """Want a position of exactly `n` signed whole lots, scaled by nothing; else as `target`."""
        desk = self._desk
        if desk.lots.get(symbol, _NAN) == n:
            return
        desk.wish(symbol, whole_lots("target_lots", n), in_lots=True)

    def buy(
        self,
        lots: int,
        symbol: Symbol | None = None,
        *,
        limit: float | None = None,
        stop: float | None = None,
        trail: float | None = None,
        time_in_force: str = "gtc",
        post_only: bool = False,
        reduce_only: bool = False,
    ) -> int:
        """Send an own order for `lots` above zero; returns its number, by which it is amended and cancelled.

        At market, or with a `limit` price, a `stop` price, both (a limit order once the stop is touched), or `trail`:
        a stop at this distance, in price, from the best price seen since. `time_in_force`: gtc, ioc, fok or day.
        `post_only` belongs to limits and never takes; `reduce_only` never opens or turns the account's position, which
        is all strategies' together. It puts the symbol in order mode: own orders are never netted with, or crossed
        against, other strategies'. ValueError or TypeError for terms that do not go together.
        """
        terms = Terms(limit, stop, trail, time_in_force, post_only, reduce_only)
        return self._desk.place("buy", symbol, lots, terms)

    def sell(
        self,
        lots: int,
        symbol: Symbol | None = None,
        *,
        limit: float | None = None,
        stop: float | None = None,
        trail: float | None = None,
        time_in_force: str = "gtc",
        post_only: bool = False,
        reduce_only: bool = False,
    ) -> int:
        """As `buy`, on the other side."""
        terms = Terms(limit, stop, trail, time_in_force, post_only, reduce_only)
        return self._desk.place("sell", symbol, lots, terms)

    def amend(
        self, number: int, *, lots: int | None = None, limit: float | None = None, stop: float | None = None
    ) -> None:
        """Change the own order of that number where it works; what is None stays as it is.

        `lots`: the new total above zero, filled ones included. What became of it is heard by `on_order`.
        """
        self._desk.amend(number, lots, limit, stop)

    def cancel(self, number: int | None = None, symbol: Symbol | None = None) -> None:
        """Take back the own order of that number, or all own orders in the symbol."""
        self._desk.cancel(number, symbol)

    def mark(self, text: str, price: float | None = None, symbol: Symbol | None = None) -> None:
        """Write a note on the chart, now, at a price or at none."""
        self._desk.annotate("mark", "mark", price_or_none("mark", price), text, symbol)

    def line(self, name: str, price: float | None, symbol: Symbol | None = None) -> None:
        """Draw the next point of a named line on the chart; None ends the line here."""
        self._desk.annotate("line", name, price_or_none("line", price), "", symbol)

    def wake_at(self, at: UtcNs, name: str = "") -> None:
        """Have `on_timer(name)` called at a time in ns UTC; one that has passed means as soon as possible."""
        self._desk.wake_at(at, name)

    def wake_in(self, delay: float | timedelta, name: str = "") -> None:
        """Have `on_timer(name)` called after so many seconds, or after a timedelta."""
        self._desk.wake_in(delay, name)

    # What it knows.

    def history(self, n: int, symbol: Symbol | None = None) -> tuple[Bar, ...]:
        """The last `n` closed bars, oldest first, the current one included; fewer while fewer exist.

        Of a symbol that it only hears too. Left out, the symbol is the one that it trades.

        ValueError when `n` is below 1 or above `warmup`, for no more are kept.
        """
        return self._desk.last_bars(n, symbol)

    def bars(self, n: int, symbol: Symbol | None = None) -> tuple[Bar, ...]:
        """The last `n` closed bars, oldest first, never the open one: `history(n)`, where it has `n`.

        NotEnoughBarsError (a ValueError) while fewer exist, or when `warmup` keeps fewer: it says how many there are,
        and what to set. While the strategy is warmed up that harms nothing; later it fails the call, as any exception.
        """
        return self._desk.exact_bars(n, symbol)

    def position(self, symbol: Symbol | None = None) -> Lots:
        """Lots held by this strategy: the sum of its own fills."""
        desk = self._desk
        return desk.positions[desk.resolve(symbol)]

    def instrument(self, symbol: Symbol | None = None) -> Instrument:
        """The contract's terms."""
        return self._desk.instrument(symbol)

    def starting_cash_minor(self, symbol: Symbol | None = None) -> Minor:
        """The account's starting cash in the settlement currency of the symbol, in its minor unit."""
        return self._desk.starting_cash(symbol)

    @property
    def now(self) -> UtcNs:
        """The time of what is being heard, ns UTC; it never goes back. RuntimeError in `on_start`."""
        return self._desk.time()

    @property
    def random(self) -> Random:
        """A generator of this instance's own, seeded from the system's seed and the strategy's id."""
        return self._desk.random

    @property
    def id(self) -> StrategyId:
        """The entry's unique name."""
        return self._desk.id

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """What it hears and trades, in the entry's order; what it only hears stands in the entry's `hears`."""
        return self._desk.symbols

    @property
    def params(self) -> dict[str, Any]:
        """A copy of all parameters and their values."""
        return {name: getattr(self, name) for name in parameters_of(type(self))}


def flow_of(strategy: Strategy) -> tuple[Period, bool]:
    """(period of the order flow that it hears, whether zeros are said); ValueError for what is no such period."""
    text = strategy.flow_period
    if not isinstance(text, str):
        raise TypeError(f"{type(strategy).__name__}.flow_period must be a text such as '500ms', not {text!r}")
    return flow_period(text), bool(strategy.flow_zeros)


CALLBACKS = tuple(name for name in vars(Strategy) if name.startswith("on_"))
"""Every callback's name."""
