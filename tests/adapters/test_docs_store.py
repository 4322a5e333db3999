"""The page on the store tells every kind with its columns, and every key of `[recording]` with its default."""

import re
from pathlib import Path

import attrs

from adapters.configuration import RecordingSection
from adapters.store.kinds import KINDS

TEXT = (Path(__file__).parents[2] / "docs" / "store.md").read_text(encoding="utf-8")


def _rows(head):
    _, _, below = TEXT.partition(f"| {head} |")
    table = re.match(r"[^\n]*\n(?:\|.*\n)+", below)[0].splitlines()[2:]
    return [[cell.strip() for cell in row[1:-1].split("|")] for row in table]


def _told(default):
    if default is None:
        return ""
    return "`" + (str(default).lower() if isinstance(default, bool | int) else f'"{default}"') + "`"


def test_every_kind_stands_in_the_table_with_its_columns():
    names = {kind.base: f"`{kind.base}-<period>`" if kind.is_periodic else f"`{kind.base}`" for kind in KINDS.values()}

    assert _rows("kind") == [[names[kind.base], ", ".join(kind.columns)] for kind in KINDS.values()]


def test_every_key_of_recording_stands_in_the_table_in_order_with_its_default():
    shown = [tuple(row[:2]) for row in _rows("key of `[recording]`")]

    assert shown == [(f"`{field.name}`", _told(field.default)) for field in attrs.fields(RecordingSection)]
