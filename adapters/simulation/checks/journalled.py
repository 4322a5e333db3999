"""I2 and I24: nothing leaves for the exchange that is not in the order journal, which is one unbroken chain.

The file is read here by itself: rows in order, each with the SHA-256 of the one before, its number, life and text.
"""

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from decimal import Decimal
from typing import Any, Final

import attrs

from adapters.simulation.checks.check import Check
from adapters.simulation.checks.wire import Asked

_FILE: Final = "journal.sqlite"
_BEGIN: Final = hashlib.sha256(b"openoutcry journal").digest()
_ROWS: Final = "SELECT seq, life, message, client_id, body, chain FROM orders WHERE seq > ? ORDER BY seq"
DURABLE: Final = ("ApprovedOrder", "ApprovedAmend")
"""What is passed on only when it is written; a cancel goes on without."""


@attrs.frozen
class Approval:
    """One row of the journal."""

    seq: int
    life: int
    kind: str
    fields: Mapping[str, Any]


class JournalFile:
    """Read on from where it was read to. It is never kept open: what is done to the file shall be done to it alone."""

    def __init__(self, folder: Any) -> None:
        self._path = folder / _FILE
        self.seq, self.chain = 0, _BEGIN
        self.chains: list[bytes] = [_BEGIN]
        """By number."""

    def fresh(self) -> tuple[list[Approval], str]:
        """Rows since the last time, and what is wrong with them, or ""."""
        found: list[Approval] = []
        for seq, life, kind, client_id, body, chain in _read(self._path, _ROWS, (self.seq,)):
            link = hashlib.sha256(b"%b%d|%d|%b" % (self.chain, seq, life, body.encode())).digest()
            told = json.loads(body)
            fields = told["fields"]
            if seq != self.seq + 1 or link != chain:
                return found, f"row {seq} does not follow from row {self.seq}"
            if told["message"] != kind or fields.get("order", fields)["client_id"] != client_id:
                return found, f"row {seq} says something else than its columns"
            self.seq, self.chain = seq, chain
            self.chains.append(chain)
            found.append(Approval(seq, life, kind, fields.get("order", fields)))
        return found, ""

    def again(self) -> tuple[int, str]:
        """The whole file from its beginning: how many rows it has, and what is wrong with it."""
        whole = JournalFile(self._path.parent)
        _, wrong = whole.fresh()
        if not wrong:
            shared = min(whole.seq, self.seq)
            if whole.chains[shared] != self.chains[shared]:
                wrong = f"its first {shared} rows are others than they were"
        return whole.seq, wrong

    def forget_after(self, seq: int) -> None:
        """The file has been cut."""
        del self.chains[seq + 1 :]
        self.seq, self.chain = seq, self.chains[seq]


def journalled(folder: Any) -> dict[str, int]:
    """How many approvals of an order the journal has, by client id, in order."""
    path = folder / _FILE
    asked = (
        "SELECT client_id, count(*) FROM orders WHERE message = 'ApprovedOrder' GROUP BY client_id ORDER BY min(seq)"
    )
    return dict(_read(path, asked))


def _read(path: Any, asked: str, values: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if not path.exists():
        return []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, isolation_level=None)) as connection:
        try:
            return connection.execute(asked, values).fetchall()
        except sqlite3.OperationalError as error:
            if "no such table" in str(error):
                return []
            raise


class Journalled(Check):
    """See the module."""

    def __init__(self, judge: Any) -> None:
        super().__init__(judge)
        self.file = JournalFile(self.facts.folder)
        self.approvals: dict[str, list[Approval]] = {}
        """Of orders and their amends, by client id."""
        self._life = 0
        self._passed = 0
        """What the journal has passed on in this life, orders and amends."""
        self._rows = 0
        """What this life has written of these."""
        self.is_torn = False
        """Whether the power has failed, by which its end may be lost."""
        self._is_owed = False
        """Whether it is still to be seen that all that it passed on is there."""

    def life_began(self, life: int) -> None:
        """What the last one left must be what it wrote."""
        count, wrong = self.file.again()
        if wrong:
            self.violated("I24", f"the order journal is not whole: {wrong}")
        elif count < self.file.seq:
            if not self.is_torn:
                self.violated("I24", f"{self.file.seq - count} rows of the order journal are gone")
            self.file.forget_after(count)
        elif self._is_owed:
            # Rows that were written since it was looked at last are the last life's.
            self._all_is_written()
        self._life = life
        self._passed = self._rows = 0
        self.is_torn = self._is_owed = False

    def life_ended(self, life: int, how: str) -> None:  # noqa: ARG002 as every check is told
        """All that it passed on is in the file, unless the power failed on what no commit had waited for.

        After a loss of power it is looked at when the next life has begun to read.
        """
        self._is_owed = how == "power"
        self.is_torn = self._is_owed and not self.facts.is_synced
        if not self._is_owed:
            self._all_is_written()

    def _all_is_written(self) -> None:
        self._read()
        if self._passed > self._rows and not self.is_torn:
            self.violated("I24", f"{self._passed} approvals were passed on, and {self._rows} are in the journal")

    def on_ApprovedOrder(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """Said by the journal it is written."""
        if envelope.sender == "journal":
            self._passed += 1

    def on_ApprovedAmend(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """The same."""
        if envelope.sender == "journal":
            self._passed += 1

    def sent(self, asked: Asked) -> None:
        """Something leaves: an approval of just this is in the file."""
        if not (asked.places or asked.amends):
            return
        self._read()
        if asked.places and "Close" in str(asked.fields.get("execInst") or "").split(","):
            # The one order that needs no approval: it can do nothing but end a position.
            return
        name = asked.client_id
        approvals = self.approvals.get(name, ())
        if not approvals:
            self.violated("I2", f"{asked.verb} of {name} leaves, and no approval of it is in the journal")
        elif not any(self._is_of(each, asked) for each in approvals):
            self.violated("I2", f"{asked.verb} of {name} is not what was approved: {asked.trip.message.body}")
        elif asked.places and all(each.life != self._life for each in approvals):
            self.violated("I2", f"{name} leaves in life {self._life}, and was approved in an earlier one")

    def _is_of(self, approval: Approval, asked: Asked) -> bool:
        order, fields = approval.fields, asked.fields
        if (approval.kind == "ApprovedAmend") != asked.amends:
            return False
        terms = self.facts.contracts[order["symbol"]]
        same = fields.get("orderQty") == abs(order["lots"]) * terms.lot
        for field, ours in (("price", "limit_price"), ("stopPx", "stop_price")):
            said, meant = fields.get(field), order[ours]
            same = same and (said is None) == (meant is None)
            same = same and (said is None or abs(Decimal(said) - Decimal(repr(meant))) * 2 < terms.tick)
        if asked.amends:
            return bool(same)
        side = "Buy" if order["lots"] > 0 else "Sell"
        closes = "ReduceOnly" in str(fields.get("execInst") or "")
        return bool(
            same and fields["symbol"] == order["symbol"] and fields["side"] == side and closes == order["reduce_only"]
        )

    def _read(self) -> None:
        rows, wrong = self.file.fresh()
        if wrong:
            self.violated("I24", f"the order journal is not whole: {wrong}")
        for row in rows:
            if row.life != self._life:
                self.violated("I23", f"row {row.seq} of the journal is written by life {row.life} in life {self._life}")
            if row.kind in DURABLE:
                self._rows += 1
                self.approvals.setdefault(row.fields["client_id"], []).append(row)

    def over(self) -> None:
        """The whole file once more."""
        _, wrong = self.file.again()
        if wrong:
            self.violated("I24", f"the order journal is not whole: {wrong}")


CHECKS = (Journalled,)
