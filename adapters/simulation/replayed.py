"""I7: what a life wrote down, run again through its actors, decides the same, bit for bit.

It stands outside the checks because it imports what it judges: the program's own way of running a life again. A life
in which the simulation itself let an actor fail is left out, for nothing lets it fail again.
"""

from contextlib import closing
from pathlib import Path

from adapters.journal.given import read_given, restored_again
from adapters.journal.reading import TraceReader
from adapters.journal.rerun import Comparison, rerun
from adapters.journal.store import TRACE_FILE, JournalError, Life, lives, open_to_read
from adapters.live.again import setup_again, specs_again


def replayed(folder: Path) -> list[str]:
    """What differs, life by life, in words; nothing when all was decided again."""
    found = []
    for life in lives(folder):
        if _failed(folder, life.number):
            continue
        try:
            comparison = _again(folder, life)
        except JournalError as error:
            found.append(f"life {life.number} cannot be run again: {error}")
            continue
        if not comparison.is_equal:
            found.append(f"life {life.number}: {_in_words(comparison)}")
    return found


def _failed(folder: Path, life: int) -> bool:
    asked = "SELECT 1 FROM facts WHERE life = ? AND message IN ('ActorFailed', 'ActorHung') LIMIT 1"
    with closing(open_to_read(folder, TRACE_FILE)) as trace:
        return trace.execute(asked, (life,)).fetchone() is not None


def _again(folder: Path, life: Life) -> Comparison:
    setup, given = setup_again(folder), read_given(folder, life.number)
    began = restored_again(folder, setup, now=life.started, before_life=life.number, given=given)
    with TraceReader(folder) as reader:
        return rerun(reader, life.number, specs_again(setup, given), began)


def _in_words(comparison: Comparison) -> str:
    first = comparison.first
    where = "" if first is None else f", first of {first.actor} ({first.note}): then {first.then}, now {first.now}"
    return f"{comparison.differences} decisions differ, {comparison.missing} messages are missing{where}"
