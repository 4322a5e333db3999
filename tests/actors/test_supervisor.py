"""The supervisor decides, one message at a time: who starts, who restarts when, who is given up on, who stops when."""

from hypothesis import given
from hypothesis import strategies as st

from actors.runtime.slot import ActorKind
from actors.supervisor import ChildSpec, RestartPolicy, Supervisor
from messages import (
    ActorAdded,
    ActorFailed,
    ActorHung,
    ActorQuarantined,
    ActorStarted,
    ActorStopped,
    CancelAll,
    FenceActor,
    HaltTrading,
    StartActor,
    StopActor,
    StopSystem,
    SystemReady,
    SystemStopped,
    WakeAt,
    Woke,
)
from tests.builders import MONDAY, SECOND

STRATEGY, CORE, VENUE, MARKET, EDGE = (
    ActorKind.STRATEGY, ActorKind.CORE, ActorKind.VENUE, ActorKind.MARKET, ActorKind.EDGE,
)  # fmt: skip
NO_DELAY = RestartPolicy(delays_s=(0.0,))


def a_child(address, kind=STRATEGY, *, account=None, rank=0):
    return ChildSpec(address=address, kind=kind, account=account, rank=rank)


def a_failure(actor, epoch=1, *, at=MONDAY, handled=1000, during="Bar"):
    return ActorFailed(actor=actor, epoch=epoch, during=during, error="ValueError", at=at, handled=handled)


def a_hang(actor, epoch=1, *, at=MONDAY):
    return ActorHung(actor=actor, epoch=epoch, during="Bar", seconds=30.0, at=at)


def of(answers, cls):
    return [answer for answer in answers if isinstance(answer, cls)]


def started(answers):
    return [answer.actor for answer in of(answers, StartActor)]


def a_house(*children, policy=None, seed=0):
    """A supervisor whose children are all up."""
    supervisor = Supervisor(children, seed=seed, policy=policy)
    answers = list(supervisor.on_start())
    while wanted := of(answers, StartActor):
        answers = [said for start in wanted for said in supervisor.on_actor_started(ActorStarted(start.actor, 1))]
    assert of(answers, SystemReady)
    return supervisor


def test_hearers_start_before_sayers_and_each_group_when_the_one_before_is_up():
    supervisor = Supervisor(
        [a_child("feed", MARKET), a_child("a"), a_child("b"), a_child("core", CORE), a_child("recorder", EDGE)]
    )

    assert started(supervisor.on_start()) == ["recorder"]
    assert started(supervisor.on_actor_started(ActorStarted("recorder", 1))) == ["core"]
    assert started(supervisor.on_actor_started(ActorStarted("core", 1))) == ["a", "b"]
    assert supervisor.on_actor_started(ActorStarted("b", 1)) == []
    assert started(supervisor.on_actor_started(ActorStarted("a", 1))) == ["feed"]
    assert supervisor.on_actor_started(ActorStarted("feed", 1)) == [SystemReady(0)]


def test_the_core_is_waited_for_however_long_it_takes_and_a_strategy_that_fails_is_not():
    supervisor = Supervisor([a_child("core", CORE), a_child("a"), a_child("feed", MARKET)])
    supervisor.on_start()
    for epoch in (1, 2):
        answers = supervisor.on_actor_failed(a_failure("core", epoch, during="start"))
    assert started(answers) == []
    (wake,) = of(answers, WakeAt)
    assert started(supervisor.on_woke(Woke(wake.at, wake.token))) == ["core"]
    assert started(supervisor.on_actor_started(ActorStarted("core", 3))) == ["a"]

    answers = supervisor.on_actor_failed(a_failure("a", 1, during="start"))
    assert started(answers) == ["a"]
    answers = supervisor.on_actor_failed(a_failure("a", 2, during="start"))

    assert of(answers, WakeAt)
    assert started(answers) == ["feed"]


def test_a_strategy_restarts_alone_warm_and_never_halts_trading():
    supervisor = a_house(a_child("a"), a_child("b"), a_child("core", CORE), policy=NO_DELAY)

    assert supervisor.on_actor_failed(a_failure("a")) == [StartActor("a", 2, warm=True)]
    for epoch in (2, 3, 4):
        answers = supervisor.on_actor_failed(a_failure("a", epoch))

    assert [type(answer) for answer in answers] == [ActorQuarantined]
    assert answers[0].actor == "a"
    assert supervisor.on_actor_failed(a_failure("a", 4)) == []


def test_the_core_of_an_account_restarts_as_a_whole_and_another_accounts_does_not():
    supervisor = a_house(
        a_child("portfolio@a", CORE, account="a"), a_child("executor@a", CORE, account="a"),
        a_child("executor@b", CORE, account="b"), a_child("venue@a", VENUE, account="a"),
    )  # fmt: skip

    answers = supervisor.on_actor_failed(a_failure("executor@a"))

    assert answers == [
        FenceActor("portfolio@a", 1), StartActor("portfolio@a", 3, warm=True), StartActor("executor@a", 2, warm=True),
    ]  # fmt: skip


def test_market_data_restarts_what_comes_after_the_one_that_failed():
    children = [a_child(name, MARKET, rank=rank) for rank, name in enumerate(("feed", "filter", "builder"))]

    assert started(a_house(*children).on_actor_failed(a_failure("filter"))) == ["filter", "builder"]
    assert started(a_house(*children).on_actor_failed(a_failure("feed"))) == ["feed", "filter", "builder"]
    assert started(a_house(*children).on_actor_failed(a_failure("builder"))) == ["builder"]


def test_whoever_keeps_the_money_or_brings_the_market_is_given_up_on_with_a_halt():
    for kind in (CORE, VENUE, MARKET):
        supervisor = a_house(a_child("x", kind), policy=NO_DELAY)
        for epoch in (1, 2, 3, 4):
            answers = supervisor.on_actor_failed(a_failure("x", epoch))

        assert [type(answer) for answer in answers] == [ActorQuarantined, HaltTrading]
        assert answers[1].account is None
        assert "x is given up on" in answers[1].reason


def test_who_gives_up_on_the_core_has_the_orders_of_its_account_taken_back_for_it_may_be_the_guard_that_is_gone():
    supervisor = a_house(a_child("risk-guard@main", CORE, account="main"), policy=NO_DELAY)
    for epoch in (1, 2, 3, 4):
        answers = supervisor.on_actor_failed(a_failure("risk-guard@main", epoch))

    assert answers[2] == CancelAll(account="main", ts=MONDAY)


def test_who_stands_beside_and_is_needed_is_given_up_on_with_a_halt():
    supervisor = a_house(ChildSpec(address="trace", kind=EDGE, is_needed=True), policy=NO_DELAY)
    for epoch in (1, 2, 3, 4):
        answers = supervisor.on_actor_failed(a_failure("trace", epoch))

    assert [type(answer) for answer in answers] == [ActorQuarantined, HaltTrading]


def test_failures_far_apart_in_time_and_in_messages_are_forgiven():
    supervisor = a_house(a_child("a"))
    for epoch in range(1, 30):
        answers = supervisor.on_actor_failed(
            a_failure("a", epoch, at=MONDAY + epoch * 601 * SECOND, handled=epoch * 101)
        )
        assert started(answers) == ["a"], epoch


def test_failures_within_a_hundred_messages_count_however_long_ago_they_were():
    supervisor = a_house(a_child("a"), policy=NO_DELAY)
    for epoch in (1, 2, 3, 4):
        answers = supervisor.on_actor_failed(
            a_failure("a", epoch, at=MONDAY + epoch * 86_400 * SECOND, handled=33 * epoch)
        )

    assert of(answers, ActorQuarantined)


def test_failures_within_ten_minutes_count_however_many_messages_lie_between():
    supervisor = a_house(a_child("a"), policy=NO_DELAY)
    for epoch in (1, 2, 3, 4):
        answers = supervisor.on_actor_failed(
            a_failure("a", epoch, at=MONDAY + epoch * 199 * SECOND, handled=10_000 * epoch)
        )

    assert of(answers, ActorQuarantined)


def _delays(seed):
    supervisor = a_house(a_child("a"), seed=seed)
    delays = []
    for epoch in (1, 2, 3):
        answers = supervisor.on_actor_failed(a_failure("a", epoch))
        wakes = of(answers, WakeAt)
        delays.append(wakes[0].at - MONDAY if wakes else 0)
        if wakes:
            assert started(supervisor.on_woke(Woke(wakes[0].at, wakes[0].token))) == ["a"]
    return delays


def test_the_first_restart_is_at_once_and_the_next_ones_wait_longer_with_a_seeded_jitter():
    first, second, third = _delays(seed=1)

    assert first == 0
    assert 0.16 * SECOND <= second <= 0.24 * SECOND
    assert 0.8 * SECOND <= third <= 1.2 * SECOND
    assert _delays(seed=1) == [first, second, third]
    assert len({tuple(_delays(seed)) for seed in range(5)}) == 5


def test_a_failure_while_warming_up_quarantines_a_strategy_at_once():
    supervisor = a_house(a_child("a"))
    supervisor.on_actor_failed(a_failure("a"))

    (answer,) = supervisor.on_actor_failed(a_failure("a", 2, during="warm-up"))

    assert isinstance(answer, ActorQuarantined)
    assert "warming up" in answer.reason


def test_a_hang_is_fenced_and_then_as_a_failure():
    supervisor = a_house(a_child("a"))

    assert supervisor.on_actor_hung(a_hang("a")) == [
        FenceActor("a", 1, hung=True), StartActor("a", 3, warm=True),
    ]  # fmt: skip
    assert supervisor.on_actor_failed(a_failure("a", 1)) == []


def test_a_hang_in_the_core_is_not_restarted_but_halts():
    supervisor = a_house(a_child("core", CORE))

    answers = supervisor.on_actor_hung(a_hang("core"))

    assert [type(answer) for answer in answers] == [FenceActor, ActorQuarantined, HaltTrading]


def test_what_an_earlier_incarnation_reports_is_old_news():
    supervisor = a_house(a_child("a"), policy=NO_DELAY)
    supervisor.on_actor_failed(a_failure("a"))

    assert supervisor.on_actor_failed(a_failure("a")) == []
    assert supervisor.on_actor_hung(a_hang("a")) == []
    assert supervisor.on_actor_started(ActorStarted("a", 1)) == []


def test_a_back_off_that_somebody_elses_restart_has_overtaken_is_void():
    supervisor = a_house(a_child("a@x", CORE, account="x"), a_child("b@x", CORE, account="x"))
    supervisor.on_actor_failed(a_failure("a@x"))
    (wake,) = of(supervisor.on_actor_failed(a_failure("a@x", 2)), WakeAt)

    assert "a@x" in started(supervisor.on_actor_failed(a_failure("b@x", 3)))

    assert supervisor.on_woke(Woke(wake.at, wake.token)) == []


def test_an_address_may_contain_the_separator():
    supervisor = a_house(a_child("listener|1", EDGE))
    supervisor.on_actor_failed(a_failure("listener|1"))
    (wake,) = of(supervisor.on_actor_failed(a_failure("listener|1", 2)), WakeAt)

    assert started(supervisor.on_woke(Woke(wake.at, wake.token))) == ["listener|1"]


def test_a_stop_goes_group_by_group_and_skips_who_is_down():
    supervisor = a_house(a_child("recorder", EDGE), a_child("core", CORE), a_child("a"), a_child("b"))
    supervisor.on_actor_failed(a_failure("b"))
    supervisor.on_actor_failed(a_failure("b", 2))

    assert supervisor.on_stop_system(StopSystem("now")) == [StopActor("a")]
    assert supervisor.on_stop_system(StopSystem("again")) == []
    assert supervisor.on_actor_stopped(ActorStopped("a", 1)) == [StopActor("core")]
    assert supervisor.on_actor_failed(a_failure("core", during="stop")) == [StopActor("recorder")]
    assert supervisor.on_actor_stopped(ActorStopped("recorder", 1)) == [SystemStopped(())]


def test_a_gateway_stops_before_what_carries_its_last_words_out():
    supervisor = a_house(
        a_child("venue@x", VENUE, account="x", rank=1), a_child("rest@x", VENUE, account="x"),
        a_child("reconciler@x", VENUE, account="x", rank=2),
    )  # fmt: skip
    order = []
    said = supervisor.on_stop_system(StopSystem("now"))
    while said and isinstance(said[0], StopActor):
        order.append([each.actor for each in said])
        said = [more for each in order[-1] for more in supervisor.on_actor_stopped(ActorStopped(each, 1))]

    assert order == [["reconciler@x"], ["venue@x"], ["rest@x"]]


def test_who_hangs_at_the_stop_is_abandoned_by_name_and_nobody_restarts_meanwhile():
    supervisor = a_house(a_child("core", CORE), a_child("a"))
    supervisor.on_actor_failed(a_failure("a"))
    supervisor.on_actor_started(ActorStarted("a", 2))
    assert supervisor.on_stop_system(StopSystem("now")) == [StopActor("a")]

    assert supervisor.on_actor_hung(a_hang("a", 2)) == [FenceActor("a", 2, hung=True), StopActor("core")]
    assert supervisor.on_actor_stopped(ActorStopped("a", 2)) == []
    assert supervisor.on_actor_stopped(ActorStopped("core", 1)) == [SystemStopped(("a",))]


def test_a_listener_that_joins_is_started_once_and_not_during_a_stop():
    supervisor = a_house(a_child("a"))

    assert supervisor.on_actor_added(ActorAdded("listener:1")) == [StartActor("listener:1", 1)]
    assert supervisor.on_actor_added(ActorAdded("listener:1")) == []
    supervisor.on_stop_system(StopSystem("now"))
    assert supervisor.on_actor_added(ActorAdded("listener:2")) == []


def test_with_no_children_it_is_ready_and_stops_at_once():
    supervisor = Supervisor([])

    assert supervisor.on_start() == [SystemReady(0)]
    assert supervisor.on_stop_system(StopSystem("now")) == [SystemStopped(())]


@given(st.lists(st.tuples(st.sampled_from(["a", "p@x", "e@x", "v@x", "feed"]), st.booleans()), max_size=25))
def test_whatever_fails_in_whatever_order_epochs_only_grow_and_only_strategies_are_given_up_on_without_a_halt(events):
    supervisor = a_house(
        a_child("a"), a_child("p@x", CORE, account="x"), a_child("e@x", CORE, account="x"),
        a_child("v@x", VENUE, account="x"), a_child("feed", MARKET),
    )  # fmt: skip
    epoch = dict.fromkeys(["a", "p@x", "e@x", "v@x", "feed"], 1)
    gone = set()
    for actor, hangs in events:
        said = supervisor.on_actor_hung(a_hang(actor, epoch[actor])) if hangs else None
        said = said if hangs else supervisor.on_actor_failed(a_failure(actor, epoch[actor]))
        if actor in gone:
            assert said == []
        queue = list(said)
        while queue:
            answer = queue.pop(0)
            if isinstance(answer, StartActor):
                assert answer.epoch > epoch[answer.actor]
                assert answer.actor not in gone
                epoch[answer.actor] = answer.epoch
                queue += supervisor.on_actor_started(ActorStarted(answer.actor, answer.epoch))
            elif isinstance(answer, WakeAt):
                queue += supervisor.on_woke(Woke(answer.at, answer.token))
            elif isinstance(answer, FenceActor):
                assert answer.epoch == epoch[answer.actor]
            elif isinstance(answer, ActorQuarantined):
                gone.add(answer.actor)
        halted = bool(of(said, HaltTrading))
        assert halted == (actor != "a" and bool(of(said, ActorQuarantined)))
