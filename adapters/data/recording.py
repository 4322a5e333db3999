"""Raw recordings of Binance's COIN-M futures: lines of `<local receive time, ns> <JSON>` as they came.

Trades become ticks, best bids and asks quotes, and the differences of the book together with its snapshot l2. The
exchange numbers its changes: each says which it follows (`pu`), so that a missing one is seen. A snapshot tells the
book as of one number (`lastUpdateId`) and arrives after differences that are newer: these are folded into it, and
older ones that arrive later are left out, or the book would be put back.
"""

import gzip
import json
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TextIO

import attrs
import numpy as np

from adapters.data.reading import INFERRED, TOLD, Examined, Fact, Piece, Wishes
from adapters.data.recorded_book import BookFolder, Change
from adapters.errors import InputError
from adapters.files.blame import LISTED, BadRow, listing
from messages import NS_PER_MILLISECOND, iso_utc

VENUE: Final = "binance-coinm"
_ROWS: Final = 200_000
_DTYPES: Final[dict[str, Any]] = {
    **dict.fromkeys(("part", "ts", "received"), np.int64),
    **dict.fromkeys(("aggressor", "side", "is_snapshot"), np.int8),
}
COLUMNS: Final = {
    "ticks": ("ts", "received", "price", "size", "aggressor"),
    "quotes": ("ts", "received", "bid", "bid_size", "ask", "ask_size"),
    "l2": ("ts", "received", "part", "side", "price", "size", "is_snapshot"),
}


def is_recording(head: str) -> bool:
    """Whether a file that begins like this is such a recording."""
    stamp, _, rest = head.partition(" ")
    return len(stamp) == 19 and stamp.isdecimal() and rest.startswith("{")


@attrs.define(eq=False)
class Recording:
    """One such file. `folder` knows the book that the file before this one left, where there was one."""

    path: Path
    wishes: Wishes
    folder: BookFolder
    zipped: bool
    _latest: int = 0

    def examine(self) -> Examined:
        """Read every line; see `FileReading`."""
        bad, counts = list[BadRow](), dict.fromkeys(COLUMNS, 0)
        folder = self.folder.copy()
        lags, lines = list[int](), 0
        for line, found in self._lines(folder):
            lines = line
            if isinstance(found, BadRow):
                if len(bad) < LISTED or self.wishes.bad_rows == "quarantine":
                    bad.append(found)
                counts["bad"] = counts.get("bad", 0) + 1
            elif found is not None:
                kind, _, rows = found
                counts[kind] += 1
                if rows and len(lags) < 10_000:
                    lags.append(rows[0][1] - rows[0][0])
        if bad and self.wishes.bad_rows == "fail":
            raise InputError(listing(bad, counts["bad"]))
        if not any(counts[kind] for kind in COLUMNS):
            raise InputError(f"{self.path}: no line of it is a trade, a best bid and ask, or a change of the book")
        return Examined(
            venue=self.wishes.venue or VENUE,
            facts=tuple(self._facts(folder)),
            notes=(*_notes(counts, lags), *folder.notes()),
            rows=lines,
            bad_rows=tuple(bad),
        )

    def pieces(self) -> Iterator[Piece]:
        """Its messages as rows, kinds side by side; see `FileReading`."""
        waiting: dict[tuple[str, str], list[tuple[Any, ...]]] = {}
        for _, found in self._lines(self.folder):
            if found is None or isinstance(found, BadRow):
                continue
            kind, symbol, rows = found
            gathered = waiting.setdefault((symbol, kind), [])
            gathered += rows
            if len(gathered) >= _ROWS:
                yield Piece(symbol, kind, _columns(kind, waiting.pop((symbol, kind))))
        for (symbol, kind), rows in waiting.items():
            yield Piece(symbol, kind, _columns(kind, rows))

    def _lines(
        self, folder: BookFolder
    ) -> Iterator[tuple[int, "tuple[str, str, list[tuple[Any, ...]]] | BadRow | None"]]:
        """Each line's number with what it holds: kind, symbol and rows; a bad row; or nothing for this import."""
        latest = 0
        for number, text in self._texts():
            try:
                stamp, _, told = text.partition(" ")
                received, data = int(stamp), json.loads(told)
                _not_back(received, latest)
                found = _read(data, received, folder)
            except (ValueError, KeyError, TypeError) as error:
                reason = f"there is no {error}" if isinstance(error, KeyError) else str(error)
                yield number, BadRow(str(self.path), number, "text", reason, text[:200])
                continue
            latest = received
            wanted = found is not None and self.wishes.symbol in (None, found[1])
            yield number, found if wanted else None

    def _texts(self) -> Iterator[tuple[int, str]]:
        opened = gzip.open if self.zipped else open
        stream: TextIO
        with opened(self.path, "rt", encoding="utf-8", errors="replace") as stream:
            try:
                for number, line in enumerate(stream, start=1):
                    if line.strip():
                        yield number, line.rstrip("\n")
            except (EOFError, zlib.error, gzip.BadGzipFile) as error:
                raise InputError(f"{self.path}: the gzip stream is damaged or cut short: {error}") from error

    def _facts(self, folder: BookFolder) -> Iterator[Fact]:
        yield Fact("venue", self.wishes.venue or VENUE, TOLD if self.wishes.venue else INFERRED, "the streams' form")
        yield Fact("symbol", self.wishes.symbol or ", ".join(folder.symbols), INFERRED, "the messages")
        yield Fact("kind", ", ".join(COLUMNS), INFERRED, "@trade, @bookTicker, @depth and one snapshot of the book")
        yield Fact(
            "time zone", "UTC", INFERRED, "ns and ms since 1970; ts is the exchange's T, received the recorder's"
        )


def _read(data: Any, received: int, folder: BookFolder) -> tuple[str, str, list[tuple[Any, ...]]] | None:
    """What a message says; None when it is of no kind that a store keeps. ValueError when it cannot be."""
    if "lastUpdateId" in data:
        change = Change.of(data["bids"], data["asks"])
        folder.know(data["symbol"])
        ts = data["T"] * NS_PER_MILLISECOND
        rows = folder.snapshot(data["symbol"], int(data["lastUpdateId"]), change, ts=ts, received=received)
        return "l2", data["symbol"], rows
    message = data["data"]
    kind, symbol = message["e"], message["s"]
    folder.know(symbol)
    ts = message["T"] * NS_PER_MILLISECOND
    if kind == "trade":
        if message["X"] not in ("MARKET", "NA"):
            # Insurance fund and auto-deleveraging: no trade of the book.
            return None
        price, size = _above(message["p"], "price"), _above(message["q"], "size")
        return "ticks", symbol, [(ts, received, price, size, -1 if message["m"] else 1)]
    if kind == "bookTicker":
        bid, ask = _above(message["b"], "bid"), _above(message["a"], "ask")
        return "quotes", symbol, [(ts, received, bid, float(message["B"]), ask, float(message["A"]))]
    if kind == "depthUpdate":
        change = Change.of(message["b"], message["a"])
        rows = folder.change(symbol, (int(message["pu"]), int(message["u"])), change, ts=ts, received=received)
        return "l2", symbol, rows
    return None


def _not_back(received: int, latest: int) -> None:
    if received < latest:
        raise ValueError(f"the time of receipt goes back to {iso_utc(received)}")


def _above(text: str, name: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError(f"{name} {text} is not above zero")
    return value


def _columns(kind: str, rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    return {
        name: np.array(values, dtype=_DTYPES.get(name, np.float64))
        for name, values in zip(COLUMNS[kind], zip(*rows, strict=True), strict=True)
    }


def _notes(counts: dict[str, int], lags: list[int]) -> Iterator[str]:
    yield f"{counts['ticks']:,} trades, {counts['quotes']:,} quotes, {counts['l2']:,} changes of the book"
    if lags:
        lag = float(np.median(lags)) / 1e9
        if abs(lag) >= 0.5:
            side = "after" if lag > 0 else "before"
            yield f"received {abs(lag):.2f} s {side} the exchange's own time, in the median: two clocks differ"
