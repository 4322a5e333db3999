"""The command line, for tests that look at what it leaves behind: as a process, or in this one."""

import contextlib
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from adapters.cli import main

ROOT = Path(__file__).parents[2]
SHARED_DATA = ROOT.parent / "shared" / "data"
"""Real market data, where a checkout has it beside itself; never part of the project."""


def run_command(*arguments, cwd, code=0, **environment):
    """`python run.py ...` in a folder; asserts the exit code and returns what came out."""
    done = subprocess.run(
        [sys.executable, str(ROOT / "run.py"), *map(str, arguments)],
        cwd=cwd, env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True, text=True, check=False, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == code, done.stderr + done.stdout
    return done


def run_here(*arguments, cwd, code=0):
    """The same in this process, for what is not about processes: to start one takes longer than most commands."""
    out, err = io.StringIO(), io.StringIO()
    with (
        contextlib.chdir(cwd), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as ended,
    ):  # fmt: skip
        main([*map(str, arguments)])
    done = subprocess.CompletedProcess(arguments, ended.value.code or 0, out.getvalue(), err.getvalue())
    assert done.returncode == code, done.stderr + done.stdout
    return done


def contents(folder):
    """File name -> bytes, without what may differ from machine to machine."""
    found = {path.name: path.read_bytes() for path in sorted(folder.iterdir())}
    summary = json.loads(found["summary.json"])
    del summary["seconds"], summary["versions"]
    return {**found, "summary.json": json.dumps(summary).encode()}
