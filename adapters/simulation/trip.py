"""A request on its way, with all that befalls it."""

from typing import Protocol

import attrs

from adapters.bitmex.sender import Outcome
from adapters.exchange.refusals import Refusal
from adapters.exchange.rest import Request, Response
from messages import Address, SendRequest, UtcNs


class Waiting(Protocol):
    """The worker that waits for an answer."""

    address: Address

    def finished(self, outcome: Outcome) -> None:
        """It has one, of whatever kind."""


@attrs.define(eq=False, kw_only=True)
class Trip:
    """A request on its way. What befalls it is written into it by faults before it leaves, and before it comes back."""

    number: int
    life: int
    message: SendRequest
    worker: Waiting
    started: UtcNs
    """By the clock of whoever sends."""
    local: UtcNs = 0
    """What that clock shows when it arrives or is given up."""
    out: int
    back: int
    lost_out: bool = False
    """It never arrives."""
    lost_back: bool = False
    """Its answer never arrives."""
    refused: str = ""
    """There is no connection: why."""
    instead: Refusal | None = None
    """What the exchange says in place of doing anything."""
    altered: str = ""
    """The body that arrives when it is another than what was sent: what somebody in between makes of it."""
    proxied: Response | None = None
    """What somebody before the exchange says, which hears nothing of it."""
    response: Response | None = None
    """What comes back: a fault may put another in its place."""
    is_late: bool = False
    """It is to reach the engine later, whatever is said of it."""
    arrived: bool = False
    over: bool = False

    @property
    def route(self) -> tuple[str, str]:
        """Verb, and path without query."""
        return self.message.verb, self.message.path.partition("?")[0].removeprefix("/api/v1")

    @property
    def may_yet_arrive(self) -> bool:
        """Whether the engine may have it before it."""
        kept_away = self.lost_out or self.refused or self.proxied is not None
        return not self.arrived and (self.is_late or not kept_away)

    @property
    def is_order(self) -> bool:
        """Whether it is to open an order."""
        return self.route == ("POST", "/order")


def request_of(trip: Trip, signed: dict[str, str]) -> Request:
    """As it comes to the exchange."""
    message = trip.message
    headers, body = {**signed, "content-type": "application/json"}, (trip.altered or message.body).encode()
    return Request(verb=message.verb, target=message.path.encode(), headers=headers, body=body)
