"""What befalls sockets and their frames."""

from typing import Final

from adapters.simulation.faults.fault import Fault


class Disconnected(Fault):
    """A line breaks, whatever is under way."""

    code = "F11"
    what = "a socket breaks"
    every_s = 240.0

    def is_possible(self) -> bool:
        """If there is one."""
        return bool(self.weather.network.sockets)

    def strike(self) -> None:
        """One of them, or both."""
        sockets = [self.weather.network.sockets[name] for name in sorted(self.weather.network.sockets)]
        for socket in self.random.sample(sockets, self.random.randint(1, len(sockets))):
            socket.cut()


FAULTS: Final[tuple[type[Fault], ...]] = (Disconnected,)
