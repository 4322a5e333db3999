"""External events in a replay: each source is a stream of its own, heard at the time of receipt and never before.

Files and stores make `ExternalColumns`; the feed plays them beside the market. Of several sources at one instant the
first by name is heard first; within a source the order is that of its rows.
"""

import hashlib
from collections.abc import Iterable
from typing import TypeAlias

import attrs
import numpy as np

from actors.columns import Ints, ints, one_length
from actors.tape import FOREVER
from messages import ExternalEvent, Message, Scalar, TickBlock, UtcNs

Payload: TypeAlias = tuple[tuple[str, Scalar], ...]


def _texts(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(values)


def _payloads(values: Iterable[Payload]) -> tuple[Payload, ...]:
    return tuple(values)


@attrs.frozen(kw_only=True, eq=False)
class ExternalColumns:
    """The events of one source in the order received; every column has one length."""

    source: str
    ts: Ints = attrs.field(converter=ints)
    """UTC ns, when it happened, as the source says."""
    received: Ints = attrs.field(converter=ints)
    """UTC ns, never going back: when it is heard."""
    kinds: tuple[str, ...] = attrs.field(converter=_texts)
    payloads: tuple[Payload, ...] = attrs.field(converter=_payloads)

    def __attrs_post_init__(self) -> None:
        one_length(self, self.source)
        if np.any(np.diff(self.received) < 0):
            raise ValueError(f"ExternalColumns of {self.source}: received goes back; sort the rows by it")

    def __len__(self) -> int:
        return len(self.received)

    def digest(self) -> str:
        """SHA-256 of all that is in it: equal for equal events."""
        digest = hashlib.sha256(repr((self.source, self.kinds, self.payloads)).encode())
        digest.update(self.ts.tobytes())
        digest.update(self.received.tobytes())
        return digest.hexdigest()


def external_columns(source: str, events: Iterable[ExternalEvent]) -> ExternalColumns:
    """The events of one source, sorted by `received`; those of one instant stay in their order."""
    ordered = sorted(events, key=lambda event: event.received)
    strangers = sorted({event.source for event in ordered} - {source})
    if strangers:
        raise ValueError(f"external_columns of {source}: there are events of {', '.join(strangers)} among them")
    return ExternalColumns(
        source=source,
        ts=[event.ts for event in ordered],
        received=[event.received for event in ordered],
        kinds=[event.kind for event in ordered],
        payloads=[event.payload for event in ordered],
    )


class ExternalStream:
    """One source: few events, none of them passed over."""

    kind: type[Message] = ExternalEvent

    def __init__(self, columns: ExternalColumns) -> None:
        self.topic = (columns.source, None)
        self._columns = columns
        self._at = 0

    def next_at(self, *, singly: bool) -> UtcNs:  # noqa: ARG002 - a stream is asked so
        """The next one's time of receipt."""
        return int(self._columns.received[self._at]) if self._at < len(self._columns) else FOREVER

    def take(self) -> Message:
        """The next one."""
        columns, at = self._columns, self._at
        self._at = at + 1
        return ExternalEvent(
            source=columns.source,
            kind=columns.kinds[at],
            ts=int(columns.ts[at]),
            received=int(columns.received[at]),
            payload=columns.payloads[at],
        )

    def interrupt(self, _now: UtcNs) -> TickBlock | None:
        """Nothing is ever announced in a block."""
        return None


def external_streams(sources: Iterable[ExternalColumns]) -> tuple[ExternalStream, ...]:
    """A stream for each, by name: what is received at one instant is heard in this order."""
    return tuple([ExternalStream(columns) for columns in sorted(sources, key=lambda each: each.source)])
