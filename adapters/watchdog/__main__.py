"""Starts the watchdog: `python -I -S adapters/watchdog/__main__.py`, or `python -m adapters.watchdog`.

Run as a file it has no package. What it needs of ours stands beside it, and loading `adapters` as everybody else does
would load installed packages with it: so that one is made here, empty, with nothing but the place where its parts are.
"""

import sys

if not __package__:
    from pathlib import Path
    from types import ModuleType

    package = ModuleType("adapters")
    package.__path__ = [str(Path(__file__).resolve().parents[1])]
    sys.modules["adapters"] = package

from adapters.watchdog.process import main

if __name__ == "__main__":
    sys.exit(main())
