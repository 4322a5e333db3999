"""Portfolio, executor and guard of an account are started again together, or not at all."""

import pytest

from adapters.simulation.checks.core import Together
from messages import ActorQuarantined, Heartbeat
from tests.simulation.checks.stand import Stand

CORE = ("risk-guard@main", "executor@main", "portfolio@main")


@pytest.fixture
def stand(tmp_path):
    """All were started, long ago."""
    stand = Stand(Together, folder=tmp_path)
    made(stand, *CORE)
    made(stand, "executor@other")
    stand.wait(60)
    return stand


def made(stand, *addresses, epoch=1):
    for address in addresses:
        stand.judge.made(address, epoch, warm=epoch > 1)


def lives_on(stand):
    stand.wait(5)
    stand.say(Heartbeat(account="main", number=1, ts=1), "venue@main")
    return stand.violated


def test_all_of_them_started_again_are_right(stand):
    made(stand, *CORE, epoch=2)
    made(stand, "feed", epoch=2)

    assert lives_on(stand) == []


@pytest.mark.parametrize("lacks", CORE)
def test_one_that_is_not_started_again_with_the_others_is_named_once(stand, lacks):
    made(stand, *[each for each in CORE if each != lacks], epoch=2)

    assert lives_on(stand) == ["I10"]
    assert lives_on(stand) == ["I10"]


def test_one_that_was_given_up_on_is_not_missed(stand):
    stand.say(ActorQuarantined("portfolio@main", "it failed too often", 1), "supervisor")
    made(stand, *CORE[:2], epoch=2)

    assert lives_on(stand) == []


def test_another_life_begins_anew(stand):
    stand.judge.life_began(2)
    made(stand, CORE[0])

    assert lives_on(stand) == []
