"""How commands write counts, sizes, times and paragraphs."""

import shutil
import textwrap
from typing import Any, Final

from messages import UtcNs, iso_utc

WIDTH_MAX: Final = 100


def width() -> int:
    """Of the terminal, where there is one; else 80."""
    return min(WIDTH_MAX, shutil.get_terminal_size((80, 24)).columns)


def counted(number: int, one: str, many: str | None = None) -> str:
    """`1 bar`, `2,000 bars`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def size_words(count: int) -> str:
    """Bytes, in the unit that leaves a number below 1,000."""
    size = float(count)
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:,.1f} TB"


def folded(text: str, *, indent: str, first: str | None = None) -> str:
    """A paragraph in the terminal's width: `first` before its first line, `indent` before the others."""
    return textwrap.fill(
        text, width(), initial_indent=indent if first is None else first, subsequent_indent=indent,
        break_long_words=False, break_on_hyphens=False,
    )  # fmt: skip


def times_as_data(**times: UtcNs | None) -> dict[str, Any]:
    """For JSON, under each name the time in ISO 8601 and under `<name>_ns` as ns; None where there is none."""
    told: dict[str, Any] = {}
    for name, ts in times.items():
        told[name] = None if ts is None else iso_utc(ts)
        told[f"{name}_ns"] = ts
    return told
