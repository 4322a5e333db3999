"""Who listens to what: a change is written once and goes to everybody who subscribed to it."""

from collections.abc import Iterable
from typing import Any, Protocol

from adapters.exchange.account import Account
from adapters.exchange.exchange import Exchange
from adapters.exchange.faults import Faults
from adapters.exchange.floor import Change
from adapters.exchange.tables import TABLES
from adapters.exchange.wire import Row, dumps
from messages import Symbol


class Listener(Protocol):
    """One socket."""

    account: Account | None

    def send(self, text: str, table: str = "") -> None:
        """Hand over a frame; it never blocks."""


class Hub:
    """Subscriptions of all sockets. `flush` must be called after every command."""

    def __init__(self, exchange: Exchange, faults: Faults) -> None:
        self.exchange = exchange
        self.faults = faults
        self.frames = 0
        """Handed to listeners so far."""
        self._listeners: dict[tuple[str, Symbol | None], dict[Listener, None]] = {}
        self._old: dict[tuple[str, Symbol | None, int | None], list[Row]] = {}

    def flush(self) -> None:
        """Tell what happened."""
        self.deliver(self.exchange.changes())

    def deliver(self, changes: Iterable[Change]) -> None:
        """Tell everybody whom it concerns."""
        for change in changes:
            several = self._listeners.get((change.table, None), {})
            wanted = [*several] if change.symbol is None else [*several, *self._of(change)]
            if change.account is not None:
                wanted = [who for who in wanted if who.account is not None and who.account.number == change.account]
            if not wanted:
                continue
            text = dumps({"table": change.table, "action": change.action, "data": change.rows})
            self.frames += len(wanted)
            for listener in wanted:
                listener.send(text, change.table)

    def _of(self, change: Change) -> dict[Listener, None]:
        return self._listeners.get((change.table, change.symbol), {})

    def subscribe(self, listener: Listener, table: str, symbol: Symbol | None) -> str:
        """From now on it hears the table; returns the partial, which must be sent before anything else."""
        self.flush()
        kind = TABLES[table]
        account = listener.account if kind.is_private else None
        rows = self.exchange.snapshot(table, symbol, account)
        filters: dict[str, Any] = {} if symbol is None else {"symbol": symbol}
        if account is not None:
            filters["account"] = account.number
        self._listeners.setdefault((table, symbol), {})[listener] = None
        if self.faults.has("stale"):
            rows = self._stale(rows, (table, symbol, None if account is None else account.number))
        partial = {
            "table": table, "action": "partial", "keys": list(kind.keys), "types": kind.types, "foreignKeys": {},
            "attributes": {}, "filter": filters, "data": rows,
        }  # fmt: skip
        return dumps(partial)

    def _stale(self, rows: list[Row], key: tuple[str, Symbol | None, int | None]) -> list[Row]:
        """The partial of somebody who subscribed before, where the fault strikes."""
        old = self._old.setdefault(key, rows)
        return old if self.faults.strike("stale", table=key[0]) else rows

    def unsubscribe(self, listener: Listener, table: str, symbol: Symbol | None) -> None:
        """It no longer hears the table."""
        self._listeners.get((table, symbol), {}).pop(listener, None)

    def leave(self, listener: Listener) -> None:
        """The socket is gone."""
        for listeners in self._listeners.values():
            listeners.pop(listener, None)
