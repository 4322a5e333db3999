"""The log: one redacting road for loguru, the standard library's loggers, warnings and uncaught exceptions.

Only a command configures it, never a library: a host application keeps its own logging. Records are redacted where they
are made (loguru's patcher, logging's record factory) and not where they are written, so that every sink is clean, also
one that a library adds for itself.
"""

import logging
import sys
import threading
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Final, TextIO

from adapters.security.private_files import open_private
from adapters.security.redaction import Filter

if TYPE_CHECKING:
    from loguru import Logger, Message, Record

TEXT_MAX: Final = 16_384
"""Characters of a record's text, and of its traceback."""
LINE_MAX: Final = 3 * TEXT_MAX
"""Characters of a whole line."""
FIELD_MAX: Final = 1_024
"""Characters of one field that a record carries besides its text."""
_READ_MAX: Final = 16 * TEXT_MAX
"""More of a text is not even looked at."""
_FRAMES_MAX: Final = 40
_FORMAT: Final = "{time:YYYY-MM-DD!UTC}T{time:HH:mm:ss.SSSSSS!UTC}Z {level: <8} {name}:{line} {message}"
_LIBRARIES: Final = logging.WARNING
"""Of other people's loggers, unless one is set to another level by its name."""

ErrorInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def configure_logging(path: Path | None, level: str, redactor: Filter) -> Callable[[], None]:
    """Send everything that is logged in this process to stderr and, with a path, to a private file there.

    `level` is loguru's name of one (`"INFO"`); `redactor` takes the secrets out. InputError when the file cannot be
    private. Returns what puts everything back as it was.
    """
    from loguru import logger  # noqa: PLC0415 only a command that logs pays for it

    file = None if path is None else open_private(path)
    clean = _Cleaner(redactor)
    logger.remove()
    logger.configure(patcher=clean.record)
    # Loguru reports a sink that fails on stderr, record and all; by then the record is clean.
    for sink in (_Sink(lambda: sys.stderr, clean), None if file is None else _Sink(lambda: file, clean)):
        if sink is not None:
            logger.add(sink, level=level, format=_FORMAT, colorize=False, backtrace=False, diagnose=False)
    put_back = _intercept(logger, clean)

    def restore() -> None:
        put_back()
        logger.remove()
        logger.configure(patcher=_nothing)
        logger.add(sys.stderr, diagnose=False)
        if file is not None:
            file.close()

    return restore


def escaped(text: str) -> str:
    """One line of printable text: whatever could end a line, move a cursor or turn text around is written out."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode() for character in text
    )


def shortened(text: str, length: int) -> str:
    """The text, or its beginning and how much is missing."""
    return text if len(text) <= length else f"{text[:length]}... ({len(text) - length} more)"


class _Cleaner:
    """Makes records harmless. Never raises: what cannot be shown is said to be so."""

    def __init__(self, redactor: Filter) -> None:
        self._redactor = redactor

    def text(self, text: object, length: int = TEXT_MAX) -> str:
        """Redacted first: cut or escaped, a secret would no longer be found."""
        try:
            return shortened(escaped(self._redactor(str(text)[:_READ_MAX])), length)
        except Exception as error:  # noqa: BLE001 whatever a text's own code or a filter does
            return f"(a text that cannot be shown: {type(error).__name__})"

    def trace(self, error: ErrorInfo) -> str:
        """The traceback without locals, redacted, on one line."""
        try:
            # Long causes are one exception each; a limit on frames keeps each of them readable.
            lines = "".join(traceback.format_exception(*error, limit=-_FRAMES_MAX))
        except Exception as failure:  # noqa: BLE001 an exception's own code may do anything
            return f"(a traceback of {error[0].__name__} that cannot be shown: {type(failure).__name__})"
        return self.text(lines.rstrip("\n"))

    def record(self, record: "Record") -> None:
        """For loguru: everything of the record that anybody could write."""
        parts = [self.text(record["message"])]
        parts += [f"{self.text(name, 64)}={self.text(value, FIELD_MAX)}" for name, value in record["extra"].items()]
        error = record["exception"]
        if error is not None and error.type is not None and error.value is not None:
            parts.append(self.trace((error.type, error.value, error.traceback)))
        record["exception"] = None
        record["extra"] = {}
        record["message"] = " | ".join(parts)

    def logged(self, record: logging.LogRecord) -> None:
        """For the standard library: text and arguments become one clean text, the traceback another."""
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 arguments that do not fit, or whose own code fails
            message = f"{record.msg} (its arguments do not fit)"
        record.msg, record.args = self.text(message), ()
        error = record.exc_info
        if error and error[0] is not None:
            record.exc_text = self.trace((error[0], error[1], error[2]))
        record.exc_info = None


class _Sink:
    """Writes lines. A disk that is full or a stream that is closed costs the line and nothing else.

    Loguru has ways around a patcher (coloured messages, a logger's own patcher): the line is looked at once more.
    """

    def __init__(self, stream: Callable[[], TextIO | None], clean: _Cleaner) -> None:
        self._stream = stream
        self._clean = clean

    def __call__(self, message: "Message") -> None:
        line = self._clean.text(message.rstrip("\n"), LINE_MAX)
        try:
            stream = self._stream()
            if stream is not None:
                stream.write(line + "\n")
                stream.flush()
        except (OSError, ValueError):
            return


class _Interceptor(logging.Handler):
    """Hands the standard library's records, clean by now, to loguru, with the place that they come from."""

    def __init__(self, logger: "Logger") -> None:
        super().__init__()
        self._logger = logger

    def emit(self, record: logging.LogRecord) -> None:
        """See logging.Handler."""
        level: str | int = record.levelname if record.levelname in _LEVELS else record.levelno
        text = record.getMessage() if not record.exc_text else f"{record.getMessage()} | {record.exc_text}"
        depth, frame = 0, sys._getframe()
        here: FrameType | None = frame
        while here is not None and (depth == 0 or here.f_code.co_filename == logging.__file__):
            here, depth = here.f_back, depth + 1
        self._logger.opt(depth=depth).log(level, "{}", text)


_LEVELS: Final = {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}


def _intercept(logger: "Logger", clean: _Cleaner) -> Callable[[], None]:
    """Loggers, warnings and uncaught exceptions go to loguru; returns what undoes it."""
    root = logging.getLogger()
    before = (root.handlers[:], root.level, logging.getLogRecordFactory())
    hooks = (sys.excepthook, threading.excepthook, sys.unraisablehook)

    def made(*args: Any, **fields: Any) -> logging.LogRecord:
        record = before[2](*args, **fields)
        clean.logged(record)
        return record

    def uncaught(where: str, error: ErrorInfo) -> None:
        logger.opt(exception=error).critical("uncaught in {}", where)

    logging.setLogRecordFactory(made)
    root.handlers[:] = [_Interceptor(logger)]
    root.setLevel(_LIBRARIES)
    logging.captureWarnings(capture=True)
    sys.excepthook = lambda kind, error, trace: uncaught("the main thread", (kind, error, trace))
    threading.excepthook = lambda args: _in_thread(uncaught, args)
    sys.unraisablehook = lambda args: _unraisable(uncaught, args)

    def restore() -> None:
        root.handlers[:] = before[0]
        root.setLevel(before[1])
        logging.setLogRecordFactory(before[2])
        logging.captureWarnings(capture=False)
        sys.excepthook, threading.excepthook, sys.unraisablehook = hooks

    return restore


def _in_thread(uncaught: Callable[[str, ErrorInfo], None], args: threading.ExceptHookArgs) -> None:
    if args.exc_type is SystemExit or args.exc_value is None:
        return
    name = "a thread" if args.thread is None else f"thread {args.thread.name}"
    uncaught(name, (args.exc_type, args.exc_value, args.exc_traceback))


def _unraisable(uncaught: Callable[[str, ErrorInfo], None], args: "sys.UnraisableHookArgs") -> None:
    if args.exc_value is not None:
        # The object's repr may be anything, and says little.
        uncaught("a finalizer", (args.exc_type, args.exc_value, args.exc_traceback))


def _nothing(_record: Mapping[str, Any]) -> None:
    """Patches nothing."""
