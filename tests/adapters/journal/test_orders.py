"""What the guard approved is written before it goes to the venue; what cannot be written is not sent."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.journal import Journal, JournalError, begin_life
from adapters.journal.orders import FAILED, read_orders
from adapters.journal.store import ORDERS_FILE, open_to_write
from messages import (
    AmendRejected,
    ApprovedAmend,
    ApprovedCancel,
    ApprovedOrder,
    HaltTrading,
    Heartbeat,
    OrderRejected,
)
from tests.adapters.journal.runs import changed
from tests.builders import MONDAY, SECOND, an_order

ROOT = Path(__file__).parents[3]
BEAT = Heartbeat(account="main", number=7, ts=MONDAY)
CANCEL = ApprovedCancel(account="main", client_id="run000-trend-1", symbol="XBTUSD", ts=MONDAY)


def approved(number=1, **fields):
    return ApprovedOrder(an_order(client_id=f"run000-trend-{number}", **fields))


def a_journal(folder, life=1, **options):
    journal = Journal(folder, life=life, **options)
    assert journal.on_start() == ()
    return journal


def written(folder, **options):
    return [(row.life, row.decoded()) for row in read_orders(folder, **options)]


class Broken:
    """A connection whose disk is gone."""

    def __init__(self, error):
        self.error, self.asked = error, 0

    def execute(self, *_values):
        self.asked += 1
        raise self.error

    def close(self):
        pass


@pytest.mark.parametrize("full_sync", [False, True])
def test_what_passes_on_is_in_the_file(tmp_path, full_sync):
    journal = a_journal(tmp_path, full_sync=full_sync)
    amend = ApprovedAmend(an_order(2), MONDAY + SECOND)

    assert [journal.on_approved_order(approved()), journal.on_approved_amend(amend)] == [(approved(),), (amend,)]
    assert journal.on_approved_cancel(CANCEL) == (CANCEL,)
    assert written(tmp_path) == [(1, approved()), (1, amend), (1, CANCEL)]


def test_a_heartbeat_passes_when_it_could_be_written(tmp_path):
    journal = a_journal(tmp_path)

    assert journal.on_heartbeat(BEAT) == (BEAT,)
    journal._connection = Broken(sqlite3.OperationalError("disk I/O error"))

    (halt,) = journal.on_heartbeat(BEAT)
    assert isinstance(halt, HaltTrading)
    assert halt.reason == "journal: disk I/O error"


@pytest.mark.parametrize("error", [sqlite3.OperationalError("database or disk is full"), OSError("no space left")])
def test_what_cannot_be_written_is_not_sent_and_trading_halts_but_cancels_pass(tmp_path, error):
    journal = a_journal(tmp_path)
    working, journal._connection = journal._connection, Broken(error)
    halt = HaltTrading(reason=f"journal: {error}", ts=MONDAY)

    rejected = OrderRejected(order=approved().order, reason=FAILED, standing=True, ts=MONDAY)
    assert journal.on_approved_order(approved()) == (rejected, halt)
    assert journal.on_approved_cancel(CANCEL) == (CANCEL, halt)
    amend = ApprovedAmend(an_order(2), MONDAY)
    assert journal.on_approved_amend(amend) == (AmendRejected(amend.order, FAILED, MONDAY), halt)
    assert journal._connection.asked == 1

    # The disk is back: but whether what failed is in the file nobody knows, so this connection is not used again.
    journal._connection = working
    assert journal.on_approved_order(approved(2))[1] == halt
    assert journal.on_heartbeat(BEAT) == (halt,)
    assert written(tmp_path) == []


def test_a_new_incarnation_writes_on_after_what_is_there(tmp_path):
    a_journal(tmp_path).on_approved_order(approved(1))
    second = a_journal(tmp_path, life=2)

    second.on_approved_order(approved(2))

    assert written(tmp_path) == [(1, approved(1)), (2, approved(2))]
    assert written(tmp_path, before_life=2) == [(1, approved(1))]


def test_what_the_last_incarnation_died_on_did_not_pass_and_may_be_asked_for_again_but_a_cancel_passes(tmp_path):
    lost = approved()
    amend = ApprovedAmend(lost.order, MONDAY)
    heir = a_journal(tmp_path)

    (rejected,) = heir.died_on(lost)

    assert (rejected.order, rejected.reason, rejected.standing) == (lost.order, FAILED, False)
    assert heir.died_on(amend) == (AmendRejected(amend.order, FAILED, MONDAY),)
    assert heir.died_on(CANCEL) == (CANCEL,)
    assert heir.died_on(BEAT) == ()
    assert heir.on_approved_order(lost) == (lost,)


def test_of_two_processes_only_the_last_one_writes_and_sends(tmp_path):
    first = a_journal(tmp_path)
    second = a_journal(tmp_path, life=2)

    rejected, halt = first.on_approved_order(approved(1))

    assert isinstance(rejected, OrderRejected)
    assert halt.reason == "journal: another process writes it now"
    assert first.on_heartbeat(BEAT) == (halt,)
    assert second.on_approved_order(approved(2)) == (approved(2),)
    assert written(tmp_path) == [(2, approved(2))]


def test_it_can_be_read_while_it_is_written(tmp_path):
    journal = a_journal(tmp_path)
    journal.on_approved_order(approved(1))
    rows = read_orders(tmp_path)
    next(rows)

    assert journal.on_approved_order(approved(2)) == (approved(2),)
    rows.close()


def test_files_are_their_owners_alone_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        folder = tmp_path / "run"
        begin_life(folder, started=MONDAY)
        journal = a_journal(folder)
        journal.on_approved_order(approved())
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    finally:
        os.umask(before)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {"journal.sqlite", "journal.sqlite-wal", "trace.sqlite"} <= modes.keys()
    assert set(modes.values()) == {0o600}


def test_a_folder_that_was_open_to_others_is_closed_to_them(tmp_path):
    folder = tmp_path / "run"
    folder.mkdir(mode=0o755)

    a_journal(folder).release()

    modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / ORDERS_FILE)]
    assert modes == [0o700, 0o600]


def test_a_file_that_others_could_read_is_refused(tmp_path):
    (tmp_path / ORDERS_FILE).touch()
    (tmp_path / ORDERS_FILE).chmod(0o644)

    with pytest.raises(JournalError, match=ORDERS_FILE):
        a_journal(tmp_path)


def test_it_is_not_written_through_a_link(tmp_path):
    (tmp_path / "elsewhere").write_bytes(b"")
    (tmp_path / ORDERS_FILE).symlink_to(tmp_path / "elsewhere")

    with pytest.raises(JournalError, match=ORDERS_FILE):
        open_to_write(tmp_path, ORDERS_FILE)


@pytest.mark.parametrize("act", [a_journal, lambda folder: list(read_orders(folder))])
def test_a_file_of_a_newer_version_is_refused_and_left_as_it_is(tmp_path, act):
    a_journal(tmp_path).release()
    changed(tmp_path / ORDERS_FILE, "UPDATE meta SET value = '2' WHERE key = 'schema'")
    before = (tmp_path / ORDERS_FILE).read_bytes()

    with pytest.raises(JournalError, match="newer openoutcry"):
        act(tmp_path)

    assert (tmp_path / ORDERS_FILE).read_bytes() == before


def test_a_row_of_a_kind_that_only_a_later_version_can_have_written_is_refused(tmp_path):
    journal = a_journal(tmp_path)
    journal.on_approved_order(approved())
    order = approved(2).order
    journal._written(OrderRejected(order=order, reason="lost", standing=True, ts=MONDAY), order.client_id)
    journal.release()

    with pytest.raises(JournalError, match=rf"{ORDERS_FILE}: row 2 is a OrderRejected: written by a newer"):
        list(read_orders(tmp_path))


@pytest.mark.parametrize("content", [b"not a database, but long enough to be taken for one" * 100, b"\0" * 4096])
def test_what_is_no_journal_is_named(tmp_path, content):
    (tmp_path / ORDERS_FILE).write_bytes(content)

    with pytest.raises(JournalError, match=ORDERS_FILE):
        list(read_orders(tmp_path))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ("UPDATE orders SET body = replace(body, '\"lots\":1', '\"lots\":9') WHERE seq = 2", "row 2 is not"),
        ("UPDATE orders SET life = 9 WHERE seq = 2", "row 2 is not"),
        ("UPDATE orders SET client_id = 'run000-trend-9' WHERE seq = 2", "row 2 is not"),
        ("UPDATE orders SET message = 'ApprovedCancel' WHERE seq = 2", "row 2 is not"),
        ("DELETE FROM orders WHERE seq = 2", "row 2 is missing"),
        ("UPDATE orders SET chain = zeroblob(32) WHERE seq = 3", "row 3 is not"),
    ],
)
def test_a_changed_row_is_noticed_and_named(tmp_path, change, reason):
    journal = a_journal(tmp_path)
    for number in range(1, 5):
        journal.on_approved_order(approved(number))
    journal.release()
    changed(tmp_path / ORDERS_FILE, change)

    with pytest.raises(JournalError, match=reason):
        list(read_orders(tmp_path))


def test_a_flipped_byte_is_noticed(tmp_path):
    journal = a_journal(tmp_path)
    for number in range(1, 5):
        journal.on_approved_order(approved(number))
    journal.release()
    content = bytearray((tmp_path / ORDERS_FILE).read_bytes())
    place = content.index(b"run000-trend-3")
    content[place + 3] ^= 1
    (tmp_path / ORDERS_FILE).write_bytes(content)

    with pytest.raises(JournalError, match=ORDERS_FILE):
        list(read_orders(tmp_path))


_CHILD = """
import sys
from pathlib import Path
from adapters.journal import Journal
from messages import ApprovedOrder
from tests.builders import an_order
journal = Journal(Path(sys.argv[1]), life=1)
journal.on_start()
for number in range(1, 1_000_000):
    said = journal.on_approved_order(ApprovedOrder(an_order(client_id=f"run000-trend-{number}")))
    print(number if isinstance(said[0], ApprovedOrder) else f"failed {said[1].reason}", flush=True)
    if not isinstance(said[0], ApprovedOrder):
        break
"""


def _child(folder, limits=""):
    return subprocess.Popen(
        [sys.executable, "-c", limits + _CHILD, str(folder)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )


@pytest.mark.parametrize("after", [1, 57, 400])
def test_kill_9_loses_nothing_that_passed(tmp_path, after):
    child = _child(tmp_path)
    passed = [int(child.stdout.readline()) for _ in range(after)]
    child.send_signal(signal.SIGKILL)
    passed += [int(line) for line in child.communicate()[0].splitlines() if line.strip()]

    there = [row.client_id for row in read_orders(tmp_path)]

    assert len(passed) >= after
    assert there[: len(passed)] == [f"run000-trend-{number}" for number in passed]
    # What is there and did not pass is at most what it was at when it died.
    assert len(there) <= len(passed) + 1


def test_on_a_full_disk_orders_stop_and_all_that_passed_is_there(tmp_path):
    limits = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))\n"

    lines = _child(tmp_path, limits).communicate(timeout=60)[0].splitlines()

    assert lines[-1].startswith("failed journal: ")
    assert [row.client_id for row in read_orders(tmp_path)] == [f"run000-trend-{line}" for line in lines[:-1]]
    assert len(lines) > 50
