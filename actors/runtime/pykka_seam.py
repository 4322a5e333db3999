"""The one module that knows Pykka's private names; tests/actors/test_pykka_seam.py is its canary.

Pykka gives an actor its thread, its receive loop and its ref. Three things of it must be ours: the mailbox, which
belongs to the address and outlives the actor (Pykka throws the rest of an inbox away when an actor dies); the thread,
which needs a name and a choice of daemon or not; and the registry, into which our actors are never entered, so that a
host application's `ActorRegistry.stop_all()` neither stops them nor waits for them.
"""

import threading
from collections.abc import Callable
from typing import Any

import pykka
from pykka._envelope import Envelope as PykkaEnvelope

TOUCHED = ("_create_actor_inbox", "_create_future", "_start_actor_loop", "_actor_loop", "_actor_ref")
"""The private names used below, all of `pykka.Actor`; `_envelope.Envelope` is imported above."""


class Inbox:
    """What Pykka's loop reads: a view of a mailbox that does not belong to this incarnation.

    `take` blocks until there is something to handle, or returns None when this incarnation is over. `empty` is always
    true, so that Pykka's teardown has nothing to throw away.
    """

    def __init__(self, take: Callable[[], Any]) -> None:
        self._take = take

    def get(self) -> PykkaEnvelope[Any]:
        """The next thing to handle, in Pykka's wrapping."""
        return PykkaEnvelope(self._take())

    def put(self, _envelope: PykkaEnvelope[Any], /) -> None:
        """Refuses: nobody holds this actor's ref, messages are addressed by name."""
        raise RuntimeError("messages go to an address, not to a Pykka ref")

    def empty(self) -> bool:
        """True: the mailbox is not this incarnation's to drain."""
        return True


def _nobody_asks() -> Any:
    raise RuntimeError("components are not asked: they are told, and they answer with messages")


class ThreadShell(pykka.ThreadingActor):
    """A Pykka actor on a thread of its own, reading a foreign mailbox, unknown to the registry."""

    # What a Pykka ref would send to: refuses, whoever may have got hold of one.
    _create_actor_inbox = staticmethod(lambda: Inbox(lambda: None))
    _create_future = staticmethod(_nobody_asks)

    thread: threading.Thread | None = None

    def launch(self, take: Callable[[], Any], *, name: str, daemon: bool) -> None:
        """Start Pykka's loop. RuntimeError when the system has no thread left; nothing stays registered then."""
        self.actor_inbox = Inbox(take)
        thread = threading.Thread(target=self._actor_loop, name=name, daemon=daemon)
        thread.start()
        self.thread = thread

    def finish(self) -> None:
        """Let Pykka's loop end after the current message."""
        self.actor_stopped.set()


class ManualShell(pykka.Actor):
    """A Pykka actor without a loop: a scheduler calls it. Overrides the loop hook, as Pykka means implementors to."""

    _create_actor_inbox = staticmethod(lambda: Inbox(lambda: None))
    _create_future = staticmethod(_nobody_asks)

    def _start_actor_loop(self) -> None:
        self.on_start()

    def launch(self) -> None:
        """Run on_start; from then on the scheduler delivers."""
        self._start_actor_loop()
