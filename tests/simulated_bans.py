"""What may not stand in the simulated scope: everything that runs within the simulator, where one seed decides all.

The scope is what decides and what speaks for it: actors, messages, the parts of adapters without I/O, the simulator
itself. The thin shells at the seam, which the simulator replaces, are named in `SEAM`; what else is let through stands
in `EXEMPT`, each with its reason. Each check gives the offences in one source text.
"""

import ast
from collections.abc import Iterator, Mapping
from typing import Final

from tests.bans import NOW, _imports, _told

SCOPE: Final = (
    "actors", "messages", "adapters/bitmex", "adapters/journal", "adapters/exchange", "adapters/simulation",
    "tests/simulation",
)  # fmt: skip
"""Folders; those that are not there yet are looked at when they are."""

SEAM: Final[Mapping[str, str]] = {
    "adapters/bitmex/line.py": "a socket's thread",
    "adapters/bitmex/connection.py": "a WebSocket's bytes",
    "adapters/bitmex/connections.py": "HTTP's bytes",
    "adapters/bitmex/pipe.py": "a socket that is kept open, and its thread",
    "adapters/bitmex/sender.py": "one request over a kept connection",
    "adapters/bitmex/rest.py": "a worker's way to the wire",
    "adapters/bitmex/client.py": "questions before the actors start",
    "adapters/bitmex/transport.py": "what carries requests",
    "adapters/bitmex/downloads.py": "downloads, which wait between questions and run without actors",
    "adapters/exchange/server.py": "the exchange's port",
    "adapters/exchange/client.py": "a client's socket at the exchange",
    "adapters/exchange/command.py": "the exchange as a process",
}
"""Files that the simulator has something else in the place of, and what they are."""

_CLOCK: Final = {
    "time", "time_ns", "monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "process_time",
    "process_time_ns", "thread_time", "thread_time_ns", "sleep", "localtime", "gmtime", "ctime",
}  # fmt: skip
_OF_NOW: Final = {"datetime", "date", "Timestamp"}
_CHANCE_MODULES: Final = {"secrets", "uuid"}
_THREADS: Final = {"threading", "_thread", "multiprocessing", "concurrent", "asyncio", "subprocess", "sched", "queue"}
_SOCKETS: Final = {
    "socket", "ssl", "select", "selectors", "socketserver", "http", "urllib", "urllib3", "requests", "websocket",
    "websockets", "aiohttp", "ftplib", "smtplib",
}  # fmt: skip
_NO_SOCKETS: Final = {"urllib.parse", "urllib.parse.urlencode", "urllib.parse.parse_qsl", "urllib.parse.urlsplit"}
_FILES: Final = {"io", "tempfile", "shutil", "fileinput", "mmap", "glob", "fcntl"}
_FILE_CALLS: Final = {
    "read_text", "write_text", "read_bytes", "write_bytes", "mkdir", "unlink", "rmdir", "touch", "rename", "iterdir",
    "rglob", "symlink_to", "hardlink_to", "chmod",
}  # fmt: skip


def _calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str, str]]:
    """(call, whose, which) of each call: `whose` is the last name before the dot, or nothing."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Attribute):
                owner = function.value
                yield node, getattr(owner, "attr", getattr(owner, "id", "")), function.attr
            elif isinstance(function, ast.Name):
                yield node, "", function.id


def wall_clock(source: str) -> list[str]:
    """The machine's time, and waiting for it: in the simulator there is another."""
    tree = ast.parse(source)
    found = [
        _told(node, name)
        for node, name in _imports(tree)
        if name.startswith("time.") and name.partition(".")[2] in _CLOCK
    ]
    for node in ast.walk(tree):
        # Not only calls: a function that is handed on is called by somebody else.
        if isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "time" and node.attr in _CLOCK:
            found.append(_told(node, f"time.{node.attr}"))
        if isinstance(node, ast.Attribute) and node.attr in NOW:
            owner = getattr(node.value, "attr", getattr(node.value, "id", ""))
            if owner in _OF_NOW:
                found.append(_told(node, f"{owner}.{node.attr}"))
    return found


def own_chance(source: str) -> list[str]:
    """Randomness that no seed decides."""
    tree = ast.parse(source)
    found = [_told(node, name) for node, name in _imports(tree) if name.partition(".")[0] in _CHANCE_MODULES]
    found += [
        _told(node, name)
        for node, name in _imports(tree)
        if name in ("os.urandom", "os.getrandom") or (name.startswith("random.") and name != "random.Random")
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id == "random" and node.attr[:1].islower():
                # A generator may be called `random`, too: what it is then stands in an annotation.
                found += [] if _is_given(tree, "random") else [_told(node, f"random.{node.attr}")]
            elif (node.value.id, node.attr) in {("os", "urandom"), ("os", "getrandom"), ("random", "SystemRandom")}:
                found.append(_told(node, f"{node.value.id}.{node.attr}"))
    for call, owner, name in _calls(tree):
        if name in ("Random", "default_rng", "RandomState") and not (call.args or call.keywords):
            found.append(_told(call, f"{name}() without a seed"))
        if owner == "random" and isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Attribute):
            base = call.func.value.value
            if isinstance(base, ast.Name) and base.id in ("np", "numpy") and name not in ("default_rng", "Generator"):
                found.append(_told(call, f"numpy.random.{name}()"))
    return found


def _is_given(tree: ast.AST, name: str) -> bool:
    """Whether somebody hands the module's functions a thing of that name, so that the module of it is not meant."""
    is_imported = any(
        isinstance(node, ast.Import) and any((each.asname or each.name) == name for each in node.names)
        for node in ast.walk(tree)
    )
    return not is_imported


def own_order(source: str) -> list[str]:
    """`id` and `hash` differ from run to run: nothing may be ordered, nor chosen, by them."""
    return [
        _told(node, f"{node.id}()")
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Name) and node.id in {"id", "hash"} and isinstance(node.ctx, ast.Load)
    ]


def own_threads(source: str) -> list[str]:
    """What runs beside the scheduler is not scheduled by it."""
    return [_told(node, name) for node, name in _imports(ast.parse(source)) if name.partition(".")[0] in _THREADS]


def raw_sockets(source: str) -> list[str]:
    """The network is the simulator's."""
    return [
        _told(node, name)
        for node, name in _imports(ast.parse(source))
        if name.partition(".")[0] in _SOCKETS and name not in _NO_SOCKETS and name != "urllib"
    ]


def raw_files(source: str) -> list[str]:
    """The disk is the simulator's."""
    tree = ast.parse(source)
    found = [_told(node, name) for node, name in _imports(tree) if name.partition(".")[0] in _FILES]
    for call, owner, name in _calls(tree):
        is_open = name == "open" and (not owner or owner in ("io", "os", "gzip", "Path", "path"))
        if is_open or name in _FILE_CALLS or (owner, name) in {("sqlite3", "connect"), ("os", "replace")}:
            found.append(_told(call, f"{owner}.{name}()" if owner else f"{name}()"))
    return found


CHECKS: Final = (wall_clock, own_chance, own_order, own_threads, raw_sockets, raw_files)
"""Besides `set_order.leaks`, which has to know all modules."""

_JUDGE: Final = "looks at what a run has left, when it is over"
_THREADED: Final = "the runtime on threads: a replay has another"
_LOCK: Final = "a lock, for those who come from other threads; it starts none"
EXEMPT: Final[Mapping[tuple[str, str], str]] = {
    ("actors/runtime/clocks.py", "wall_clock"): "the live clock, which is given to a runtime",
    ("actors/runtime/threaded.py", "wall_clock"): _THREADED,
    ("actors/runtime/threaded.py", "own_threads"): _THREADED,
    ("actors/runtime/threaded_host.py", "wall_clock"): _THREADED,
    ("actors/runtime/timed.py", "wall_clock"): _THREADED,
    ("actors/runtime/timed.py", "own_threads"): _THREADED,
    ("actors/runtime/watchdog.py", "wall_clock"): "how long a handler really takes; it ends a run and decides nothing",
    ("actors/runtime/watchdog.py", "own_threads"): "looks at the thread of a replay, and ends a run that hangs",
    ("actors/runtime/pykka_seam.py", "own_threads"): "how an actor's thread is begun",
    ("actors/runtime/mailbox.py", "own_threads"): _LOCK,
    ("actors/runtime/router.py", "own_threads"): _LOCK,
    ("actors/runtime/slot.py", "own_threads"): _LOCK,
    ("adapters/journal/trace.py", "own_threads"): _LOCK,
    ("adapters/journal/store.py", "raw_files"): "the journal's disk: where the simulator puts another below SQLite",
    ("adapters/exchange/faults.py", "raw_files"): "a file of faults, read before anything begins",
    # The simulator's own rim: what makes runs, and judges them when they are over.
    ("adapters/simulation/batch.py", "own_threads"): "processes, a seed each",
    ("adapters/simulation/elsewhere.py", "own_threads"): "a process, which runs a seed again",
    ("adapters/simulation/simulate.py", "wall_clock"): "how long a run took, which no result follows from",
    ("adapters/simulation/simulate.py", "raw_files"): "a folder for the run, which is gone after it",
    ("adapters/simulation/disk.py", "raw_files"): "the simulated disk, of which files are made",
    ("adapters/simulation/checks/journalled.py", "raw_files"): _JUDGE,
    ("adapters/simulation/checks/ledger.py", "raw_files"): _JUDGE,
    ("adapters/simulation/checks/secrets.py", "raw_files"): _JUDGE,
    ("tests/simulation/__main__.py", "wall_clock"): "how long a batch takes, and when it has to end",
    ("tests/simulation/pins.py", "raw_files"): "seeds that failed once, read before anything begins",
    ("tests/simulation/report.py", "raw_files"): "a report, written when all is over",
    ("tests/simulation/mutants/mutant.py", "own_threads"): "processes, a mutant each",
}
"""(file, name of the check) -> why it may."""
