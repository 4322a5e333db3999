"""What a recorder would have heard through all lives of a run: for the results of one that was killed."""

from collections.abc import Iterable
from pathlib import Path

from actors.component import handlers_of
from actors.live_routes import LIVE_ROUTES
from actors.recorder import Record, Recorder
from adapters.journal.reading import TraceReader
from adapters.journal.store import lives
from adapters.journal.trace import role_of
from messages import Bar, Message, Period, Quarantined, Symbol

_HOST = frozenset({"ActorFailed", "ActorHung", "ActorLagging"})
"""What the shell around an actor says: its sender is the actor's address."""


def rebuild_record(
    folder: Path,
    record: Record,
    *,
    closes_of: Iterable[tuple[Symbol, Period]] = (),
    before_life: int | None = None,
) -> None:
    """Give a record everything that its recorder heard in all lives, by the routes; JournalError as `restore`.

    `closes_of`: the built bars whose closes count, as for the Recorder. Only if bars are
    asked for are market data read; Quarantined items come from there too.
    """
    closes_of = frozenset(closes_of)
    handlers = handlers_of(Recorder(record, closes_of=closes_of))
    heard = {(row.sender, row.message) for row in LIVE_ROUTES if row.receiver == "recorder"}

    def hear(message: Message) -> None:
        handler = handlers.get(type(message))
        if handler is not None:
            handler(message)

    with TraceReader(folder) as reader:
        if not closes_of:
            for fact in reader.facts({message for _, message in heard}, before_life=before_life):
                if _is_heard(heard, fact.envelope.sender, fact.envelope.message):
                    hear(fact.envelope.message)
            return
        for life in lives(folder):
            if before_life is not None and life.number >= before_life:
                break
            for stretch in reader.stretches(life.number):
                for envelope in stretch.said:
                    message = envelope.message
                    if isinstance(message, Bar):
                        if envelope.sender == "bar-builder" and (message.symbol, message.period) in closes_of:
                            hear(message)
                    elif _is_heard(heard, envelope.sender, message) or isinstance(message, Quarantined):
                        hear(message)


def _is_heard(heard: Iterable[tuple[str, type[Message]]], sender: str, message: Message) -> bool:
    role = "host" if type(message).__name__ in _HOST else role_of(sender)
    return (role, type(message)) in heard
