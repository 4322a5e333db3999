"""The tables of the documentation say what the code says: execution algorithms, reasons of refusals."""

import re
from pathlib import Path

import attrs
import pytest

from actors.execution.algorithms import described
from actors.risk.limits import REASONS

DOCS = Path(__file__).parents[2] / "docs"


def _cells(name):
    """The tables' rows, without their heads, as tuples of texts."""
    rows = re.findall(r"^\| (.*?) ?\|$", (DOCS / name).read_text(encoding="utf-8"), re.MULTILINE)
    return [tuple(cell.strip() for cell in row.split(" |")) for row in rows]


def _parameter(name, doc, default):
    if default is attrs.NOTHING:
        return f"`{name}` (must be given): {doc}"
    return f"`{name}`: {doc}" if default is None else f"`{name}` = {default}: {doc}"


@pytest.mark.parametrize("algorithm", described(), ids=lambda each: each.name)
def test_each_algorithm_stands_in_its_table_with_its_parameters_and_defaults(algorithm):
    parameters = "; ".join(_parameter(*each) for each in algorithm.parameters)

    assert (f"`{algorithm.name}`", algorithm.doc, parameters) in _cells("execution.md")


def test_no_algorithm_stands_in_the_table_that_there_is_not():
    shown = [row[0].strip("`") for row in _cells("execution.md") if len(row) == 3 and row[0].startswith("`")]

    assert shown == [each.name for each in described()]


def test_each_reason_of_a_refusal_stands_in_its_table_in_the_same_words():
    shown = [row for row in _cells("risk.md") if row[0] in {f"`{reason}`" for reason in REASONS}]

    assert shown == [(f"`{reason}`", words) for reason, words in REASONS.items()]


def test_each_invariant_that_can_be_found_stands_in_the_table_and_no_other():
    auditing = Path(__file__).parents[2] / "actors"
    sources = [*(auditing / "auditing").glob("*.py"), auditing / "auditor.py"]
    found = {name for path in sources for name in re.findall(r'"(I[0-9]+)"', path.read_text(encoding="utf-8"))}
    shown = [row[0] for row in _cells("risk.md") if re.fullmatch(r"I[0-9]+", row[0])]

    assert shown == sorted(found, key=lambda name: int(name[1:]))
