"""Where a hosted strategy acts and looks things up: its wishes and orders of the running call, and what it knows.

The StrategyHost writes time, bars and fills into the desk; the strategy's calls add acts to it; `flush` turns the acts
of one call into messages, in the order they were asked for. Nothing here knows an actor.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from datetime import timedelta
from hashlib import sha256
from operator import index
from random import Random
from typing import Any, NamedTuple

import attrs

from actors.look_back import exactly, up_to
from actors.strategy_orders import OwnOrders, Terms
from actors.strategy_timers import FirstTimers, Later, delay_ns
from actors.strategy_values import above_zero, whole_lots
from messages import (
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


class _Wish(NamedTuple):
    symbol: Symbol
    target: float
    in_lots: bool


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
        self.own_orders = OwnOrders(strategy_id)
        self._only = symbols[0] if len(symbols) == 1 else None
        self._first_timers = FirstTimers()
        self._instruments = dict(instruments)
        self._cash = dict(starting_cash_minor)

    # What the strategy asks.

    def resolve(self, symbol: Symbol | None) -> Symbol:
        """The symbol meant, which may be left out when there is one; ValueError otherwise."""
        if symbol is None:
            if self._only is None:
                several = ", ".join(self.symbols)
                raise ValueError(f"{self.id} trades several symbols ({several}): say which one is meant")
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
        return up_to(n, self.histories[self._heard(symbol)])

    def exact_bars(self, n: int, symbol: Symbol | None) -> tuple[Bar, ...]:
        """See Strategy.bars."""
        symbol = self._heard(symbol)
        return exactly(index(n), self.histories[symbol], warmup=self.warmup, strategy=self.id, symbol=symbol)

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
        number = self.own_orders.count + 1
        order = terms.order(
            call, lots, strategy=self.id, symbol=symbol, number=number, ts=self.now, price=self.price(symbol)
        )
        self.own_orders.add(order)
        self._forget_wish(symbol)
        self.acts.append(order)
        return number

    def amend(self, number: int, lots: int | None, limit: float | None, stop: float | None) -> None:
        """Note a change of an own order."""
        symbol, buys = self.own_orders.of("amend", number)
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
            symbol, _ = self.own_orders.of("cancel", order)
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
        ns = delay_ns(delay)
        self.acts.append(WakeAt(self.now + ns, name) if self.now else Later(ns, name))

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
            elif type(act) is Later:
                answers.append(self._first_timers.begin(act, self.now))
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
        self.acts.extend(self._first_timers.lapsed(self.now))

    def waiting(self) -> tuple[Any, ...]:
        """What was asked for before any time was known, timers left out."""
        return tuple(act for act in self.acts if type(act) is not Later)

    def ask_again(self, acts: tuple[Any, ...]) -> None:
        """Let these come first: a warm-up has thrown them away, if it has heard anything."""
        if self.now and acts:
            self.acts[:0] = acts
            self.own_orders.go_on_after([act.number for act in acts if type(act) is PlaceOrder])

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
        self.signals, self.own_orders.count = signals, orders
        self.order_mode = set(order_mode)

    def _heard(self, symbol: Symbol | None) -> Symbol:
        """The symbol meant, be it one that is only heard."""
        return symbol if symbol is not None and symbol in self.hears else self.resolve(symbol)

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
