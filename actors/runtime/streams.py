"""Streams on a replay's agenda: ticks and quotes, one by one while anybody hears them, and events."""

from collections.abc import Callable
from typing import Any, Final

from actors.runtime.router import Plan
from actors.tape import FOREVER, Stream
from messages import (
    BookChange,
    ExternalEvent,
    FundingRate,
    IndexPrice,
    Liquidation,
    MarkPrice,
    Message,
    OrderBook,
    Quote,
    Step,
    Tick,
    UtcNs,
)

HEARD_FROM: Final[dict[type[Message], tuple[str, type[Message]]]] = {
    Tick: ("tick-filter", Tick),
    Quote: ("tick-filter", Quote),
    OrderBook: ("tick-filter", OrderBook),
    BookChange: ("tick-filter", OrderBook),
}
"""Of what a feed says: from whom, and as what, those hear it who asked for it. What is not here comes from the feed."""
_AT_ONE_INSTANT: Final = (Tick, Quote, OrderBook, BookChange, IndexPrice, Liquidation)


def place_of(stream: Stream) -> tuple[int, str]:
    """What streams are sorted by within an instant: funding, marks, then the market by symbol and class, then events.

    In a replay `Step` tells the first of these apart, and this the rest.
    """
    symbol, kind = str(stream.topic[0]), stream.kind
    if kind in _AT_ONE_INSTANT:
        return 2, f"{symbol} {_AT_ONE_INSTANT.index(kind)}"
    return (0 if kind is FundingRate else 1 if kind is MarkPrice else 3), symbol


class Playing:
    """Announces its stream's next item, and announces anew when the listeners change.

    `announce(at, playing)` puts an entry on the agenda and returns what tells it from an older one; `say(plan,
    message)` delivers, and everything that follows from it, before it returns; `is_next(at)` goes on to `at` if
    nothing else comes before it. `run()`, where there is one, does all that for single items, the announced one
    first; False: it said none of them.
    """

    def __init__(
        self,
        stream: Stream,
        plan: Plan,
        listeners: list[list[Any]],
        *,
        announce: Callable[[UtcNs, "Playing"], int],
        say: Callable[[Plan, Message], None],
        is_next: Callable[[UtcNs], bool],
        run: Callable[[], bool] | None = None,
    ) -> None:
        self.place = place_of(stream)[1]
        self.due: UtcNs = FOREVER
        self._stream = stream
        self._plan = plan
        self._listeners = listeners
        self._announce = announce
        self._say = say
        self._is_next = is_next
        self._run = run
        self._turn = -1
        self._singly = False
        self._playing = False

    def announce(self) -> None:
        """Put the next item on the agenda."""
        self._singly = any(self._listeners)
        self.due = self._stream.next_at(singly=self._singly)
        self._turn = self._announce(self.due, self) if self.due != FOREVER else -1

    def play(self, turn: int) -> None:
        """The announced time has come, unless another announcement took this one's place."""
        if turn != self._turn:
            return
        plan, listeners, take, next_at = self._plan, self._listeners, self._stream.take, self._stream.next_at
        say, is_next = self._say, self._is_next
        self._playing = True
        if self._singly and self._run is not None and self._run():
            self._playing = False
            self.announce()
            return
        say(plan, take())
        while is_next(due := next_at(singly=any(listeners))):
            # Nothing comes before it, so it need not wait its turn on the agenda.
            self.due = due
            say(plan, take())
        self._playing = False
        self.announce()

    def listeners_changed(self, now: UtcNs) -> None:
        """Somebody began or ceased to hear single items."""
        if not self._playing and any(self._listeners) != self._singly:
            self._break_off(now)

    def catch_up(self, now: UtcNs) -> None:
        """Something else happens now: the part of an announced block that lies before it is said first."""
        if not (self._playing or self._singly) and self._say_part(now):
            self.announce()

    def _break_off(self, now: UtcNs) -> None:
        self._say_part(now)
        self.announce()

    def _say_part(self, now: UtcNs) -> bool:
        part = self._stream.interrupt(now)
        if part is not None:
            self._say(self._plan, part)
        return part is not None


class Announced:
    """A stream of events: each is announced when the one before it was said. See `Playing` for the callables."""

    def __init__(
        self,
        stream: Stream,
        plan: Plan,
        *,
        announce: Callable[[UtcNs, "Announced"], int],
        say: Callable[[Plan, Message], None],
    ) -> None:
        self.symbol = stream.topic[0]
        self.step = Step.TICKS if stream.kind is ExternalEvent else Step.MARKS
        self.place = 0 if stream.kind is FundingRate else 1
        """Within an instant funding comes before marks: it is charged at the mark before. External events come after
        its ticks, whether these are said one by one or in blocks."""
        self._stream = stream
        self._plan = plan
        self._announce = announce
        self._say = say

    def announce(self) -> None:
        """Put the next event on the agenda."""
        due = self._stream.next_at(singly=True)
        if due != FOREVER:
            self._announce(due, self)

    def play(self, _turn: int) -> None:
        """The announced time has come."""
        self._say(self._plan, self._stream.take())
        self.announce()
