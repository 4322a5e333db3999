"""What a recorder would have heard through all lives of a run: for the results of one that was killed."""

from collections.abc import Iterable
from pathlib import Path

from actors.component import handlers_of
from actors.live_routes import LIVE_ROUTES
from actors.recorder import Record, Recorder
from adapters.journal.reading import TraceReader
from adapters.journal.trace import role_of
from messages import Bar, Message, Period, Symbol

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

    `closes_of`: the built bars whose closes count, as for the Recorder. No market data are read but these.
    """
    wanted = frozenset(closes_of)
    handlers = handlers_of(Recorder(record, closes_of=wanted))
    heard = {(row.sender, row.message) for row in LIVE_ROUTES if row.receiver == "recorder"}
    classes = {message for _, message in heard if message in handlers and (wanted or message is not Bar)}
    with TraceReader(folder) as reader:
        for fact in reader.facts(classes, before_life=before_life):
            message = fact.envelope.message
            is_wanted = (message.symbol, message.period) in wanted if isinstance(message, Bar) else True
            if is_wanted and _is_heard(heard, fact.envelope.sender, message):
                handlers[type(message)](message)


def _is_heard(heard: Iterable[tuple[str, type[Message]]], sender: str, message: Message) -> bool:
    role = "host" if type(message).__name__ in _HOST else role_of(sender)
    return (role, type(message)) in heard
