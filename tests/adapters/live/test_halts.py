"""From the moment that a guard halts, nothing of its account leaves any more, whoever has it in hand."""

from adapters.live.halts import Halts
from messages import Envelope, TradingState, TradingStateChanged
from tests.builders import MONDAY, a_fill


def test_an_account_is_shut_by_its_halt_and_opened_by_what_follows_it():
    halts = Halts()

    def said(state, account="main"):
        changed = TradingStateChanged(account=account, state=state, reason="test", ts=MONDAY)
        halts.said(Envelope(1, 0, f"risk-guard@{account}", 1, MONDAY, changed))
        return halts.may_open("main"), halts.may_open("other")

    assert said(TradingState.ACTIVE) == (True, True)
    assert said(TradingState.HALTED) == (False, True)
    assert said(TradingState.HALTED, "other") == (False, False)
    assert said(TradingState.ACTIVE) == (True, False)


def test_what_brings_positions_to_nothing_passes():
    halts = Halts()
    flattening = TradingStateChanged(account="main", state=TradingState.FLATTENING, reason="test", ts=MONDAY)

    halts.said(Envelope(1, 0, "feed", 1, MONDAY, a_fill()))
    halts.said(Envelope(2, 0, "risk-guard@main", 1, MONDAY, flattening))

    assert halts.may_open("main")
