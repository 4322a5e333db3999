"""What the packages may not contain, as checks over syntax trees: each gives the offences in one source text."""

import ast
from collections.abc import Iterator

PYKKA_WORDS = {"ask", "proxy"}
PIPELINE = {
    "tick_filter", "bar_builder", "strategy_host", "portfolio", "executor", "risk_guard", "simulated_venue", "checker",
    "recorder", "feed",
}  # fmt: skip
OUTSIDE_MODULES = {
    "os", "io", "sys", "time", "socket", "ssl", "select", "threading", "multiprocessing", "subprocess", "asyncio",
    "concurrent", "queue", "logging", "loguru", "uuid", "secrets", "tempfile", "shutil", "signal", "sqlite3", "duckdb",
    "requests", "urllib", "http", "websocket", "pykka",
}  # fmt: skip
"""What an actor has no business with: the world, the clock, threads, logging, chance."""
NOW = {"now", "utcnow", "today"}


def _imports(tree: ast.AST) -> Iterator[tuple[ast.AST, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield node, module
            for alias in node.names:
                yield node, f"{module}.{alias.name}"


def _told(node: ast.AST, what: str) -> str:
    return f"line {node.lineno}: {what}"


def asks(source: str) -> list[str]:
    """P03, P09, P14, P25, P27: who asks waits, deadlocks, or has done what it gave up on; proxies share state."""
    return [
        _told(node, f".{node.func.attr}()")
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in PYKKA_WORDS
    ]


def registry(source: str) -> list[str]:
    """P13, P20, P29: the registry is the process's, not ours."""
    return [
        _told(node, "ActorRegistry")
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.Name) and node.id == "ActorRegistry")
        or (isinstance(node, ast.Attribute) and node.attr == "ActorRegistry")
        or (isinstance(node, ast.alias) and node.name == "ActorRegistry")
    ]


def pykka_privates(source: str) -> list[str]:
    """Pykka's private modules and names stand in one module."""
    tree = ast.parse(source)
    found = [_told(node, name) for node, name in _imports(tree) if name.startswith("pykka.") and "._" in name]
    names = {"_create_actor_inbox", "_create_future", "_start_actor_loop", "_actor_loop", "_actor_ref", "_envelope"}
    found += [
        _told(node, node.attr if isinstance(node, ast.Attribute) else node.name)
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr in names)
        or (isinstance(node, ast.FunctionDef) and node.name in names)
    ]
    return found


def world(source: str) -> list[str]:
    """No I/O, wall clock, own randomness, threads or logging: what decides is given all of that in messages."""
    tree = ast.parse(source)
    found = [_told(node, name) for node, name in _imports(tree) if name.partition(".")[0] in OUTSIDE_MODULES]
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            if isinstance(function, ast.Name) and function.id in {"open", "print", "input"}:
                found.append(_told(node, f"{function.id}()"))
            if isinstance(function, ast.Attribute):
                owner = function.value.id if isinstance(function.value, ast.Name) else ""
                if function.attr in NOW and owner in {"datetime", "date", "Timestamp"}:
                    found.append(_told(node, f"{owner}.{function.attr}()"))
                if owner == "random" and function.attr != "Random":
                    found.append(_told(node, f"random.{function.attr}()"))
                if owner == "random" and not node.args:
                    found.append(_told(node, "random.Random() without a seed"))
                if function.attr == "default_rng" and not node.args:
                    found.append(_told(node, "default_rng() without a seed"))
        elif isinstance(node, ast.ImportFrom) and node.module == "random":
            found += [_told(node, f"random.{alias.name}") for alias in node.names if alias.name != "Random"]
    return found


def unstable_order(source: str) -> list[str]:
    """`id` and `hash` differ from run to run."""
    return [
        _told(node, f"{node.id}()")
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Name) and node.id in {"id", "hash"} and isinstance(node.ctx, ast.Load)
    ]


def neighbours(module: str, source: str) -> list[str]:
    """A pipeline actor knows messages, not the actor that stands next to it."""
    return [
        _told(node, name)
        for node, name in _imports(ast.parse(source))
        if any(name == f"actors.{other}" or name.startswith(f"actors.{other}.") for other in PIPELINE - {module})
    ]


def layers(package: str, source: str) -> list[str]:
    """adapters -> actors -> messages, never the reverse."""
    above = {"messages": {"actors", "adapters"}, "actors": {"adapters"}, "adapters": set()}[package]
    return [_told(node, name) for node, name in _imports(ast.parse(source)) if name.partition(".")[0] in above]
