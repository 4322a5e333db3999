"""A file read and judged: fast where every row is good, and once more, slowly, to name the rows that are not."""

import hashlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeAlias

import numpy as np

from adapters.errors import InputError
from adapters.files.blame import LISTED, BadRow, Judged, describe, listing
from adapters.files.layout import Layout
from adapters.files.reading import Table, read_carefully, read_fast
from adapters.files.sources import Source, open_source

Judge: TypeAlias = Callable[[Source, Layout, Table], Judged]


def read_judged(
    path: Path, recognise: Callable[[Source], Layout], judge: Judge, *, bad_rows: str
) -> tuple[Judged, tuple[BadRow, ...]]:
    """The file, and the rows set aside; InputError lists the bad rows when `bad_rows` is fail, or when all are bad."""
    import duckdb  # noqa: PLC0415 takes 0.15 s, which only those pay who read a file

    with closing(duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false"})) as database:
        source = open_source(path, database)
        layout = recognise(source)
        table = read_fast(database, source, layout)
        judged = None if table is None else judge(source, layout, table)
        if judged is None or judged.verdict.codes.any():
            judged = judge(source, layout, read_carefully(database, source, layout))
        return judged, _set_aside(judged, bad_rows)


def sha256_of(path: Path) -> str:
    """Of the file as it lies on disk."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _set_aside(judged: Judged, bad_rows: str) -> tuple[BadRow, ...]:
    total = int(np.count_nonzero(judged.verdict.codes))
    if not total:
        return ()
    if bad_rows == "fail":
        raise InputError(listing(describe(judged, most=LISTED), total))
    if total == len(judged.table):
        (first,) = describe(judged, most=1)
        raise InputError(f"{judged.source.path}: none of its {total} rows can be used; the first: {first}")
    return tuple(describe(judged, most=None))
