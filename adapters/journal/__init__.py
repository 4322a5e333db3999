"""What a run remembers of itself, in two SQLite files in its folder, and what is made of them again.

    orders.py       journal.sqlite: what the guard approved, in the order path: written first, sent then
    trace.py        trace.sqlite: all else that was said, and who handled it in which order, beside the stream
    store.py        both files: modes, schema, lives, facts of the run
    batches.py      many messages in one compressed row
    reading.py      the trace back, checked
    accounts.py     what is known of each account from all earlier lives
    loose_ends.py   orders of which not all is known
    restoring.py    what the next life of a run begins with
    given.py        what a life was given besides, such as history
    results.py      what the recorder would have heard of all lives
    rerun.py        a life again through the actors, compared with what was said

A `life` is one process that ran on the folder: message ids begin at 1 in each.
"""

from adapters.journal.given import Given, read_given, write_given
from adapters.journal.orders import Journal, journal_spec
from adapters.journal.restoring import AccountRecovery, Recovery, restore
from adapters.journal.results import rebuild_record
from adapters.journal.store import JournalError, begin_life, is_begun, lives, read_meta, write_meta
from adapters.journal.trace import Trace, trace_spec

__all__ = [
    "AccountRecovery",
    "Given",
    "Journal",
    "JournalError",
    "Recovery",
    "Trace",
    "begin_life",
    "is_begun",
    "journal_spec",
    "lives",
    "read_given",
    "read_meta",
    "rebuild_record",
    "restore",
    "trace_spec",
    "write_given",
    "write_meta",
]
