"""One actor's failure is its own: nothing leaks, nobody else stops, nothing secret is told. Rows P01-P13, P26-P29."""

import logging
import sys
import threading

import pykka
import pytest

from actors.component import Component
from actors.runtime.host import Host
from actors.runtime.runtime import MemoryRanOut
from messages import HaltTrading
from tests.builders import MONDAY
from tests.house import House, Toy, an_event, assert_no_thread_left, crash


def exits(_toy, _event):
    sys.exit(1)


def test_p01_what_an_incarnation_holds_is_released_once_however_it_ends(house):
    house.toy("strategy:a", {"poison": crash})
    house.start()

    house.tell("strategy:a", "poison")
    house.until_up("strategy:a", epoch=2)
    assert [text for _, text in house.log] == ["release"]
    house.stop()

    assert [text for _, text in house.log] == ["release", "on_stop", "release"]


def test_p01_an_actor_that_failed_to_start_releases_what_it_had(house):
    def opens_then_fails(toy):
        if toy.number == 1:
            raise OSError("half open")
        return ()

    house.toy("strategy:a", on_start=opens_then_fails)
    house.start()
    house.until_up("strategy:a", epoch=2)

    assert house.log == [("strategy:a", "release")]


def test_p01_a_healthy_sibling_that_is_fenced_releases_too(house):
    house.toy("portfolio@main")
    house.toy("executor@main", {"poison": crash})
    house.start()

    house.tell("executor@main", "poison")
    house.until_up("portfolio@main", epoch=3)

    assert sorted(house.log) == [("executor@main", "release"), ("portfolio@main", "release")]


def test_p01_crashes_leak_no_file(house, tmp_path):
    files = []

    class Holder(Toy):
        def on_start(self):
            self.file = (tmp_path / f"{self.number}").open("w")
            files.append(self.file)
            return ()

        def release(self):
            self.file.close()

    house.add("strategy:a", lambda: Holder(house, "strategy:a", {"poison": crash}))
    house.start()
    for epoch in (2, 3, 4):
        house.tell("strategy:a", "poison")
        house.until_up("strategy:a", epoch=epoch)
    assert [file.closed for file in files] == [True, True, True, False]
    house.stop()

    assert files[-1].closed


def test_p03_an_exception_always_ends_the_incarnation_so_no_half_changed_state_goes_on(house):
    def half(toy, _event):
        toy.half_changed = True
        raise ValueError("in the middle")

    seen = []
    house.toy("strategy:a", {"half": half, "look": lambda toy, _e: seen.append(hasattr(toy, "half_changed")) or ()})
    house.start()

    house.tell("strategy:a", "half", "look")

    house.until(lambda: bool(seen))
    assert seen == [False]
    assert house.status("strategy:a").epoch == 2


@pytest.mark.parametrize("error", [SystemExit(1), KeyboardInterrupt(), GeneratorExit(), BaseException("bare")])
def test_p08_not_even_what_is_no_exception_reaches_another_actor(threads_house, error):
    house = threads_house

    def raises(_toy, _event):
        raise error

    house.toy("strategy:a", {"exit": raises})
    house.toy("executor@main")
    house.toy("risk-guard@main")
    house.start()

    house.tell("strategy:a", "exit", "after")
    house.until(lambda: house.heard("strategy:a") == ["after"])
    house.tell("executor@main", "still there")
    house.tell("risk-guard@main", "still there")

    house.until(lambda: house.heard("executor@main") == house.heard("risk-guard@main") == ["still there"])
    assert [house.status(each).epoch for each in ("executor@main", "risk-guard@main", "strategy:a")] == [1, 1, 2]


def test_p08_sys_exit_in_a_strategy_stops_nobody_else_in_a_replay_either(replay_house):
    house = replay_house
    house.toy("strategy:a", {"exit": exits})
    house.toy("risk-guard@main")
    house.start()

    house.tell("strategy:a", "exit", "after")
    house.tell("risk-guard@main", "still there")

    assert house.heard("strategy:a") == ["after"]
    assert house.heard("risk-guard@main") == ["still there"]


def runs_out(_toy, _event):
    raise MemoryError


VITAL = ("portfolio@main", "executor@main", "risk-guard@main", "venue@main")


@pytest.mark.parametrize("address", VITAL)
def test_p08_where_memory_runs_out_for_the_core_nothing_leaves_and_the_owner_is_told(threads_house, address):
    house = threads_house
    house.toy(address, {"poison": runs_out})
    house.start()

    house.tell(address, "poison", "after")
    house.until(lambda: house.heard(address)[-1:] == ["after"])

    assert house.runtime.out_of_memory == (address, "ExternalEvent")
    assert not house.runtime.gate_open
    assert house.status(address).epoch == 2
    assert house.stop() == ()


@pytest.mark.parametrize("address", VITAL)
def test_p08_where_memory_runs_out_for_the_core_a_replay_ends(replay_house, address):
    house = replay_house
    house.toy(address, {"poison": runs_out})
    house.start()

    with pytest.raises(MemoryRanOut, match=f"memory ran out in {address}, which was at ExternalEvent"):
        house.tell(address, "poison")

    assert not house.runtime.gate_open


def test_p08_where_memory_runs_out_in_a_start_of_the_core_a_replay_ends(replay_house):
    replay_house.toy("portfolio@main", on_start=lambda toy: runs_out(toy, None))

    with pytest.raises(MemoryRanOut, match="which was at start"):
        replay_house.start()


def test_p08_where_a_strategy_runs_out_of_memory_it_is_a_failure_of_its_own(house):
    house.toy("strategy:a", {"poison": runs_out})
    house.start()

    house.tell("strategy:a", "poison", "after")
    house.until(lambda: house.heard("strategy:a") == ["after"])

    assert house.runtime.out_of_memory is None
    assert house.runtime.gate_open


def test_p10_what_is_raised_while_releasing_or_stopping_is_contained(house):
    class Clumsy(Toy):
        def release(self):
            raise SystemExit(2)

        def on_stop(self):
            raise BaseException("and again")

    house.add("strategy:a", lambda: Clumsy(house, "strategy:a", {"poison": crash}))
    house.toy("portfolio@main")
    house.start()
    house.tell("strategy:a", "poison", "after")
    house.until(lambda: house.heard("strategy:a") == ["after"])

    assert house.stop() == ()

    assert ("portfolio@main", "on_stop") in house.log


def test_p10_an_exception_that_cannot_even_be_printed_is_an_ordinary_failure(house):
    class MuteError(Exception):
        def __str__(self):  # noqa: PLE0307 - that is the point
            sys.exit(4)

    def mute(_toy, _event):
        raise MuteError

    house.toy("strategy:a", {"mute": mute})
    house.toy("executor@main")
    house.start()

    house.tell("strategy:a", "mute", "after")
    house.until(lambda: house.heard("strategy:a") == ["after"])
    house.tell("executor@main", "still there")
    house.until(lambda: house.heard("executor@main") == ["still there"])

    epochs = {each: house.status(each).epoch for each in ("supervisor", "strategy:a", "executor@main")}
    assert epochs == {"supervisor": 1, "strategy:a": 2, "executor@main": 1}


def test_p12_sending_to_who_is_gone_is_no_failure_of_the_sender(house):
    house.toy("tick-filter")
    house.toy("strategy:a", {"poison": crash})
    house.start()
    house.stop()

    house.tell("strategy:a", "late")

    letter = house.runtime.dead_letters[-1]
    assert (letter.address, letter.message, letter.reason) == ("strategy:a", "ExternalEvent", "stopped")


class Guard(Toy):
    def on_halt_trading(self, halt):
        self.house.note(self.address, halt.reason)
        return ()


def test_p13_a_halt_reaches_every_guard_though_one_before_it_is_dead(house):
    for account in ("a", "b", "c"):
        house.add(f"risk-guard@{account}", lambda at=f"risk-guard@{account}": Guard(house, at, {"poison": crash}))
    house.start()
    for _ in range(4):
        house.tell("risk-guard@a", "poison")
        house.until(lambda: house.status("risk-guard@a").state in ("up", "quarantined"), passing=10)
    house.until(lambda: house.status("risk-guard@a").state == "quarantined", passing=10)
    house.log.clear()

    house.send(HaltTrading(reason="operator", ts=MONDAY))

    house.until(lambda: [text for _, text in house.log].count("operator") == 2)
    heard = sorted(address for address, text in house.log if text == "operator")
    assert heard == ["risk-guard@b", "risk-guard@c"]
    assert house.status("risk-guard@a").state == "quarantined"


def test_p26_a_crash_logs_no_payload(house, caplog):
    caplog.set_level(logging.DEBUG)
    house.toy("strategy:a", {"my-api-secret": crash})
    house.start()

    house.tell("strategy:a", "my-api-secret", "after")
    house.until(lambda: house.heard("strategy:a") == ["after"])
    house.stop()
    house.tell("strategy:a", "my-api-secret")

    assert "my-api-secret" not in caplog.text
    assert "my-api-secret" not in repr(list(house.runtime.dead_letters))


def test_p27_nobody_has_a_ref_to_ask_an_actor_with(house):
    house.toy("strategy:a")
    house.start()
    host = house.slot("strategy:a").host
    assert isinstance(host, Host)

    with pytest.raises(RuntimeError, match="components are not asked"):
        host.actor_ref.ask(an_event("hello"), timeout=1)
    with pytest.raises((RuntimeError, pykka.ActorDeadError)):
        host.actor_ref.tell(an_event("hello"))
    assert house.heard("strategy:a") == []


def test_p29_the_registry_stays_empty_and_a_hosts_stop_all_neither_stops_nor_waits_for_us(house):
    house.toy("strategy:a")
    house.start()

    assert pykka.ActorRegistry.get_all() == []
    assert pykka.ActorRegistry.stop_all(timeout=1) == []

    house.tell("strategy:a", "still there")
    house.until(lambda: house.heard("strategy:a") == ["still there"])


def test_p29_a_host_applications_own_actors_are_left_alone():
    class Theirs(pykka.ThreadingActor):
        pass

    ref = Theirs.start()
    house = House(threads=True)
    house.toy("strategy:a")
    house.start()
    house.stop()

    assert pykka.ActorRegistry.get_all() == [ref]
    ref.stop()
    house.close()


def test_p29_two_systems_in_one_process_do_not_see_each_other():
    houses = [House(threads=True), House(threads=True), House(threads=False)]
    for house in houses:
        house.toy("strategy:a", {"poison": crash})
        house.start()

    houses[0].tell("strategy:a", "poison", "mine")
    houses[0].until(lambda: houses[0].heard("strategy:a") == ["mine"])
    houses[0].stop()
    for house in houses[1:]:
        house.tell("strategy:a", "theirs")
        house.until(lambda house=house: house.heard("strategy:a") == ["theirs"])

    assert [house.status("strategy:a").epoch for house in houses] == [2, 1, 1]
    for house in houses:
        house.stop()
    for house in houses:
        house.close()


def test_p29_no_thread_is_left_after_a_stop():
    before = set(threading.enumerate())
    house = House(threads=True)
    for address in ("strategy:a", "portfolio@main", "feedless", "venue@main"):
        house.add(address, Component)
    house.start()
    assert len(set(threading.enumerate()) - before) == 6

    assert house.stop() == ()

    assert_no_thread_left(["strategy:a", "portfolio@main", "feedless", "venue@main"])
    assert set(threading.enumerate()) == before
