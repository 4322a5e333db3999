"""On a disk that takes nothing trading stops, cancels go on, and the run says why it ends and can be gone on with."""

from tests.threads.disks import a_full_disk, a_locked_journal


def test_when_nothing_can_be_written_orders_are_cancelled_and_the_code_is_that_of_a_failure(tmp_path, venue):
    ended = a_full_disk(tmp_path, venue)

    assert ended.code == 1
    assert "the results could not be written" in ended.words
    assert "Trading was halted at the end: trace: " in ended.words or "halted at the end: journal: " in ended.words


def test_while_somebody_else_holds_the_journal_orders_wait_and_then_go_on(tmp_path, venue):
    assert not a_locked_journal(tmp_path, venue, 2.0)
