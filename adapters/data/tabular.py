"""Files of rows and columns: bars, trades and quotes of any exchange, funding rates, marks and index prices."""

from collections.abc import Iterator
from pathlib import Path

import attrs

from adapters.data.judging import BadRows, RowJudge
from adapters.data.reading import ASSUMED, INFERRED, TOLD, Examined, Fact, Piece, Wishes
from adapters.data.rows import CHUNK, FileRows
from adapters.data.shaping import BarShaper, plain_columns, tick_columns
from adapters.errors import InputError
from adapters.files.blame import LISTED, BadRow, describe, listing
from adapters.files.layout import Layout
from adapters.files.names import START_NAMES, plain
from adapters.files.notes import of_turnover
from adapters.files.stamps import KDB_DATES
from messages import Period, period_name

BITMEX = "bitmex"


@attrs.define(eq=False)
class TabularFile:
    """One such file, spooled."""

    path: Path
    rows: FileRows
    layout: Layout
    kind: str
    """Without a length of time."""
    wishes: Wishes
    chunk_rows: int = CHUNK
    _periods: dict[str | None, Period] = attrs.field(factory=dict)
    """Of the bars of each symbol, once the file was examined."""

    @property
    def stamps(self) -> str:
        """Whether a bar's time is its start or its end."""
        return self.wishes.stamps or "start"

    @property
    def zone(self) -> str:
        """Where times without a zone were written."""
        return self.wishes.timezone or "UTC"

    def examine(self) -> Examined:
        """Judge every row; see `FileReading`."""
        bad, inferred, notes = BadRows(), True, list[str]()
        for symbol in self._symbols():
            judge = self._judge(symbol)
            for chunk in self.rows.chunks(symbol, self.chunk_rows):
                judged = judge.judge(chunk)
                bad.add(judged)
                if not notes and "turnover" in judged.values and "volume" in judged.values:
                    notes = of_turnover(judged.kept()[1], self.wishes.multiplier)
            if judge.steps is not None:
                self._periods[symbol], inferred = judge.steps.period, judge.steps.inferred
            elif self.wishes.period is not None:
                self._periods[symbol], inferred = self.wishes.period, False
        if bad.count and not self.rows.careful:
            self.rows.fill_carefully()
            return self.examine()
        count = self.rows.count()
        set_aside = self._set_aside(bad, count)
        if self.kind == "bars":
            self._periods_known()
        return Examined(
            venue=self._venue(),
            facts=tuple(self._facts(inferred=inferred)),
            notes=(*self._notes(), *notes),
            rows=count,
            bad_rows=set_aside,
        )

    def pieces(self) -> Iterator[Piece]:
        """Good rows, symbol by symbol; see `FileReading`."""
        for symbol in self._symbols():
            if self.layout.symbol is not None and not symbol:
                continue
            name = self._name_of(symbol)
            judge = self._judge(symbol)
            judged = (judge.judge(chunk).kept() for chunk in self.rows.chunks(symbol, self.chunk_rows))
            if self.kind == "bars":
                if symbol not in self._periods:
                    continue
                period = self._periods[symbol]
                shaper = BarShaper(period, self.stamps, self.wishes.multiplier)
                kind = f"bars-{period_name(period)}"
                for ts, values in judged:
                    yield from (Piece(name, kind, columns) for columns in shaper.add(ts, values))
                yield from (Piece(name, kind, columns) for columns in shaper.finish())
            else:
                shaped = tick_columns if self.kind == "ticks" else plain_columns
                yield from (Piece(name, self.kind, shaped(ts, values)) for ts, values in judged)

    def _symbols(self) -> tuple[str | None, ...]:
        symbols = self.rows.symbols()
        if not symbols:
            raise InputError(f"{self.path}: holds no rows of {self.wishes.symbol}")
        return symbols

    def _judge(self, symbol: str | None) -> RowJudge:
        return RowJudge(
            layout=self.layout,
            name=str(self.path) if symbol is None else f"{self.path}: {symbol}",
            zone=self.zone,
            stamps=self.stamps,
            told=self._periods.get(symbol, self.wishes.period),
            nameless=self.layout.symbol is not None and not symbol,
            tolerant=self.wishes.bad_rows == "quarantine",
        )

    def _periods_known(self) -> None:
        missing = [symbol for symbol in self._symbols() if symbol not in self._periods and symbol != ""]
        if missing:
            whose = "" if missing[0] is None else f"{missing[0]}: "
            raise InputError(f"{self.path}: {whose}the period cannot be inferred from one row; give it with --period")

    def _set_aside(self, bad: BadRows, count: int) -> tuple[BadRow, ...]:
        if not bad.count:
            return ()
        judged = bad.judged(self.rows.source, self.layout, self.zone)
        if self.wishes.bad_rows == "fail":
            raise InputError(listing(describe(judged, most=LISTED), bad.count))
        if bad.count == count:
            (first,) = describe(judged, most=1)
            raise InputError(f"{self.path}: none of its {count} rows can be used; the first: {first}")
        return tuple(describe(judged, most=None))

    def _name_of(self, symbol: str | None) -> str:
        return symbol or self.wishes.symbol or ""

    def _venue(self) -> str | None:
        return self.wishes.venue or (BITMEX if self._is_bitmex_dump() else None)

    def _is_bitmex_dump(self) -> bool:
        return self.layout.form.words == KDB_DATES and self.layout.symbol is not None

    def _facts(self, *, inferred: bool) -> Iterator[Fact]:
        wishes = self.wishes
        dump = self._is_bitmex_dump()
        if wishes.venue is None and dump:
            yield Fact("venue", BITMEX, INFERRED, "the form of its daily dumps")
        else:
            yield Fact("venue", wishes.venue or "", TOLD)
        if self.layout.symbol is None:
            yield Fact("symbol", self._name_of(None), TOLD)
        else:
            symbols = [symbol for symbol in self.rows.symbols() if symbol]
            shown = ", ".join(symbols[:4]) + (f" and {len(symbols) - 4} more" if len(symbols) > 4 else "")
            column = self.rows.source.header[self.layout.symbol]
            yield Fact("symbol", shown, TOLD if wishes.symbol else INFERRED, f"column {column}")
        columns = ", ".join(self.rows.source.header[column] for column in self.layout.values.values())
        yield Fact("kind", self.kind, TOLD if wishes.kind else INFERRED, f"columns {columns}")
        if self.kind == "bars":
            periods = ", ".join(sorted({period_name(period) for period in self._periods.values()}))
            how = INFERRED if inferred else TOLD
            yield Fact("period", periods, how, "the most common step between rows" if inferred else "")
            yield self._stamps_fact()
        form = self.layout.form
        if not form.naive:
            yield Fact("time zone", "UTC", INFERRED, f"times are {form.words}")
        elif wishes.timezone is not None:
            yield Fact("time zone", wishes.timezone, TOLD, f"times are {form.words}")
        elif dump:
            yield Fact("time zone", "UTC", INFERRED, "BitMEX's dumps are in UTC")
        else:
            yield Fact("time zone", "UTC", ASSUMED, f"times are {form.words}; --timezone says otherwise")

    def _stamps_fact(self) -> Fact:
        if self.wishes.stamps is not None:
            return Fact("stamps", self.stamps, TOLD)
        names = [self.rows.source.header[column] for column in self.layout.stamp]
        if plain(names[0]) in START_NAMES:
            return Fact("stamps", "start", INFERRED, f"column {names[0]}")
        return Fact("stamps", "start", ASSUMED, "--stamps end says otherwise")

    def _notes(self) -> Iterator[str]:
        if self.layout.ignored:
            yield "columns ignored: " + ", ".join(self.layout.ignored)
        if self.wishes.timezone is not None and not self.layout.form.naive:
            yield f"time zone {self.wishes.timezone} not used: the times say their own"
        if self.kind == "bars" and "volume" not in self.layout.values:
            yield "no column of volumes: taken as 0"
        if self.kind == "ticks" and not {"side", "maker"} & self.layout.values.keys():
            yield "no column of sides: who was the aggressor stays unknown"
        if self.wishes.period is not None and self.kind != "bars":
            yield f"period {period_name(self.wishes.period)} not used: {self.kind} have none"
