"""Any number of samples over time, as many as there are columns of pixels: of each its lowest and highest.

Nothing that stands out is lost by it: a spike of one sample is seen in a picture of a year.
"""

from typing import Any

import numpy as np


class Thinned:
    """Columns of pixels from `first` to `last` (UTC ns); `add` takes samples in any number of pieces."""

    def __init__(self, first: int, last: int, columns: int, names: tuple[str, ...]) -> None:
        self.first, self.last, self.columns = first, max(last, first + 1), columns
        self.lows = {name: np.full(columns, np.inf) for name in names}
        self.highs = {name: np.full(columns, -np.inf) for name in names}
        self.samples = np.zeros(columns, dtype=np.int64)
        """How many samples each column of pixels has, known or not."""
        self._latest: int | None = None
        self.shortest: int | None = None
        """The least time between two samples: the grid's."""
        self.gaps: list[tuple[int, int]] = []
        """From the sample before to the one after, where some are missing for longer than a column is wide."""

    @property
    def width(self) -> float:
        """How long a column of pixels lasts, ns."""
        return (self.last - self.first + 1) / self.columns

    @property
    def missing(self) -> int:
        """How many instants of the grid have no sample."""
        if self.shortest is None:
            return 0
        return (self.last - self.first) // self.shortest + 1 - int(self.samples.sum())

    def add(self, received: "np.ndarray[Any, Any]", values: "dict[str, np.ndarray[Any, Any]]") -> None:
        """Samples behind those that were added before, in time order."""
        if not len(received):
            return
        place = ((received - self.first) * self.columns // (self.last - self.first + 1)).astype(np.int64)
        np.add.at(self.samples, place, 1)
        for name, column in values.items():
            known = np.isfinite(column)
            np.minimum.at(self.lows[name], place[known], column[known])
            np.maximum.at(self.highs[name], place[known], column[known])
        self._note_gaps(received)

    def _note_gaps(self, received: "np.ndarray[Any, Any]") -> None:
        before = received[:1] if self._latest is None else np.array([self._latest])
        times = np.concatenate([before, received])
        steps = np.diff(times)
        steps_above = steps[steps > 0]
        if len(steps_above):
            least = int(steps_above.min())
            self.shortest = least if self.shortest is None else min(self.shortest, least)
        widest = max(self.shortest or 0, self.width)
        self.gaps += [(int(times[index]), int(times[index + 1])) for index in np.flatnonzero(steps > widest)]
        self._latest = int(received[-1])

    def range_of(self, *names: str) -> tuple[float, float] | None:
        """The lowest and highest of these; None when nothing is known of them."""
        lows = [self.lows[name].min() for name in names]
        highs = [self.highs[name].max() for name in names]
        low, high = min(lows), max(highs)
        return (float(low), float(high)) if low <= high else None

    def above(self, limit: float, *names: str) -> tuple[tuple[int, int], ...]:
        """The times (UTC ns) of columns in which one of these is above a limit, neighbours together."""
        high = np.max([self.highs[name] for name in names], axis=0) > limit
        edges = np.flatnonzero(np.diff(np.concatenate([[False], high, [False]]).astype(np.int8)))
        at = [self.first + round(edge * self.width) for edge in edges.tolist()]
        return tuple(zip(at[::2], at[1::2], strict=True))

    def runs(self, name: str) -> list[list[tuple[int, float, float]]]:
        """(column, lowest, highest) in pieces without a gap: between two of one piece every column has a sample.

        Where samples are farther apart than pixels are wide, columns without any are passed over, unless a sample is
        missing there.
        """
        lows, highs = self.lows[name], self.highs[name]
        between = max(1, int(np.ceil((self.shortest or 0) / self.width)))
        pieces: list[list[tuple[int, float, float]]] = []
        latest: int | None = None
        for column in np.flatnonzero(np.isfinite(lows)).tolist():
            if latest is None or column - latest > between:
                pieces.append([])
            pieces[-1].append((column, float(lows[column]), float(highs[column])))
            latest = column
        return pieces
