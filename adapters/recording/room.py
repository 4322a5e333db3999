"""How much room a disk has left, for who must leave some of it to others."""

import shutil
from pathlib import Path

MEGABYTE = 1_000_000


def require_room(folder: Path, needed: int) -> None:
    """OSError when less than so many bytes are free on the disk of a folder, which need not be there yet."""
    folder = folder.absolute()
    there = next(each for each in (folder, *folder.parents) if each.exists())
    if shutil.disk_usage(there).free < needed:
        raise OSError(f"less than {needed // MEGABYTE} MB are free on the disk of {there}; they are left to orders")
