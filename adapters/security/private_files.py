"""Files and folders that only their owner can read, whatever the umask: journals, logs, keys, tokens.

Every check is of the open file, never of its name, so that it cannot be exchanged between check and use. Links are
never followed in the last part of a path. Windows has neither these modes nor owners by number: there the checks of
both are left out, and the user's profile protects the files.
"""

import contextlib
import os
import secrets
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TextIO

from adapters.durable import sync_folder
from adapters.errors import InputError

_POSIX: Final = os.name == "posix"
_FILE: Final = 0o600
_FOLDER: Final = 0o700
_NO_LINK: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_NO_WAIT: Final = getattr(os, "O_NONBLOCK", 0)
"""A pipe in the place of a file must not make us wait for its other end."""


def private_folder(path: Path) -> Path:
    """Make the folder (0700, and so every missing one above it), or make sure that it is ours alone; returns it.

    One of ours that others may read, or its group may write, is closed to them. InputError, naming the path, for a
    link, a file, another user's folder, or one that everybody could write to: what stands there may not be ours.
    """
    try:
        _make_folders(path)
        if not _POSIX:
            return path
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | _NO_LINK)
    except OSError as error:
        raise InputError(f"{path}: {_blame_of_folder(path, error)}") from None
    try:
        status = os.fstat(handle)
        if status.st_uid != os.getuid():
            raise InputError(f"{path}: the folder belongs to another user")
        if status.st_mode & stat.S_IWOTH:
            raise InputError(f"{path}: everybody can write to the folder; look at what is in it, then chmod 700 it")
        if stat.S_IMODE(status.st_mode) != _FOLDER:
            os.fchmod(handle, _FOLDER)
    except OSError as error:
        raise InputError(f"{path}: the folder cannot be closed to others: {error.strerror or error}") from None
    finally:
        os.close(handle)
    return path


def create_private(path: Path) -> TextIO:
    """A new file (0600) to write text to. FileExistsError when anything has this name, a dangling link included."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINK, _FILE)
    return _writer(handle)


def open_private(path: Path) -> TextIO:
    """A file (0600) to append text to, made if there is none. InputError as `read_private` has it."""
    with _refusals(path):
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _NO_LINK | _NO_WAIT, _FILE)
        try:
            _check(path, os.fstat(handle))
        except InputError:
            os.close(handle)
            raise
        return _writer(handle)


def make_private(path: Path) -> None:
    """See that there is such a file, private and possibly empty: before a library that would make it its own way.

    SQLite gives its files beside the database (-wal, -shm, -journal) the database's mode. InputError as `open_private`.
    """
    open_private(path).close()


def read_private(path: Path, bytes_max: int) -> bytes:
    """The content of a plain file of ours that nobody else can read.

    InputError, which names the path and never the content, for anything else and for more than `bytes_max` bytes.
    """
    with _refusals(path):
        handle = os.open(path, os.O_RDONLY | _NO_LINK | _NO_WAIT)
        with os.fdopen(handle, "rb") as file:
            _check(path, os.fstat(handle))
            content = file.read(bytes_max + 1)
    if len(content) > bytes_max:
        raise InputError(f"{path}: the file is longer than {bytes_max} bytes")
    return content


def write_private_atomically(path: Path, text: str) -> None:
    """The file (0600) has this text, durably, or stays as it was; OSError when it cannot be written.

    A link in its place is replaced, never followed.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(8)}.partial")
    try:
        with create_private(partial) as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def _make_folders(path: Path) -> None:
    """Missing folders one by one: mkdir's own `parents` would give those above the umask's mode."""
    missing = []
    above = path
    while not os.path.lexists(above) and above != above.parent:
        missing.append(above)
        above = above.parent
    for folder in reversed(missing):
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=_FOLDER)
            # A umask may have taken our own rights too.
            folder.chmod(_FOLDER)


def _blame_of_folder(path: Path, error: OSError) -> str:
    if path.is_symlink():
        return "this is a link, and a private folder must be a folder itself"
    if isinstance(error, NotADirectoryError):
        return "this is not a folder"
    return f"a private folder cannot be made or opened there: {error.strerror or error}"


@contextlib.contextmanager
def _refusals(path: Path) -> Iterator[None]:
    """An OSError becomes an InputError that names the path; what was read is in neither."""
    try:
        yield
    except OSError as error:
        reason = "it is a link" if path.is_symlink() else error.strerror or str(error)
        raise InputError(f"{path}: the file cannot be read or written: {reason}") from None


def _check(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise InputError(f"{path}: this is not a plain file")
    if not _POSIX:
        return
    if status.st_uid != os.getuid():
        raise InputError(f"{path}: the file belongs to another user")
    if stat.S_IMODE(status.st_mode) & 0o077:
        raise InputError(f"{path}: others can read or write the file; chmod 600 it")


def _writer(handle: int) -> TextIO:
    try:
        if _POSIX:
            # A umask can take bits of the mode away, but never add any: this is for the owner's own.
            os.fchmod(handle, _FILE)
        return os.fdopen(handle, "w", encoding="utf-8", newline="")
    except BaseException:
        os.close(handle)
        raise
