"""A live run is audited to the wire: nothing is found in an honest one, and what is planted halts it and is shown."""

import attrs

from adapters.bitmex.gateway import BitmexGateway
from adapters.live import status
from messages import SendRequest, TradingState
from tests.system.live.agreement import assert_agree, summary
from tests.system.live.lives import Life, a_folder, a_strategy
from tests.system.live.venue import until


def test_nothing_is_found_in_an_honest_run_and_all_of_it_was_looked_at(tmp_path, venue):
    folder, config = a_folder(tmp_path, venue, a_strategy("Mixed"), a_strategy("Flipper"))

    with Life(folder, config) as life:
        until(lambda: len(venue.trades()) >= 8 and venue.count("PUT", "/order"), life.story)
        auditor = life.system._runtime.slots["auditor"].component
        life.stop("--for")

    # A copy: what it has heard up to its end.
    books = auditor.heritage()
    account, wire = books.accounts["main"], books.wires["main"]
    assert summary(folder)["live"]["violations"] == []
    assert_agree(folder, venue)
    assert wire._returned >= wire._spent > 0
    assert len(account.orders._settled) >= 8
    assert all(order.posted for order in account.orders._settled.values() if order.filled)


def test_i25_an_order_that_leaves_twice_halts_and_is_told_everywhere(tmp_path, venue, monkeypatch):
    folder, config = a_folder(tmp_path, venue, a_strategy("Mixed"))
    honest, planted = BitmexGateway.on_approved_order, []

    def twice(gateway, approved):
        said = tuple(honest(gateway, approved))
        places = [each for each in said if isinstance(each, SendRequest) and each.verb == "POST" and each.body]
        if planted or len(venue.trades()) < 3 or not places:
            return said
        planted.append(places[0])
        return (*said, attrs.evolve(places[0], number=places[0].number + 1_000_000))

    monkeypatch.setattr(BitmexGateway, "on_approved_order", twice)
    with Life(folder, config) as life:
        until(lambda: life.states() and life.states()[-1] is TradingState.HALTED, life.story)
        until(lambda: not venue.open_orders(), life.story)
        until(lambda: life.run.state.snapshot().counts.violations, life.story)
        shown = status.status_of(life.run, life.system)
        code = life.stop("--for")

    (violation,) = summary(folder)["live"]["violations"]
    assert violation["invariant"] == "I1"
    assert "a second time" in violation["text"]
    assert "invariant I1 does not hold" in summary(folder)["halted"]
    assert shown["invariants"] == {"violations": 1, "last": f"I1: {violation['text']}"}
    assert "an invariant does not hold" in (folder / "log.txt").read_text()
    assert code == 3
    assert not venue.open_orders()
