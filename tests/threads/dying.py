"""The program with a bomb in it: it kills itself with -9 at the n-th commit of a file, before or after it is done.

    python dying.py journal.sqlite 7 before live --out ...

Nothing of the program knows of it: what is replaced is SQLite's own connection, as it is handed out. A commit is a
COMMIT, or a statement that writes outside of a transaction.
"""

import os
import signal
import sqlite3
import sys
import threading
from pathlib import Path

_WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE", "CREATE")
_honest = sqlite3.connect
_lock = threading.Lock()


class Bomb:
    """Counts the commits of one file, in all connections to it."""

    def __init__(self, file, number, when):
        self.file, self.number, self.when, self.count = file, number, when, 0

    def connection(self):
        bomb = self

        class Watched(sqlite3.Connection):
            def execute(self, statement, *values):
                word = statement.lstrip()[:8].upper()
                if not (word.startswith("COMMIT") or (word.startswith(_WRITES) and not self.in_transaction)):
                    return super().execute(statement, *values)
                with _lock:
                    bomb.count += 1
                    strikes = bomb.count == bomb.number
                if strikes and bomb.when == "before":
                    os.kill(os.getpid(), signal.SIGKILL)
                done = super().execute(statement, *values)
                if strikes:
                    os.kill(os.getpid(), signal.SIGKILL)
                return done

        return Watched


def main():
    """Set it, then be the program."""
    file, number, when = sys.argv[1:4]
    bomb = Bomb(file, int(number), when)

    def connect(database, *arguments, **told):
        if Path(str(database).partition("?")[0]).name == bomb.file:
            told.setdefault("factory", bomb.connection())
        return _honest(database, *arguments, **told)

    sqlite3.connect = connect
    from adapters.cli import main as program  # noqa: PLC0415 after the bomb is set

    program(sys.argv[4:])


if __name__ == "__main__":
    main()
