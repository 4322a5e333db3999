"""A generated market: makers who quote around a price that wanders, takers who follow it, and noise.

The price is a random walk whose variance clusters (GARCH(1,1), Bollerslev 1986); the premium over the index goes back
and forth (Ornstein-Uhlenbeck). Everybody is a participant of the same book as the clients: the makers quote 32 levels a
side, an informed taker lifts what stands on the wrong side of the price, others buy and sell for reasons of their own.
Sizes, times and choices come from one seeded generator.
"""

import math
from random import Random
from typing import Final, Protocol

import attrs

from adapters.exchange.account import Account
from adapters.exchange.exchange import Exchange
from adapters.exchange.market import OPEN, Market
from adapters.exchange.order import Order
from messages import NS_PER_SECOND, Lots, UtcNs

_YEAR_S: Final = 365.25 * 86_400
_LEVELS: Final = 32
_FAR: Final = 45
"""Rungs beyond which a maker takes an order away."""
_MAKERS: Final = 4
_SHOCK: Final = 0.05
_MEMORY: Final = 0.94
_VARIANCE_MAX: Final = 30.0
_NOISE: Final = 0.35
"""Part of all acts in which somebody trades at the market without a reason."""
_NEW_MAX: Final = 16
"""Orders that a maker places in one act at most."""
_PREMIUM_S: Final = 1_800.0
"""How fast the premium goes back to its mean, in seconds."""
_PREMIUM_DEVIATION: Final = 0.0004


class PriceSource(Protocol):
    """Where the market is going."""

    def next(self, at: UtcNs, elapsed_s: float) -> tuple[float, Lots | None]:
        """The price at an instant, and how much is to be traded there (None: as the crowd likes; signed)."""

    def due(self) -> UtcNs | None:
        """When it has something to say; None: whenever it is asked."""


class Walk:
    """A wandering price."""

    def __init__(self, price: float, random: Random, volatility_per_year: float = 0.6) -> None:
        self._first = self._level = math.log(price)
        self._random = random
        self._variance = 1.0
        self._per_root_s = volatility_per_year / math.sqrt(_YEAR_S)

    def next(self, at: UtcNs, elapsed_s: float) -> tuple[float, Lots | None]:  # noqa: ARG002 a walk has no clock
        """See PriceSource."""
        shock = self._random.gauss(0.0, 1.0)
        step = shock * math.sqrt(self._variance * elapsed_s) * self._per_root_s
        variance = (1 - _SHOCK - _MEMORY) + _SHOCK * shock * shock * self._variance + _MEMORY * self._variance
        self._variance = min(variance, _VARIANCE_MAX)
        self._level += step
        # Far from home it is drawn back, so that it stays on a grid that means something.
        self._level += (self._first - self._level) * 1e-6
        return math.exp(self._level), None

    def due(self) -> UtcNs | None:
        """See PriceSource."""
        return None


@attrs.define(kw_only=True, eq=False)
class Crowd:
    """All traders of one symbol. `act` is one moment in which some of them do something."""

    exchange: Exchange
    market: Market
    source: PriceSource
    random: Random
    pause: UtcNs
    """Mean time between two acts."""
    rung: int
    """Ticks between two quotes; more where the price goes further from one act to the next."""
    due: UtcNs
    """When the next one is."""
    price: float
    premium: float = 0.0
    _acted: UtcNs = 0
    _traders: list[Account] = attrs.field(factory=list)
    _quotes: dict[tuple[int, int], Order] = attrs.field(factory=dict)

    def __attrs_post_init__(self) -> None:
        self._acted = self.due
        self._traders = [self.exchange.open_trader() for _ in range(_MAKERS + 2)]

    def act(self, at: UtcNs) -> None:
        """The price moves, stale quotes are lifted, somebody trades, makers quote again."""
        elapsed_s = max(0, at - self._acted) / NS_PER_SECOND
        self._acted = at
        self.price, wanted = self.source.next(at, elapsed_s)
        decay = math.exp(-elapsed_s / _PREMIUM_S)
        spread = _PREMIUM_DEVIATION * math.sqrt(max(0.0, 1 - decay * decay))
        self.premium = self.premium * decay + spread * self.random.gauss(0.0, 1.0)
        self.exchange.set_prices(self.market.symbol, index=self.price * (1 - self.premium), premium=self.premium)
        if self.market.state == OPEN:
            self._trade(wanted)
        later, told = at + max(1, round(self.random.expovariate(1.0) * self.pause)), self.source.due()
        self.due = later if told is None else max(at + 1, min(later, told))

    def _trade(self, wanted: Lots | None) -> None:
        self._lift()
        if wanted is None and self.random.random() < _NOISE:
            wanted = self._size() * self.random.choice((1, -1))
        if wanted:
            self.exchange.trade(self._traders[-1], self.market, wanted, None)
        self._quote()

    def _size(self) -> Lots:
        return max(1, round(self.market.contract.clip_lots * math.exp(self.random.gauss(-1.0, 1.0))))

    def _lift(self) -> None:
        """Who knows the price takes what is quoted on its wrong side."""
        book, grid = self.market.book, self.market.arithmetic.grid
        here = grid.to_ticks(self.price)
        for sign, best in ((1, book.best_ask), (-1, book.best_bid)):
            if best is not None and (best < here if sign > 0 else best > here):
                last = here - sign
                lots = book.available(sign, last, 10 * self.market.contract.clip_lots)
                if lots:
                    self.exchange.trade(self._traders[-2], self.market, sign * lots, grid.to_price(last))

    def _quote(self) -> None:
        """Makers see to the ladder, one order a rung: stale and far ones go, one moves, empty ones fill."""
        tick, rest, step = float(self.market.contract.instrument.tick_size), self._quotes, self.rung
        here, half = self.price / tick, self.random.choice((0.5, 0.5, 1.0, 1.5))
        edges = {1: math.floor(here - half), -1: math.ceil(here + half)}
        for key in [key for key, order in rest.items() if not order.is_open]:
            del rest[key]
        gone = [key for key in rest if not -1 <= (edges[key[0]] // step - key[1]) * key[0] <= _FAR]
        if rest:
            gone.append(self.random.choice(list(rest)))
        for key in dict.fromkeys(gone):
            self.exchange.withdraw(rest.pop(key))
        placed = 0
        for depth in range(_LEVELS):
            for sign in (1, -1):
                ticks = edges[sign] - sign * (depth * step - (self.random.randrange(step) if depth else 0))
                key = (sign, ticks // step)
                if key in rest or ticks <= 0 or placed >= _NEW_MAX or self.market.book.crosses(sign, ticks):
                    continue
                maker = self._traders[self.random.randrange(_MAKERS)]
                lots = max(1, round(self._size() * (1 + depth / 4)))
                price = self.market.arithmetic.grid.to_price(ticks)
                rest[key] = self.exchange.trade(maker, self.market, sign * lots, price)
                placed += 1
