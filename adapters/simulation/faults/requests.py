"""What befalls requests on their way, and answers on theirs: lost, late, twice."""

from typing import Final

from adapters.exchange.refusals import Refusal
from adapters.simulation.checks.facts import STRAY
from adapters.simulation.faults.fault import Fault
from adapters.simulation.faults.spells import Spell
from adapters.simulation.trip import Trip
from messages import NS_PER_MILLISECOND, NS_PER_SECOND

SWITCH: Final = ("POST", "/order/cancelAllAfter")


def is_act(trip: Trip) -> bool:
    """Whether it is to do something, rather than to ask."""
    return trip.message.verb != "GET"


class AnswerLost(Fault):
    """An order, amend or cancel has its effect, and nobody says so."""

    code = "F01"
    what = "request arrives, answer lost"
    chance = 0.03

    def request(self, trip: Trip) -> None:
        """Of what acts."""
        if is_act(trip) and self.strikes():
            trip.lost_back = True


class RequestLost(Fault):
    """It never arrives, and no answer comes."""

    code = "F02"
    what = "request lost, no answer"
    chance = 0.03

    def request(self, trip: Trip) -> None:
        """Of any kind."""
        if self.strikes():
            trip.lost_out = True


class Amended(Fault):
    """An amend is refused, comes twice, or comes when the order was filled by somebody else's trade."""

    code = "F19"
    what = "amend refused, doubled, or overtaken by a fill"
    chance = 0.15

    def request(self, trip: Trip) -> None:
        """Of amends."""
        if trip.route != ("PUT", "/order") or not self.strikes():
            return
        kind = self.random.choice(("refused", "doubled", "late"))
        if kind == "refused":
            trip.instead = Refusal(400, self.random.choice(("Invalid ordStatus", "Invalid amend: orderQty, leavesQty")))
        elif kind == "doubled":
            self.weather.network.arrive_late(trip, trip.out + self.random.randint(1, 2_000) * NS_PER_MILLISECOND)
        else:
            # The crowd trades on meanwhile.
            trip.out += self.random.randint(1, 7) * NS_PER_SECOND


class SlowRoundTrip(Spell):
    """Everything takes much longer for a while: all of it, or each thing as long as it will, so that they overtake."""

    code = "F27"
    what = "round trips of up to two minutes, out of order"
    every_s = 300.0
    lasts_s = (10.0, 60.0)
    _pause = 0
    _spread = False

    def strike(self) -> None:
        """How slow."""
        self._pause = round(self.random.choice((0.05, 0.2, 1.0, 5.0, 60.0)) * NS_PER_SECOND)
        self._spread = self.random.random() < 0.5
        if not self._spread:
            self.weather.network.slow = self._pause

    def request(self, trip: Trip) -> None:
        """Of what leaves meanwhile."""
        if self.is_on and self.chances(1.0) and self._spread:
            trip.out += self.random.randrange(2 * self._pause)
            trip.back += self.random.randrange(2 * self._pause)

    def over(self) -> None:
        """As usual again."""
        self.weather.network.slow = 0


class SwitchNotRefreshed(Spell):
    """The dead man's switch is not refreshed for a while, or late: lost on either way, refused, or slow."""

    code = "F58"
    what = "refreshing the dead man's switch fails or comes late"
    every_s = 400.0
    lasts_s = (20.0, 45.0, 150.0)
    _kind = ""

    def strike(self) -> None:
        """One way of it."""
        self._kind = self.random.choice(("lost", "unheard", "429", "late"))

    def request(self, trip: Trip) -> None:
        """Of its requests."""
        if not self.is_on or trip.route != SWITCH or not self.chances(1.0):
            return
        if self._kind == "lost":
            trip.lost_out = True
        elif self._kind == "unheard":
            trip.lost_back = True
        elif self._kind == "429":
            trip.instead = Refusal(
                429, "Rate limit exceeded, retry in 1 seconds.", "RateLimitError", retry_after=self.random.randint(1, 5)
            )
        else:
            trip.out += self.random.randint(1, 60) * NS_PER_SECOND


class Strange(Fault):
    """An order with our name that this run knows nothing of: a forgotten instance has sent it."""

    code = "F07"
    what = "an order with our name that nobody here approved"
    every_s = 300.0
    _number = 0

    def is_possible(self) -> bool:
        """If there is a market, for somebody of ours was there before."""
        markets = self.weather.exchange.exchange.markets.values()
        return super().is_possible() and all(market.best(sign) is not None for market in markets for sign in (1, -1))

    def strike(self) -> None:
        """Near the market, so that it may be filled, or away from it."""
        world, exchange = self.weather.world, self.weather.exchange
        symbol = self.random.choice(sorted(exchange.exchange.markets))
        market = exchange.exchange.markets[symbol]
        sign = self.random.choice((1, -1))
        touch = market.best(sign)
        if touch is None:
            return
        grid, size = market.arithmetic.grid, market.contract
        price = grid.round_nearest(touch * (1 - sign * self.random.choice((0.0, 0.001, 0.01))))
        self._number += 1
        exchange.place_beside(
            {
                "symbol": symbol, "side": "Buy" if sign > 0 else "Sell", "orderQty": size.lot, "price": price,
                "ordType": "Limit", "clOrdID": f"{self.weather.process.run6}{STRAY}{self._number}-{world.events}"[:36],
            }
        )  # fmt: skip


FAULTS: Final[tuple[type[Fault], ...]] = (
    AnswerLost, RequestLost, Amended, SlowRoundTrip, SwitchNotRefreshed, Strange,
)  # fmt: skip
