"""Funding is booked to the strategies that hold the position, each with what it holds."""

import attrs
import pytest

from adapters.simulation.checks.owners import Owners
from messages import FundingPart
from tests.simulation.checks.stand import Stand
from tests.simulation.checks.test_ledger import adjusted, fill, funded, written


@pytest.fixture
def stand(tmp_path):
    """Two lots are held by a strategy, and nothing has happened for a while."""
    stand = Stand(Owners, folder=tmp_path)
    stand.say(fill(lots=2), "venue@main")
    stand.wait(60)
    return stand


def paid(stand, *parts):
    shares = tuple([FundingPart(strategy, lots, 10 * lots) for strategy, lots in parts])
    lots = sum(lots for _, lots in parts)
    stand.say(attrs.evolve(funded(10 * lots), lots=lots, parts=shares), "venue@main")
    return stand.violated


def test_it_is_right_when_it_goes_to_who_holds(stand):
    assert paid(stand, ("dice", 2)) == []


@pytest.mark.parametrize(
    "parts", [[("outside", 2)], [("dice", 1)], [("dice", 1), ("other", 1)]], ids=["outside", "less", "shared"]
)
def test_it_is_named_when_it_goes_to_somebody_else(stand, parts):
    assert paid(stand, *parts) == ["I3"]


def test_what_earlier_lives_wrote_is_held_still(tmp_path):
    written(tmp_path, fill(lots=2), adjusted("a", 3))
    stand = Stand(Owners, folder=tmp_path)

    assert paid(stand, ("dice", 2), ("outside", 3)) == []
    assert paid(stand, ("outside", 5)) == ["I3"]


def test_it_is_nobodys_of_ours_when_nothing_is_held(tmp_path):
    assert paid(Stand(Owners, folder=tmp_path), ("outside", 4)) == []


def test_what_is_told_in_one_moment_may_be_heard_in_either_order(stand):
    stand.say(fill("x2", lots=1), "venue@main")

    assert paid(stand, ("dice", 2)) == []


def test_a_gateway_that_has_not_heard_of_an_adjustment_cannot_know_it(stand):
    told = stand.say(adjusted("a", 1), "reconciler@main")
    stand.wait(60)
    assert paid(stand, ("dice", 2)) == []
    stand.judge.handled("venue@main", 1, told)

    assert paid(stand, ("dice", 2)) == ["I3"]
