"""A run goes on in the account that it was begun in, and in no other."""

import pytest

from adapters.bitmex.credentials import LoopbackKeys
from adapters.bitmex.environment import Loopback
from adapters.errors import InputError
from adapters.live.beginning import _facts
from adapters.live.venue import Venue


def _at(port, account=1):
    keys = LoopbackKeys("k" * 20, "s" * 40)
    return Venue(environment=Loopback(port=port), keys=keys, account_id=account, contracts={}, cash={"XBT": 7})


def test_a_run_keeps_its_name_and_the_cash_that_it_began_with(tmp_path):
    first = _facts(tmp_path, None, _at(4001))

    again = _facts(tmp_path, None, _at(4001))

    assert (again["run6"], again["cash"]) == (first["run6"], {"XBT": 7})


@pytest.mark.parametrize("other", [_at(4002), _at(4001, account=2)], ids=["another exchange", "another account"])
def test_a_run_does_not_go_on_in_an_account_that_is_not_the_one_that_it_held_something_in(tmp_path, other):
    _facts(tmp_path, None, _at(4001))

    with pytest.raises(InputError, match="the exchange that it traded at has ended"):
        _facts(tmp_path, None, other)
