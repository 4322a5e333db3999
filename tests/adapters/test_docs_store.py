"""The page on the store tells every kind with its columns, and every key of `[recording]` with its default."""

from pathlib import Path

import attrs

from adapters.configuration import RecordingSection
from adapters.store.kinds import KINDS
from tests.docs_tables import rows, told

TEXT = (Path(__file__).parents[2] / "docs" / "store.md").read_text(encoding="utf-8")


def test_every_kind_stands_in_the_table_with_its_columns():
    names = {kind.base: f"`{kind.base}-<period>`" if kind.is_periodic else f"`{kind.base}`" for kind in KINDS.values()}

    assert rows(TEXT, "kind") == [[names[kind.base], ", ".join(kind.columns)] for kind in KINDS.values()]


def test_every_key_of_recording_stands_in_the_table_in_order_with_its_default():
    shown = [tuple(row[:2]) for row in rows(TEXT, "key of `[recording]`")]

    assert shown == [(f"`{field.name}`", told(field.default)) for field in attrs.fields(RecordingSection)]
