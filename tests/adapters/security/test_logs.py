"""Canaries are let loose on every way to fail, and none is found in anything that a process leaves behind."""

import logging
import os
import re
import stat
import subprocess
import sys
import threading
import warnings
from base64 import b64encode
from pathlib import Path
from urllib.parse import quote

import pytest
from loguru import logger

from adapters.errors import InputError
from adapters.security.logs import FIELD_MAX, LINE_MAX, TEXT_MAX, configure_logging, escaped
from adapters.security.redaction import Redactor
from tests.adapters.security.leaky import KEY, SECRET, TOKEN

ROOT = Path(__file__).parents[3]
RECORD = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z (DEBUG|INFO|WARNING|ERROR|CRITICAL) +\S+:\d+ ")
WAYS = [
    "locals", "bound", "colour", "patched", "nested", "std-nested", "group", "refused", "userinfo", "header", "echo ",
    "echoed", "socket", "json", "float", "arguments", "misfit", "warning", "lines", "bytes", "thread", "unraisable",
    "actor", "loop", "task", "last", "uncaught",
]  # fmt: skip


def leaky(argument, cwd):
    done = subprocess.run(
        [sys.executable, "-m", "tests.adapters.security.leaky", str(argument)],
        cwd=cwd, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
        timeout=110, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 1, done.stderr[-2_000:]
    return done.stdout, done.stderr


def found(text):
    """Each form of a canary that stands in the text."""
    forms = []
    for secret in (KEY, SECRET, TOKEN):
        raw = secret.encode()
        forms += [secret, secret[:8], secret[-8:], raw.hex(), quote(secret, safe=""), b64encode(raw).decode()[:-4]]
    forms += [b64encode(f"{KEY}:{SECRET}".encode()).decode()[at : at + 16] for at in (0, 20, 40, 60)]
    return [form for form in forms if form in text]


@pytest.fixture(scope="module")
def leaked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    before = os.umask(0)
    try:
        out, err = leaky(folder / "run.log", folder)
    finally:
        os.umask(before)
    return folder, out, err


def test_s03_no_canary_is_in_anything_that_was_left_behind(leaked):
    folder, out, err = leaked
    artefacts = {path: path.read_text(encoding="utf-8") for path in folder.rglob("*") if path.is_file()}

    assert [path.name for path in artefacts] == ["run.log"]
    for text in (out, err, *artefacts.values()):
        assert found(text) == []
    # No signature either: nobody told the redactor of those.
    assert not re.search(r"[0-9a-f]{64}", err + artefacts[folder / "run.log"])


def test_s03_every_way_was_taken_and_is_in_the_log(leaked):
    log = (leaked[0] / "run.log").read_text(encoding="utf-8")

    assert [way for way in WAYS if f"way-{way}" not in log] == []
    assert "Traceback (most recent call last)" in log
    assert "leaky.py" in log
    assert "urllib3.connectionpool" in log, "debug lines of libraries are among it"
    assert "--- request header ---" in log, "the trace of websocket-client too"


def test_s03_the_ways_do_leak_without_the_redactor(tmp_path):
    out, err = leaky("bare", tmp_path)

    assert set(found(out + err)) >= {KEY, SECRET, TOKEN}


def test_s19_one_record_is_one_line_and_nothing_in_it_is_unprintable(leaked):
    log = (leaked[0] / "run.log").read_text(encoding="utf-8")
    lines = log.split("\n")

    assert lines.pop() == ""
    assert all(RECORD.match(line) for line in lines)
    assert all(line.isprintable() for line in lines)
    (forged,) = [line for line in lines if "way-lines" in line]
    assert r"\nforged | line\r\x1b[31m\u2028" in forged


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX")
def test_s18_the_log_is_its_owners_alone_though_the_umask_is_000(leaked):
    assert stat.S_IMODE((leaked[0] / "run.log").stat().st_mode) == 0o600


# In this process.


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "run.log"
    restore = configure_logging(path, "INFO", Redactor([SECRET]))
    yield lambda: path.read_text(encoding="utf-8")
    restore()


@pytest.mark.parametrize("text", ["a\nb", "\x1b[2J", "\u202etfel", "\x00", "\x85\u2028\u2029", "\ud800", "\x7f\x9b1m"])
def test_s19_what_moves_a_terminal_is_written_out(log, text):
    logger.info("got {}", text)

    (line,) = log().splitlines()
    assert line.isprintable()
    assert escaped(text).isascii()


def test_what_is_printable_is_left_as_it_is():
    assert escaped("Füße, 中文 \\n {x} <b>") == "Füße, 中文 \\n {x} <b>"


def test_s19_long_texts_fields_and_tracebacks_are_cut(log):
    logger.info("x" * 10_000_000, field="y" * 10_000_000)
    try:
        raise ValueError("z" * 10_000_000)
    except ValueError:
        logger.exception("w" * 10_000_000)

    first, second = log().splitlines()
    assert TEXT_MAX < len(first) < TEXT_MAX + FIELD_MAX + 300
    assert 2 * TEXT_MAX < len(second) <= LINE_MAX + 300
    assert "more)" in first


def test_s03_a_secret_is_not_saved_by_the_cut(log):
    logger.info("x" * (TEXT_MAX - 5) + SECRET)

    assert SECRET[:5] not in log()


class HostileError(Exception):
    def __str__(self):
        raise RuntimeError("no text")

    __repr__ = __format__ = __str__


def test_s03_what_cannot_be_shown_is_said_to_be_so(log):
    try:
        raise HostileError(SECRET)
    except HostileError as error:
        logging.getLogger("library").warning("one %s", error)
        logging.getLogger("library").exception("two")
        logger.bind(bad=error).exception("three")

    lines = log().splitlines()
    assert len(lines) == 3
    assert "Hostile" in lines[1]
    assert "that cannot be shown" in lines[2]


def test_a_filter_that_fails_costs_the_text_and_lets_nothing_through(tmp_path):
    def fails(_text):
        raise RuntimeError(SECRET)

    restore = configure_logging(tmp_path / "run.log", "INFO", fails)
    logger.error("held {}", SECRET)
    restore()

    assert found((tmp_path / "run.log").read_text()) == []
    assert "cannot be shown" in (tmp_path / "run.log").read_text()


def test_the_levels_are_kept(log):
    logger.debug("hidden")
    logging.getLogger("library").info("hidden")
    logging.getLogger("library").warning("shown")

    (line,) = log().splitlines()
    assert " WARNING " in line
    assert "test_logs:" in line, "the place is the caller's"


def test_everything_is_put_back(tmp_path):
    def state():
        root = logging.getLogger()
        return (
            root.handlers[:], root.level, logging.getLogRecordFactory(), sys.excepthook, threading.excepthook,
            sys.unraisablehook, warnings.showwarning,
        )  # fmt: skip

    before = state()
    restore = configure_logging(tmp_path / "run.log", "INFO", Redactor())
    during = state()
    restore()

    assert during[2:] != before[2:]
    assert state() == before


def test_a_log_that_others_can_read_is_refused(tmp_path):
    path = tmp_path / "run.log"
    path.touch()
    path.chmod(0o644)

    with pytest.raises(InputError, match=r"run\.log"):
        configure_logging(path, "INFO", Redactor())
