"""Answers that are not what was hoped for: shed, ambiguous, untrue, limited."""

from typing import Final

import attrs

from adapters.exchange.refusals import Refusal, not_found, overloaded
from adapters.exchange.rest import Response
from adapters.exchange.wire import dumps
from adapters.simulation.faults.fault import Fault
from adapters.simulation.faults.requests import is_act
from adapters.simulation.faults.spells import Spell
from adapters.simulation.trip import Trip
from messages import NS_PER_MILLISECOND, NS_PER_SECOND

_HOUR: Final = "hour"
_REASONS: Final = {403: "Forbidden", 429: "Too Many Requests", 502: "Bad Gateway", 503: "Service Unavailable",
                   504: "Gateway Timeout"}  # fmt: skip


def page(status: int, title: str | None = None) -> Response:
    """What a proxy answers: a page for people."""
    said = _REASONS[status] if title is None else title
    body = f"<html><head><title>{said}</title></head><body><h1>{status} {said}</h1></body></html>"
    return Response(status=status, headers={"content-type": "text/html"}, body=body)


class Overloaded(Spell):
    """Load is shed for a while: what acts does not reach the engine, and is told so."""

    code = "F04"
    what = "503: the system is overloaded"
    every_s = 150.0
    lasts_s = (2.0, 10.0, 40.0)

    def request(self, trip: Trip) -> None:
        """Most of what acts; some gets through."""
        if self.is_on and is_act(trip) and self.chances(0.8):
            trip.instead = overloaded()


class Ambiguous(Fault):
    """A proxy's 502, 503 or 504 for something that acts: it may have been done or not."""

    code = "F05"
    what = "502, 503 or 504 of a proxy, done or not"
    chance = 0.03

    def request(self, trip: Trip) -> None:
        """It has not reached the exchange."""
        if is_act(trip) and self.strikes(self.chance / 2):
            trip.proxied = page(self.random.choice((502, 503, 504)))

    def response(self, trip: Trip) -> None:
        """It has, and its answer is lost on the way back."""
        if trip.proxied is None and is_act(trip) and self.strikes(self.chance / 2):
            trip.response = page(self.random.choice((502, 503, 504)))


class ErrorYetDone(Fault):
    """An order gets an error for an answer, and goes live a while later all the same."""

    code = "F06"
    what = "error reply, and the order goes live later"
    chance = 0.06

    def request(self, trip: Trip) -> None:
        """Of orders: it waits in some queue, and whoever waited for it has given up."""
        if not trip.is_order or not self.strikes():
            return
        trip.proxied = self.random.choice(
            (page(504), page(502), _said(500, "Internal Server Error"), _said(408, "Request timed out"))
        )
        after = self.random.choice((50, 500, 3_000, 15_000, 40_000))
        self.weather.network.arrive_late(trip, trip.out + self.random.randint(1, after) * NS_PER_MILLISECOND)


class CancelDenied(Fault):
    """A cancel is lost, or its answer is a 404 or `Unable to cancel`, whether it was done or not."""

    code = "F08"
    what = "a cancel gets 404 or unable to cancel, done or not"
    chance = 0.12

    def request(self, trip: Trip) -> None:
        """It was not done."""
        if trip.route == ("DELETE", "/order") and self.strikes(self.chance / 2):
            if self.random.random() < 0.5:
                trip.lost_out = True
            else:
                trip.instead = not_found()

    def response(self, trip: Trip) -> None:
        """It was, perhaps."""
        if trip.route != ("DELETE", "/order") or trip.instead is not None or trip.response is None:
            return
        if not self.strikes(self.chance / 2):
            return
        if self.random.random() < 0.5:
            trip.response = attrs.evolve(trip.response, status=404, body=dumps(not_found().body()))
        else:
            name = {"clOrdID": trip.message.body.partition('"clOrdID":"')[2].partition('"')[0]}
            trip.response = attrs.evolve(
                trip.response, status=200, body=dumps([{**name, "error": "Unable to cancel order"}])
            )


class Limited(Spell):
    """Too many requests, says the exchange or what stands before it: for seconds, or the address for an hour."""

    code = "F28"
    what = "429 with and without retry-after, bans, 403 of what stands before the exchange"
    every_s = 500.0
    lasts_s = (3.0, 20.0)
    _kind = ""
    _until = 0

    def strike(self) -> None:
        """One way of it. A ban of an hour is rare, for nothing else happens in it."""
        self._kind = self.random.choice(("429", "silent 429", "403")) if self.random.random() < 0.93 else _HOUR
        lasts = 3_600 if self._kind == _HOUR else self.random.randint(5, 90)
        self._until = self.weather.world.now + lasts * NS_PER_SECOND
        if self._kind == _HOUR:
            self.after(lasts, self.end)

    def end(self) -> None:
        """A ban ends when it was to end, or when nothing goes wrong any more."""
        if self._kind != _HOUR or self.weather.world.now >= self._until or not self.weather.blows:
            super().end()

    def connection(self, address: str) -> str:  # noqa: ARG002 all of them
        """An address that is kept out has no lines either."""
        is_kept_out = self.is_on and self._kind in ("403", _HOUR)
        return "Handshake status 403 Forbidden" if is_kept_out and self.chances(1.0) else ""

    @property
    def _left_s(self) -> int:
        return max(1, -(-(self._until - self.weather.world.now) // NS_PER_SECOND))

    def request(self, trip: Trip) -> None:
        """Of everything that comes while it lasts."""
        if not (self.is_on and self.chances(1.0)):
            return
        told = self._left_s
        if self._kind == "429":
            trip.instead = Refusal(
                429, f"Rate limit exceeded, retry in {told} seconds.", "RateLimitError", retry_after=told
            )
        elif self._kind == "silent 429":
            # 60 s is what the reader takes it for.
            told, trip.proxied = 60, page(429)
        elif self._kind == "403":
            trip.proxied = attrs.evolve(page(403), headers={"content-type": "text/html", "retry-after": str(told)})
        else:
            told, trip.proxied = 3_600, page(403)
        self.lasts_until = max(self.lasts_until, self.weather.world.now + told * NS_PER_SECOND)


def _said(status: int, message: str) -> Response:
    body = dumps(Refusal(status, message).body())
    return Response(status=status, headers={"content-type": "application/json; charset=utf-8"}, body=body)


FAULTS: Final[tuple[type[Fault], ...]] = (Overloaded, Ambiguous, ErrorYetDone, CancelDenied, Limited)
