"""What befalls requests on their way, and answers on theirs."""

from typing import Final

from adapters.simulation.faults.fault import Fault
from adapters.simulation.network import Trip
from messages import NS_PER_SECOND


class AnswerLost(Fault):
    """An order, amend or cancel has its effect, and nobody says so."""

    code = "F01"
    what = "request arrives, answer lost"
    chance = 0.03

    def request(self, trip: Trip) -> None:
        """Of what acts."""
        if trip.message.verb != "GET" and self.strikes():
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


class SlowRoundTrip(Fault):
    """Everything takes much longer for a while."""

    code = "F27"
    what = "round trips of up to two minutes"
    every_s = 300.0

    def strike(self) -> None:
        """For up to a minute."""
        self.weather.network.slow = round(self.random.choice((0.2, 1.0, 5.0, 60.0)) * NS_PER_SECOND)
        self.after(self.random.uniform(1, 60), self.calm)

    def calm(self) -> None:
        """As usual again."""
        self.weather.network.slow = 0


FAULTS: Final[tuple[type[Fault], ...]] = (AnswerLost, RequestLost, SlowRoundTrip)
