"""The documentation names every file that a run may leave, and every column of it."""

import re
from pathlib import Path

import attrs
import pytest

from actors.money.funding import funding_of
from actors.money.values import Arithmetic
from adapters.files import BadRow
from adapters.results import result_files
from messages import FundingPaid, Quarantined, ShareSized
from tests.adapters.result_builders import a_result, an_instrument
from tests.builders import MONDAY

TEXT = (Path(__file__).parents[2] / "docs" / "running.md").read_text(encoding="utf-8")


def _fullest_result():
    amount, parts = funding_of(Arithmetic(an_instrument()), {"ema-cross": 5}, 100.0, 0.0001)
    paid = FundingPaid(
        account="main", currency="XBT", symbol="XBTUSD", ts=MONDAY, rate=0.0001, price=100.0, lots=5,
        amount_minor=amount, parts=parts,
    )  # fmt: skip
    sized = ShareSized(account="main", strategy="ema-cross", symbol="XBTUSD", ts=MONDAY, weight=1.0, lots=1)
    bad = Quarantined(item=None, symbol="XBTUSD", received=MONDAY, reason="late")
    return attrs.evolve(a_result(), funding=(paid,), weights=(sized,), bad_items=(bad,))


HEADS = {
    name: next(lines).strip()
    for name, lines in result_files(_fullest_result(), (BadRow("bars.csv", 2, "close", "no number", "x"),)).items()
}


@pytest.mark.parametrize("name", HEADS)
def test_each_file_is_named_with_its_columns(name):
    rows = dict(re.findall(r"^\| `(.*?)` \| (ts, .*?|account, .*?|file, .*?) \|$", TEXT, re.MULTILINE))

    assert rows[name].split(", ") == HEADS[name].split(",")


@pytest.mark.parametrize("name", [*HEADS, "config.toml", "summary.json", "crash.txt"])
def test_each_file_is_said_what_a_row_of_it_is(name):
    said = re.findall(r"^\| `(.*?)` \|", TEXT.partition("Their columns")[0], re.MULTILINE)

    assert name in said
