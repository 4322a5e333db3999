"""What a store has of earlier trading at a venue, for the warm-up of a live run: it need not be asked of the venue."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from adapters.errors import InputError
from adapters.store import Store
from adapters.store.kinds import periodic
from adapters.store.rows import messages_of
from messages import NS_PER_SECOND, Bar, Period, Symbol, Tick, UtcNs

LATE: Final[Period] = 600 * NS_PER_SECOND
"""A trade that filled a gap was recorded later than it was made: so much later it is still found."""


class KeptHistory:
    """Bars and ticks of one venue in a store. Where it cannot be read there is nothing, and `trouble` says why."""

    def __init__(self, root: Path, venue: str) -> None:
        self.trouble = ""
        self._venue = venue
        self._store: Store | None = None
        if root.is_dir():
            self._store = Store(root)

    def bars(self, symbol: Symbol, length: Period, since: UtcNs, until: UtcNs) -> Sequence[Bar]:
        """Bars that lie wholly in the range, oldest first."""
        if self._store is None:
            return ()
        kind = periodic("bars", length)
        try:
            table = self._store.table(self._venue, symbol, kind, since, until)
        except InputError as error:
            return self._none(error)
        found = messages_of(kind, symbol, {name: table[name] for name in table.columns})
        return [bar for bar in found if isinstance(bar, Bar) and bar.close_ts <= until]

    def ticks(self, symbol: Symbol, since: UtcNs, until: UtcNs) -> Sequence[Tick]:
        """Trades of since <= ts < until, in the order of `ts`, and of arrival."""
        if self._store is None:
            return ()
        try:
            table = self._store.table(self._venue, symbol, "ticks", since, until + LATE)
        except InputError as error:
            return self._none(error)
        found = messages_of("ticks", symbol, {name: table[name] for name in table.columns})
        ticks = [tick for tick in found if isinstance(tick, Tick) and since <= tick.ts < until]
        return sorted(ticks, key=_ts)

    def _none(self, error: InputError) -> tuple[()]:
        """A damaged store delays no start: the venue tells the same."""
        self._store, self.trouble = None, str(error)
        return ()


def _ts(tick: Tick) -> UtcNs:
    return tick.ts
