"""The page of promises names every invariant and every fault, in the words of the code."""

import re
from pathlib import Path

from adapters.simulation.faults.kinds import KINDS
from tests.simulation.mutants import MUTANTS

PAGE = (Path(__file__).parents[2] / "docs" / "faults.md").read_text(encoding="utf-8")
WANTED = "F01-F23 F26-F34 F38 F41-F44 F46 F48-F56 F58 F61-F70 F73-F79 F82 F85 F86 F88-F90"
"""What the catalogue has the simulator do."""
ELSEWHERE = {"F62", "F90"}
"""Nothing strikes there: caps are looked at in every run and hours are sampled by the soak; seeds are run `--twice`."""


def rows(letter):
    return dict(re.findall(rf"^\| ({letter}\d+\w*) \| ([^|\n]*?) \|", PAGE, flags=re.MULTILINE))


def codes(text):
    for part in text.split():
        first, _, last = part.partition("-")
        for number in range(int(first[1:]), int((last or first)[1:]) + 1):
            yield f"F{number:02d}"


def test_every_fault_is_named_in_its_own_words():
    assert rows("F") == {code: kind.what for code, kind in KINDS.items()}


def test_every_invariant_is_named():
    assert list(rows("I")) == [f"I{number}" for number in range(1, 26)]


def test_what_is_wanted_of_the_catalogue_is_there():
    assert set(codes(WANTED)) - set(KINDS) == ELSEWHERE


def test_the_number_of_broken_variants_is_theirs():
    assert f"(mutants), {len(MUTANTS)} of them" in PAGE
