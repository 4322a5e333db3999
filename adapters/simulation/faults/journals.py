"""What a new life may find in its files that no life of its own version has written."""

import hashlib
from typing import Final

from adapters.journal.store import SCHEMA
from adapters.simulation.faults.fault import Fault

_ORDERS: Final = "journal.sqlite"
_TRACE: Final = "trace.sqlite"
_VERSIONS: Final = ("2", "10", "0", "")
"""Newer ones, an older one than there ever was, and none."""
_STRANGE: Final = '{"message":"ApprovedBasket","client_id":"basket-1"}'
"""A row that only a later version could have written."""


class OtherVersion(Fault):
    """Killed, and what it left is of another version when it is started again; then somebody brings back the right one.

    A journal that this version does not know must be refused whole, and left as it is.
    """

    code = "F85"
    what = "a journal of another version at a restart"
    every_s = 600.0

    def begin(self) -> None:
        """All is of this version."""
        self._undo: tuple[str, str, tuple[int, ...]] | None = None
        super().begin()

    def strike(self) -> None:
        """Dead, and changed."""
        process, chance = self.weather.process, self.random.random()
        process.killed()
        if chance < 0.3 and self._strange_row():
            return
        name = _ORDERS if chance < 0.7 else _TRACE
        version = self.random.choice(_VERSIONS)
        process.disk.change(process.folder, name, "UPDATE meta SET value = ? WHERE key = 'schema'", (version,))
        self._undo = (name, "UPDATE meta SET value = ? WHERE key = 'schema'", (SCHEMA,))

    def _strange_row(self) -> bool:
        """One more order that passed, in a word that nobody here knows; it is linked to the others as they are."""
        process = self.weather.process
        last = process.disk.look(
            process.folder, _ORDERS, "SELECT seq, life, chain FROM orders ORDER BY seq DESC LIMIT 1"
        )
        if not last:
            return False
        seq, life, chain = last[0]
        link = hashlib.sha256(b"%b%d|%d|%b" % (chain, seq + 1, life, _STRANGE.encode())).digest()
        row = (seq + 1, life, "ApprovedBasket", "basket-1", _STRANGE, link)
        process.disk.change(process.folder, _ORDERS, "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?)", row)
        self._undo = (_ORDERS, "DELETE FROM orders WHERE seq = ?", (seq + 1,))
        return True

    def start_refused(self, why: str) -> None:
        """Whoever reads the reason brings back what the file was."""
        if self._undo is not None:
            name, statement, values = self._undo
            if name not in why:
                raise AssertionError(f"{name} is of another version, and the start was refused with: {why}")
            self.weather.process.disk.change(self.weather.process.folder, name, statement, values)
            self._undo = None

    def before_write(self, name: str, statement: str) -> None:
        """Nothing may live on it."""
        if self._undo is not None:
            raise AssertionError(
                f"a process writes to {name} ({statement[:40]}), and {self._undo[0]} is of another version"
            )


FAULTS: Final[tuple[type[Fault], ...]] = (OtherVersion,)
