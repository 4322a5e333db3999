"""All faults, by code. A new one is put into its module's list, and is at work from then on.

A module of this folder that has a list FAULTS is found by itself; what only `chaos` uses has CHAOS in its place.
"""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from typing import Final

import adapters.simulation.faults as here
from adapters.simulation.faults.fault import Fault

_NAMES: Final = [each.name for each in iter_modules(here.__path__) if each.name != "kinds"]
_MODULES: Final = [import_module(f"{here.__name__}.{name}") for name in _NAMES]
_ALL: Final[list[type[Fault]]] = [kind for module in _MODULES for kind in getattr(module, "FAULTS", ())]
KINDS: Final[Mapping[str, type[Fault]]] = {kind.code: kind for kind in sorted(_ALL, key=lambda kind: kind.code)}
assert len(KINDS) == len(_ALL), "two faults have one code"
