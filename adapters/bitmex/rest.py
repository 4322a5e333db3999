"""The actor that sends requests: signs them last, waits for the answer in its own thread, and says what came of it."""

import time
from collections.abc import Callable

import attrs

from actors.component import Component
from adapters.bitmex.credentials import Keys
from adapters.bitmex.sender import Sender
from messages import Message, RequestAnswered, SendRequest, UtcNs


def why_held(message: SendRequest, now: UtcNs, *, gate_is_open: bool) -> str:
    """Why a request must not leave now, or ""."""
    if not message.opens:
        return ""
    if not gate_is_open:
        return "the gate is closed"
    return "too old" if message.not_after is not None and now > message.not_after else ""


class RestWorker(Component):
    """Sends one request at a time, over one kept connection to `origin` (scheme, host, port).

    Hears SendRequest; says RequestAnswered, exactly once for each, also where nothing was sent. Blocks up to
    `timeout_s` (seconds from the start of a request to the last byte of its answer), so an account has several: none
    waits for another. `gate` is asked with the last breath before a request that opens is written: False keeps it here.
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
    ) -> None:
        self._sender = Sender(origin, keys, clock=clock, timeout_s=timeout_s)
        self._gate = gate

    def on_send_request(self, message: SendRequest) -> tuple[Message, ...]:
        """Send it, unless it opens and must not."""

        outcome = self._sender.send(
            message.verb,
            message.path,
            message.body,
            clock_offset=message.clock_offset,
            held=lambda now: why_held(message, now, gate_is_open=self._gate()),
        )
        fields = attrs.asdict(outcome, recurse=False)
        return (RequestAnswered(to=message.reply_to, number=message.number, **fields),)

    def release(self) -> None:
        """Close the connection."""
        self._sender.close()
