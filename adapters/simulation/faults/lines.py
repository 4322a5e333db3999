"""What befalls sockets: they break, or stand there and say nothing."""

from typing import Final

from adapters.simulation.faults.fault import Fault
from adapters.simulation.faults.frames import PRIVATE, is_partial, open_sockets
from adapters.simulation.network import Frame, Socket


class Disconnected(Fault):
    """A line breaks, whatever is under way."""

    code = "F11"
    what = "a socket breaks"
    every_s = 360.0
    """At its strongest no oftener than a line may connect in an hour."""

    def is_possible(self) -> bool:
        """If there is one."""
        return bool(open_sockets(self))

    def strike(self) -> None:
        """One of them, or both."""
        sockets = open_sockets(self)
        for socket in self.random.sample(sockets, self.random.randint(1, len(sockets))):
            socket.cut()


class Silent(Fault):
    """Connected, and nothing comes: of one table, of all, or not even an answer to a ping. Or a partial never comes."""

    code = "F21"
    what = "a silent table, partial or connection"
    chance = 0.02
    every_s = 300.0

    def begin(self) -> None:
        """Everything is heard."""
        self._mute: list[tuple[Socket, frozenset[str]]] = []
        super().begin()

    def is_possible(self) -> bool:
        """If there is a line."""
        return bool(open_sockets(self))

    def strike(self) -> None:
        """Of a line that is open, for as long as it is."""
        socket = self.random.choice(open_sockets(self))
        if self.random.random() < 0.4:
            socket.is_dead = True
            return
        tables = sorted(PRIVATE) if socket.line.address != "line:market" else ["trade", "quote", "instrument"]
        mute = frozenset(tables if self.random.random() < 0.5 else [self.random.choice(tables)])
        told = (socket, mute)
        self._mute.append(told)
        self.after(self.random.choice((5, 30, 120)), lambda: self._mute.remove(told) if told in self._mute else None)

    def frame(self, frame: Frame) -> None:
        """Nothing of what is mute; a partial that is lost is a strike of its own."""
        for socket, tables in self._mute:
            if frame.socket is socket and frame.table in tables:
                frame.copies = 0
                return
        if is_partial(frame.text) and self.strikes():
            frame.copies = 0

    def calm(self) -> None:
        """Everything is heard again; a connection that is dead stays so until somebody notices."""
        self._mute.clear()


FAULTS: Final[tuple[type[Fault], ...]] = (Disconnected, Silent)
