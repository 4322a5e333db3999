"""What must not be in the packages is not: each ban is held over every module, and catches what is planted."""

import ast
import enum
import inspect
import pathlib
import textwrap
import types
import typing
from decimal import Decimal

import attrs
import pytest

import messages
from messages import ALL_MESSAGES, Message
from tests import bans

ROOT = pathlib.Path(messages.__file__).parent.parent
MODULES = sorted(path for package in ("messages", "actors", "adapters") for path in (ROOT / package).rglob("*.py"))
DECIDING = [path for path in MODULES if path.is_relative_to(ROOT / "actors") and "runtime" not in path.parts]
EXAMPLES = {
    bans.asks: ["ref.ask({'x': 1})", "actor.proxy().feed()", "self.ref.ask(message, block=False)"],
    bans.registry: ["import pykka\npykka.ActorRegistry.stop_all()", "from pykka import ActorRegistry"],
    bans.pykka_privates: [
        "from pykka._envelope import Envelope", "import pykka._actor", "actor._actor_loop()", "ref._actor_ref",
        "class A:\n    def _start_actor_loop(self): pass",
    ],
    bans.world: [
        "import time", "from time import monotonic", "import socket", "import threading", "import logging",
        "from loguru import logger", "import uuid", "import os\nos.urandom(4)", "open('x')", "print('x')",
        "import random\nrandom.random()", "from random import choice", "import random\nrandom.Random()",
        "from datetime import datetime\ndatetime.now()", "import numpy\nnumpy.random.default_rng()", "import os.path",
    ],
    bans.unstable_order: ["sorted(x, key=id)", "hash(name) % 7", "seen = {id(x)}"],
}  # fmt: skip
ALLOWED = {
    bans.asks: ["quote.ask", "(bid, ask)", "proxy = 1"],
    bans.registry: ["# ActorRegistry", "'ActorRegistry'"],
    bans.pykka_privates: ["import pykka", "class A(pykka.Actor): pass"],
    bans.world: ["import random\nrandom.Random(7)", "from random import Random", "self.open(1)", "bar.open"],
    bans.unstable_order: ["entry.id", "Entry(id=1)", "order.hash"],
}


def _offences(check, paths):
    return [f"{path.relative_to(ROOT)} {found}" for path in paths for found in check(path.read_text())]


def test_there_is_something_to_look_at():
    assert len(MODULES) > 60
    assert len(DECIDING) > 20
    assert {path.stem for path in DECIDING} >= bans.PIPELINE


def test_p03_p09_p14_p25_p27_nobody_asks_and_nobody_makes_a_proxy():
    assert _offences(bans.asks, MODULES) == []


def test_p13_p20_p29_nobody_touches_the_process_wide_registry():
    assert _offences(bans.registry, MODULES) == []


def test_pykkas_private_names_stand_in_one_module():
    seam = ROOT / "actors" / "runtime" / "pykka_seam.py"

    assert _offences(bans.pykka_privates, [path for path in MODULES if path != seam]) == []
    assert bans.pykka_privates(seam.read_text())


def test_what_decides_touches_neither_the_world_nor_the_clock_nor_chance():
    assert _offences(bans.world, DECIDING) == []


def test_only_the_clocks_the_watchdog_and_the_threads_of_the_runtime_know_time():
    def times(source):
        return [name for _, name in bans._imports(ast.parse(source)) if name == "time"]

    runtime = (ROOT / "actors" / "runtime").glob("*.py")

    assert {path.stem for path in runtime if times(path.read_text())} <= {
        "clocks", "threaded", "threaded_host", "timed", "playing", "watchdog",
    }  # fmt: skip


def test_messages_know_nothing_of_the_world():
    paths = [path for path in MODULES if path.is_relative_to(ROOT / "messages") and path.stem != "siblings"]

    assert _offences(bans.world, paths) == []


def test_nothing_is_ordered_by_what_differs_from_run_to_run():
    paths = [path for path in MODULES if not path.is_relative_to(ROOT / "adapters")]

    assert _offences(bans.unstable_order, paths) == []


def test_pipeline_actors_never_import_each_other():
    for path in DECIDING:
        if path.stem in bans.PIPELINE and path.parent == ROOT / "actors":
            assert bans.neighbours(path.stem, path.read_text()) == [], path


def test_the_layers_hold():
    for path in MODULES:
        assert bans.layers(path.relative_to(ROOT).parts[0], path.read_text()) == [], path


@pytest.mark.parametrize(("check", "planted"), [(check, text) for check, texts in EXAMPLES.items() for text in texts])
def test_each_ban_catches_what_is_planted(check, planted):
    assert check("x = 1\n") == []
    assert check(planted)
    indented = "class A:\n    def on_bar(self, bar):\n" + textwrap.indent(planted, "        ")
    assert check(indented)


@pytest.mark.parametrize(("check", "text"), [(check, text) for check, texts in ALLOWED.items() for text in texts])
def test_no_ban_catches_what_is_harmless(check, text):
    assert check(text) == []


def test_the_bans_on_imports_catch_what_is_planted():
    assert bans.neighbours("executor", "from actors.portfolio import Portfolio")
    assert bans.neighbours("executor", "from actors import portfolio")
    assert bans.neighbours("executor", "def f():\n    import actors.feed")
    assert not bans.neighbours(
        "executor", "from actors.execution.rules import ShareRule\nfrom actors.executor import x"
    )
    assert bans.layers("messages", "from actors.component import Component")
    assert bans.layers("actors", "def f():\n    import adapters.cli")
    assert not bans.layers("adapters", "import actors, messages")


# P25: what travels cannot be changed by whoever sent or heard it.

IMMUTABLE = {int, float, str, bool, bytes, type(None), memoryview}
"""A view is read-only: the validator of every field of that kind sees to it."""


def mutable_parts(annotation) -> list[str]:
    """What of a type could be changed after it was sent; nothing when it is immutable to its depth."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if annotation in IMMUTABLE or annotation is Ellipsis or origin is type:
        return []
    if origin in (tuple, typing.Union, types.UnionType):
        return [part for argument in arguments for part in mutable_parts(argument)] if arguments else [str(annotation)]
    if origin is typing.Literal:
        return []
    if inspect.isclass(annotation) and issubclass(annotation, enum.Enum):
        return []
    if inspect.isclass(annotation) and attrs.has(annotation):
        return _mutable_fields(annotation)
    if annotation in KNOWN:
        return []
    return [str(annotation)]


def _mutable_fields(cls) -> list[str]:
    if cls in KNOWN:
        return []
    KNOWN.add(cls)
    hints = typing.get_type_hints(cls)
    found = [] if _is_frozen(cls) else [f"{cls.__name__} is not frozen"]
    for field in attrs.fields(cls):
        found += [f"{cls.__name__}.{field.name}: {part}" for part in mutable_parts(hints[field.name])]
    return found


def _is_frozen(cls) -> bool:
    return cls.__setattr__ is not object.__setattr__


KNOWN: set[object] = {Decimal}
"""Immutable, or looked at already."""


@pytest.mark.parametrize("message_class", ALL_MESSAGES)
def test_p25_no_message_holds_anything_that_could_be_changed(message_class):
    KNOWN.discard(message_class)

    assert _mutable_fields(message_class) == []
    assert "__dict__" not in dir(message_class), "slots keep a forgotten attribute from travelling along"


def test_p25_a_mutable_field_would_be_found():
    @attrs.frozen
    class Inner:
        lots: list[int]

    @attrs.frozen
    class Planted(Message):
        parts: tuple[int, ...]
        deep: tuple[tuple[str, dict[str, int]], ...]
        inner: Inner | None
        bare: tuple
        anything: object

    @attrs.define
    class Open(Message):
        lots: int

    Planted.__annotations__ = {
        "parts": tuple[int, ...], "deep": tuple[tuple[str, dict[str, int]], ...], "inner": Inner | None, "bare": tuple,
        "anything": object,
    }  # fmt: skip

    found = " ".join(_mutable_fields(Planted))

    for part in ("dict[str, int]", "list[int]", "tuple", "object"):
        assert part in found
    assert "parts" not in found
    assert _mutable_fields(Open) == ["Open is not frozen"]
