"""Fixtures that every test may ask for."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from tests.house import House

if sys.dont_write_bytecode:
    # Who wants none beside the sources has it beside the tests' cache: hundreds of tests start the program anew, and
    # without any it would be compiled each time. What the tests wrote themselves is not kept from one run to the next.
    sys.dont_write_bytecode, sys.pycache_prefix = False, str(Path(__file__).parents[1] / ".pytest_cache" / "bytecode")
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = sys.pycache_prefix
    shutil.rmtree(sys.pycache_prefix + tempfile.gettempdir(), ignore_errors=True)

# A shared machine stalls now and then: how long an example takes is nobody's failure here.
settings.register_profile("house", deadline=None, max_examples=50)
# Where a test does not say how many examples it needs: `pytest --hypothesis-profile=long` looks at more.
settings.register_profile("long", deadline=None, max_examples=1_000)
settings.load_profile("house")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """One more than there are cores: tests of whole processes mostly wait, and others can run meanwhile."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None
    return (os.cpu_count() or 1) + 1


@pytest.fixture(params=["replay", "threads"])
def house(request):
    """A house on each runtime in turn: what holds, holds in a replay and on threads."""
    house = House(threads=request.param == "threads")
    yield house
    house.close()


@pytest.fixture
def threads_house():
    """A house on threads, for what only threads promise."""
    house = House(threads=True)
    yield house
    house.close()


@pytest.fixture
def replay_house():
    """A house in a replay, for what only a replay promises."""
    house = House(threads=False)
    yield house
    house.close()
