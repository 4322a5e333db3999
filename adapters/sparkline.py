"""A curve in one line of text."""

import numpy as np

from actors.columns import Floats, Ints

BLOCKS = "▁▂▃▄▅▆▇█"
PLAIN = "_.-=*#"
"""For terminals that cannot show blocks."""


def sparkline(values: Ints | Floats, *, width: int = 60, blocks: str = BLOCKS) -> str:
    """The last value of each of `width` equal stretches, lowest block to highest; a flat curve is in the middle."""
    if len(values) == 0 or width < 1:
        return ""
    ends = np.unique(np.linspace(0, len(values) - 1, min(width, len(values))).round().astype(np.int64))
    picked = np.asarray(values, dtype=np.float64)[ends]
    low, high = float(picked.min()), float(picked.max())
    if high == low:
        return blocks[len(blocks) // 2] * len(picked)
    levels = ((picked - low) / (high - low) * (len(blocks) - 1)).round().astype(np.int64)
    return "".join([blocks[level] for level in levels.tolist()])
