"""On a disk that takes nothing trading stops, cancels go on, and the run says why it ends and can be gone on with."""

from tests.system.live.lives import Process, a_folder
from tests.threads.disks import a_full_disk, a_locked_journal

LIMITED = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (6_000, resource.RLIM_INFINITY))
from adapters.cli import main
main()
"""


def test_when_nothing_can_be_written_orders_are_cancelled_and_the_code_is_that_of_a_failure(tmp_path, venue):
    ended = a_full_disk(tmp_path, venue)

    assert ended.code == 1
    assert "the results could not be written" in ended.words
    assert "Trading was halted at the end: trace: " in ended.words or "halted at the end: journal: " in ended.words


def test_while_somebody_else_holds_the_journal_orders_wait_and_then_go_on(tmp_path, venue):
    assert not a_locked_journal(tmp_path, venue, 2.0)


def test_a_start_on_a_disk_that_takes_nothing_is_a_failure_in_words(tmp_path, venue):
    folder, config = a_folder(tmp_path, venue)

    with Process(folder, "--quiet", config=config, program=("-c", LIMITED, "live")) as process:
        code = process.wait()

    assert code == 1, process.said()
    assert "journal.sqlite: disk I/O error" in process.said()
    assert "Traceback" not in process.said()
