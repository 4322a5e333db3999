"""Which of some rows are new to a day, and the day with them: by 128-bit fingerprints of whole messages.

Rows that are equal in every column to rows which are there are not added again, unless there are more of them in what
is written: then the surplus is. The order is that of `received`; at one instant what was there comes first.
"""

from typing import Any

import numpy as np

from adapters.store.kinds import TEXT, Kind
from adapters.store.rows import Columns, starts_of

_Words = np.ndarray[Any, np.dtype[np.uint64]]
_SEEDS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)


def count_of(columns: Columns) -> int:
    """How many rows."""
    return len(columns["received"])


def joined(pieces: list[Columns]) -> Columns:
    """Columns one after the other."""
    if len(pieces) == 1:
        return pieces[0]
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}


def taken(columns: Columns, which: Any) -> Columns:
    """Some of the rows: a slice, a mask or an order."""
    return {name: array[which] for name, array in columns.items()}


def sorted_rows(columns: Columns) -> Columns:
    """In the order of `received`, stable."""
    received = columns["received"]
    if len(received) < 2 or bool((received[1:] >= received[:-1]).all()):
        return columns
    return taken(columns, np.argsort(received, kind="stable"))


def renumbered(kind: Kind, columns: Columns, first: int = 0) -> Columns:
    """Parts counted anew, from `first`: each run of one number is a message."""
    if not kind.is_parted or count_of(columns) == 0:
        return columns
    part = columns["part"]
    changes = np.concatenate(([0], np.cumsum(part[1:] != part[:-1])))
    return {**columns, "part": changes + first}


def first_part(day: int) -> int:
    """Where a day's parts begin: no two days have one in common, so that files can be read one after the other."""
    return day << 32


def appended(kind: Kind, pieces: list[Columns]) -> Columns:
    """Pieces one after the other, in the order of `received`; messages stay apart."""
    if kind.is_parted:
        first, apart = 0, []
        for piece in pieces:
            counted = renumbered(kind, piece, first)
            first = int(counted["part"][-1]) + 1 if count_of(counted) else first
            apart.append(counted)
        pieces = apart
    return renumbered(kind, sorted_rows(joined(pieces)))


def merged(kind: Kind, there: Columns, coming: Columns) -> tuple[Columns, int]:
    """The day with what comes, and how many rows of it were new. Both in the order of `received`."""
    if count_of(there) == 0:
        return renumbered(kind, coming), count_of(coming)
    fresh = _fresh(kind, there, coming)
    new = int(fresh.sum())
    if new == 0:
        return there, 0
    return appended(kind, [there, taken(coming, fresh)]), new


def _fresh(kind: Kind, there: Columns, coming: Columns) -> "np.ndarray[Any, np.dtype[np.bool_]]":
    """Which of the coming rows are not there yet."""
    first, last = coming["received"][0], coming["received"][-1]
    low, high = np.searchsorted(there["received"], first, "left"), np.searchsorted(there["received"], last, "right")
    there = taken(there, slice(low, high))
    before = count_of(there)
    if before == 0:
        return np.ones(count_of(coming), dtype=np.bool_)
    if (
        before == count_of(coming)
        and all(
            np.array_equal(there[name], coming[name], equal_nan=sort == "float64")
            for name, sort in kind.columns.items()
            if name != "part"
        )
        and (not kind.is_parted or np.array_equal(starts_of(there["part"]), starts_of(coming["part"])))
    ):
        # The same again, which is what most second imports are.
        return np.zeros(before, dtype=np.bool_)
    both = appended_raw(kind, there, coming)
    one, two, starts = _fingerprints(kind, both)
    units_before = int(np.searchsorted(starts, before))
    order = np.lexsort((two, one))
    one, two = one[order], two[order]
    opens = np.concatenate(([True], (one[1:] != one[:-1]) | (two[1:] != two[:-1])))
    group = np.cumsum(opens) - 1
    position = np.arange(len(order)) - np.flatnonzero(opens)[group]
    # lexsort is stable: in each group those that are there stand before those that come.
    known = np.bincount(group, weights=(order < units_before)).astype(np.int64)
    fresh = np.empty(len(order), dtype=np.bool_)
    fresh[order] = position >= 2 * known[group]
    lengths = np.diff(np.append(starts, count_of(both)))
    return np.repeat(fresh, lengths)[before:]


def appended_raw(kind: Kind, there: Columns, coming: Columns) -> Columns:
    """One after the other, not sorted; messages stay apart."""
    if kind.is_parted:
        there = renumbered(kind, there)
        coming = renumbered(kind, coming, int(there["part"][-1]) + 1)
    return joined([there, coming])


def _fingerprints(kind: Kind, columns: Columns) -> tuple[_Words, _Words, "np.ndarray[Any, Any]"]:
    """Two words for each message, and where each begins."""
    count = count_of(columns)
    names = [name for name in kind.columns if name != "part"]
    words = [_words(columns[name], kind.columns[name]) for name in names]
    starts = starts_of(columns["part"]) if kind.is_parted else np.arange(count)
    if kind.is_parted:
        lengths = np.diff(np.append(starts, count))
        words.append((np.arange(count) - np.repeat(starts, lengths)).astype(np.uint64))
    prints = []
    for seed in _SEEDS:
        state = np.full(count, seed, dtype=np.uint64)
        for word in words:
            state = _mixed(state ^ word)
        prints.append(np.add.reduceat(state, starts) if kind.is_parted else state)
    return prints[0], prints[1], starts


def _words(array: "np.ndarray[Any, Any]", sort: str) -> _Words:
    """A column's values as 64 bits each; equal values give equal bits."""
    if sort == TEXT:
        _, codes = np.unique(array.astype(str), return_inverse=True)
        return codes.astype(np.uint64)
    if sort == "float64":
        plain = np.where(np.isnan(array), np.nan, array + 0.0)
        return plain.view(np.uint64)
    return array.astype(np.int64).view(np.uint64)


def _mixed(words: _Words) -> _Words:
    """splitmix64's finaliser, with the golden ratio added so that 0 is not mapped to itself (Steele et al. 2014)."""
    words = words + np.uint64(0x9E3779B97F4A7C15)
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))
