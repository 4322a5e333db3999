"""How much our orders may fill: a fraction of what the market traded, so that a backtest buys no more than there was.

At a bar's open its own volume is not known yet, so the last closed bar's counts there; on its path and at its close
its own counts, less what was filled at its open. A single tick or quote counts by its own size.
"""

from fractions import Fraction

from messages import Instrument, Lots


class VolumeCap:
    """What may still be filled of one symbol at the price that is shown now, in lots."""

    __slots__ = ("_buys", "_closed", "_opened", "_per_volume", "_sells", "_together")

    def __init__(self, fraction: float, instrument: Instrument) -> None:
        # As it is written: 0.29 of 100 contracts are 29.
        self._per_volume = Fraction(repr(fraction)) / Fraction(instrument.lot_size)
        self._closed: Lots = 0
        """What the last closed bar's volume allows."""
        self._opened: Lots | None = None
        """What the bar that runs allowed at its open; None when nobody waited for that."""
        self._buys: Lots = 0
        self._sells: Lots = 0
        self._together = True

    def at_open(self) -> None:
        """A bar has begun."""
        self._opened = self._closed
        self._set(self._closed)

    def on_bar(self, volume: float) -> None:
        """A bar has ended: its path and its close."""
        used = 0 if self._opened is None else self._opened - self._buys
        self._opened = None
        self._closed = self._lots(volume)
        self._set(max(0, self._closed - used))

    def on_tick(self, size: float) -> None:
        """A trade."""
        self._set(self._lots(size))

    def on_quote(self, bid_size: float, ask_size: float) -> None:
        """Who buys takes the offer's size, who sells the bid's."""
        self._buys, self._sells, self._together = self._lots(ask_size), self._lots(bid_size), False

    def part_of(self, lots: Lots) -> Lots:
        """As many of these (signed) lots as may be filled now."""
        return min(lots, self._buys) if lots > 0 else max(lots, -self._sells)

    def take(self, lots: Lots) -> None:
        """They were filled."""
        size = abs(lots)
        if self._together or lots > 0:
            self._buys -= size
        if self._together or lots < 0:
            self._sells -= size

    def _set(self, lots: Lots) -> None:
        self._buys = self._sells = lots
        self._together = True

    def _lots(self, volume: float) -> Lots:
        return int(self._per_volume * Fraction(repr(volume)))
