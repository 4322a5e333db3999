"""What the exchange does not do: orders that it refuses, contracts that it closes, and when it is not there."""

from typing import Final

from adapters.exchange.market import OPEN
from adapters.exchange.order import Order
from adapters.exchange.refusals import Refusal, insufficient, overloaded
from adapters.exchange.trading import end
from adapters.simulation.faults.others import AtVenue, fields_of
from adapters.simulation.trip import Trip
from messages import Address

_DOWN: Final = Refusal(503, "The system is currently down for maintenance. Please try again later.")


class OrderRefused(AtVenue):
    """An order is refused: for margin, for its price, for what it may not do; or the whole contract is closed."""

    code = "F46"
    what = "orders refused, contracts closed"
    chance = 0.05
    every_s = 400.0

    def arriving(self, trip: Trip) -> None:
        """In the exchange's words; an order that may not trade at once is made to."""
        fields = fields_of(trip) if trip.is_order and trip.instead is None else {}
        if "orderQty" not in fields or not self.strikes():
            return
        words = fields.get("execInst", "")
        if "ParticipateDoNotInitiate" in words:
            self._cross(fields["symbol"], 1 if fields["side"] == "Buy" else -1, float(fields["price"]))
        elif "ReduceOnly" in words:
            told = f"Order had execInst of ReduceOnly and side of {fields['side']} but current position is 0"
            trip.instead = Refusal(400, told)
        else:
            trip.instead = self.random.choice(
                (
                    insufficient(123_456, "XBt"),
                    Refusal(400, "Order price is above the maximum price"),
                    Refusal(400, "Executing at order price would lead to immediate liquidation"),
                )
            )

    def _cross(self, symbol: str, sign: int, price: float) -> None:
        """Somebody trades the book away up to that price, and stands there."""
        market = self.weather.exchange.exchange.markets[symbol]
        lots = market.book.available(-sign, market.arithmetic.grid.to_ticks(price), 10_000) + 1
        self.act(lambda: self.others.stand(market, -sign * lots, price))

    def strike(self) -> None:
        """A contract is closed for a while."""
        market = self.random.choice([each for _, each in sorted(self.floor.markets.items())])
        market.state = "Closed"
        self.after(self.random.uniform(5, 60), self.calm)

    def calm(self) -> None:
        """All are open again."""
        for market in self.floor.markets.values():
            market.state = OPEN


class Maintenance(AtVenue):
    """The exchange goes down: sockets are cut, nothing is answered, and orders are gone when it is there again."""

    code = "F48"
    what = "the exchange restarts"
    every_s = 350.0
    _is_down = False

    def is_possible(self) -> bool:
        """Not twice at once."""
        return not self._is_down

    def strike(self) -> None:
        """It is gone for seconds, or for minutes."""
        self._is_down = True
        self._words = self.random.choice((_DOWN, overloaded()))
        for name in sorted(self.weather.network.sockets):
            socket = self.weather.network.sockets.get(name)
            if socket is not None:
                socket.cut("the exchange went away")
        how = self.random.choice(("kept", "ended", "ended", "forgotten"))
        self.act(lambda: self._lose(how))
        self.after(self.random.choice((3, 20, 80, 150)), self.calm)

    def _lose(self, how: str) -> None:
        for order in [] if how == "kept" else list(self.account.open.values()):
            end(self.floor, order, "Canceled: Exchange restart")
            if how == "forgotten" and not order.filled:
                self._forget(order)

    def _forget(self, order: Order) -> None:
        self.account.orders.pop(order.order_id, None)
        self.account.by_client_id.pop(order.client_id, None)

    def connection(self, address: Address) -> str:  # noqa: ARG002 of all lines
        """Nobody is there."""
        return "503 Service Unavailable" if self._is_down else ""

    def arriving(self, trip: Trip) -> None:
        """Nor here."""
        if self._is_down:
            trip.instead = self._words

    def calm(self) -> None:
        """It is there again."""
        self._is_down = False


FAULTS: Final = (OrderRefused, Maintenance)
