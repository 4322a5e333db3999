"""What a threaded runtime tells somebody who writes down everything that was said and done."""

from collections.abc import Iterable
from typing import Protocol

from messages import Address, Envelope


class Tracer(Protocol):
    """Called from any thread, in the middle of everything: it must be quick, and must not raise."""

    def said(self, envelope: Envelope) -> None:
        """Something is on its way to whoever hears it."""

    def handled(self, address: Address, epoch: int, message_id: int) -> None:
        """An incarnation has handled a message, and what it answered has been said: in the order of its handling."""

    def made(self, address: Address, epoch: int, *, warm: bool) -> None:
        """A new incarnation is about to start."""


class Tracers:
    """Several, told one after the other."""

    def __init__(self, tracers: Iterable[Tracer]) -> None:
        self._tracers = tuple(tracers)

    def said(self, envelope: Envelope) -> None:
        """See Tracer."""
        for tracer in self._tracers:
            tracer.said(envelope)

    def handled(self, address: Address, epoch: int, message_id: int) -> None:
        """See Tracer."""
        for tracer in self._tracers:
            tracer.handled(address, epoch, message_id)

    def made(self, address: Address, epoch: int, *, warm: bool) -> None:
        """See Tracer."""
        for tracer in self._tracers:
            tracer.made(address, epoch, warm=warm)
