"""Where a hosted strategy acts and looks things up: its wishes and orders of the running call, and what it knows.

The StrategyHost writes time, bars and fills into the desk; the strategy's calls add acts to it; `flush` turns the acts
of one call into messages, in the order they were asked for. Nothing here knows an actor.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from datetime import timedelta
from hashlib import sha256
from itertools import islice
from operator import index
from random import Random
from typing import Any, NamedTuple

import attrs

from actors.strategy_orders import Terms
from actors.strategy_values import above_zero, number, whole_lots
from messages import (
    NS_PER_SECOND,
    AmendPlaced,
    Annotated,
    Bar,
    CancelPlaced,
    Instrument,
    Lots,
    Message,
    Minor,
    PlaceOrder,
    Signal,
    StrategyId,
    Symbol,
    UtcNs,
    WakeAt,
)

_NUMBERS_KEPT = 10_000  # so many own orders can be cancelled without naming their symbol


class _Wish(NamedTuple):
    symbol: Symbol
    target: float
    in_lots: bool


class _Later(NamedTuple):
    """A timer asked for before any time was known."""

    delay: int
    name: str


class Desk:
    """One strategy instance's working table. Times are ns UTC, 0 while none is known; lots are signed."""

    def __init__(
        self,
        *,
        strategy_id: StrategyId,
        symbols: tuple[Symbol, ...],
        hears: tuple[Symbol, ...] = (),
        instruments: Mapping[Symbol, Instrument],
        starting_cash_minor: Mapping[str, Minor],
        seed: int,
        warmup: int,
    ) -> None:
        self.id = strategy_id
        self.symbols = symbols
        self.hears = hears
        """What it hears besides, and cannot trade."""
        self.warmup = warmup
        self.now: UtcNs = 0
        self.random = Random(int.from_bytes(sha256(f"{seed}:{strategy_id}".encode()).digest()))  # noqa: S311 - trading, not secrets
        self.histories: dict[Symbol, deque[Bar]] = {
            symbol: deque(maxlen=max(1, warmup)) for symbol in (*symbols, *hears)
        }
        self.prices: dict[Symbol, float] = {}
        """Last prices seen other than bars' closes; used where a strategy hears more than bars."""
        self.positions: dict[Symbol, Lots] = dict.fromkeys(symbols, 0)
        self.acts: list[Any] = []
        """What the running call asked for. One list for ever: the host's handlers hold on to it."""
        self.units: dict[Symbol | None, float] = {}
        """The latest wish in units; under None too when there is one symbol, so that `target` looks up once."""
        self.lots: dict[Symbol | None, float] = {}
        self.said: dict[Symbol, tuple[float, bool]] = {}
        """What the last Signal of a symbol said, until `buy` or `sell` put it in order mode."""
        self.order_mode: set[Symbol] = set()
        self.signals = 0
        self.orders = 0
        self._only = symbols[0] if len(symbols) == 1 else None
        self._order_symbols: dict[int, tuple[Symbol, bool]] = {}
        """(symbol, whether it buys) of the last own orders by number."""
        self._resolved: list[tuple[UtcNs, _Later]] = []
        """The relative timers that on_start asked for, with the time they came to."""
        self._instruments = dict(instruments)
        self._cash = dict(starting_cash_minor)

    # What the strategy asks.

    def resolve(self, symbol: Symbol | None) -> Symbol:
        """The symbol meant, which may be left out when there is one; ValueError otherwise."""
        if symbol is None:
            if self._only is None:
                raise ValueError(
                    f"{self.id} trades several symbols ({', '.join(self.symbols)}): say which one is meant"
                )
            return self._only
        if symbol not in self.positions:
            if symbol in self.hears:
                raise ValueError(f"{self.id} hears {symbol} and does not trade it: its entry names it under hears")
            raise ValueError(f"{self.id} does not trade {symbol!r}: its entry names {', '.join(self.symbols)}")
        return symbol

    def time(self) -> UtcNs:
        """Now; RuntimeError while nothing has been heard."""
        if not self.now:
            raise RuntimeError(f"{self.id}: no time is known before the first message is heard")
        return self.now

    def last_bars(self, n: int, symbol: Symbol | None) -> tuple[Bar, ...]:
        """See Strategy.history."""
        n = index(n)
        if not 1 <= n <= self.warmup:
            raise ValueError(f"history({n}): {self.id} keeps {self.warmup} bars; set warmup on the class for more")
        kept = self.histories[symbol if symbol in self.hears else self.resolve(symbol)]
        return tuple(islice(kept, max(0, len(kept) - n), None))

    def instrument(self, symbol: Symbol | None) -> Instrument:
        """The contract's terms; ValueError when nobody described it."""
        symbol = self.resolve(symbol)
        if symbol not in self._instruments:
            raise ValueError(f"{self.id}: no instrument is known for {symbol}")
        return self._instruments[symbol]

    def starting_cash(self, symbol: Symbol | None) -> Minor:
        """Starting cash in the symbol's settlement currency; 0 when the account has none."""
        return self._cash.get(self.instrument(symbol).currency, 0)

    # What the strategy does.

    def wish(self, symbol: Symbol | None, target: float, *, in_lots: bool) -> None:
        """Note the wanted position; the last wish of a call is the one that counts."""
        symbol = self.resolve(symbol)
        self._forget_wish(symbol)
        latest = self.lots if in_lots else self.units
        latest[symbol] = target
        if self._only is not None:
            latest[None] = target
        self.acts.append(_Wish(symbol, target, in_lots))

    def place(self, call: str, symbol: Symbol | None, lots: int, terms: Terms) -> int:
        """Note an own order; its number counts from 1."""
        symbol = self.resolve(symbol)
        order = terms.order(
            call, lots, strategy=self.id, symbol=symbol, number=self.orders + 1, ts=self.now, price=self.price(symbol)
        )
        self.orders += 1
        self._order_symbols[self.orders] = symbol, order.lots > 0
        if len(self._order_symbols) > _NUMBERS_KEPT:
            del self._order_symbols[next(iter(self._order_symbols))]
        self._forget_wish(symbol)
        self.acts.append(order)
        return self.orders

    def amend(self, number: int, lots: int | None, limit: float | None, stop: float | None) -> None:
        """Note a change of an own order."""
        symbol, buys = self._own_order("amend", number)
        if lots is limit is stop:
            raise ValueError(f"amend({number}): nothing is to be changed")
        if lots is not None and (lots := whole_lots("amend: lots", lots)) <= 0:
            raise ValueError(f"amend({number}): lots must be above zero; cancel takes the order back")
        self.acts.append(
            AmendPlaced(
                strategy=self.id,
                symbol=symbol,
                number=number,
                ts=self.now,
                lots=None if lots is None else lots if buys else -lots,
                limit_price=above_zero("amend: limit", limit),
                stop_price=above_zero("amend: stop", stop),
            )
        )

    def cancel(self, order: int | None, symbol: Symbol | None) -> None:
        """Note a cancel, of one order or of all in the symbol."""
        if order is not None and symbol is None:
            symbol, _ = self._own_order("cancel", order)
        symbol = self.resolve(symbol)
        self.acts.append(CancelPlaced(strategy=self.id, symbol=symbol, ts=self.now, number=order))

    def annotate(self, kind: str, name: str, price: float | None, text: str, symbol: Symbol | None) -> None:
        """Note a mark or a point of a line."""
        symbol = self.resolve(symbol)
        self.acts.append(
            Annotated(strategy=self.id, symbol=symbol, ts=self.now, kind=kind, name=name, price=price, text=text)
        )

    def wake_at(self, at: UtcNs, name: str) -> None:
        """Note a timer at a time."""
        self.acts.append(WakeAt(index(at), name))

    def wake_in(self, delay: float | timedelta, name: str) -> None:
        """Note a timer after a delay; ValueError for a negative one."""
        if isinstance(delay, timedelta):
            ns = ((delay.days * 86_400 + delay.seconds) * 1_000_000 + delay.microseconds) * 1_000
        else:
            ns = round(number("wake_in", delay) * NS_PER_SECOND)
        if ns < 0:
            raise ValueError(f"wake_in({delay!r}): the delay must not be negative")
        self.acts.append(WakeAt(self.now + ns, name) if self.now else _Later(ns, name))

    # What the host asks.

    def flush(self) -> tuple[Message, ...]:
        """The acts as messages, in the order they were asked for; an unchanged target says nothing."""
        acts = self.acts[:]
        self.acts.clear()
        if len(acts) == 1 and type(acts[0]) is _Wish:  # the usual call
            return self._wanted(acts[0])
        last = {act.symbol: act for act in acts if type(act) is _Wish}
        answers: list[Message] = []
        for act in acts:
            if type(act) is _Wish:
                if last[act.symbol] is act:
                    answers.extend(self._wanted(act))
            elif type(act) is _Later:
                self._resolved.append((self.now + act.delay, act))
                answers.append(WakeAt(self.now + act.delay, act.name))
            else:
                if type(act) is PlaceOrder:
                    self.said.pop(act.symbol, None)
                    self.order_mode.add(act.symbol)
                answers.append(act if getattr(act, "ts", 1) else attrs.evolve(act, ts=self.now))
        return tuple(answers)

    def split_timers(self) -> tuple[Message, ...]:
        """The absolute timers noted so far, as messages; all else stays noted until a time is known."""
        timers = tuple(act for act in self.acts if type(act) is WakeAt)
        self.acts[:] = [act for act in self.acts if type(act) is not WakeAt]
        return timers

    def renew_lapsed_timers(self) -> None:
        """Ask again for on_start's relative timers that ended before now: they were counted from an old bar."""
        self.acts.extend(act for at, act in self._resolved if at <= self.now)
        self._resolved.clear()

    def forget_wishes(self) -> None:
        """Let the next target be said again, whatever it is."""
        self.units.clear()
        self.lots.clear()
        self.said.clear()

    def drop_acts(self) -> None:
        """The call failed: nothing it asked for is said."""
        self.acts.clear()
        self.forget_wishes()

    def price(self, symbol: Symbol) -> float | None:
        """The last price seen of a symbol, None before the first."""
        if symbol in self.prices:
            return self.prices[symbol]
        history = self.histories[symbol]
        return history[-1].close if history else None

    def carry_on(self, signals: int, orders: int, order_mode: Iterable[Symbol]) -> None:
        """Go on counting where an earlier incarnation stopped."""
        self.signals, self.orders = signals, orders
        self.order_mode = set(order_mode)

    def _own_order(self, call: str, number: int) -> tuple[Symbol, bool]:
        number = index(number)
        if not 1 <= number <= self.orders:
            raise ValueError(f"{call}({number}): {self.id} has placed no order of that number")
        known = self._order_symbols.get(number)
        if known is None:
            raise ValueError(f"{call}({number}): that was too long ago, {_NUMBERS_KEPT} orders; name the symbol")
        return known

    def _forget_wish(self, symbol: Symbol) -> None:
        for latest in (self.units, self.lots):
            latest.pop(symbol, None)
            if self._only is not None:
                latest.pop(None, None)

    def _wanted(self, wish: _Wish) -> tuple[Message, ...]:
        symbol = wish.symbol
        if self.said.get(symbol) == (wish.target, wish.in_lots):
            return ()
        self.said[symbol] = (wish.target, wish.in_lots)
        self.signals += 1
        signal = Signal(
            strategy=self.id,
            symbol=symbol,
            number=self.signals,
            ts=self.now,
            target=wish.target,
            in_lots=wish.in_lots,
            price=self.price(symbol),
        )
        if symbol not in self.order_mode:
            return (signal,)
        self.order_mode.discard(symbol)
        return CancelPlaced(strategy=self.id, symbol=symbol, ts=self.now), signal


class NotHosted(Desk):
    """Stands in before a strategy is hosted: whatever is asked of it says so."""

    def __init__(self) -> None:
        pass

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("__"):
            return super().__getattribute__(name)
        raise RuntimeError(
            "a strategy has no market, no time and no position before it is hosted: act from on_start on"
        )
