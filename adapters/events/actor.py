"""The actor of one source of external events: it keeps a worker on a thread of its own, and never waits for it.

A worker takes turns: each looks, says what there is through its teller, and tells how long it may rest. What it raises
ends the actor's incarnation, and the supervisor starts the next one, which goes on where the worker's heritage stands.
"""

import threading
from collections.abc import Callable
from typing import Any, Final, Protocol

from actors.component import Component
from adapters.events.teller import Teller
from messages import NS_PER_SECOND, Message, Period, WakeAt, Woke

ROLE: Final = "events"
_LOOK: Final[Period] = NS_PER_SECOND
_JOIN_S: Final = 0.5
_TIMER: Final = "look"


class Worker(Protocol):
    """What looks for events: a file, an endpoint, an address."""

    def turn(self) -> float:
        """Look once; returns for how many seconds to rest. What it raises is a bug of ours."""

    def close(self) -> None:
        """Give back files and sockets. Called when no turn is taken any more, or from another thread at the end."""

    def heritage(self) -> Any:
        """An immutable value: where the next worker goes on."""


class EventSource(Component):
    """Hears Woke. Says ExternalEvent, Quarantined, SourceStale and SourceFresh from its worker's thread, WakeAt itself.

    Raises what ended its worker's thread. It stops without waiting for what its worker waits for.
    """

    def __init__(self, teller: Teller, make: Callable[[Teller], Worker]) -> None:
        self._teller = teller
        self._worker = make(teller)
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=f"{ROLE}:{teller.source}", daemon=True)

    def on_start(self) -> tuple[Message, ...]:
        """Let the worker begin."""
        self._thread.start()
        return (WakeAt(0, _TIMER),)

    def on_woke(self, woke: Woke) -> tuple[Message, ...]:
        """See that the worker lives, and whether the source is too silent."""
        if self._failure is not None:
            raise self._failure
        self._teller.look()
        return (WakeAt(woke.at + _LOOK, _TIMER),)

    def heritage(self) -> Any:
        """The worker's."""
        return self._worker.heritage()

    def release(self) -> None:
        """Let the worker end, and wait a moment for it."""
        self._teller.over = True
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(_JOIN_S)
        self._worker.close()

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._stop.wait(self._worker.turn())
        except BaseException as error:  # noqa: BLE001 - the actor's own thread raises it, where it is contained
            self._failure = error
