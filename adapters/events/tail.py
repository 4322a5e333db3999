"""A file of events that grows: each line is heard once, when it is whole.

A live run begins behind the last whole line that there is. A file that is not there yet is heard from its first line
when it comes. When another file takes the place of the one that is followed, the old one is read to its end first. One
that was cut short, or written anew, begins again at its first line.
"""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import attrs

from adapters.events.rows import LINE_MAX, Header, Row, RowError, header_of, json_row, text_of
from adapters.events.teller import Teller

REST_S: Final = 0.2
"""Between two looks at a file where nothing is new."""
_BUSY_S: Final = 0.05
LINES_MAX: Final = 200
"""In one turn: what is written faster is heard at four thousand lines a second."""
_CHUNK: Final = 4 * LINE_MAX
_MARK: Final = 64

Identity = tuple[int, int]


@attrs.frozen(kw_only=True)
class Place:
    """How far a file was heard."""

    identity: Identity | None = None
    """Which file it is to the system; None: none yet."""
    offset: int = 0
    """Bytes, always behind a line's end."""
    line: int = 0
    """Lines before it."""
    mark: bytes = b""
    """The last bytes before it: where they are others, the file was written anew."""
    header: Header | None = None
    """Of a CSV file, once its first line was read."""


def whole_lines(data: bytes) -> Iterator[bytes]:
    """The lines that have an end."""
    start = 0
    while (end := data.find(b"\n", start)) >= 0:
        yield data[start : end + 1]
        start = end + 1


class FollowedFile:
    """The worker of one file; see the module. `place`: where an earlier one stood, None for the first of a run."""

    def __init__(self, path: Path, teller: Teller, *, kind: str, is_csv: bool, place: Place | None = None) -> None:
        self._path, self._teller, self._kind, self._is_csv = path, teller, kind, is_csv
        self._file: BinaryIO | None = None
        self._begins = place is None
        """Nothing was looked at yet: what there is now is not heard."""
        self._place = place or Place()
        self._skipping = False
        """Within a line that is too long."""

    def heritage(self) -> Place:
        """How far it was heard."""
        return self._place

    def close(self) -> None:
        """Let go of the file."""
        file, self._file = self._file, None
        if file is not None:
            with contextlib.suppress(OSError):
                file.close()

    def turn(self) -> float:
        """Say what was added."""
        try:
            if self._file is None and not self._open():
                return REST_S
            rest = self._read()
        except OSError as error:
            self.close()
            self._teller.trouble(f"{self._path.name} cannot be read: {error.strerror or error}")
            return 1.0
        self._teller.well()
        return rest

    def _open(self) -> bool:
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            self._begins = False
            self._teller.trouble(f"there is no file {self._path.name} yet")
            return False
        self._file = file
        identity = _identity(os.fstat(file.fileno()))
        if self._begins:
            self._begins = False
            self._place = _behind_all(file, identity, is_csv=self._is_csv)
        elif self._place.identity != identity or not self._goes_on(file):
            if self._place.identity is not None:
                self._teller.trouble(f"{self._path.name} is another file now, and begins at its first line")
            self._place = Place(identity=identity)
        return True

    def _goes_on(self, file: BinaryIO) -> bool:
        """Whether what was heard still stands before the place."""
        place = self._place
        if os.fstat(file.fileno()).st_size < place.offset:
            return False
        file.seek(place.offset - len(place.mark))
        return file.read(len(place.mark)) == place.mark

    def _read(self) -> float:
        file = self._file
        assert file is not None
        if not self._goes_on(file):
            self._teller.trouble(f"{self._path.name} was cut short or written anew, and begins at its first line")
            self._place = Place(identity=self._place.identity)
            self._skipping = False
        file.seek(self._place.offset)
        data = file.read(_CHUNK)
        count = 0
        for raw in whole_lines(data):
            self._hear(raw)
            count += 1
            if count >= LINES_MAX:
                return _BUSY_S
        if count:
            return 0.0
        if len(data) > LINE_MAX:
            self._pass_over(data)
            return 0.0
        if self._is_replaced():
            self._leave(data)
            return 0.0
        return REST_S

    def _hear(self, raw: bytes) -> None:
        """A whole line. The place goes on first: a line that nobody can bear is not met again."""
        place = self._place
        number = place.line + 1
        self._place = attrs.evolve(place, offset=place.offset + len(raw), line=number, mark=(place.mark + raw)[-_MARK:])
        if self._skipping:
            self._skipping = False
            return
        if not raw.strip():
            return
        try:
            text = text_of(raw, first=number == 1)
            if self._is_csv and number == 1:
                self._place = attrs.evolve(self._place, header=header_of(text))
                return
            row = self._row(text, place.header)
        except RowError as error:
            self._teller.malformed(f"{self._path.name}: line {number}: {error}")
            return
        self._teller.event(row.event(self._teller.source, self._teller.clock()))

    def _row(self, text: str, header: Header | None) -> Row:
        if not self._is_csv:
            return json_row(text, self._kind)
        if header is None:
            raise RowError("", "the first line of the file is no header")
        return header.row(text, self._kind)

    def _pass_over(self, data: bytes) -> None:
        """A line that is too long, and has no end yet: its bytes are passed over, and it is named once."""
        if not self._skipping:
            self._teller.malformed(f"{self._path.name}: line {self._place.line + 1}: longer than {LINE_MAX} bytes")
        self._skipping = True
        place = self._place
        self._place = attrs.evolve(place, offset=place.offset + len(data), mark=(place.mark + data)[-_MARK:])

    def _is_replaced(self) -> bool:
        try:
            return _identity(self._path.stat()) != self._place.identity
        except FileNotFoundError:
            # It may come again in a moment, as the next file: until then this one is followed.
            return False

    def _leave(self, rest: bytes) -> None:
        """The file that is followed has ended, and another one has its name."""
        if rest and not self._skipping:
            self._teller.malformed(f"{self._path.name}: line {self._place.line + 1}: the file ended within it")
        self.close()
        self._skipping = False
        self._place = Place()


def _identity(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino


def _behind_all(file: BinaryIO, identity: Identity, *, is_csv: bool) -> Place:
    """Behind the last whole line."""
    offset = lines = 0
    header: Header | None = None
    if is_csv:
        file.seek(0)
        first = file.readline(LINE_MAX)
        if first.endswith(b"\n"):
            with contextlib.suppress(RowError):
                header = header_of(text_of(first, first=True))
    file.seek(0)
    read = 0
    while data := file.read(_CHUNK):
        end = data.rfind(b"\n") + 1
        if end:
            offset, lines = read + end, lines + data.count(b"\n")
        read += len(data)
    return Place(identity=identity, offset=offset, line=lines, mark=_mark_before(file, offset), header=header)


def _mark_before(file: BinaryIO, offset: int) -> bytes:
    size = min(_MARK, offset)
    file.seek(offset - size)
    return file.read(size)
