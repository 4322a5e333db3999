"""Killed with -9 at a commit of the order journal, before it or after it, a run sends nothing twice and loses nothing.

Here a sample, another one for each commit; all boundaries in `python -m tests.threads --profile long`.
"""

import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from tests.system.commands import ROOT
from tests.threads.boundaries import AFTER, BEFORE, OWN, TURNS, WHENS, killed_at
from tests.threads.sample import chance_of_this_commit

CHANCE = chance_of_this_commit("boundaries")
ORDERS = range(5, 11)
"""Commits of its orders; those before are of a life that begins."""


def test_killed_before_its_journal_was_made_it_begins_anew(tmp_path, venue):
    assert killed_at(tmp_path, venue, TURNS, 1, BEFORE) == 1


@pytest.mark.parametrize(
    ("scenario", "number", "when"),
    [
        (TURNS, CHANCE.choice(ORDERS), CHANCE.choice(WHENS)),
        (OWN, CHANCE.choice(ORDERS), CHANCE.choice(WHENS)),
    ],
    ids=lambda each: getattr(each, "kind", each),
)
def test_killed_at_a_commit_it_agrees_in_its_next_life(tmp_path, venue, scenario, number, when):
    assert killed_at(tmp_path, venue, scenario, number, when) == 1


def test_killed_again_while_it_recovers_it_agrees_in_its_third_life(tmp_path, venue):
    again = (CHANCE.randint(1, 4), CHANCE.choice(WHENS))

    assert killed_at(tmp_path, venue, CHANCE.choice((TURNS, OWN)), CHANCE.choice(ORDERS), AFTER, then=(again,)) == 2


@pytest.mark.parametrize(("when", "there"), [(BEFORE, [1, 2]), (AFTER, [1, 2, 3])])
def test_the_bomb_itself_goes_off_at_the_commit_that_it_was_set_to(tmp_path, when, there):
    program = (
        "import sys, sqlite3; sys.path.insert(0, sys.argv[1]); sys.argv[1:] = sys.argv[2:]\n"
        "import adapters.cli\n"
        "def counts(_arguments):\n"
        "    connection = sqlite3.connect('a.sqlite', isolation_level=None)\n"
        "    connection.execute('CREATE TABLE t (n)')\n"
        "    for n in range(1, 9): connection.execute('INSERT INTO t VALUES (?)', (n,))\n"
        "adapters.cli.main = counts\n"
        "import tests.threads.dying as dying; dying.main()\n"
    )

    done = subprocess.run([sys.executable, "-c", program, ROOT, "a.sqlite", "4", when], cwd=tmp_path, check=False)

    assert done.returncode == -9
    with closing(sqlite3.connect(tmp_path / "a.sqlite")) as left:
        assert [n for (n,) in left.execute("SELECT n FROM t ORDER BY n")] == there
