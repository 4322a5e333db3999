"""The conversation with BitMEX's socket as a state machine: told what happened and when, it says what follows.

Told `start`, it opens the line: connect -> welcome -> log-in -> subscribe -> partials -> rows. Whoever moves the text
calls `connected`, `received`, `disconnected`, and `tick` no later than `next_tick`, and does what each `Step` says.
Every wait has a deadline; what breaks one costs the connection, which is tried again after a pause, within a budget an
hour. Refused keys end it: then nothing is tried until it is started with others.
"""

import enum
from collections.abc import Iterable
from random import Random
from typing import Final

import attrs

from adapters.bitmex.clock_offset import ClockOffset
from adapters.bitmex.codec import Acknowledged, CommandFailed, Frame, Malformed, SwitchArmed, TableFrame, Welcome, parse
from adapters.bitmex.credentials import LogsIn, redacted
from adapters.bitmex.events import CommandRefused, Line, LineDown, LineUp, LoginRefused, Send, Step
from adapters.bitmex.feed import Feed
from adapters.bitmex.retries import Retries, RetryRule
from adapters.bitmex.signing import expires_at
from adapters.bitmex.stream import Stream
from adapters.bitmex.topics import Topic
from messages import NS_PER_MILLISECOND, NS_PER_SECOND, Period, UtcNs

_PING: Final = Send("ping")


class Phase(enum.Enum):
    """Where the conversation is."""

    STOPPED = "stopped"
    WAITING = "waiting"
    """Before the next try to connect."""
    CONNECTING = "connecting"
    GREETING = "greeting"
    """Connected, before the welcome."""
    LOGIN = "login"
    UP = "up"


_OFF: Final = (Phase.STOPPED, Phase.WAITING)
_ON: Final = (Phase.GREETING, Phase.LOGIN, Phase.UP)


@attrs.frozen(kw_only=True)
class SessionRules:
    """How long a session waits for what."""

    phase_wait: Period = 10 * NS_PER_SECOND
    """For the connection, the welcome and the log-in's answer, each."""
    ping_after: Period = 5 * NS_PER_SECOND
    """Without any frame, as the venue advises."""
    pong_wait: Period = 5 * NS_PER_SECOND
    login_lead: Period = 10 * NS_PER_SECOND
    """How long a log-in's signature holds."""
    retry: RetryRule = attrs.field(factory=RetryRule)


class Session:
    """One socket's conversation. It knows no clock: each call is told the time, which does not go back."""

    def __init__(
        self,
        topics: Iterable[Topic],
        *,
        random: Random,
        keys: LogsIn | None = None,
        clock: ClockOffset | None = None,
        stream: Stream | None = None,
    ) -> None:
        self.rules = SessionRules()
        self.clock = clock or ClockOffset()
        self.feed = Feed(random, stream or Stream(), self._safe)
        self.feed.want(topics, 0)
        self.phase = Phase.STOPPED
        self.strays = 0
        """Frames that came while there was no line, or tables before it was up."""
        self._keys = keys
        self._retries = Retries(self.rules.retry, random)
        self._opened = self._since = self._heard = 0
        self._pinged: UtcNs | None = None
        self._left: int | None = None

    @property
    def next_tick(self) -> UtcNs | None:
        """When `tick` must be called at the latest; None: not before something else happens."""
        if self.phase is Phase.STOPPED:
            return None
        if self.phase is Phase.WAITING:
            return self._since
        times = [] if self.phase is Phase.UP else [self._since + self.rules.phase_wait]
        if self.phase in _ON:
            pinged = self._pinged
            times.append(self._heard + self.rules.ping_after if pinged is None else pinged + self.rules.pong_wait)
        if self.phase is Phase.UP:
            feed = self.feed.next_deadline(private=self._keys is not None)
            times += [] if feed is None else [feed]
        return min(times)

    # What whoever moves the text says.

    def start(self, at: UtcNs, keys: LogsIn | None = None) -> Step:
        """Open the line, with other keys where some are given. Does nothing on a line that is wanted already."""
        if keys is not None:
            self._keys = keys
        if self.phase is not Phase.STOPPED:
            return Step()
        self.phase, self._since = Phase.WAITING, self._retries.counted(at)
        return self.tick(at)

    def stop(self, at: UtcNs, reason: str = "asked to stop") -> Step:
        """Close the line for good, until it is started again."""
        if self.phase is Phase.STOPPED:
            return Step()
        return self._down(at, reason, final=True)

    def want(self, topics: Iterable[Topic], at: UtcNs) -> Step:
        """Subscribe to exactly these from now on, over all reconnects."""
        leave = self.feed.want(topics, at)
        return Step(sends=(*leave, *self._subscribe(at))) if self.phase is Phase.UP else Step()

    def connected(self, at: UtcNs) -> Step:
        """The socket is open; the venue speaks first."""
        if self.phase is Phase.CONNECTING:
            self._enter(Phase.GREETING, at)
            self._heard, self._pinged = at, None
        return Step()

    def disconnected(self, at: UtcNs, reason: str = "connection lost") -> Step:
        """The socket is closed, or could not be opened. Says nothing when we had closed it ourselves."""
        return Step() if self.phase in _OFF else self._down(at, reason, close=False)

    def received(self, text: str, at: UtcNs) -> Step:
        """A text frame came. Frames of a line that was closed must not be brought any more; strays are counted."""
        if self.phase not in _ON:
            self.strays += 1
            return Step()
        self._heard, self._pinged = at, None
        frame = parse(text)
        if isinstance(frame, TableFrame) and self.phase is Phase.UP:
            return self.feed.table(frame, at)
        return self._control(frame, at)

    def tick(self, at: UtcNs) -> Step:
        """Time has passed."""
        if self.phase is Phase.WAITING and at >= self._since:
            self._enter(Phase.CONNECTING, at)
            self._opened = at
            return Step(line=Line.OPEN)
        if self.phase in _OFF:
            return Step()
        failure = self._failure(at)
        if failure:
            return self._down(at, failure)
        sends: tuple[Send, ...] = ()
        if self.phase in _ON and self._pinged is None and at >= self._heard + self.rules.ping_after:
            self._pinged = at
            sends = (_PING,)
        if self.phase is not Phase.UP:
            return Step(sends=sends)
        step = self.feed.watch(at)
        return step._replace(sends=(*sends, *step.sends, *self._subscribe(at)))

    # Phases.

    def _failure(self, at: UtcNs) -> str:
        """Which deadline of the line's is over, or ""."""
        if self._pinged is not None and at >= self._pinged + self.rules.pong_wait:
            return "no pong in time"
        if self.phase in _ON and at >= self._heard + self.rules.ping_after + self.rules.pong_wait:
            # The time for a ping passed unseen: this process slept, and the line may be dead or hours behind.
            return "nothing heard for too long"
        if self.phase is Phase.UP:
            return self.feed.failure(at)
        return f"{self.phase.value}: no answer in time" if at >= self._since + self.rules.phase_wait else ""

    def _enter(self, phase: Phase, at: UtcNs) -> None:
        self.phase, self._since = phase, at

    def _down(self, at: UtcNs, reason: str, *, least: Period = 0, final: bool = False, close: bool = True) -> Step:
        """The end of a connection. `least`: the venue's wish before the next."""
        held = max(0, at - self._since) if self.phase is Phase.UP else 0
        retry_at = None if final else self._retries.next_try(at, held, least)
        self.phase, self._since = (Phase.STOPPED, at) if retry_at is None else (Phase.WAITING, retry_at)
        self._pinged = None
        self.feed.reset(at)
        return Step(said=(LineDown(at, reason, retry_at),), line=Line.CLOSE if close else None)

    def _welcome(self, frame: Welcome, at: UtcNs) -> Step:
        if self.phase is not Phase.GREETING:
            return Step()
        self._left = frame.connections_left
        if frame.server_ts is not None:
            self.clock.measured(frame.server_ts, self._opened, at, NS_PER_MILLISECOND)
        if self._keys is None:
            return self._up(at)
        self._enter(Phase.LOGIN, at)
        expires = expires_at(self.clock.latest_venue_time(at), self.rules.login_lead)
        return Step(sends=(Send(self._keys.login(expires), secret=True),))

    def _up(self, at: UtcNs) -> Step:
        self._enter(Phase.UP, at)
        said = LineUp(at, self._keys is not None, self._left)
        return Step(said=(said,), sends=self._subscribe(at))

    def _subscribe(self, at: UtcNs) -> tuple[Send, ...]:
        return self.feed.subscribe(at, private=self._keys is not None)

    # Frames other than tables.

    def _control(self, frame: Frame, at: UtcNs) -> Step:
        step = Step()
        if isinstance(frame, Malformed):
            step = self.feed.malformed(frame, at)
        elif isinstance(frame, Welcome):
            step = self._welcome(frame, at)
        elif isinstance(frame, Acknowledged):
            step = self._acknowledged(frame, at)
        elif isinstance(frame, CommandFailed):
            step = self._failed(attrs.evolve(frame, text=self._safe(frame.text)), at)
        elif isinstance(frame, SwitchArmed):
            step = Step(said=(frame,))
        elif isinstance(frame, TableFrame):
            self.strays += 1
        return step

    def _acknowledged(self, frame: Acknowledged, at: UtcNs) -> Step:
        if frame.op == "authKeyExpires" and self.phase is Phase.LOGIN:
            return self._up(at)
        if frame.op == "subscribe":
            self.feed.acknowledged(frame.topic)
        return Step()

    def _failed(self, frame: CommandFailed, at: UtcNs) -> Step:
        if frame.op in ("subscribe", "unsubscribe"):
            return self.feed.refused(frame, at)
        if self.phase is Phase.LOGIN or (self.phase is Phase.GREETING and frame.op == ""):
            # A clock that is corrected by the next welcome, an overload and a limit pass; wrong keys do not.
            if frame.status in (401, 403) and "expired" not in frame.text:
                step = self._down(at, "log-in refused", final=True)
                return step._replace(said=(LoginRefused(at, frame.text), *step.said))
            return self._down(at, frame.text, least=frame.retry_after or 0)
        return Step(said=(CommandRefused(frame.op, at, frame.text),))

    def _safe(self, text: str) -> str:
        return redacted(text, self._keys)
