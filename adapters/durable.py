"""Files that appear whole: written under a temporary name, synced, and renamed, so that no half of one is ever seen."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

TEMPORARY: Final = ".writing"
"""What the temporary name ends with; it begins with a dot."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """The name to write to. When this ends well it is `path`, durably; else it is gone, and `path` as it was.

    OSError when that cannot be.
    """
    temporary = path.with_name(f".{path.name}{TEMPORARY}")
    try:
        yield temporary
        _sync(temporary, os.O_RDWR)
        temporary.replace(path)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    sync_folder(path.parent)


def make_folders(folder: Path) -> None:
    """Missing folders, each with its name made durable."""
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for each in missing:
        sync_folder(each.parent)


def sync_folder(folder: Path) -> None:
    """New names in it are durable too. Not every system or file system can; the content is safe all the same."""
    if os.name == "posix":
        with suppress(OSError):
            _sync(folder, os.O_RDONLY)


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
