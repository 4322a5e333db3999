"""The actor shell on a thread of its own: Pykka's loop over the address's mailbox.

What makes it more than a loop is the end of an epoch. The supervisor may fence an incarnation while it is inside a
handler, so each message is taken, counted and answered under the address's lock: what it said before the fence was
said, and what it had in hand afterwards goes back to the mailbox, for the successor, unless it hangs.
"""

import time
from typing import Any, Protocol

from actors.runtime.host import Host, Post
from actors.runtime.mailbox import Stop
from actors.runtime.pykka_seam import ThreadShell
from actors.runtime.slot import BESIDE, Slot, State
from actors.runtime.tracer import Tracer
from actors.tape import Batch
from messages import Envelope, Message


class ThreadedHost(Host, ThreadShell):
    """On its own thread, reading the address's mailbox."""

    def __init__(self, slot: Slot, runtime: "ThreadedPost", *, warm: bool) -> None:
        super().__init__(slot, runtime, warm=warm)
        self._threads = runtime
        self._predecessor = slot.host
        self._in_hand: Envelope | Stop | None = None
        """Taken from the mailbox and not yet accounted for. Guarded by the slot's lock."""
        self._counts = True
        """False: it was fenced before what it has in hand began to count."""
        self._is_starting = True
        """A start is on its way like a message, and counted as one. Guarded by the slot's lock."""
        self.leaving = False
        """Told to stop: a feed does not play its batch to the end then."""
        self.reported_hung = False
        self.busy_since = 0.0
        """time.monotonic() when it began what it is doing; 0.0 when idle."""

    @property
    def is_handling(self) -> bool:
        """Whether it has a message in hand. Asked with the slot's lock held."""
        return isinstance(self._in_hand, Envelope)

    def start_up(self) -> None:
        """Start the thread; RuntimeError when there is none to be had."""
        self.slot.state = State.STARTING
        self.handling = "start"
        self.busy_since = time.monotonic()
        daemon = self.slot.spec.kind in BESIDE
        self.launch(self._take, name=f"{self.slot.address}#{self.epoch}", daemon=daemon)

    def on_start(self) -> None:
        """Pykka's hook, on the new thread: after the predecessor's thread has ended, unless that one hangs."""
        self._await_predecessor()
        self.busy_since = time.monotonic()
        try:
            if not self.begin():
                self.release()
                self.finish()
        finally:
            self.busy_since = 0.0
            self.start_is_over()

    def start_is_over(self) -> None:
        """However it ended, it is no longer on its way."""
        with self.slot.lock:
            if self._is_starting:
                self._is_starting = False
                self._threads.done()

    def _await_predecessor(self) -> None:
        before = self._predecessor
        while isinstance(before, ThreadedHost) and not before.hung and self.slot.epoch == self.epoch:
            if before.thread is None:
                # Its thread could not be had, so it waited for nobody.
                before = before._predecessor
                continue
            before.thread.join(0.1)
            if not before.thread.is_alive():
                break
        self._predecessor = None

    def on_receive(self, message: Any) -> None:
        """Pykka's hook: one item of the mailbox, or None when this incarnation is over."""
        if message is None:
            self.release()
            self.finish()
            return
        slot, threads = self.slot, self._threads
        with slot.lock:
            if slot.epoch != self.epoch:
                # Fenced between taking and now: it belongs to the next incarnation.
                threads.give_back(slot, message)
                return
            if not threads.gate_open and isinstance(message, Envelope) and threads.stops(slot, message.message):
                threads.lose(slot, message, "gate closed")
                return
            self._in_hand, self._counts = message, True
            self.handling = message
            self.busy_since = time.monotonic()
        try:
            if isinstance(message, Stop):
                self.end()
                self.finish()
            else:
                self.deliver(message)
        except BaseException as error:  # noqa: BLE001 - a mistake of the shell's own must not pass silently either
            self.fail(error, "delivery", 0)
        finally:
            self.busy_since = 0.0
            self.handling = None
            self._put_down()

    def _put_down(self) -> None:
        slot = self.slot
        with slot.lock:
            item, self._in_hand = self._in_hand, None
            if isinstance(item, Envelope):
                if self._counts:
                    self._threads.done()
                else:
                    self._threads.give_back(slot, item)

    def handle(self, message: Message, message_id: int) -> None:
        """As any host; but the message counts and its answers are said in one piece, before a fence or not at all."""
        way = self._ways.get(message.__class__)
        if way is None:
            return
        handler, keep = way
        slot = self.slot
        try:
            answers: Any = handler(message)
            if answers and answers.__class__ is not tuple and answers.__class__ is not Batch:
                answers = tuple(answers)
            with slot.lock:
                if slot.epoch != self.epoch:
                    self._counts = False
                    slot.fenced += bool(answers)
                    return
                if answers.__class__ is tuple:
                    self._runtime.answered(self, message_id, answers)
                slot.handled += 1
                if keep is not None:
                    keep((message_id, message))
                if self._threads.tracer is not None:
                    self._threads.tracer.handled(slot.address, self.epoch, message_id)
            if answers.__class__ is Batch:
                self._runtime.play(self, answers)
        except BaseException as error:  # noqa: BLE001 - as in the host's own
            self.fail(error, type(message).__name__, message_id, message)

    def fail(self, error: BaseException, during: str, message_id: int, message: Message | None = None) -> bool:
        """As any host; the thread ends besides. What a fenced one failed on is its successor's to handle."""
        self.handling = f"release after {during}"
        in_office = super().fail(error, during, message_id, message)
        self._counts = in_office
        self.finish()
        return in_office

    def cut_off(self, *, hung: bool) -> None:
        """One that hangs is not waited for: what it has in hand is lost, and named."""
        super().cut_off(hung=hung)
        if not hung:
            return
        self.start_is_over()
        item, self._in_hand = self._in_hand, None
        if isinstance(item, Envelope):
            self.slot.died_on = item.id, item.message
            self._threads.lose(self.slot, item, "in hand of an incarnation that hangs")
        if self._predecessor is not None:
            self._predecessor.cut_off(hung=True)

    def _take(self) -> Envelope | Stop | None:
        mailbox = self.slot.mailbox
        while self.slot.epoch == self.epoch and not self.actor_stopped.is_set():
            item = mailbox.wait(0.5)
            if item is not None:
                return item
        return None


class ThreadedPost(Post, Protocol):
    """What a threaded host needs besides."""

    gate_open: bool
    tracer: Tracer | None

    def stops(self, slot: Slot, message: Message) -> bool:
        """Whether a closed gate keeps this from here."""

    def done(self) -> None:
        """One delivered message is finished with."""

    def give_back(self, slot: Slot, item: Envelope | Stop) -> None:
        """An item goes back to where it was taken from."""

    def lose(self, slot: Slot, envelope: Envelope, reason: str) -> None:
        """A message that was taken is not handled: name it, and count it out."""
