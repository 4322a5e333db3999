"""What the guard judges an order by: its limits, what is on its way, the last prices and equities, and the rates.

Nothing that no limit asks for is looked at: without limits an order costs its exposure and no more.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from actors.money.grid import PriceGrid
from actors.money.values import Arithmetic
from actors.risk.exposure import Exposure
from actors.risk.heritage import GuardHeritage
from actors.risk.judgement import Further, refusal, shrinks
from actors.risk.limits import RiskLimits, ScopedLimits
from actors.risk.rate import Rate
from actors.risk.scopes import room_of, scopes_of
from messages import Account, Instrument, Minor, Order, OrderType, Symbol, TradingState, UtcNs

# An enum's member costs ten times what a global does, and these are asked for at every order.
_ACTIVE: Final = TradingState.ACTIVE
_MARKET: Final = OrderType.MARKET


class Gate:
    """Judges orders and amends of one account, and notes those that pass."""

    def __init__(
        self,
        account: Account,
        instruments: Mapping[Symbol, Instrument],
        limits: RiskLimits,
        scoped: Iterable[ScopedLimits],
        left: GuardHeritage,
    ) -> None:
        self.limits = limits
        self.scopes = scopes_of(scoped, account, left.passed[1:])
        self.exposure = Exposure(by_strategy=any(scope.strategy is not None for scope in self.scopes))
        self.prices: dict[Symbol, float] = dict(left.prices)
        """The last of each symbol."""
        self.equity: dict[str, tuple[UtcNs, Minor]] = {currency: (ts, minor) for currency, ts, minor in left.equity}
        """The last of each currency, and when."""
        self.stale: set[Symbol] = set(left.stale)
        """Symbols in which nothing passes that raises risk, until they are fresh."""
        self._grids = {symbol: PriceGrid(instrument) for symbol, instrument in instruments.items()}
        self._rate: Rate | None = None
        if limits.is_rated:
            passed = left.passed[0] if left.passed else ()
            self._rate = Rate(limits.orders_per_second, limits.orders_per_minute, passed)
        self._rated = self._rate is not None or any(scope.rate is not None for scope in self.scopes)
        self.values = (
            limits.has_notional
            or limits.leverage_max is not None
            or any(scope.limits.has_notional for scope in self.scopes)
        )
        """Whether something is judged by what it is worth."""
        self._looks_further = self.values or bool(self.scopes) or limits.open_orders_max is not None
        self._unlimited = not self._looks_further and not limits.limits_orders
        """A market order of such an account has nothing to be refused for."""
        self._arithmetic = {symbol: Arithmetic(each) for symbol, each in instruments.items() if self._looks_further}

    def judge(self, order: Order, state: TradingState, now: UtcNs, *, amends: bool = False) -> str | None:
        """Why an order must not pass, or must not be amended to this, or None.

        An amend is judged as if the order had been this from the start.
        """
        symbol, exposure = order.symbol, self.exposure
        if amends and exposure.knows(order.client_id) is None:
            return "unknown-order"
        if exposure.is_other(order):
            return "other-order"
        if self.stale and state is _ACTIVE and symbol in self.stale and not self._only_shrinks(order, amends=amends):
            return "stale-data"
        grid = self._grids.get(symbol)
        if self._unlimited and state is _ACTIVE and grid is not None and order.type is _MARKET:
            return None
        buying, selling = exposure.others(order)
        return refusal(
            order,
            limits=self.limits,
            state=state,
            grid=grid,
            position=exposure.position.get(symbol, 0),
            buying=buying,
            selling=selling,
            last_price=self.prices.get(symbol),
            too_many=self._rate is not None and self._rate.is_full(now),
            left=exposure.left_of(order) if amends else None,
            reducing=exposure.reducing(order) if order.reduce_only else 0,
            eased=amends and exposure.eases(order),
            further=self._further(order, now) if self._looks_further else None,
        )

    def _only_shrinks(self, order: Order, *, amends: bool) -> bool:
        """Whether nothing but a smaller position can come of it."""
        buying, selling = self.exposure.others(order)
        lots = self.exposure.left_of(order) if amends else order.lots
        position = self.exposure.position.get(order.symbol, 0)
        return (amends and self.exposure.eases(order)) or shrinks(
            lots, position=position, buying=buying, selling=selling
        )

    def note(self, order: Order, now: UtcNs) -> None:
        """An order or an amend passes."""
        if self._rate is not None:
            self._rate.note(now)
        for scope in self.scopes:
            if scope.lots_of(order):
                scope.note(now)

    def note_cancel(self, client_id: str, now: UtcNs) -> None:
        """A cancel passes: that of an order which nobody knows counts for the account alone."""
        if not self._rated:
            return
        order = self.exposure.knows(client_id)
        if order is not None:
            self.note(order, now)
        elif self._rate is not None:
            self._rate.note(now)

    def passed(self) -> tuple[tuple[UtcNs, ...], ...]:
        """When orders passed lately: those of the account, then those of each row of scoped limits."""
        rates = [self._rate, *[scope.rate for scope in self.scopes]]
        return tuple([rate.passed if rate is not None else () for rate in rates])

    def _further(self, order: Order, now: UtcNs) -> Further | None:
        arithmetic = self._arithmetic.get(order.symbol)
        if arithmetic is None:
            return None
        limits, exposure = self.limits, self.exposure
        rooms = [room_of(limits, order, order.lots, exposure)]
        for scope in self.scopes:
            lots = scope.lots_of(order)
            if lots:
                rooms.append(scope.room(order, lots, exposure, now))
        if limits.leverage_max is None:
            return Further(arithmetic=arithmetic, rooms=tuple(rooms))
        currency = arithmetic.instrument.currency
        equity = self.equity.get(currency)
        return Further(
            arithmetic=arithmetic,
            rooms=tuple(rooms),
            gross_minor=self._gross_besides(order.symbol, currency),
            equity_minor=equity[1] if equity is not None else None,
        )

    def _gross_besides(self, besides: Symbol, currency: str) -> Minor | None:
        gross = 0
        for symbol, arithmetic in self._arithmetic.items():
            worst = self.exposure.worst(symbol)
            if symbol == besides or arithmetic.instrument.currency != currency or worst == 0:
                continue
            price = self.prices.get(symbol)
            if price is None:
                return None
            gross += abs(arithmetic.value_minor(worst, price))
        return gross
