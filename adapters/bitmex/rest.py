"""The actor that sends requests: signs them last, waits for the answer in its own thread, and says what came of it."""

import time
from collections.abc import Callable
from typing import Final

import attrs

from actors.component import Component
from adapters.bitmex.credentials import Keys
from adapters.bitmex.sender import Sender
from messages import NS_PER_SECOND, Address, CancelAll, Message, RequestAnswered, SendRequest, UtcNs

GIVEN_UP: Final = 10 * NS_PER_SECOND
"""Whoever asked for something that opens nothing has given up on it by then, and asks again: all that lay before a
worker that hung would leave at once, and be too much."""


def why_held(message: SendRequest, now: UtcNs, *, gate_is_open: bool, taken_back: UtcNs = -1) -> str:
    """Why a request must not leave now, or "". `taken_back`: when all orders of the account were taken back last."""
    if not message.opens:
        return "too old" if 0 < message.asked < now - GIVEN_UP else ""
    if not gate_is_open:
        return "the gate is closed"
    if message.asked <= taken_back:
        return "taken back before it was sent"
    return "too old" if message.not_after is not None and now > message.not_after else ""


@attrs.frozen
class WorkerHeritage:
    """What a worker leaves to the next incarnation, which may be given what it had in hand."""

    begun: tuple[Address, int] | None = None
    """Who asked for the last request that opens, and its number: it may have left."""
    taken_back: UtcNs = -1


def begun_before(message: SendRequest, now: UtcNs) -> RequestAnswered:
    """The answer to a request that opens and that a predecessor has begun: it may have arrived, and nobody was told."""
    why = "it was sent by a worker that was started again before the answer came"
    return RequestAnswered(
        to=message.reply_to, number=message.number, failure=why, reached=True, started=now, sent=now, received=now
    )


class RestWorker(Component):
    """Sends one request at a time, over one kept connection to `origin` (scheme, host, port).

    Hears SendRequest and CancelAll; says RequestAnswered, once for each request, also where nothing was sent. Blocks up
    to `timeout_s` (seconds from the start of a request to the last byte of its answer), so an account has several: none
    waits for another. What opens is sent once: one that a predecessor was cut off with is answered as of unknown end.
    `gate` is asked with the last breath before a request that opens is written: False keeps it here.
    `clock` gives ns UTC. ValueError for an origin without TLS that is not on this machine.
    """

    def __init__(
        self,
        origin: str,
        keys: Keys | None = None,
        *,
        gate: Callable[[], bool] = lambda: True,
        clock: Callable[[], UtcNs] = time.time_ns,
        timeout_s: float = 10.0,
        heritage: WorkerHeritage | None = None,
    ) -> None:
        self._sender = Sender(origin, keys, clock=clock, timeout_s=timeout_s)
        self._gate, self._clock = gate, clock
        left = heritage or WorkerHeritage()
        self._before = self._begun = left.begun
        self._taken_back = left.taken_back

    def heritage(self) -> WorkerHeritage:
        """What was begun, and what was taken back."""
        return WorkerHeritage(self._begun, self._taken_back)

    def on_cancel_all(self, cancel: CancelAll) -> tuple[Message, ...]:
        """What was asked for before it and opens is not sent any more, however long the gateway takes to hear of it."""
        self._taken_back = max(self._taken_back, cancel.ts)
        return ()

    def on_send_request(self, message: SendRequest) -> tuple[Message, ...]:
        """Send it, unless it opens and must not."""
        if message.opens:
            begun = (message.reply_to, message.number)
            if begun == self._before:
                return (begun_before(message, self._clock()),)
            self._begun = begun
        outcome = self._sender.send(
            message.verb,
            message.path,
            message.body,
            clock_offset=message.clock_offset,
            held=lambda now: why_held(message, now, gate_is_open=self._gate(), taken_back=self._taken_back),
        )
        fields = attrs.asdict(outcome, recurse=False)
        return (RequestAnswered(to=message.reply_to, number=message.number, **fields),)

    def release(self) -> None:
        """Close the connection."""
        self._sender.close()
