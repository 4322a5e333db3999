"""What befalls the account's frames: lost, not understood, repeated, in another order than they happened in.

A socket keeps its order, and loses nothing; an exchange that is busy does not, and loses some.
"""

import json
from collections import deque
from functools import partial
from typing import Any, Final

from adapters.simulation.faults.fault import Fault
from adapters.simulation.network import Frame, Socket
from messages import NS_PER_MILLISECOND, Address

PRIVATE: Final = frozenset({"order", "execution", "position", "margin", "wallet"})
_HEAD: Final = 80
"""Characters in which a frame says what it is."""
_KEPT: Final = 60
"""Frames that an exchange may send again."""


def is_partial(text: str) -> bool:
    """Whether a frame is the beginning of a subscription."""
    return '"action":"partial"' in text[:_HEAD]


def to_json(value: object) -> str:
    """As the exchange writes it; what no exchange should write is written too."""
    return json.dumps(value, separators=(",", ":"))


def open_sockets(fault: Fault) -> list[Socket]:
    """Of the process that lives, in an order of their own."""
    sockets = fault.weather.network.sockets
    return [sockets[name] for name in sorted(sockets) if sockets[name].is_open]


class PrivateFrameLost(Fault):
    """One frame of the account's never comes, on a stream that is otherwise healthy."""

    code = "F12"
    what = "a private frame is lost"
    chance = 0.01

    def frame(self, frame: Frame) -> None:
        """Of any of its tables."""
        if frame.table in PRIVATE and not is_partial(frame.text) and self.strikes():
            frame.copies = 0


class StrangeFill(Fault):
    """A fill comes in words that nobody knows, or as a change of something that was never there."""

    code = "F13"
    what = "a fill in an unexpected event or action"
    chance = 0.06

    def frame(self, frame: Frame) -> None:
        """Of the table of executions."""
        if frame.table == "execution" and '"execType":"Trade"' in frame.text and self.strikes():
            said = json.loads(frame.text)
            self.random.choice((_unknown_kind, _other_action, _unknown_action, _halved, _renamed))(said)
            frame.text = to_json(said)


def _unknown_kind(said: Any) -> None:
    for row in said["data"]:
        if row["execType"] == "Trade":
            row["execType"] = "TradeInBlock"


def _other_action(said: Any) -> None:
    said["action"] = "update"


def _unknown_action(said: Any) -> None:
    said["action"] = "upsert"


def _halved(said: Any) -> None:
    """A quantity that is no number."""
    for row in said["data"]:
        row["lastQty"] = f"{row['lastQty']}"


def _renamed(said: Any) -> None:
    """Under another name."""
    for row in said["data"]:
        row["lastQuantity"] = row.pop("lastQty")


class OldFramesAgain(Fault):
    """A line breaks, and the next one is told old things once more: newest first, or between those that happen now."""

    code = "F15"
    what = "a reconnect replays old frames"
    every_s = 240.0

    def begin(self) -> None:
        """Nothing was said yet."""
        self._old: dict[Address, deque[str]] = {}
        self._again: set[Address] = set()
        super().begin()

    def is_possible(self) -> bool:
        """If a line is open that was told something."""
        return bool(self._told())

    def strike(self) -> None:
        """The line breaks: what follows is for the next one."""
        socket = self.random.choice(self._told())
        self._again.add(socket.line.address)
        socket.cut()

    def _told(self) -> list[Socket]:
        return [socket for socket in open_sockets(self) if self._old.get(socket.line.address)]

    def frame(self, frame: Frame) -> None:
        """After the partial of executions or trades, of which it does not matter how often they are told."""
        address = frame.socket.line.address
        old = self._old.setdefault(address, deque(maxlen=_KEPT))
        if not is_partial(frame.text):
            if frame.table in {"order", "execution", "trade", "quote", "position"}:
                old.append(frame.text)
            return
        if frame.table in {"execution", "trade"} and address in self._again:
            self._again.discard(address)
            again = list(old)[-self.random.randint(1, _KEPT) :]
            if self.random.random() < 0.5:
                again.reverse()
                self._send(frame.socket, again, frame.delay, 0)
            else:
                self._send(frame.socket, again, frame.delay, 40 * NS_PER_MILLISECOND)

    def _send(self, socket: Socket, again: list[str], delay: int, pause: int) -> None:
        """Behind the frame that is about to leave."""
        for number, text in enumerate(again, 1):
            self.weather.world.after(delay + number * (1 + pause), partial(socket.tell, text, 1))


class AnotherOrder(Fault):
    """Position before execution, money before order, several changes in one: what is told last happened first."""

    code = "F49"
    what = "private tables out of order, or coalesced"
    chance = 0.04

    def begin(self) -> None:
        """Nothing waits."""
        self._held: dict[tuple[Address, str], tuple[Socket, Any]] = {}
        super().begin()

    def frame(self, frame: Frame) -> None:
        """Let other tables overtake it, or let it wait for the next of its own."""
        if frame.table not in {"order", "execution", "position", "margin"} or is_partial(frame.text):
            return
        key = (frame.socket.line.address, frame.table)
        held = self._held.get(key)
        if held is not None:
            del self._held[key]
            if held[0] is frame.socket:
                self._together(held[1], frame)
            return
        if not self.strikes():
            return
        if self.random.random() < 0.5:
            frame.overtaken = True
            frame.delay += self.random.choice((20, 200, 1_500)) * NS_PER_MILLISECOND
        else:
            self._held[key] = (frame.socket, json.loads(frame.text))
            frame.copies = 0
            self.after(0.5, lambda: self._let_go(key))

    def calm(self) -> None:
        """What waits is told."""
        for key in list(self._held):
            self._let_go(key)

    def _let_go(self, key: tuple[Address, str]) -> None:
        held = self._held.pop(key, None)
        if held is not None:
            held[0].tell(to_json(held[1]), 1)

    @staticmethod
    def _together(first: Any, frame: Frame) -> None:
        """Both in one frame where they are of one kind, else the first before the second."""
        second = json.loads(frame.text)
        if first["action"] == second["action"]:
            second["data"] = [*first["data"], *second["data"]]
            frame.text = to_json(second)
        else:
            frame.socket.tell(to_json(first), frame.delay)


FAULTS: Final[tuple[type[Fault], ...]] = (PrivateFrameLost, StrangeFill, OldFramesAgain, AnotherOrder)
