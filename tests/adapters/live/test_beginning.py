"""A run goes on in the account that it was begun in, and in no other."""

from types import SimpleNamespace

import pytest

from actors.restored import Restored
from actors.risk.heritage import GuardHeritage
from adapters.bitmex.credentials import LoopbackKeys
from adapters.bitmex.environment import Loopback
from adapters.errors import InputError
from adapters.exchange.contracts import XBTUSD
from adapters.journal import AccountRecovery, Recovery
from adapters.live.beginning import _facts, _tell_halts
from adapters.live.settings import LiveOptions, live_settings
from adapters.live.venue import Venue
from messages import TradingState
from tests.adapters.live.live_builders import a_state
from tests.builders import MONDAY

CONTRACTS = {"XBTUSD": XBTUSD.instrument}


def _begun(folder, venue):
    return _facts(folder, live_settings(LiveOptions(), folder), venue)


def _at(port, account=1):
    keys = LoopbackKeys("k" * 20, "s" * 40)
    return Venue(
        environment=Loopback(port=port),
        keys=keys,
        account_id=account,
        contracts=CONTRACTS,
        cash={"XBT": 7},
        exchange=str(port),
    )


def test_a_run_keeps_its_name_and_the_cash_that_it_began_with(tmp_path):
    first = _begun(tmp_path, _at(4001))

    again = _begun(tmp_path, _at(4001))

    assert (again["run6"], again["cash"]) == (first["run6"], {"XBT": 7})


@pytest.mark.parametrize(
    ("other", "words"),
    [(_at(4002), "exchange that this run traded at has ended"), (_at(4001, account=2), "account was 1 and would now")],
    ids=["another exchange", "another account"],
)
def test_a_run_does_not_go_on_in_an_account_that_is_not_the_one_that_it_held_something_in(tmp_path, other, words):
    _begun(tmp_path, _at(4001))

    with pytest.raises(InputError, match=words):
        _begun(tmp_path, other)


def test_on_paper_accounts_begin_with_what_the_configuration_says(tmp_path):
    venue = Venue(environment=Loopback(port=4001), keys=None, account_id=None, contracts=CONTRACTS, cash={})

    assert _begun(tmp_path, venue)["cash"] == {"XBT": 100_000_000}


def test_a_paper_strategy_beside_real_ones_does_not_begin_with_the_real_wallet(tmp_path):
    (tmp_path / "config.toml").write_text(
        """
[[strategies]]
id = "real"
strategy = "random"
symbols = ["XBTUSD"]

[[strategies]]
id = "idea"
strategy = "random"
symbols = ["XBTUSD"]
mode = "paper"

[backtest]
cash = { XBT = 2.5 }
""",
        encoding="utf-8",
    )
    facts = _begun(tmp_path, _at(4001))

    assert facts["cash"] == {"XBT": 7}
    assert facts["account_cash"] == {"paper:idea": {"XBT": 250_000_000}}


def test_a_run_that_begins_halted_is_shown_so_at_a_real_venue_for_its_guard_does_not_say_it():
    state = a_state()
    halted = GuardHeritage(standing=TradingState.HALTED)
    recovery = Recovery(
        restored=Restored(heritage={"risk-guard@main": halted}),
        accounts={"main": AccountRecovery(executions_since=MONDAY)},
    )

    _tell_halts(SimpleNamespace(state=state, started=MONDAY), recovery)

    assert state.snapshot().accounts[0].state is TradingState.HALTED
    assert "--resume" in state.snapshot().accounts[0].reason
