"""Nothing leaves that is not in the order journal, and the journal is one unbroken chain that loses nothing."""

import sqlite3
from contextlib import closing

import pytest

from adapters.journal import Journal
from adapters.simulation.checks.journalled import Journalled
from messages import ApprovedOrder
from tests.builders import an_order
from tests.simulation.checks.stand import Stand

NAMES = ("abcdef-dice-1", "abcdef-dice-2", "abcdef-dice-3")


@pytest.fixture
def folder(tmp_path):
    """A run's folder in which three orders were approved in the first life."""
    write(tmp_path, 1, NAMES)
    return tmp_path


def write(folder, life, names, lots=2):
    journal = Journal(folder, life=life)
    journal.on_start()
    for name in names:
        journal.on_approved_order(ApprovedOrder(an_order(lots, client_id=name)))
    journal.release()


def change(folder, statement):
    with closing(sqlite3.connect(folder / "journal.sqlite")) as connection, connection:
        connection.execute(statement)


def test_what_was_approved_may_leave(folder):
    stand = Stand(Journalled, folder=folder)
    for name in NAMES:
        stand.place(name, 2)
    stand.judge.over()

    assert stand.violated == []


def test_what_is_not_in_the_journal_is_named_when_it_leaves(folder):
    stand = Stand(Journalled, folder=folder)
    stand.place("abcdef-dice-4", 2)

    assert stand.violated == ["I2"]


@pytest.mark.parametrize("told", [{"lots": 3}, {"lots": -2}, {"price": 50_000}, {"execInst": "ReduceOnly"}], ids=str)
def test_what_leaves_otherwise_than_it_was_approved_is_named(folder, told):
    stand = Stand(Journalled, folder=folder)
    stand.place("abcdef-dice-1", **{"lots": 2, **told})

    assert stand.violated == ["I2"]


def test_an_approval_of_an_earlier_life_lets_nothing_leave(folder):
    stand = Stand(Journalled, folder=folder)
    stand.place(NAMES[0], 2)
    stand.judge.life_ended(1, "killed")
    stand.judge.life_began(2)
    stand.place(NAMES[1], 2)

    assert stand.violated == ["I2"]


def test_what_the_exchange_closes_by_itself_needs_no_approval(tmp_path):
    stand = Stand(Journalled, folder=tmp_path)
    stand.send("POST", "/api/v1/order", symbol="XBTUSD", side="Sell", execInst="Close", clOrdID="abcdef-x-1")

    assert stand.violated == []


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE orders SET body = replace(body, '\"lots\":2', '\"lots\":3') WHERE seq = 2",
        "DELETE FROM orders WHERE seq = 2",
        "UPDATE orders SET client_id = 'abcdef-dice-9' WHERE seq = 3",
    ],
)
def test_a_row_that_was_changed_is_named(folder, statement):
    stand = Stand(Journalled, folder=folder)
    change(folder, statement)
    stand.judge.over()

    assert stand.violated == ["I24"]


def test_rows_that_are_gone_after_a_kill_are_named_and_after_a_loss_of_power_they_are_not(folder):
    for how, expected in (("killed", ["I24"]), ("power", [])):
        stand = Stand(Journalled, folder=folder)
        stand.place(NAMES[0], 2)
        stand.judge.life_ended(1, how)
        change(folder, "DELETE FROM orders WHERE seq = (SELECT max(seq) FROM orders)")
        stand.judge.life_began(2)

        assert stand.violated == expected
        write(folder, 1, ("abcdef-dice-5",))


@pytest.mark.parametrize("are_read", [False, True])
def test_rows_that_are_gone_after_a_loss_of_power_are_named_where_each_commit_waited_for_the_disk(folder, are_read):
    stand = Stand(Journalled, folder=folder, is_synced=True)
    for name in NAMES:
        stand.say(ApprovedOrder(an_order(2, client_id=name)), "journal")
        if are_read:
            stand.place(name, 2)
    stand.judge.life_ended(1, "power")
    change(folder, "DELETE FROM orders WHERE seq = (SELECT max(seq) FROM orders)")
    stand.judge.life_began(2)

    assert stand.violated[0] == "I24"


@pytest.mark.parametrize("is_synced", [False, True])
def test_a_journal_that_lost_nothing_with_the_power_is_whole(folder, is_synced):
    stand = Stand(Journalled, folder=folder, is_synced=is_synced)
    for name in NAMES:
        stand.say(ApprovedOrder(an_order(2, client_id=name)), "journal")
    stand.judge.life_ended(1, "power")
    stand.judge.life_began(2)
    write(folder, 2, ("abcdef-dice-4",))
    stand.place("abcdef-dice-4", 2)

    assert stand.violated == []


def test_what_was_passed_on_and_is_not_written_is_named(folder):
    stand = Stand(Journalled, folder=folder)
    for name in (*NAMES, "abcdef-dice-4"):
        stand.say(ApprovedOrder(an_order(2, client_id=name)), "journal")
    stand.judge.life_ended(1, "killed")

    assert stand.violated == ["I24"]


def test_a_life_that_is_over_writes_nothing_more(folder):
    stand = Stand(Journalled, folder=folder)
    stand.judge.life_ended(1, "killed")
    stand.judge.life_began(2)
    write(folder, 1, ("abcdef-dice-4",))
    stand.place("abcdef-dice-4", 2)

    assert "I23" in stand.violated
