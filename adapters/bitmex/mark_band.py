"""Marks and indices that cannot be: one absurd value would value a whole account, and nobody filters them later."""

import attrs

from actors.price_band import PriceBand
from actors.tick_filter import OFF_BAND, FilterSettings
from messages import IndexPrice, MarkPrice, Message, Quarantined, Symbol

_AS_TICKS = FilterSettings()


@attrs.define
class MarkBand:
    """Judges each symbol's marks, and its indices, by those before them, as the tick filter does with trades."""

    _bands: dict[tuple[type[Message], Symbol], PriceBand] = attrs.field(factory=dict)

    def hear(self, said: MarkPrice | IndexPrice) -> tuple[Message, ...]:
        """It, or why not."""
        key = (type(said), said.symbol)
        band = self._bands.get(key)
        if band is None:
            told = _AS_TICKS
            band = self._bands[key] = PriceBand(told.band, window=told.window, needed=told.needed, jump=told.jump)
        if band.accepts(said.price):
            return (said,)
        text = f"{type(said).__name__} of {said.price!r}"
        return (Quarantined(symbol=said.symbol, received=said.received, reason=OFF_BAND, text=text),)
