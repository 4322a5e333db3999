"""Good rows of a file become the store's columns: what a bar's time means is decided here."""

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import attrs
import numpy as np

from actors.columns import Floats, Ints
from adapters.files.names import PRICES
from messages import Period

StoreColumns: TypeAlias = dict[str, "np.ndarray[Any, Any]"]
"""Name -> array of one length, as `adapters.store.kinds` lays them out."""


@attrs.define(eq=False)
class BarShaper:
    """Bars of one symbol, chunk by chunk, in order.

    A bar is cut short where the next one begins before it is over, or where the one before it ended later than it would
    have begun: so a bar is held back until the next is known.
    """

    period: Period
    stamps: str
    """Whether a row's time is the bar's start or its end."""
    multiplier: float = 1.0
    """The file's amounts are divided by it to become turnovers."""
    _held: tuple[Ints, dict[str, Floats]] | None = None
    _ended: int | None = None

    def add(self, ts: Ints, values: Mapping[str, Floats]) -> Iterator[StoreColumns]:
        """The bars that are complete now."""
        if self._held is not None:
            ts = np.concatenate([self._held[0], ts])
            values = {role: np.concatenate([self._held[1][role], array]) for role, array in values.items()}
        if not len(ts):
            return
        self._held = ts[-1:], {role: array[-1:] for role, array in values.items()}
        if len(ts) > 1:
            yield self._shaped(ts, values, len(ts) - 1)

    def finish(self) -> Iterator[StoreColumns]:
        """The last bar."""
        if self._held is not None:
            yield self._shaped(*self._held, 1)
            self._held = None

    def _shaped(self, ts: Ints, values: Mapping[str, Floats], count: int) -> StoreColumns:
        if self.stamps == "end":
            closes, opens = ts, ts - self.period
            before = closes[:-1] if self._ended is None else np.concatenate([[self._ended], closes[:-1]])
            opens = opens.copy()
            tail = opens[len(opens) - len(before) :]
            np.maximum(tail, before, out=tail)
        else:
            opens, closes = ts, ts + self.period
            closes[:-1] = np.minimum(closes[:-1], opens[1:])
        self._ended = int(closes[count - 1])
        return bar_columns(opens[:count], closes[:count], {r: a[:count] for r, a in values.items()}, self.multiplier)


def bar_columns(opens: Ints, closes: Ints, values: Mapping[str, Floats], multiplier: float) -> StoreColumns:
    """Bars as the store keeps them; they are heard when they close."""
    count = len(opens)
    turnover = values.get("turnover")
    return {
        "open_ts": opens,
        "close_ts": closes,
        "received": closes,
        **{role: values[role] for role in PRICES},
        "volume": values.get("volume", np.zeros(count)),
        "turnover": np.full(count, np.nan) if turnover is None else turnover / multiplier,
        "ticks": np.full(count, -1, dtype=np.int64),
    }


def tick_columns(ts: Ints, values: Mapping[str, Floats]) -> StoreColumns:
    """Trades as the store keeps them, received when they happened: a file knows nothing else."""
    side = values.get("side", values.get("maker"))
    aggressor = np.zeros(len(ts), dtype=np.int8) if side is None else side.astype(np.int8)
    return {"ts": ts, "received": ts, "price": values["price"], "size": values["size"], "aggressor": aggressor}


def plain_columns(ts: Ints, values: Mapping[str, Floats]) -> StoreColumns:
    """What is stored as it stands: quotes, funding rates, marks, index prices."""
    return {"ts": ts, "received": ts, **values}
