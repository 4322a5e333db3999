"""Stopping, hanging, and the end of the process: rows P19-P23 and P28."""

import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from actors.component import Component
from actors.runtime.host import HandlerTimedOut
from actors.runtime.replay import ReplayRuntime
from actors.runtime.slot import ActorKind, ActorSpec
from actors.supervisor import ChildSpec, Supervisor
from messages import ActorHung, HaltTrading
from tests.builders import MONDAY
from tests.house import Toy, an_event, crash


class Witness(Component):
    def __init__(self, hangs):
        self.on_actor_hung = lambda hung: hangs.append(hung) or ()


class Guard(Toy):
    def on_halt_trading(self, halt: HaltTrading):
        self.house.note(self.address, f"halt: {halt.reason}")
        return ()


def _busy(house, address):
    return house.slot(address).host.busy_since > 0


def test_p20_a_stop_goes_from_sayers_to_hearers(house):
    for address in ("venue@main", "portfolio@main", "strategy:a", "feed", "recorder"):
        house.toy(address)
    house.start()

    assert house.stop() == ()

    stops = [address for address, text in house.log if text == "on_stop"]
    assert stops == ["feed", "strategy:a", "portfolio@main", "venue@main", "recorder"]
    assert {status.state for status in house.runtime.status() if status.address != "supervisor"} == {"stopped"}


def test_p20_a_strategy_that_hangs_does_not_keep_the_executor_from_being_stopped(threads_house):
    house = threads_house
    block = house.block()
    house.toy("strategy:a", {"hang": lambda _t, _e: block.wait() and ()})
    house.toy("strategy:b")
    house.toy("executor@main")
    house.start()
    house.tell("strategy:a", "hang")
    house.until(lambda: _busy(house, "strategy:a"))

    assert house.stop(timeout=1.0) == ("strategy:a",)

    assert [address for address, text in house.log if text == "on_stop"] == ["strategy:b", "executor@main"]


def test_p20_an_on_stop_that_hangs_is_given_up_on_too(threads_house):
    house = threads_house
    block = house.block()

    class Stuck(Toy):
        def on_stop(self):
            block.wait()
            return super().on_stop()

    house.add("strategy:a", lambda: Stuck(house, "strategy:a"))
    house.toy("executor@main")
    house.start()

    assert house.stop(timeout=1.0) == ("strategy:a",)
    assert [address for address, text in house.log if text == "on_stop"] == ["executor@main"]


def test_p20_a_backlog_is_worked_off_before_the_core_stops(house):
    house.toy("portfolio@main")
    house.start()

    for number in range(200):
        house.runtime.tell("portfolio@main", an_event(str(number)))
    house.stop()

    assert house.heard("portfolio@main") == [str(number) for number in range(200)]


def test_a_stop_while_actors_are_starting_ends_all_of_them(threads_house):
    house = threads_house
    block = house.block()
    house.toy("executor@main")
    house.toy("strategy:a", on_start=lambda _toy: block.wait() and ())
    failures = []

    def start():
        with pytest.raises(RuntimeError, match="before it was up"):
            house.start()
        failures.append("told")

    starter = threading.Thread(target=start)
    starter.start()
    house.until(lambda: house.runtime is not None and "strategy:a" in house.runtime.slots)
    house.until(lambda: house.incarnations("strategy:a") == 1)
    assert house.runtime.stop(timeout=0.6) == ("strategy:a",)
    starter.join(10)

    assert failures == ["told"]
    assert ("executor@main", "on_stop") in house.log


def test_a_second_stop_is_no_error(threads_house):
    threads_house.toy("strategy:a")
    threads_house.start()

    assert threads_house.stop() == threads_house.stop() == ()
    assert threads_house.status("strategy:a").epoch == 1


def test_after_a_stop_nobody_is_started_any_more(threads_house):
    house = threads_house
    house.toy("executor@main")
    house.start()
    house.stop()
    before = threading.enumerate()

    house.runtime.launch(house.slot("executor@main"), warm=True)

    assert threading.enumerate() == before
    assert house.incarnations("executor@main") == 1


def test_an_actor_may_stop_the_system_that_it_lives_in(threads_house):
    house = threads_house
    answers = []
    house.toy("listener:1", {"stop": lambda _t, _e: answers.append(house.runtime.stop(timeout=1.0)) or ()})
    house.toy("executor@main")
    house.start()

    house.tell("listener:1", "stop")
    house.until(lambda: bool(answers))

    assert ("executor@main", "on_stop") in house.log


PROCESS = """
    import threading, sys
    sys.path.insert(0, {root!r})
    from actors.component import Component
    from tests.house import House

    class Core(Component):
        def on_stop(self):
            print("stopped in order", flush=True)
            return ()

    house = House(threads=True)
    house.add("executor@main", Core)
    house.start()
    print("up", flush=True)
    {then}
"""


def _process(root, then):
    code = textwrap.dedent(PROCESS).format(root=str(root), then=then)
    return subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("then", ["raise SystemExit(5)", "threading.Event().wait()"])
def test_p21_when_the_main_thread_is_gone_nobody_trades_on(pytestconfig, then):
    process = _process(pytestconfig.rootpath, then)
    assert process.stdout.readline() == "up\n"
    if "wait" in then:
        process.send_signal(signal.SIGINT)

    # Not `communicate`, which would not know of what the line before had left in the buffer.
    out, err = process.stdout.read(), process.stderr.read()
    process.stdout.close()
    process.stderr.close()
    process.wait(60)

    assert out == "stopped in order\n", err
    assert process.returncode in (5, -signal.SIGINT, 130)


def test_p22_the_core_is_not_cut_off_at_exit_and_strategies_do_not_hold_it_up(threads_house):
    house = threads_house
    house.toy("executor@main")
    house.toy("venue@main")
    house.toy("strategy:a")
    house.start()

    daemons = {thread.name.partition("#")[0]: thread.daemon for thread in threading.enumerate()}

    assert not daemons["executor@main"]
    assert not daemons["venue@main"]
    assert daemons["strategy:a"]


def test_p23_a_strategy_that_hangs_is_fenced_replaced_and_reported_while_the_others_go_on(threads_house):
    house = threads_house
    house.handler_seconds = 0.1
    block, hangs = house.block(), []
    house.add("recorder", lambda: Witness(hangs))

    def hang(_toy, _event):
        block.wait()
        return (an_event("too late", source="late"),)

    house.toy("strategy:a", {"hang": hang})
    house.toy("strategy:b")
    house.start()
    house.tell("strategy:a", "hang", "after")
    house.until(lambda: _busy(house, "strategy:a"))
    house.tell("strategy:b", "meanwhile")

    house.until(lambda: house.heard("strategy:b") == ["meanwhile"])
    house.until(lambda: house.heard("strategy:a") == ["after"])
    house.until_quiet()
    (hung,) = hangs
    assert isinstance(hung, ActorHung)
    assert (hung.actor, hung.epoch, hung.during) == ("strategy:a", 1, "ExternalEvent")
    (letter,) = house.runtime.dead_letters
    assert (letter.address, letter.message, letter.reason) == (
        "strategy:a", "ExternalEvent", "in hand of an incarnation that hangs",
    )  # fmt: skip
    assert house.runtime.stop(timeout=1.0) == ("strategy:a",)


def test_p23_what_a_hung_incarnation_says_at_last_is_dropped_and_counted_once(threads_house):
    house = threads_house
    house.handler_seconds = 0.1
    block = house.block()

    def hang(toy, _event):
        if toy.number == 1:
            block.wait()
        return (HaltTrading(reason="too late", ts=MONDAY),)

    house.toy("strategy:a", {"hang": hang})
    house.start()
    house.tell("strategy:a", "hang")
    house.until_up("strategy:a", epoch=3)
    block.set()

    house.until(lambda: house.status("strategy:a").fenced == 1)
    house.tell("strategy:a", "after")
    house.until(lambda: house.heard("strategy:a")[-1] == "after")
    house.until_quiet()

    assert house.slot("strategy:a").component.state == ["after"]
    assert house.status("strategy:a").handled == 1


def test_p23_a_core_actor_that_hangs_halts_trading(threads_house):
    house = threads_house
    house.handler_seconds = 0.1
    block = house.block()
    house.toy("executor@main", {"hang": lambda _t, _e: block.wait() and ()})
    house.add("risk-guard@main", lambda: Guard(house, "risk-guard@main"))
    house.start()

    house.tell("executor@main", "hang", "never")

    house.until(lambda: house.status("executor@main").state == "quarantined")
    house.until(lambda: len(house.heard("risk-guard@main")) == 1)
    assert house.heard("risk-guard@main")[0].startswith("halt: executor@main is given up on: hung for")
    assert house.incarnations("executor@main") == 1
    house.until_quiet()
    letters = [(each.message, each.reason) for each in house.runtime.dead_letters]
    assert letters[:2] == [("ExternalEvent", "in hand of an incarnation that hangs"), ("ExternalEvent", "quarantined")]


def _replay_of(component, handler_seconds=0.2):
    runtime = ReplayRuntime(start_at=MONDAY, handler_seconds=handler_seconds)
    children = [ChildSpec(address="strategy:slow", kind=ActorKind.STRATEGY)]
    runtime.add(
        ActorSpec(address="supervisor", role="supervisor", kind=ActorKind.ROOT, factory=lambda _h: Supervisor(children))
    )
    spec = ActorSpec(
        address="strategy:slow", role="strategy", kind=ActorKind.STRATEGY, factory=lambda _h: component, strategy="slow"
    )
    runtime.add(spec)
    return runtime


class Spins(Component):
    """Busy for ever, and not to be talked out of it by an ordinary `except Exception`."""

    def __init__(self, where):
        setattr(self, where, self.spin)
        self.released = 0

    def spin(self, *_message):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                sum(range(100))
            except Exception:
                continue
        return ()

    def release(self):
        self.released += 1


@pytest.mark.parametrize(
    ("where", "named"), [("on_start", "start"), ("on_external_event", "ExternalEvent"), ("on_stop", "stop")]
)
def test_p23_a_hang_in_a_replay_ends_the_run_naming_actor_and_message(where, named):
    component = Spins(where)
    runtime = _replay_of(component)
    runtime.tell("strategy:slow", an_event("hello"))

    with pytest.raises(HandlerTimedOut, match=rf"strategy:slow was busy with one {named} for 0\.2 s"):
        runtime.run()

    assert component.released == 1


def test_p28_a_supervisor_restarts_who_fails_and_gives_up_on_who_keeps_failing(house):
    house.toy("strategy:a", {"poison": crash})
    house.toy("strategy:b")
    house.start()

    for number in range(4):
        house.tell("strategy:a", "poison", str(number))
        house.until(
            lambda told=[str(number)]: (
                house.heard("strategy:a")[-1:] == told or house.status("strategy:a").state == "quarantined"
            ),
            passing=1,
        )
    house.tell("strategy:b", "well")

    assert house.status("strategy:a").state == "quarantined"
    assert house.heard("strategy:a") == ["0", "1", "2"]
    house.until(lambda: house.heard("strategy:b") == ["well"])
