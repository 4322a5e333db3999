"""The watchdog rests on the standard library alone, so that nothing that broke the trader keeps it from starting."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import adapters.watchdog

FOLDER = Path(adapters.watchdog.__file__).parent
MODULES = sorted(FOLDER.glob("*.py"))
SHARED = FOLDER.parent / "bitmex" / "signing.py"
"""The one module that it has in common with others."""
_TOLD = """
import json, sys
sys.argv = ["watchdog"]
import runpy
runpy.run_path(sys.stdin.readline().strip(), run_name="looked at")
print(json.dumps(sorted(sys.modules)))
"""


def _imports(path):
    """What a module imports when it runs: what only a type checker reads is left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            yield node.module


def test_there_is_something_to_look_at():
    assert len(MODULES) > 10


@pytest.mark.parametrize("path", [*MODULES, SHARED], ids=lambda path: path.stem)
def test_it_imports_the_standard_library_and_itself(path):
    ours = ("adapters.watchdog.", "adapters.bitmex.signing")

    for name in _imports(path):
        assert name.partition(".")[0] in sys.stdlib_module_names or name.startswith(ours), name


def test_its_process_has_no_installed_package_and_none_of_our_other_modules():
    told = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _TOLD], input=f"{FOLDER / '__main__.py'}\n", capture_output=True, text=True,
        check=True, timeout=60,
    )  # fmt: skip
    names = ast.literal_eval(told.stdout)

    ours = {name for name in names if name.partition(".")[0] in ("adapters", "actors", "messages")}
    assert ours == {"adapters", "adapters.bitmex", "adapters.bitmex.signing", "adapters.watchdog"} | {
        f"adapters.watchdog.{path.stem}" for path in MODULES if not path.stem.startswith("__")
    }
    others = {name.partition(".")[0] for name in names} - {"adapters", "__main__"}
    assert others <= set(sys.stdlib_module_names)


def test_it_can_be_run_as_a_module_too():
    told = subprocess.run(
        [sys.executable, "-m", "adapters.watchdog"], input="{}\n", capture_output=True, text=True, check=False,
        timeout=60, cwd=FOLDER.parents[1],
    )  # fmt: skip

    assert (told.returncode, told.stderr) == (2, "")
