"""The table protocol: partial, insert, update and delete folded into rows, by the keys that the partial names.

Nothing of a subscription is believed before its partial came. A row is believed when it matches the filter of a partial
that came: so rows of a symbol that nobody subscribed to are dropped too, and counted. Tables without keys are streams:
their rows pass through and are not kept.
"""

from collections import OrderedDict
from typing import Any, Final, TypeAlias

import attrs

from adapters.bitmex.codec import TableFrame, fields_of
from adapters.bitmex.fields import FieldError, Row, shown
from adapters.bitmex.reports import OVER

Filter: TypeAlias = tuple[tuple[str, Any], ...]
Key: TypeAlias = tuple[str | int, ...]
_Fields: TypeAlias = dict[str, Any]

ROWS_MAX: Final = 200_000
"""Of one table; a full book has a few thousand. More is taken for a fault of ours or the venue's."""
FINISHED_MAX: Final = 1_000
"""Finished orders that are remembered, for the updates that come after the last one."""


@attrs.frozen
class Change:
    """What a frame did to one row."""

    action: str
    row: Row
    """All that is known of the row now; of a deleted one, all that was known."""
    said: Row
    """Only what the frame said."""


@attrs.frozen
class Applied:
    """What a frame did to its table."""

    changes: tuple[Change, ...] = ()
    dropped: int = 0
    """Rows that came before their partial, or that belong to no subscription."""
    unknown: int = 0
    """Rows deleted that were not there: harmless, and counted."""
    faults: tuple[str, ...] = ()
    """What was wrong with rows that could not be applied."""
    lost: tuple[Filter, ...] = ()
    """Subscriptions whose rows can no longer be trusted: subscribe again."""


@attrs.define
class _Tally:
    changes: list[Change] = attrs.field(factory=list)
    dropped: int = 0
    unknown: int = 0
    faults: list[str] = attrs.field(factory=list)
    lost: dict[Filter, None] = attrs.field(factory=dict)
    """Ordered as they were noticed."""

    def done(self) -> Applied:
        return Applied(tuple(self.changes), self.dropped, self.unknown, tuple(self.faults), tuple(self.lost))


class Table:
    """The rows of one table. `apply` never raises: what cannot be applied is a fault, or a subscription lost."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.keys: tuple[str, ...] = ()
        self._live: dict[Filter, None] = {}
        self._rows: dict[Key, _Fields] = {}
        self._finished: OrderedDict[Key, _Fields] = OrderedDict()
        self._drops_finished = name == "order"
        # Executions had a key once, and are still no rows that change: kept, they would only grow.
        self._is_stream = name == "execution"

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every row that is kept, in the order in which they came."""
        return tuple(self._rows.values())

    def owner(self, row: Row) -> Filter | None:
        """The live subscription that a row belongs to."""
        return next((filter_ for filter_ in self._live if _matches(row, filter_)), None)

    def forget(self, symbol: str | None) -> None:
        """Believe nothing any more of the subscription to `symbol`, or of the one to all symbols (None)."""
        for filter_ in [each for each in self._live if dict(each).get("symbol") == symbol]:
            self._drop(filter_)

    def apply(self, frame: TableFrame) -> Applied:
        """Fold one frame of this table."""
        tally = _Tally()
        if frame.action == "partial":
            self._begin(frame, tally)
        for value in frame.rows:
            try:
                self._fold(frame.action, fields_of(value), tally)
            except FieldError as error:
                # Which row it was is not known, so none of them is certain any more; a stream has nothing to lose.
                tally.faults.append(f"{self.name}: {error}")
                if self.keys:
                    tally.lost.update(self._live)
        if len(self._rows) > ROWS_MAX:
            tally.faults.append(f"{self.name}: more than {ROWS_MAX} rows")
            tally.lost.update(self._live)
        for filter_ in tally.lost:
            self._drop(filter_)
        return tally.done()

    def _begin(self, frame: TableFrame, tally: _Tally) -> None:
        """A partial replaces the rows of its filter; with other keys than before, the rows of all filters."""
        filter_, keys = frame.filter or (), () if self._is_stream else frame.keys or ()
        if keys != self.keys:
            tally.lost.update(dict.fromkeys(each for each in self._live if each != filter_))
            self._live.clear()
            self._rows.clear()
            self._finished.clear()
            self.keys = keys
        self._drop(filter_)
        self._live[filter_] = None

    def _drop(self, filter_: Filter) -> None:
        self._live.pop(filter_, None)
        for rows in (self._rows, self._finished):
            for key in [key for key, row in rows.items() if _matches(row, filter_)]:
                del rows[key]

    def _fold(self, action: str, said: Row, tally: _Tally) -> None:
        owner = self.owner(said)
        if owner is None:
            tally.dropped += 1
            return
        if not self.keys:
            # Nobody can say which row of a stream an update or a delete would mean.
            if action in ("partial", "insert"):
                tally.changes.append(Change(action, said, said))
            else:
                tally.faults.append(f"{self.name}: {action} in a table without keys")
            return
        key = self._key(said)
        if action == "delete":
            gone = self._rows.pop(key, None)
            if gone is None:
                tally.unknown += 1
            else:
                tally.changes.append(Change(action, gone, said))
            return
        if action == "update":
            row = self._known(key)
            if row is None:
                tally.faults.append(f"{self.name}: update of a row that is not there")
                tally.lost[owner] = None
                return
            row.update(said)
        else:
            row = dict(said)
        self._keep(key, row)
        tally.changes.append(Change(action, row, said))

    def _key(self, said: Row) -> Key:
        key = tuple(said.get(name) for name in self.keys)
        for name, value in zip(self.keys, key, strict=True):
            if type(value) not in (str, int):
                raise FieldError(f"{name} is a key and must be a text or a whole number, not {shown(value)}")
        return key  # type: ignore[return-value]  # just checked

    def _known(self, key: Key) -> _Fields | None:
        row = self._rows.get(key)
        return self._finished.get(key) if row is None else row

    def _keep(self, key: Key, row: _Fields) -> None:
        """Finished orders are never deleted by the venue; what is amended back to life returns."""
        if self._drops_finished and _is_over(row):
            self._rows.pop(key, None)
            self._finished[key] = row
            self._finished.move_to_end(key)
            if len(self._finished) > FINISHED_MAX:
                self._finished.popitem(last=False)
        else:
            self._finished.pop(key, None)
            self._rows[key] = row


def _is_over(row: Row) -> bool:
    status = row.get("ordStatus")
    # With a status the quantity alone decides nothing: a new `Close` order may not have one yet.
    return status in OVER if isinstance(status, str) and status else row.get("leavesQty") == 0


def _matches(row: Row, filter_: Filter) -> bool:
    """Whether a row is of a subscription; a field that it leaves out does not speak against it."""
    return all(row.get(name, value) == value for name, value in filter_)
