"""Whatever dies, hangs, is asked or cannot be written, and whenever: nothing is sent twice, lost, or left working."""

import re
import sqlite3
from random import Random

import attrs
import pytest

from adapters.simulation.checks.kinds import CHECKS
from adapters.simulation.disk import Disk
from adapters.simulation.faults import Fault
from adapters.simulation.faults.disks import PowerLoss
from adapters.simulation.faults.kinds import KINDS
from adapters.simulation.process import ProcessDied
from adapters.simulation.scenario import scenario
from adapters.simulation.simulate import simulate
from tests.builders import SECOND

GROUPS = {
    "deaths": ("F30", "F33", "F52", "F55"),
    "disks": ("F36", "F38"),
    "handlers": ("F61", "F66", "F68"),
    "starts": ("F67", "F69", "F72"),
    "hangs": ("F70", "F73", "F74"),
    "switches": ("F50", "F51"),
    "wishes": ("F42", "F43", "F75", "F76", "F77"),
}


def run(faults, *, seed=3, minutes=3.0, kinds=KINDS):
    told = scenario(seed, kinds=sorted(KINDS), only=tuple(faults))
    quiet = told.began // SECOND + round(minutes * 60)
    strategies = re.sub(r"quiet_at_s = \d+\.0", f"quiet_at_s = {quiet}.0", told.strategies)
    told = attrs.evolve(told, minutes=minutes, strategies=strategies, faults=faults)
    return simulate(told, kinds=kinds, checks=CHECKS)


@pytest.mark.parametrize("name", sorted(GROUPS))
def test_faults_of_a_group_strike_and_violate_nothing(name):
    verdict = run(dict.fromkeys(GROUPS[name], 4.0))

    assert verdict.violations == ()
    assert sum(verdict.struck.values()) >= len(GROUPS[name])


def test_a_run_with_them_is_the_same_twice():
    faults = dict.fromkeys(("F30", "F36", "F43", "F61", "F73"), 4.0)

    assert run(faults, minutes=1.0).digest == run(faults, minutes=1.0).digest


def dies_at(boundary, *, after):
    """kill -9 at the so-manieth write to the journal of orders, just before it or just behind it."""

    class Dies(Fault):
        code = "F30"
        _writes = 0

        def before_write(self, name, statement):
            if name == "journal.sqlite" and "orders" in statement:
                self._writes += 1
                self._die(now=not after)

        def after_write(self, name, statement):
            if name == "journal.sqlite" and "orders" in statement:
                self._die(now=after)

        def _die(self, *, now):
            if now and self._writes == boundary and self.hits():
                raise ProcessDied

    return Dies


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("boundary", [1, 3, 6])
def test_f30_killed_at_a_journal_boundary_no_order_is_sent_twice_or_lost(boundary, after):
    verdict = run({"F30": 1.0}, seed=11, minutes=1.0, kinds={"F30": dies_at(boundary, after=after)})

    assert verdict.violations == ()
    assert verdict.struck == {"F30": 1}


def fails_at(address, place, error=None):
    """An exception in one actor, at its so-manieth message."""

    class Fails(Fault):
        code = "F61"
        _handled = 0

        def before(self, slot, message):
            if slot.address != address:
                return None
            self._handled += 1
            raises = error or RuntimeError("fails as told")
            return raises if self._handled == place and self.hits() else None

    return Fails


@pytest.mark.parametrize("address", ["journal", "venue@main", "reconciler@main", "executor@main", "portfolio@main"])
def test_f68_where_memory_runs_out_for_the_core_the_process_ends_and_the_next_life_agrees(address):
    verdict = run({"F61": 1.0}, seed=11, minutes=1.0, kinds={"F61": fails_at(address, 7, MemoryError())})

    assert verdict.violations == ()
    assert verdict.counts["lives"] == 2


def test_f68_where_memory_runs_out_for_a_strategy_the_process_goes_on():
    verdict = run({"F61": 1.0}, seed=11, minutes=1.0, kinds={"F61": fails_at("strategy:orders-1", 3, MemoryError())})

    assert verdict.violations == ()
    assert (verdict.struck, verdict.counts["lives"]) == ({"F61": 1}, 1)


@pytest.mark.parametrize("place", [2, 7])
@pytest.mark.parametrize(
    "address", ["journal", "venue@main", "reconciler@main", "executor@main", "portfolio@main", "risk-guard@main"]
)
def test_f61_an_actor_that_fails_at_its_kth_message_comes_back_and_the_account_agrees(address, place):
    verdict = run({"F61": 1.0}, seed=11, minutes=1.0, kinds={"F61": fails_at(address, place)})

    assert verdict.violations == ()
    assert verdict.struck == {"F61": 1}


class Silent:
    def before_write(self, name, statement):
        pass

    after_write = before_write

    def opening(self, name):
        pass


@pytest.mark.parametrize("seed", range(8))
def test_f38_a_file_of_which_each_commit_waits_for_the_disk_loses_none_with_the_power(tmp_path, seed):
    disk = Disk(Silent())
    connection = disk.file(tmp_path, "journal.sqlite", full_sync=True)
    for number in range(20):
        connection.execute("INSERT INTO lease VALUES (?)", (number,))
    fault = PowerLoss.__new__(PowerLoss)
    fault.random = Random(seed)

    disk.die(fault._left)

    with sqlite3.connect(tmp_path / "journal.sqlite") as left:
        assert left.execute("SELECT count(*) FROM lease").fetchone() == (20,)
    left.close()


def test_f38_seeds_try_both_ways_of_syncing_the_journal():
    told = [scenario(seed, kinds=sorted(KINDS)).configuration() for seed in range(1, 9)]

    assert sum('sync = "full"' in each for each in told) == 4


@pytest.mark.parametrize("seed", range(8))
def test_f38_after_a_power_loss_a_file_is_as_it_was_at_one_of_its_last_commits(tmp_path, seed):
    disk = Disk(Silent())
    connection = disk.file(tmp_path, "journal.sqlite")
    for number in range(20):
        connection.execute("INSERT INTO lease VALUES (?)", (number,))
    fault = PowerLoss.__new__(PowerLoss)
    fault.random = Random(seed)

    disk.die(fault._left)

    with sqlite3.connect(tmp_path / "journal.sqlite") as left:
        found = [token for (token,) in left.execute("SELECT token FROM lease ORDER BY token")]
        assert left.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    left.close()
    assert found == list(range(len(found)))
    assert 20 - PowerLoss._COMMITS_MAX - 1 <= len(found) <= 20
