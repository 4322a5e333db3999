"""What others do at the exchange that befalls our orders: by its own rules, so that its books stay true."""

from collections.abc import Callable
from typing import Any, Final

from adapters.exchange import clockwork
from adapters.exchange.account import Account
from adapters.exchange.clearing import MAKER, move, settle_fill
from adapters.exchange.floor import Floor
from adapters.exchange.market import Market
from adapters.exchange.order import Order
from adapters.exchange.trading import trim_reducing
from adapters.exchange.wire import loads
from adapters.simulation.exchange_side import ExchangeSide
from adapters.simulation.faults.fault import Fault
from adapters.simulation.trip import Trip
from messages import Lots

_FAR: Final = 0.02
"""Orders further from the mark than this part of it are left alone: nobody would come so far."""


class Others:
    """Makers who take their quotes away, and a taker with an account of their own."""

    def __init__(self, exchange: ExchangeSide, prefix: str) -> None:
        self._side, self._prefix = exchange, prefix
        self._taker: Account | None = None

    @property
    def taker(self) -> Account:
        """Who trades with us on purpose."""
        if self._taker is None:
            self._taker = self._side.exchange.open_trader()
        return self._taker

    # Whom it may befall.

    def resting(self) -> list[Order]:
        """Our orders that stand in a book not far from the market, oldest first."""
        return [order for order in self._side.account.open.values() if self._is_near(order)]

    def named(self, trip: Trip) -> list[Order]:
        """Those of them that a request names by their client ids."""
        wanted = fields_of(trip).get("clOrdID")
        names = wanted if isinstance(wanted, list) else [wanted]
        return [order for order in self.resting() if order.client_id in names]

    def _is_near(self, order: Order) -> bool:
        market = self._side.exchange.markets[order.contract.symbol]
        return (
            order.rests
            and order.is_open
            and order.client_id.startswith(self._prefix)
            and order.price is not None
            and abs(order.price / market.mark - 1) < _FAR
        )

    # What they do. Call `tell` when it is done.

    def make_way(self, order: Order) -> None:
        """Everybody of the crowd who would be served before a resting order goes away."""
        market = self._side.exchange.floor.market_of(order)
        assert order.price is not None
        for other in list(market.orders.values()):
            better = other.price is not None and (other.price - order.price) * order.sign >= 0
            if other.sign == order.sign and better and self._side.exchange.floor.owner(other).is_crowd:
                self._side.exchange.withdraw(other)

    def fill(self, order: Order, lots: Lots) -> None:
        """So many lots of a resting order (above zero, at most what is left) are traded at its price."""
        self.make_way(order)
        market = self._side.exchange.floor.market_of(order)
        rest = self._side.exchange.trade(self.taker, market, -order.sign * lots, order.price)
        # A stranger's order of the same account may have been served first.
        self._side.exchange.withdraw(rest)

    def stand(self, market: Market, lots: Lots, price: float) -> None:
        """Somebody trades signed lots up to a price, and waits there with what is left."""
        self._side.exchange.trade(self.taker, market, lots, price)

    def overfill(self, order: Order, lots: Lots) -> None:
        """More is traded of an order that is filled, as a rounding of the exchange's would: the trade is real."""
        floor = self._side.exchange.floor
        market, account = floor.market_of(order), floor.owner(order)
        price, match = market.arithmetic.grid.round_nearest(order.average() or market.mark), floor.guid()
        settle_fill(floor, order, lots, price, liquidity=MAKER, match_id=match)
        fee = market.arithmetic.fee_minor(lots, price, market.contract.instrument.taker_fee)
        move(floor, self.taker, market, -order.sign * lots, price, fee=fee)
        value = abs(market.arithmetic.value_minor(lots, price))
        floor.outbox.trade(market.tape.trade(floor.now, -order.sign * lots, price, value, match))
        trim_reducing(floor, account, market)
        clockwork.settle(floor)


def fields_of(trip: Trip) -> dict[str, Any]:
    """What a request's body says."""
    found = loads(trip.message.body) if trip.message.body else {}
    return found if isinstance(found, dict) else {}


class AtVenue(Fault):
    """A fault that is done by others at the exchange."""

    _others: Others | None = None

    @property
    def others(self) -> Others:
        """Whoever does it."""
        if self._others is None:
            self._others = Others(self.weather.exchange, f"{self.weather.process.run6}-")
        return self._others

    @property
    def account(self) -> Account:
        """Ours, and the strangers' who have its keys too."""
        return self.weather.exchange.account

    @property
    def floor(self) -> Floor:
        """Of the exchange."""
        return self.weather.exchange.exchange.floor

    def act(self, done: Callable[[], None]) -> None:
        """At the exchange, now: and everybody hears of it."""
        exchange = self.weather.exchange
        exchange.catch_up()
        done()
        exchange.tell()
