"""Broken variants of the code, each a patch applied in memory: every one of them must be caught by a check."""

import hashlib
from collections.abc import Iterator

import attrs


@attrs.frozen(kw_only=True)
class Tried:
    """What came of a mutant."""

    name: str
    caught_by: str
    """The violation; "" when there was none."""


MUTANTS = {}


def chosen(text, commit):
    """Names: all, those named, or so many by a commit's hash."""
    if text == "all":
        return sorted(MUTANTS)
    if not text.isdigit():
        return text.split(",")
    return sorted(MUTANTS, key=lambda name: hashlib.sha256(f"{commit} {name}".encode()).hexdigest())[: int(text)]


def tried(names, jobs) -> Iterator[Tried]:
    """Run them."""
    yield from ()
