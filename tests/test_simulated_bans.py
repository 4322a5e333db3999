"""Within the simulator one seed decides everything: nothing in its scope asks the machine for time, chance or order."""

import pathlib
import textwrap

import pytest

import messages
from tests import set_order, simulated_bans
from tests.simulated_bans import CHECKS, EXEMPT, SCOPE, SEAM

ROOT = pathlib.Path(messages.__file__).parent.parent
# Tests are no part of what they look at.
MODULES = sorted(
    path for folder in SCOPE for path in (ROOT / folder).rglob("*.py") if not path.name.startswith("test_")
)
THERE = [folder for folder in SCOPE if (ROOT / folder).is_dir()]
LET_THROUGH = [each for each in EXEMPT if each[0].startswith(tuple(f"{folder}/" for folder in THERE))]
SCOPED = [path for path in MODULES if str(path.relative_to(ROOT)) not in SEAM]
SOURCES = {path: path.read_text(encoding="utf-8") for path in MODULES}
KNOWN = set_order.index(SOURCES.values())

EXAMPLES = {
    simulated_bans.wall_clock: [
        "import time\ntime.time()", "import time\nclock = time.monotonic_ns", "from time import sleep",
        "import time\ntime.sleep(1)", "from datetime import datetime\ndatetime.now()",
        "import datetime\ndatetime.datetime.utcnow()", "from datetime import date\ndate.today()",
        "import pandas\npandas.Timestamp.now()",
    ],
    simulated_bans.own_chance: [
        "import random\nrandom.random()", "import random\npick = random.choice", "from random import shuffle",
        "from random import SystemRandom", "import random\nrandom.Random()", "from random import Random\nRandom()",
        "import random\nrandom.SystemRandom()", "import secrets", "from uuid import uuid4", "import uuid",
        "import os\nos.urandom(4)", "from os import urandom", "import numpy\nnumpy.random.default_rng()",
        "import numpy as np\nnp.random.shuffle(x)",
    ],
    simulated_bans.own_order: ["sorted(x, key=id)", "sorted(x, key=lambda each: hash(each.name))", "hash(name) % 7"],
    simulated_bans.own_threads: [
        "import threading", "from threading import Thread", "from concurrent.futures import ThreadPoolExecutor",
        "import asyncio", "import multiprocessing.pool", "import subprocess",
    ],
    simulated_bans.raw_sockets: [
        "import socket", "import ssl", "from http.client import HTTPConnection", "import requests",
        "from urllib.request import urlopen", "import websocket",
    ],
    simulated_bans.raw_files: [
        "open('x')", "path.read_text()", "import tempfile", "folder.mkdir()", "import sqlite3\nsqlite3.connect('x')",
        "import gzip\ngzip.open('x')", "Path.open(x)", "import shutil",
    ],
}  # fmt: skip
ALLOWED = {
    simulated_bans.wall_clock: ["import time\ntime.gmtime_of", "self.now()", "clock.now()", "bar.time", "today = 1"],
    simulated_bans.own_chance: [
        "from random import Random\nRandom(7)", "import random\nrandom.Random(f'a {seed}')",
        "def f(random):\n    return random.random()", "import numpy as np\nnp.random.default_rng(7)",
    ],
    simulated_bans.own_order: ["entry.id", "Entry(id=1)", "order.hash"],
    simulated_bans.own_threads: ["import pykka", "thread.name"],
    simulated_bans.raw_sockets: ["from urllib.parse import urlencode", "from adapters.bitmex import requests"],
    simulated_bans.raw_files: ["self.open(1)", "bar.open", "order.replace(1)", "import sqlite3"],
}  # fmt: skip

LEAKS = [
    "for each in {1, 2}: pass",
    "found = {x for x in y}\nfor each in found: pass",
    "def f(names: set[str]):\n    return [name for name in names]",
    "def f(names: 'frozenset[str] | None'):\n    return {name: 1 for name in names}",
    "def f(names: frozenset[str]):\n    return ', '.join(names)",
    "def f(a, b):\n    for key in a.keys() | b.keys():\n        print(key)",
    "def f(a, b):\n    return list(set(a) - set(b))",
    "def f(a):\n    return tuple(frozenset(a))",
    "def f(a):\n    return next(iter(set(a)))",
    "def f(a):\n    some = set(a)\n    return [*some, 1]",
    "def f(a):\n    some = set(a)\n    g(*some)",
    "def f(a):\n    some = set(a)\n    more = some | {1}\n    return list(more)",
    "def f(a):\n    return dict.fromkeys(set(a))",
    "def f(a):\n    some = set(a)\n    return list(map(str, some))",
    "def f(a):\n    some: set[int] = a\n    yield from some",
    "def f(a, found):\n    found += set(a)",
    "def f(a):\n    return set(a).pop()",
    "def f(a):\n    return list(set(a).union(a))",
    "def f(a):\n    if some := set(a):\n        return list(some)",
    "class A:\n    def __init__(self):\n        self.seen: set[str] = g()\n    def f(self):\n        h(*self.seen)",
    "class A:\n    def __init__(self):\n        self.seen = set()\n    def f(self):\n        return list(self.seen)",
    "class A:\n    names: frozenset[str]\n\ndef f(a):\n    return [each for each in a.names]",
    "class A:\n    @property\n    def names(self) -> frozenset[str]: ...\n\ndef f(a):\n    for each in a.names: pass",
    "def names() -> set[str]: ...\n\ndef f():\n    return list(names())",
    "class A:\n    by: dict[str, set[int]]\n    def f(self):\n        g(*self.by[1])",
    "NAMES: Final = frozenset({'a'})\n\ndef f():\n    return [name for name in NAMES]",
    "def f(a):\n    some = set(a)\n    return lambda: list(some)",
]
ORDERLESS = [
    "for each in sorted({1, 2}): pass",
    "def f(a, b):\n    return sorted(a.keys() | b.keys())",
    "def f(names: set[str]):\n    return sorted(name.lower() for name in names)",
    "def f(names: set[str]):\n    return any(name for name in names), len(names), min(names), max(names), sum(names)",
    "def f(names: set[str]):\n    return {name.lower() for name in names}",
    "def f(names: set[str]):\n    return set(name for name in names) | names",
    "def f(names: set[str], more: list[str]):\n    return [name for name in more if name in names]",
    "def f(names: dict[str, int]):\n    return [name for name in names.keys()]",
    "def f(names: set[str]):\n    names.update(name for name in names)",
    "def f(a):\n    some = set(a)\n    def g(some):\n        return list(some)",
    "class A:\n    names: set[str]\n\nclass B:\n    names: tuple[str, ...]\n\ndef f(b):\n    return list(b.names)",
]


def test_there_is_something_to_look_at_and_every_name_in_the_lists_is_there():
    assert len(SCOPED) > 200
    named = {*SEAM, *(name for name, _ in LET_THROUGH)}
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []
    assert all(SEAM.values())
    assert all(EXEMPT.values())


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_simulated_scope_keeps_to(check):
    offences = [
        f"{name} {found}"
        for path in SCOPED
        if (name := str(path.relative_to(ROOT)), check.__name__) not in EXEMPT
        for found in check(SOURCES[path])
    ]

    assert offences == []


def test_no_order_of_a_set_becomes_the_order_of_something_else():
    offences = [
        f"{path.relative_to(ROOT)} {found}" for path in SCOPED for found in set_order.leaks(SOURCES[path], KNOWN)
    ]

    assert offences == []


@pytest.mark.parametrize(("name", "check"), LET_THROUGH, ids=str)
def test_what_is_let_through_is_still_there(name, check):
    assert getattr(simulated_bans, check)(SOURCES[ROOT / name])


@pytest.mark.parametrize(("check", "planted"), [(check, text) for check, texts in EXAMPLES.items() for text in texts])
def test_each_ban_catches_what_is_planted(check, planted):
    assert check("x = 1\n") == []
    assert check(planted)
    assert check("class A:\n    def on_bar(self, bar):\n" + textwrap.indent(planted, "        "))


@pytest.mark.parametrize(("check", "text"), [(check, text) for check, texts in ALLOWED.items() for text in texts])
def test_no_ban_catches_what_is_harmless(check, text):
    assert check(text) == []


@pytest.mark.parametrize("planted", LEAKS)
def test_a_set_whose_order_leaks_is_caught(planted):
    assert set_order.leaks(planted)


@pytest.mark.parametrize("text", ORDERLESS)
def test_a_set_that_is_sorted_counted_or_asked_is_harmless(text):
    assert set_order.leaks(text) == []


def test_the_auditor_shares_nothing_with_those_whom_it_looks_at():
    theirs = ("actors.risk", "actors.execution", "actors.executor", "actors.portfolio", "actors.venue", "adapters")
    paths = [*(ROOT / "actors" / "auditing").glob("*.py"), ROOT / "actors" / "auditor.py"]
    lines = [line for path in paths for line in path.read_text().splitlines() if line.startswith(("import", "from"))]

    assert {line for line in lines if line.split()[1].startswith(theirs)} == {"from actors.execution.once import Once"}
