"""Checks import nothing of what they judge: the standard library, attrs, and one another."""

import ast
import sys
from pathlib import Path

import pytest

import adapters.simulation.checks as checks

MODULES = sorted(Path(checks.__file__).parent.glob("*.py"))
OURS = "adapters.simulation.checks"


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module if node.level == 0 else f"relative to {path.name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_check_imports_only_the_standard_library_attrs_and_its_siblings(path):
    allowed = {*sys.stdlib_module_names, "attrs"}

    foreign = [
        name
        for name in imported(path)
        if name.partition(".")[0] not in allowed and name != OURS and not name.startswith(f"{OURS}.")
    ]

    assert foreign == []


def test_the_rule_sees_an_import_of_what_is_judged(tmp_path):
    bad = tmp_path / "bad.py"
    bad.write_text("def late():\n    from adapters.bitmex.gateway import BitmexGateway\n", encoding="utf-8")

    assert list(imported(bad)) == ["adapters.bitmex.gateway"]
