"""Rows of one kind as bytes: fixed-width records one after the other, texts beside them.

Many small batches are unpacked as one: their records are joined and looked at as one array.
"""

import json
import zlib
from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np

from adapters.errors import InputError
from adapters.store.kinds import TEXT, Kind
from adapters.store.rows import Columns


@attrs.frozen
class Packed:
    """A batch of rows."""

    rows: int
    records: bytes
    texts: str
    """JSON: one list for each text column; empty when the kind has none."""

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.records) + len(self.texts.encode())

    def checksum(self, *of: int | str) -> int:
        """Of the content, and of what stands beside it."""
        return zlib.crc32(repr(of).encode(), zlib.crc32(self.texts.encode(), zlib.crc32(self.records)))


def pack(kind: Kind, columns: Columns) -> Packed:
    """The rows as bytes."""
    record = _record(kind)
    rows = len(columns["received"])
    array = np.empty(rows, dtype=record)
    for name in record.names or ():
        array[name] = columns[name]
    texts = json.dumps([columns[name].tolist() for name in kind.texts], ensure_ascii=False) if kind.texts else ""
    return Packed(rows, array.tobytes(), texts)


def unpack(kind: Kind, batches: Sequence[Packed]) -> Columns:
    """The rows of all batches, in order; messages of several rows stay apart. ValueError when the bytes do not fit."""
    record = _record(kind)
    array = np.frombuffer(b"".join(batch.records for batch in batches), dtype=record)
    columns = {name: np.ascontiguousarray(array[name]) for name in record.names or ()}
    if kind.texts:
        texts: dict[str, list[str]] = {name: [] for name in kind.texts}
        for batch in batches:
            for name, values in zip(kind.texts, json.loads(batch.texts), strict=True):
                texts[name] += values
        for name, values in texts.items():
            columns[name] = np.empty(len(values), dtype=object)
            columns[name][:] = values
    if kind.is_parted:
        batch_of = np.repeat(np.arange(len(batches)), [batch.rows for batch in batches])
        part = columns["part"]
        changes = (part[1:] != part[:-1]) | (batch_of[1:] != batch_of[:-1])
        columns["part"] = np.concatenate(([0], np.cumsum(changes))).astype(np.int64)[: len(part)]
    if any(len(column) != len(array) for column in columns.values()):
        raise ValueError("columns of several lengths")
    return {name: columns[name] for name in kind.columns}


def _record(kind: Kind) -> "np.dtype[Any]":
    return np.dtype([(name, np.dtype(sort).newbyteorder("<")) for name, sort in kind.columns.items() if sort != TEXT])


def native(kind: Kind, columns: Columns) -> dict[str, "np.ndarray[Any, Any]"]:
    """Columns of exactly the kind's names and sorts. InputError says what is missing, unknown or does not fit."""
    missing = [name for name in kind.columns if name not in columns]
    unknown = [name for name in columns if name not in kind.columns]
    if missing or unknown:
        said = [f"lacks {', '.join(missing)}"] * bool(missing) + [f"has unknown {', '.join(unknown)}"] * bool(unknown)
        raise InputError(f"{kind.name}: what is to be written {' and '.join(said)}")
    arrays = {name: _native(kind, name, columns[name]) for name in kind.columns}
    lengths = {len(array) for array in arrays.values()}
    if len(lengths) != 1:
        raise InputError(f"{kind.name}: the columns to be written have several lengths: {sorted(lengths)}")
    return arrays


def _native(kind: Kind, name: str, values: Any) -> "np.ndarray[Any, Any]":
    sort = kind.columns[name]
    array = np.asarray(values)
    if array.ndim != 1:
        raise InputError(f"{kind.name}: column {name} must have one dimension, not {array.ndim}")
    if sort == TEXT:
        found = np.empty(len(array), dtype=object)
        found[:] = array.tolist()
        if not all(type(value) is str for value in found):
            raise InputError(f"{kind.name}: column {name} must hold texts")
        return found
    fits = array.dtype.kind in ("fiu" if sort == "float64" else "iub")
    if not fits:
        raise InputError(f"{kind.name}: column {name} must be of {sort}, not {array.dtype}")
    found = array.astype(sort)
    if sort != "float64" and len(array) and not bool((found == array).all()):
        raise InputError(f"{kind.name}: column {name} has values that do not fit {sort}")
    if sort == "float64" and bool(np.isinf(found).any()):
        raise InputError(
            f"{kind.name}: column {name} holds an infinite number at row {int(np.argmax(np.isinf(found)))}"
        )
    return found
