"""Questions whose answers are wrong: late, short, shifted, or from another time. What acts is answered truly."""

import json
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode

import attrs

from adapters.exchange.rest import Response
from adapters.exchange.wire import dumps, instant, iso
from adapters.simulation.faults.answers import page
from adapters.simulation.faults.fault import Fault
from adapters.simulation.faults.spells import Spell
from adapters.simulation.network import Frame
from adapters.simulation.trip import Trip
from messages import NS_PER_SECOND

Row = dict[str, Any]
REPORTS: Final = ("/order", "/execution", "/position", "/user/margin")


def asks(trip: Trip, *paths: str) -> bool:
    """Whether it asks for one of these."""
    verb, path = trip.route
    return verb == "GET" and path in paths


def rows_of(response: Response | None) -> list[Row]:
    """The rows of an answer; none of one that is an error, or that another fault has made unreadable."""
    if response is None or response.status != 200:
        return []
    try:
        found = json.loads(response.body)
    except ValueError:
        return []
    return found if isinstance(found, list) else []


def keep(trip: Trip, wanted: Callable[[Row], bool]) -> int:
    """Take rows out of an answer; how many went."""
    rows = rows_of(trip.response)
    kept = [row for row in rows if wanted(row)]
    if len(kept) < len(rows):
        answer(trip, kept)
    return len(rows) - len(kept)


def answer(trip: Trip, rows: list[Row]) -> None:
    """These are the rows of its answer."""
    assert trip.response is not None
    trip.response = attrs.evolve(trip.response, body=dumps(rows))


def ask(trip: Trip, **changed: Any) -> None:
    """Ask with other parameters: what the exchange makes of the question."""
    path, _, query = trip.message.path.partition("?")
    fields = {**dict(parse_qsl(query)), **changed}
    trip.message = attrs.evolve(trip.message, path=f"{path}?{urlencode(fields)}")


class NotFoundYet(Spell):
    """For seconds to most of an hour orders that came meanwhile do not show in what is asked; cancels find them."""

    code = "F10"
    what = "orders are not found for seconds to 45 minutes"
    every_s = 300.0
    lasts_s = (5.0, 30.0, 120.0, 2_700.0)
    _known: frozenset[str] = frozenset()

    def strike(self) -> None:
        """What there is now stays to be seen."""
        self._known = frozenset(self.weather.exchange.account.orders)

    def response(self, trip: Trip) -> None:
        """Of orders."""
        if (
            self.is_on
            and asks(trip, "/order")
            and any(row["orderID"] not in self._known for row in rows_of(trip.response))
            and self.chances(1.0)
        ):
            keep(trip, lambda row: row["orderID"] in self._known)


class FillsLate(Spell):
    """Executions come late by socket and by question, and positions do not: what is booked meanwhile is no fill."""

    code = "F14"
    what = "a difference is booked, then the fill that explains it comes"
    every_s = 200.0
    lasts_s = (5.0, 20.0, 50.0)
    _since = 0
    _held: list[Frame]

    def strike(self) -> None:
        """From now on."""
        self._since = self.weather.world.now

    def _is_late(self, row: Row) -> bool:
        return instant(row["timestamp"]) >= self._since - NS_PER_SECOND // 1_000

    def frame(self, frame: Frame) -> None:
        """Of the socket: later ones do not wait."""
        if self.is_on and frame.table == "execution" and self.chances(1.0):
            frame.overtaken = True
            frame.delay += self.random.randint(1, 60) * NS_PER_SECOND

    def response(self, trip: Trip) -> None:
        """Of questions."""
        if (
            self.is_on
            and asks(trip, "/execution")
            and any(self._is_late(row) for row in rows_of(trip.response))
            and self.chances(1.0)
        ):
            keep(trip, lambda row: not self._is_late(row))


class Replayed(Fault):
    """The process is killed; its next life is told executions again that it has had, by question and by socket."""

    code = "F31"
    what = "after a restart fills are told again"
    every_s = 400.0
    _again = False
    _ends = 0

    def strike(self) -> None:
        """Death, and then."""
        self._again = True
        self.weather.process.killed()

    def life_began(self) -> None:
        """For its first minute."""
        if self._again:
            self._again, self._ends = False, self.weather.world.now + 60 * NS_PER_SECOND

    def request(self, trip: Trip) -> None:
        """All of the last hour, whatever was asked for."""
        if self.weather.world.now < self._ends and asks(trip, "/execution"):
            ask(trip, startTime=iso(self._ends - 3_600 * NS_PER_SECOND))

    def frame(self, frame: Frame) -> None:
        """The newest first, behind a partial."""
        if self.weather.world.now >= self._ends or frame.table != "execution" or '"partial"' not in frame.text:
            return
        rows = self.weather.exchange.account.executions[-20:][::-1]
        text = dumps({"table": "execution", "action": "insert", "data": rows})
        self.after(self.random.uniform(0.1, 5.0), lambda: frame.socket.carry(text, "execution"))


class ShortHistory(Spell):
    """The private line is down; when it comes up, executions of that time are not told any more."""

    code = "F32"
    what = "history does not go back as far as what was missed"
    every_s = 500.0
    lasts_s = (20.0, 60.0)
    _from = _to = 0
    """Of the executions that nobody tells."""

    def strike(self) -> None:
        """The line goes down."""
        self._from = self._to = self.weather.world.now
        for name, socket in sorted(self.weather.network.sockets.items()):
            if "@" in name:
                socket.cut()

    def connection(self, address: str) -> str:
        """It stays down."""
        return "connection refused" if self.is_on and "@" in address else ""

    def over(self) -> None:
        """From now on questions are answered, without that time."""
        self._to = self.weather.world.now

    def _is_gone(self, row: Row) -> bool:
        return self._from <= instant(row["timestamp"]) < self._to

    def frame(self, frame: Frame) -> None:
        """Of what a socket tells at first."""
        if frame.table == "execution" and '"partial"' in frame.text:
            told = json.loads(frame.text)
            frame.text = dumps({**told, "data": [row for row in told["data"] if not self._is_gone(row)]})

    def response(self, trip: Trip) -> None:
        """Of questions."""
        if asks(trip, "/execution") and not self.is_on and any(map(self._is_gone, rows_of(trip.response))):
            self.chances(1.0)
            keep(trip, lambda row: not self._is_gone(row))


class ReportsWrong(Fault):
    """A report fails, is cut short, is shifted by a row, or is that of a while ago."""

    code = "F34"
    what = "reports fail, are cut short, shift, or disagree"
    chance = 0.04

    def __init__(self, *told: Any) -> None:
        super().__init__(*told)
        self._before: dict[str, Response] = {}

    def request(self, trip: Trip) -> None:
        """The page begins a row later."""
        if asks(trip, "/order", "/execution") and "start=" in trip.message.path and self.strikes(self.chance / 4):
            start = int(dict(parse_qsl(trip.message.path.partition("?")[2]))["start"])
            ask(trip, start=start + 1)

    def response(self, trip: Trip) -> None:
        """The rest."""
        if not asks(trip, *REPORTS) or trip.response is None or trip.response.status != 200:
            return
        path = trip.route[1]
        before, now = self._before.get(path), trip.response
        self._before[path] = now
        kind = self.random.choice(("fails", "short", "old"))
        rows = rows_of(now)
        if kind == "fails":
            if self.strikes(self.chance / 4):
                trip.response = page(self.random.choice((502, 503, 504)))
        elif kind == "old" and path in ("/position", "/user/margin"):
            if before is not None and before.body != now.body and self.strikes():
                trip.response = before
        elif kind == "short" and rows and self.strikes(self.chance / 2):
            answer(trip, rows[: len(rows) // 2])


class Overlapping(Fault):
    """The market's line breaks; what was missed is told twice, and with it what was not missed."""

    code = "F86"
    what = "backfill overlaps what came live"
    every_s = 200.0

    def is_possible(self) -> bool:
        """With a line that can break."""
        socket = self.weather.network.sockets.get("line:market")
        return socket is not None and socket.is_open

    def strike(self) -> None:
        """It breaks."""
        self.weather.network.sockets["line:market"].cut()

    def request(self, trip: Trip) -> None:
        """The answer begins earlier than asked."""
        if self.weather.blows and asks(trip, "/trade") and "startTime=" in trip.message.path:
            began = instant(dict(parse_qsl(trip.message.path.partition("?")[2]))["startTime"])
            ask(trip, startTime=iso(began - 45 * NS_PER_SECOND))

    def response(self, trip: Trip) -> None:
        """It ends later than the live trades have begun, for it takes a while."""
        if self.weather.blows and asks(trip, "/trade"):
            trip.back += self.random.randint(0, 3_000) * NS_PER_SECOND // 1_000


FAULTS: Final[tuple[type[Fault], ...]] = (
    NotFoundYet, FillsLate, Replayed, ShortHistory, ReportsWrong, Overlapping,
)  # fmt: skip
