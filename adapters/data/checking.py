"""Series of a store, and files before they are imported, looked through for what is wrong with them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import attrs

from adapters.data.check_bars import BarCheck
from adapters.data.check_books import BookCheck, ChangeCheck
from adapters.data.check_flow import QuoteCheck, TickCheck, ValueCheck
from adapters.data.findings import Finding, Tally
from adapters.data.lenient import lenient
from adapters.data.reading import Fact, Wishes
from adapters.errors import InputError
from adapters.store.kinds import kind_named
from messages import UtcNs

if TYPE_CHECKING:
    from adapters.store import SeriesInfo, Store

JUMP: float = 0.1
"""A step of a price that is worth a word, as a fraction."""
_ROWS = 500_000


class Check(Protocol):
    """Looks at a series chunk by chunk."""

    rows: int

    def add(self, columns: Mapping[str, Any]) -> None:
        """The next rows."""

    def findings(self) -> list[Finding]:
        """What was found."""


@attrs.frozen(kw_only=True)
class Checked:
    """One series that was looked through."""

    where: str
    """The file, or `venue symbol`."""
    venue: str | None
    symbol: str
    kind: str
    rows: int
    first: UtcNs | None
    last: UtcNs | None
    findings: tuple[Finding, ...]
    facts: tuple[Fact, ...] = ()
    """Of a file: what its rows were taken for."""

    @property
    def faults(self) -> int:
        """Sorts of trouble, without what is only to be known."""
        return sum(not finding.is_note for finding in self.findings)


def check_of(kind_name: str, jump: float) -> Check | None:
    """The check of a kind; None where there is nothing to check: texts, and samples of other series."""
    kind = kind_named(kind_name)
    if kind.base == "bars":
        assert kind.period is not None
        return BarCheck(kind.period, jump)
    made = {"ticks": TickCheck, "quotes": QuoteCheck, "books": BookCheck, "l2": ChangeCheck}.get(kind.base)
    if made is not None:
        return made(jump)
    return None if kind.base in ("quarantine", "spreads", "events") else ValueCheck(jump)


def check_store(
    store: "Store",
    series: Iterable["SeriesInfo"],
    *,
    start: UtcNs | None,
    end: UtcNs | None,
    jump: float,
    progress: Callable[[str, int, int], None],
) -> Iterator[Checked]:
    """Each of the series, one after another."""
    for info in series:
        check = check_of(info.kind, jump)
        if check is None:
            yield _not_checked(info)
            continue
        name = f"{info.venue} {info.symbol} {info.kind}"
        progress(name, 0, info.rows)
        chunks = store.chunks(info.venue, info.symbol, info.kind, start, end, _ROWS)
        one = _Seen(check, kind_named(info.kind).key)
        for columns in chunks:
            one.add(columns)
            progress(name, check.rows, info.rows)
        findings = tuple(check.findings())
        yield Checked(
            where=f"{info.venue} {info.symbol}", venue=info.venue, symbol=info.symbol, kind=info.kind, rows=check.rows,
            first=one.first, last=one.last, findings=findings,
        )  # fmt: skip


def _not_checked(info: "SeriesInfo") -> Checked:
    finding = Finding(
        code="not-checked", count=info.rows, text="not checked", is_note=True,
        meaning="texts, and samples of other series, have nothing that could be out of bounds",
    )  # fmt: skip
    return Checked(
        where=f"{info.venue} {info.symbol}", venue=info.venue, symbol=info.symbol, kind=info.kind, rows=info.rows,
        first=info.first, last=info.last, findings=(finding,),
    )  # fmt: skip


def check_file(
    path: Path, wishes: Wishes, *, jump: float, progress: Callable[[str, int, int], None]
) -> Iterator[Checked]:
    """Each series of a file, as an import would take it; InputError when it is nothing that could be imported."""
    progress(path.name, 0, 0)
    with lenient(path, wishes) as file:
        seen: dict[tuple[str, str], _Seen] = {}
        done = 0
        for piece in file.pieces():
            one = seen.get((piece.symbol, piece.kind))
            if one is None:
                check = check_of(piece.kind, jump)
                if check is None:
                    raise InputError(f"{path}: there is nothing to check of {piece.kind}")
                one = seen[piece.symbol, piece.kind] = _Seen(check, kind_named(piece.kind).key)
            one.add(piece.columns)
            done += len(piece.columns["received"])
            progress(path.name, done, 0)
        for (symbol, kind), one in seen.items():
            unreadable = file.unreadable.get((symbol, kind), Tally())
            findings = (
                *unreadable.finding("unreadable", "{n} row(s) cannot be read", _UNREADABLE),
                *one.check.findings(),
            )
            yield Checked(
                where=path.name, venue=None, symbol=symbol, kind=kind, rows=one.check.rows + unreadable.count,
                first=one.first, last=one.last, findings=findings, facts=file.facts,
            )  # fmt: skip


_UNREADABLE = "a time, price or size is missing or is none; an import names file, line and reason"


@attrs.define(eq=False)
class _Seen:
    """A check with the range of what it saw."""

    check: Check
    key: str
    first: UtcNs | None = None
    last: UtcNs | None = None

    def add(self, columns: Mapping[str, Any]) -> None:
        """The next rows."""
        self.check.add(columns)
        times = columns[self.key]
        if len(times):
            self.first = int(times[0]) if self.first is None else self.first
            self.last = int(times[-1])
