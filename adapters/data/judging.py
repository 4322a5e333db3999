"""Rows judged chunk by chunk, with the same verdicts as the loader's on a whole file.

What a chunk is judged by beside itself: the last good row before it, and a few rows behind it.
"""

from typing import Any

import attrs
import numpy as np

from actors.columns import Floats, Ints
from adapters.data.rows import Chunk
from adapters.files import checks
from adapters.files.blame import Judged, Verdict
from adapters.files.layout import Layout
from adapters.files.reading import Table, bounded, filled
from adapters.files.sources import Source
from adapters.files.stamps import NO_TIME, Codes, to_utc, zone_named
from messages import Period

_SOUND = {"bars": checks.sound_bars, "ticks": checks.sound_ticks, "quotes": checks.sound_quotes}
_MAY_STAND_TOGETHER = ("ticks", "quotes")
"""Kinds of which two rows may have one time."""


@attrs.frozen(eq=False)
class JudgedChunk:
    """A chunk's own rows and what is wrong with them."""

    utc: Ints
    values: dict[str, Floats]
    codes: Codes
    """0 where a row is good."""
    latest: Ints
    """The time of the last good row above each; NO_TIME where there is none."""
    lines: Ints | None

    def kept(self) -> tuple[Ints, dict[str, Floats]]:
        """Times and values of the good rows."""
        if not self.codes.any():
            return self.utc, self.values
        good = self.codes == 0
        return self.utc[good], {role: array[good] for role, array in self.values.items()}


@attrs.define(eq=False)
class RowJudge:
    """The rows of one symbol of a file, in order."""

    layout: Layout
    name: str
    """The file's, for errors."""
    zone: str
    """Where times without a zone were written."""
    stamps: str
    """Of bars: start or end."""
    told: Period | None
    """The bars' period as the user told it."""
    nameless: bool = False
    """These rows lack their symbol, so all are bad."""
    tolerant: bool = False
    """Bad rows are set aside, so that the others' period counts although there are any."""
    steps: checks.Steps | None = None
    """How the bars follow one another, once two good ones were seen."""
    latest: int = NO_TIME
    """The last good row's time."""
    ordered: int = NO_TIME
    """The latest time that was in order, whether it kept its distance or not."""
    above: int = NO_TIME
    """The last time that could be read."""
    spaced: int = NO_TIME
    """The last time that kept its distance."""

    def judge(self, chunk: Chunk) -> JudgedChunk:
        """The next chunk; InputError when the period cannot be told, or is not what was told."""
        stamps = bounded(np.asarray(filled(chunk.columns["stamp"], NO_TIME), dtype=np.int64))
        values = {
            role: np.asarray(filled(chunk.columns[role], np.nan), dtype=np.float64) for role in self.layout.values
        }
        codes = np.zeros(len(stamps), dtype=np.uint8)
        utc = stamps
        if self.layout.form.naive:
            utc, codes = to_utc(stamps, zone_named(self.zone))
        sound = _SOUND.get(self.layout.kind, checks.sound_series)(values)
        codes[~sound | (stamps == NO_TIME)] = checks.UNREADABLE
        if self.nameless:
            codes[:] = checks.UNREADABLE
        own = chunk.own
        self._judge_order(utc, codes, own)
        if self.layout.kind == "bars":
            self._judge_distance(utc, codes, own)
        codes = codes[:own]
        lines = chunk.columns.get("line")
        before = np.concatenate([[self.latest], np.where(codes == 0, utc[:own], NO_TIME)])
        latest = np.maximum.accumulate(before)
        self.latest = int(latest[-1])
        return JudgedChunk(
            utc=utc[:own],
            values={role: array[:own] for role, array in values.items()},
            codes=codes,
            latest=latest[:-1],
            lines=None if lines is None else np.asarray(lines)[:own],
        )

    def _judge_order(self, utc: Ints, codes: Codes, own: int) -> None:
        good = np.flatnonzero(codes == 0)
        strictly = self.layout.kind not in _MAY_STAND_TOGETHER
        # What rows are compared with: the latest that is in order, and the one just above.
        above = [ts for ts in dict.fromkeys((self.ordered, self.above)) if ts != NO_TIME]
        ts = np.concatenate([np.array(above, dtype=np.int64), utc[good]])
        found = checks.order_codes(ts, strictly=strictly, first_stands=self.ordered != NO_TIME)[len(above) :]
        codes[good] = found
        ours = good < own
        if ours.any():
            self.above = int(utc[good[ours]][-1])
            in_order = utc[good[ours & (found == 0)]]
            self.ordered = max(self.ordered, int(in_order[-1])) if len(in_order) else self.ordered

    def _judge_distance(self, utc: Ints, codes: Codes, own: int) -> None:
        good = np.flatnonzero(codes == 0)
        if self.steps is None:
            if len(good) < 2 or (not self.tolerant and len(good) < len(codes)):
                # A row that is bad by itself is the better news: it may be why the steps look odd.
                return
            self.steps = checks.period_of(utc[good], self.told, self.name)
        least = checks.least_step(self.steps.period, naive=self.layout.form.naive, stamps=self.stamps)
        above = [] if self.spaced == NO_TIME else [self.spaced]
        ts = np.concatenate([np.array(above, dtype=np.int64), utc[good]])
        codes[good] = checks.close_by_codes(ts, least)[len(above) :] if len(ts) else 0
        good = good[(codes[good] == 0) & (good < own)]
        if len(good):
            self.spaced = int(utc[good[-1]])


@attrs.define(eq=False)
class BadRows:
    """The rows of a file that cannot be used, as they are found; in words only when somebody asks."""

    count: int = 0
    _parts: list[JudgedChunk] = attrs.field(factory=list)

    def add(self, chunk: JudgedChunk) -> None:
        """Keep what is bad of a chunk."""
        bad = np.flatnonzero(chunk.codes)
        if not len(bad):
            return
        self.count += len(bad)
        self._parts.append(
            JudgedChunk(
                utc=chunk.utc[bad],
                values={role: array[bad] for role, array in chunk.values.items()},
                codes=chunk.codes[bad],
                latest=chunk.latest[bad],
                lines=None if chunk.lines is None else chunk.lines[bad],
            )
        )

    def judged(self, source: Source, layout: Layout, zone: str) -> Judged:
        """All of them in the file's order, for those who say it in words; the rows' lines must be known."""
        lines = np.concatenate([part.lines for part in self._parts if part.lines is not None])
        order = np.argsort(lines, kind="stable")

        def whole(name: str) -> Any:
            return np.concatenate([getattr(part, name) for part in self._parts])[order]

        values = {role: np.concatenate([p.values[role] for p in self._parts])[order] for role in layout.values}
        table = Table(whole("utc"), values, lines[order])
        return Judged(source, layout, table, Verdict(table.stamps, whole("codes"), zone, whole("latest")))
