"""The actor that writes: it wakes, lets the recording write what waits, and says when that fails."""

import itertools
from typing import Final

from loguru import logger

from actors.component import Answers, Component
from actors.runtime.slot import ActorKind, ActorSpec
from adapters.recording.recording import Recording
from messages import (
    NS_PER_SECOND,
    HaltTrading,
    Message,
    Period,
    RecordingResumed,
    RecordingStopped,
    UtcNs,
    WakeAt,
    Woke,
)

ADDRESS: Final = "market-recorder"
BATCH_NS: Final[Period] = NS_PER_SECOND // 10
RETRY_NS: Final[Period] = NS_PER_SECOND


class MarketRecorder(Component):
    """Writes what the market said, every 100 ms unless told otherwise. Hears Woke.

    Says WakeAt; RecordingStopped once when something could not be kept, or not yet, and RecordingResumed with what was
    lost when it can be again; HaltTrading with the former where nobody shall trade unrecorded (`halts`).
    """

    def __init__(self, recording: Recording, *, batch_ns: Period = BATCH_NS, halts: bool = False) -> None:
        self._recording, self._batch_ns, self._halts = recording, batch_ns, halts
        self._token = f"record:{next(_incarnations)}"
        """A timer that an earlier incarnation set is not this one's."""

    def on_start(self) -> Answers:
        """Begin as soon as the time is known."""
        return (WakeAt(1, self._token),)

    def on_woke(self, woke: Woke) -> Answers:
        """Write, and wake again."""
        if woke.token != self._token:
            return ()
        more = self._recording.write(woke.at)
        pause = RETRY_NS if self._recording.failure else 0 if more else self._batch_ns
        return (*self._news(woke.at), WakeAt(woke.at + pause, self._token))

    def on_stop(self) -> Answers:
        """What there is is written when everything has stopped."""
        return ()

    def _news(self, at: UtcNs) -> tuple[Message, ...]:
        recording = self._recording
        lost = recording.take_lost()
        failure = recording.failure or ("more was said than could be written" if lost else "")
        said: list[Message] = []
        if failure and recording.stopped_lost is None:
            recording.stopped_lost = 0
            logger.warning(f"recording stopped: {failure}")
            said.append(RecordingStopped(failure, at))
            if self._halts:
                said.append(HaltTrading(reason=f"recording: {failure}", ts=at))
        if recording.stopped_lost is not None:
            recording.stopped_lost += lost
            if not failure:
                logger.warning(f"recording goes on; {recording.stopped_lost} items were not kept")
                said.append(RecordingResumed(recording.stopped_lost, at))
                recording.stopped_lost = None
        return tuple(said)


_incarnations = itertools.count(1)


def recorder_spec(recording: Recording, *, batch_ns: Period = BATCH_NS, halts: bool = False) -> ActorSpec:
    """The recorder as an actor, beside the stream."""
    return ActorSpec(
        address=ADDRESS,
        role=ADDRESS,
        kind=ActorKind.EDGE,
        factory=lambda _heritage: MarketRecorder(recording, batch_ns=batch_ns, halts=halts),
    )
