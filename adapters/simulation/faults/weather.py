"""Which faults are at work in a run, how strong, and how often each has struck. It stands at every seam.

A strike has a number; with a `window` only those in it happen, so that the fault that matters can be looked for by
halving. What is asked of whom is looked up once: a seam at which nothing can go wrong costs nothing.
"""

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from actors.runtime.simulated import Moment
from actors.runtime.slot import Slot
from adapters.simulation.exchange_side import ExchangeSide
from adapters.simulation.faults.fault import Fault
from adapters.simulation.network import Frame, Network, Socket, Trip
from adapters.simulation.world import World
from messages import Address, Message, UtcNs

if TYPE_CHECKING:
    from adapters.simulation.process import Process

ALL: Final = (0, 2**62)
_SEAMS: Final = (
    "request", "arriving", "response", "connection", "spoken", "frame",
    "before", "after_handling", "moment", "restored", "before_write", "after_write", "opening",
)  # fmt: skip


class Weather:
    """See above. `kinds`: by code; `intensities`: of those that are at work."""

    network: Network
    process: "Process"

    def __init__(
        self,
        world: World,
        exchange: ExchangeSide,
        *,
        seed: str,
        kinds: Mapping[str, type[Fault]],
        intensities: Mapping[str, float],
        window: tuple[int, int] = ALL,
    ) -> None:
        self.world, self.exchange, self.window = world, exchange, window
        self.blows = False
        self.struck: Counter[str] = Counter()
        self.faults = [kinds[code](self, seed, intensity) for code, intensity in sorted(intensities.items())]
        self._numbers = 0
        self._at: dict[str, list[Any]] = {
            seam: [getattr(each, seam) for each in self.faults if getattr(type(each), seam) is not getattr(Fault, seam)]
            for seam in _SEAMS
        }

    def begin(self) -> None:
        """From now on things go wrong."""
        self.blows = True
        for fault in self.faults:
            fault.begin()

    def calm(self) -> None:
        """Nothing goes wrong any more."""
        self.blows = False
        for fault in self.faults:
            fault.calm()

    @property
    def lasts_until(self) -> UtcNs:
        """Up to when what has gone wrong may be felt though nothing more does: the longest of what was announced."""
        return max([fault.lasts_until for fault in self.faults], default=0)

    def strikes(self, fault: Fault) -> bool:
        """A fault would strike: whether it may; counted."""
        self._numbers += 1
        if not self.window[0] <= self._numbers < self.window[1]:
            return False
        self.struck[fault.code] += 1
        return True

    @property
    def numbers(self) -> int:
        """How many strikes there were, those outside the window too."""
        return self._numbers

    def life_began(self, life: int) -> None:  # noqa: ARG002 as all who follow the process
        """A new life of the process is about to start."""
        for fault in self.faults:
            fault.life_began()

    def life_ended(self, life: int, how: str) -> None:  # noqa: ARG002 as all who follow the process
        """Nothing more befalls it."""
        for fault in self.faults:
            fault.life_ended()

    def start_refused(self, why: str) -> None:
        """It does not start as things are."""
        for fault in self.faults:
            fault.start_refused(why)

    # The seams.

    def request(self, trip: Trip) -> None:
        """See network.Befalls."""
        for befall in self._at["request"]:
            befall(trip)

    def arriving(self, trip: Trip) -> None:
        """See network.Befalls."""
        for befall in self._at["arriving"]:
            befall(trip)

    def response(self, trip: Trip) -> None:
        """See network.Befalls."""
        for befall in self._at["response"]:
            befall(trip)

    def connection(self, address: Address) -> str:
        """See network.Befalls."""
        return next((why for befall in self._at["connection"] if (why := befall(address))), "")

    def spoken(self, socket: Socket, text: str) -> str:
        """See network.Befalls."""
        return next((said for befall in self._at["spoken"] if (said := befall(socket, text))), "")

    def frame(self, frame: Frame) -> None:
        """See network.Befalls."""
        for befall in self._at["frame"]:
            befall(frame)

    def before(self, slot: Slot, message: Message) -> BaseException | None:
        """See simulated.Interposed."""
        for befall in self._at["before"]:
            error: BaseException | None = befall(slot, message)
            if error is not None:
                return error
        return None

    def after(self, slot: Slot, message: Message) -> BaseException | None:
        """See simulated.Interposed."""
        for befall in self._at["after_handling"]:
            error: BaseException | None = befall(slot, message)
            if error is not None:
                return error
        return None

    def moment(self, slot: Slot, moment: Moment) -> BaseException | None:
        """See simulated.Interposed."""
        for befall in self._at["moment"]:
            error: BaseException | None = befall(slot, moment)
            if error is not None:
                return error
        return None

    def restored(self) -> None:
        """See process.Befalls."""
        for befall in self._at["restored"]:
            befall()

    def before_write(self, name: str, statement: str) -> None:
        """See disk.OnDisk."""
        for befall in self._at["before_write"]:
            befall(name, statement)

    def after_write(self, name: str, statement: str) -> None:
        """See disk.OnDisk."""
        for befall in self._at["after_write"]:
            befall(name, statement)

    def opening(self, name: str) -> None:
        """See disk.OnDisk."""
        for befall in self._at["opening"]:
            befall(name)
