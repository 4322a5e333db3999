"""However a run is told to end, and whenever, it leaves no order, and its exit code says how it was told."""

import signal

import pytest

from tests.long import long
from tests.threads.signals import MOMENTS, nobody_reads, signalled


@pytest.mark.parametrize(
    ("number", "moment", "code"),
    [
        (signal.SIGHUP, "while it trades", 129),
        (signal.SIGINT, "while the venue is reached", 130),
        (signal.SIGTERM, "while it reconciles", 143),
        (signal.SIGTERM, "at the same time", 143),
        (signal.SIGTERM, "while it flattens", 143),
    ],
    ids=lambda each: each if isinstance(each, str) else None,
)
def test_it_ends_in_time_and_leaves_no_order(tmp_path, venue, number, moment, code):
    assert signalled(tmp_path, venue, MOMENTS[moment], number) == code


@pytest.mark.parametrize(
    "told", [("stdout",), pytest.param(("stdout", "--json"), marks=long), ("stderr",)], ids=" ".join
)
def test_that_nobody_reads_what_it_says_changes_nothing(tmp_path, venue, told):
    assert nobody_reads(tmp_path, venue, *told) == 143
