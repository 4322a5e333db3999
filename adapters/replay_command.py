"""`run.py replay RUN_DIR`: a life of a run again through its actors, decision by decision. It opens no network.

Exit code 0: everything was decided again; 1: something was decided otherwise, which is shown with what led to it;
2: not a run's folder, or its files cannot be read.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO

import attrs

from actors.recorder import Record
from actors.runtime.slot import ActorSpec
from actors.setup import Setup
from actors.wiring import actor_specs
from adapters.journal.given import Given, read_given, restored_again
from adapters.journal.reading import TraceReader
from adapters.journal.rerun import Comparison, Difference, counts, rerun
from adapters.journal.store import JournalError, chosen_life, lives
from messages import Envelope, Message, iso_utc
from messages.codec import encode

EQUAL, DIFFERENT, UNREADABLE = 0, 1, 2


def replay(
    folder: Path,
    make_setup: Callable[[Path], Setup],
    *,
    life: int | None,
    as_json: bool,
    out: TextIO,
    err: TextIO,
    make_specs: Callable[[Setup, Given], Sequence[ActorSpec]] | None = None,
) -> int:
    """Run a life (None: the last) again and print what came of it; the exit code.

    `make_setup` makes from the folder what determines the run, and may raise what it likes. `make_specs` makes the
    actors, where they are not those that the set-up says: it is told what the life was given at its start.
    """
    try:
        known = lives(folder)
        chosen = chosen_life(known, life, folder)
        setup = make_setup(folder)
        given = read_given(folder, chosen.number)
        began = restored_again(folder, setup, now=chosen.started, before_life=chosen.number, given=given)
        specs = actor_specs(setup, Record()) if make_specs is None else make_specs(setup, given)
        with TraceReader(folder) as reader:
            comparison = rerun(reader, chosen.number, specs, began)
    except JournalError as error:
        print(error, file=err)
        return UNREADABLE
    if as_json:
        json.dump(_as_data(comparison), out, allow_nan=False)
        out.write("\n")
    else:
        out.writelines(f"{line}\n" for line in _as_lines(comparison, len(known)))
    return EQUAL if comparison.is_equal else DIFFERENT


# In words.


def _as_lines(comparison: Comparison, of: int) -> list[str]:
    lines = [
        f"life {comparison.life} of {of}: {comparison.messages} messages handled again, "
        f"{comparison.equal} of {comparison.decisions} decisions equal"
    ]
    for actor, row in counts(comparison).items():
        words = ", ".join(f"{name} {equal}/{total}" for name, (equal, total) in row.items())
        lines.append(f"  {actor}: {words}")
    for what, count in sorted(comparison.gaps.items()):
        lines.append(f"  left out of the trace: {count} ({what})")
    if comparison.missing:
        lines.append(f"  handled, and not in the trace: {comparison.missing} messages")
    if comparison.not_run:
        lines.append(f"  not in this set-up: {', '.join(comparison.not_run)}")
    if comparison.first is not None:
        lines += ["", f"first of {comparison.differences} differences:", *_difference_lines(comparison.first)]
    return lines


def _difference_lines(difference: Difference) -> list[str]:
    heard = f"message {difference.heard_id}" if difference.heard is None else _told(difference.heard)
    return [
        f"  {difference.actor} (incarnation {difference.epoch}) at {heard}",
        *([f"  {difference.note}"] if difference.note else []),
        "  then:",
        *_said_lines(difference.then),
        "  now:",
        *_said_lines(difference.now),
        "  because of, back to what came from outside:",
        *[f"    {_told(envelope)}" for envelope in difference.chain],
    ]


def _said_lines(said: tuple[Message, ...]) -> list[str]:
    return [f"    {message!r}" for message in said] or ["    nothing"]


def _told(envelope: Envelope) -> str:
    return f"{envelope.id} of {envelope.sender} at {iso_utc(envelope.posted)}: {envelope.message!r}"


# As data.


def _as_data(comparison: Comparison) -> dict[str, Any]:
    return {
        "life": comparison.life,
        "equal": comparison.is_equal,
        "messages": comparison.messages,
        "failures": comparison.failures,
        "decisions": comparison.decisions,
        "decisions_equal": comparison.equal,
        "differences": comparison.differences,
        "by_actor": {
            actor: {name: {"equal": equal, "all": total} for name, (equal, total) in row.items()}
            for actor, row in counts(comparison).items()
        },
        "left_out": dict(sorted(comparison.gaps.items())),
        "missing": comparison.missing,
        "not_run": list(comparison.not_run),
        "first_difference": None if comparison.first is None else _difference_data(comparison.first),
    }


def _difference_data(difference: Difference) -> dict[str, Any]:
    plain = attrs.asdict(difference, recurse=False)
    return {
        **{name: plain[name] for name in ("actor", "epoch", "heard_id", "note")},
        "then": [encode(message) for message in difference.then],
        "now": [encode(message) for message in difference.now],
        "chain": [
            {"id": each.id, "sender": each.sender, "posted": each.posted, "message": encode(each.message)}
            for each in difference.chain
        ],
    }
