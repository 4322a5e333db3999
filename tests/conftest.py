"""Fixtures that every test may ask for."""

import pytest

from tests.house import House


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
