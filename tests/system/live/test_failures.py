"""Actors that fail while a run trades come back on the same mailbox, the others go on, and the account agrees.

What fails is a strategy (its own mistake, a way out of the program, a handler that never returns) or an actor on the
way of orders, which dies of an ordinary message that is lost with it.
"""

import pytest

from actors.executor import Executor
from messages import (
    ActorFailed,
    ActorHung,
    ApprovedOrder,
    Bar,
    Fill,
    OrderRefused,
    RequestAnswered,
    SendRequest,
    SubmitOrder,
    TextReceived,
    Tick,
    TradingState,
    VenueLost,
    VenueRead,
    VenueReady,
    Woke,
)
from tests.system.live.agreement import assert_agree, assert_nothing_after_the_halt, summary
from tests.system.live.lives import Life, a_folder, a_strategy
from tests.system.live.venue import until


@pytest.mark.parametrize("kind", ["Raises", "Exits", "Hangs"])
def test_a_strategy_that_fails_comes_back_and_the_other_trades_on(tmp_path, venue, kind):
    done = tmp_path / "done"
    folder, config = a_folder(
        tmp_path, venue, a_strategy(kind, "bad", done=str(done)), a_strategy("Mixed", "good"),
        more="[backtest]\nhandler_seconds = 2.0\n",
    )  # fmt: skip

    with Life(folder, config) as life:
        life.ready()
        thread, mailbox = life.host("strategy:bad").thread, life.slot("strategy:bad").mailbox
        until(lambda: posts_of(venue, "bad") >= 2, life.story)
        (tmp_path / "go").touch()
        until(lambda: [each for each in life.of((ActorFailed, ActorHung)) if each.actor == "strategy:bad"], life.story)
        good = posts_of(venue, "good")
        until(lambda: life.host("strategy:bad").thread is not thread, life.story)
        bad = posts_of(venue, "bad")
        until(lambda: posts_of(venue, "good") > good + 2 and posts_of(venue, "bad") > bad + 2, life.story)
        back = life.slot("strategy:bad")
        (tmp_path / "over").touch()

    assert back.epoch > 1
    assert back.mailbox is mailbox
    assert life.host("strategy:bad").thread is not thread
    assert summary(folder)["restarts"] == {"strategy:bad": 1}
    assert_agree(folder, venue)


def posts_of(venue, strategy):
    return sum(times for name, times in venue.posts().items() if f"-{strategy}-" in name)


@pytest.mark.parametrize(
    ("address", "dies_of", "is_lost"),
    [
        ("venue@main", RequestAnswered, True),
        ("venue@main", ApprovedOrder, True),
        ("line@main", Woke, True),
        ("rest:orders@main", Woke, True),
        ("rest:queries@main", SendRequest, True),
        ("reconciler@main", VenueRead, True),
        ("feed", TextReceived, False),
        ("line:market", Woke, False),
        ("bar-builder", Tick, False),
        ("journal", ApprovedOrder, False),
        ("risk-guard@main", SubmitOrder, False),
        ("portfolio@main", Bar, False),
    ],
    ids=lambda each: each if isinstance(each, str) else getattr(each, "__name__", ""),
)
def test_an_actor_on_the_way_of_orders_that_fails_comes_back_and_the_account_agrees(
    tmp_path, venue, monkeypatch, address, dies_of, is_lost
):
    # An order that is lost with them stays unknown, and an ordered stop waits for it.
    monkeypatch.setattr("adapters.live.stopping.Patience.__init__.__kwdefaults__", {"flatten_s": 1.0, "cancel_s": 1.0})
    folder, config = a_folder(tmp_path, venue, a_strategy("Flipper", lots=2), a_strategy("Mixed"))

    with Life(folder, config) as life:
        life.ready()
        until(lambda: len(venue.trades()) >= 3, life.story)
        ready = len(life.of(VenueReady))
        life.breaks(address, dies_of)
        if dies_of in (SendRequest, VenueRead):
            # The account is read when the line is up again.
            venue.cut()
        until(lambda: life.failures_of(address), life.story)
        if is_lost:
            # Nothing goes on before account and venue were compared anew.
            until(lambda: life.of(VenueLost) and len(life.of(VenueReady)) > ready, life.story)
        trades = len(venue.trades())
        until(lambda: len(venue.trades()) >= trades + 4, life.story)

    assert_agree(folder, venue)
    assert life.code == 143
    assert life.slot(address).epoch == 2
    assert TradingState.HALTED not in life.states()[:-1]


def test_a_supervisor_that_fails_ends_the_run_and_its_orders_are_taken_back(tmp_path, venue):
    folder, config = a_folder(tmp_path, venue, a_strategy("Holder"))

    with Life(folder, config) as life:
        until(lambda: venue.open_orders() and venue.trades(), life.story)
        failure = ActorFailed(actor="supervisor", epoch=1, during="a test", error="broken by the test", at=0)
        life.system._running().supervisor_failed(failure)
        until(lambda: not venue.open_orders(), life.story)

    assert life.code == 70
    assert_agree(folder, venue)


@pytest.mark.parametrize(
    ("address", "dies_of"),
    [
        ("portfolio@main", Bar),
        ("risk-guard@main", SubmitOrder),
        ("journal", ApprovedOrder),
        ("venue@main", TextReceived),
    ],
    ids=lambda each: each if isinstance(each, str) else each.__name__,
)
def test_where_memory_runs_out_for_the_core_the_run_ends_its_orders_are_taken_back_and_the_next_life_goes_on(
    tmp_path, venue, address, dies_of
):
    folder, config = a_folder(tmp_path, venue, a_strategy("Holder"), a_strategy("Mixed"))

    with Life(folder, config) as life:
        until(lambda: venue.open_orders() and venue.trades(), life.story)
        life.breaks(address, dies_of, MemoryError())
        until(lambda: not life.system.gate_is_open, life.story)
        until(lambda: not life._thread.is_alive(), life.story)
        posts = len(venue.posts())

    troubles = summary(folder)["live"]["troubles"]

    assert life.code == 1
    assert not venue.open_orders()
    assert f"memory ran out in {address}" in " ".join(troubles)

    with Life(folder) as life:
        until(lambda: len(venue.posts()) >= posts + 4, life.story)

    assert_agree(folder, venue)


@pytest.mark.parametrize("address", ["executor@main", "portfolio@main", "risk-guard@main"])
def test_a_fill_that_an_actor_of_the_core_fails_on_is_heard_again_and_trading_goes_on(tmp_path, venue, address):
    folder, config = a_folder(tmp_path, venue, a_strategy("Mixed"))

    with Life(folder, config) as life:
        until(lambda: len(venue.trades()) >= 2, life.story)
        life.breaks(address, Fill)
        until(lambda: life.failures_of(address), life.story)
        trades = len(venue.trades())
        until(lambda: len(venue.trades()) >= trades + 4, life.story)

    assert_agree(folder, venue)
    assert TradingState.HALTED not in life.states()[:-1]


def test_a_fill_that_an_executor_does_not_hear_again_is_missed_and_halts(tmp_path, venue, monkeypatch):
    monkeypatch.setattr(Executor, "hears_again", frozenset())
    folder, config = a_folder(tmp_path, venue, a_strategy("Mixed"))

    with Life(folder, config) as life:
        until(lambda: len(venue.trades()) >= 2, life.story)
        life.breaks("executor@main", Fill)
        until(lambda: life.states()[-1:] == [TradingState.HALTED], life.story)
        until(lambda: not venue.open_orders(), life.story)
        until(lambda: [each for each in life.of(OrderRefused) if each.reason == "halted"], life.story)

    assert_nothing_after_the_halt(life, venue)
    assert_agree(folder, venue)
    posts = len(venue.posts())
    assert summary(folder)["halted"].startswith("positions differ in XBTUSD of mixed")

    with Life(folder, resume=True) as life:
        until(lambda: len(venue.posts()) >= posts + 4, life.story)

    assert_agree(folder, venue)
