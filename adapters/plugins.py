"""Finds a strategy class by what the user wrote: a built-in name, `package.module:Class`, or `path/file.py:Class`."""

import importlib
import importlib.util
import itertools
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from types import ModuleType

from actors.strategies import BUILT_IN
from actors.strategy import Strategy
from adapters.errors import InputError

_loads = itertools.count(1)


def load_strategy(name: str, *, relative_to: Path) -> type[Strategy]:
    """The strategy class of that name; InputError says what is missing and what there is instead.

    `relative_to` is the folder that file paths start from: the configuration file's. A file is run anew at each call,
    as a module of its own, so that two systems that name the same file share nothing. While the user's code is being
    imported, `relative_to` (and the file's folder) stand at the end of `sys.path`.
    """
    if name in BUILT_IN:
        return BUILT_IN[name]
    place, colon, class_name = name.rpartition(":")
    if not colon:
        place, class_name = name, ""
    if place.endswith(".py"):
        path = (relative_to / Path(place).expanduser()).resolve()
        module = _run_file(name, path, relative_to)
        return _class_of(module, class_name, name, where=str(path))
    if not colon:
        raise InputError(_unknown(name))
    if not re.fullmatch(r"\w+(\.\w+)*", place):
        raise InputError(f"strategy {name!r}: {place!r} is neither a file ending in .py nor the name of a module")
    return _class_of(_import(name, place, relative_to), class_name, name, where=f"module {place}")


def strategies_in(module: ModuleType) -> dict[str, type[Strategy]]:
    """The strategy classes that a module holds, by name; the base class is none."""
    return {
        name: value
        for name, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Strategy) and value is not Strategy
    }


def _unknown(name: str) -> str:
    close = get_close_matches(name, BUILT_IN, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    return (
        f"no strategy is called {name!r}{hint}. Built in are {', '.join(BUILT_IN)}; "
        "your own is package.module:Class or path/file.py:Class"
    )


def _run_file(name: str, path: Path, relative_to: Path) -> ModuleType:
    if not path.is_file():
        raise InputError(f"strategy {name!r}: there is no file {path}")
    # The module stays in sys.modules, under a name that nothing else has: annotations, dataclasses and pickle look
    # classes up there. The stem keeps tracebacks and reprs readable.
    digest = sha256(str(path).encode()).hexdigest()[:8]
    module_name = f"openoutcry_strategy_{re.sub(r'[^0-9A-Za-z]', '_', path.stem)}_{digest}_{next(_loads)}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    try:
        with _reachable(path.parent, relative_to):
            spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[module_name]
        raise InputError(f"strategy {name!r}: {_blame(error, path)}") from error
    except BaseException:
        del sys.modules[module_name]
        raise
    return module


def _import(name: str, module_name: str, relative_to: Path) -> ModuleType:
    try:
        with _reachable(relative_to):
            importlib.invalidate_caches()
            return importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is not None and (module_name == error.name or module_name.startswith(error.name + ".")):
            raise InputError(f"strategy {name!r}: there is no module {error.name}") from error
        raise InputError(f"strategy {name!r}: {_blame(error, None)}") from error
    except (Exception, SystemExit) as error:
        raise InputError(f"strategy {name!r}: {_blame(error, None)}") from error


def _class_of(module: ModuleType, class_name: str, name: str, *, where: str) -> type[Strategy]:
    found = strategies_in(module)
    if class_name in found:
        return found[class_name]
    there = f"its strategies are {', '.join(found)}" if found else "it holds no subclass of actors.Strategy"
    if not class_name:
        raise InputError(f"strategy {name!r}: say which class of {where}, as {name}:Class; {there}")
    if hasattr(module, class_name):
        raise InputError(f"strategy {name!r}: {class_name} of {where} is not a subclass of actors.Strategy; {there}")
    close = get_close_matches(class_name, found, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise InputError(f"strategy {name!r}: there is no class {class_name} in {where}; {there}{hint}")


def _blame(error: BaseException, path: Path | None) -> str:
    """File, line and reason: the innermost line of the user's file, or of any file where that is not to be found."""
    reason = f"{type(error).__name__}: {error}"
    if isinstance(error, SyntaxError) and error.filename is not None:
        return f"{error.filename}, line {error.lineno}: {type(error).__name__}: {error.msg}"
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if not frame.filename.startswith("<frozen")]
    own = [frame for frame in frames if path is not None and frame.filename == str(path)]
    frame = (own or frames)[-1]
    return f"{frame.filename}, line {frame.lineno}: {reason}"


@contextmanager
def _reachable(*folders: Path) -> Iterator[None]:
    """The folders stand at the end of sys.path, where they can shadow nothing."""
    added = [entry for folder in folders if (entry := str(folder.resolve())) not in sys.path]
    sys.path.extend(added)
    try:
        yield
    finally:
        for entry in added:
            if entry in sys.path:
                sys.path.remove(entry)
