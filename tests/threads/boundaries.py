"""Kill -9 at every commit of the order journal, before it and after it, then a new life, with the exchange as judge.

A scenario is played by a process that kills itself at the n-th commit; n goes up until the scenario ends unharmed. Each
time the same folder is started again, lets the scenario be played once more, and is stopped in order. Then what the
exchange has in its books must be what one honest life after another would have left.
"""

import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import attrs

from adapters.journal.orders import read_orders
from tests.system.live.agreement import assert_agree, strangers_in, summary
from tests.system.live.kills import assert_nothing_old_beside_new
from tests.system.live.lives import Process, a_folder
from tests.system.live.venue import LOT

HERE = Path(__file__).parent
DYING = HERE / "dying.py"
LOTS = 3
BEFORE, AFTER = "before", "after"
WHENS = (BEFORE, AFTER)
NUMBER_MAX = 400


@attrs.frozen
class Scenario:
    """What a strategy of `traders.py` does in a life; `check` holds the venue's orders against what it asked for."""

    kind: str

    def entry(self, place):
        told = f'done = "{place / "done"}"'
        if self.kind == "Own":
            told += f', asked = "{place / "asked"}"'
        return (
            f'[[strategies]]\nid = "{self.kind.lower()}"\nstrategy = "{HERE / "traders.py"}:{self.kind}"\n'
            f'symbols = ["XBTUSD"]\nperiod = "1s"\nlots = {LOTS}\nparams = {{ {told} }}\n'
        )

    def check(self, place, venue):
        if self.kind == "Own":
            self._check_own(place, venue)
        else:
            self._check_turns(venue)

    def _check_turns(self, venue):
        """A wish of one unit, either way: the position was never beyond it, and is what was wished for last."""
        position = 0
        for row in sorted(venue.trades(), key=lambda row: row["transactTime"]):
            position += row["lastQty"] * (1 if row["side"] == "Buy" else -1)
            assert abs(position) <= LOTS * LOT, f"{position} contracts were held, and {LOTS * LOT} wanted at most"
        assert position == venue.position()["currentQty"] == LOTS * LOT

    def _check_own(self, place, venue):
        """Every order at the venue is one that was asked for, and nothing was asked for once and sent twice."""
        asked = [int(line) for line in (place / "asked").read_text("utf-8").split()]
        for side, sign in (("Buy", 1), ("Sell", -1)):
            sent = [row["orderQty"] // LOT for row in venue.orders() if row["side"] == side]
            wanted = [lots * sign for lots in asked if lots * sign > 0]
            for size in set(sent):
                assert sent.count(size) <= wanted.count(size), f"{side} {size}: sent {sent}, asked for {wanted}"


TURNS, OWN = Scenario("Turns"), Scenario("Own")
SCENARIOS = (TURNS, OWN)


class Story:
    """One folder at one venue, and its lives."""

    def __init__(self, place, venue, scenario):
        self.place, self.venue, self.scenario = place, venue, scenario
        self.folder, self.config = a_folder(place, venue, scenario.entry(place))
        self.done = place / "done"
        self.kills = 0

    def dies_at(self, number, when, file="journal.sqlite"):
        """A life that kills itself there; False: it came to the scenario's end before, and was stopped in order."""
        self.done.unlink(missing_ok=True)
        program = (str(DYING), file, str(number), when, "live")
        with Process(self.folder, "--quiet", config=self.config, program=program) as process:
            self._until_done(process)
            if process.is_alive:
                process.signal(signal.SIGTERM)
            code = process.wait()
            assert code in (-signal.SIGKILL, 143), process.said()
        self.kills += code == -signal.SIGKILL
        return code == -signal.SIGKILL

    def lives_well(self):
        """A life that plays the whole scenario and is stopped in order; then all must agree."""
        self.done.unlink(missing_ok=True)
        with Process(self.folder, "--quiet", config=self.config) as process:
            process.until(self.done.exists)
            process.until(self._is_settled)
            process.signal(signal.SIGTERM)
            assert process.wait() == 143, process.said()
        self.judge()

    def _until_done(self, process):
        until = process.until
        try:
            until(lambda: self.done.exists() and self._is_settled())
        except AssertionError:
            # It has died, which is what it is for.
            if process.is_alive:
                raise

    def _is_settled(self):
        """Nothing is on its way that the scenario has decided."""
        if self.scenario is TURNS:
            return self.venue.position()["currentQty"] == LOTS * LOT
        return len(self.venue.open_orders()) == 1

    def judge(self):
        """The exchange's books against the run's files, the journal, and what was asked for. AssertionError."""
        assert_agree(self.folder, self.venue)
        assert_nothing_old_beside_new(self.venue)
        live = summary(self.folder)["live"]
        assert (live["adjustments"], strangers_in(self.folder), live["troubles"]) == (0, [], [])
        assert_journalled_first(self.folder, self.venue)
        self.scenario.check(self.place, self.venue)


def assert_journalled_first(folder, venue):
    """The chain holds, and no order is at the venue that is not in it: I2, I24."""
    assert sum(1 for _ in read_orders(folder))
    with closing(sqlite3.connect(folder / "journal.sqlite")) as journal:
        approved = {name for (name,) in journal.execute("SELECT client_id FROM orders WHERE message = 'ApprovedOrder'")}
    strange = {row["clOrdID"] for row in venue.orders()} - approved
    assert not strange, f"at the venue and not in the journal: {strange}"


def killed_at(place, venue, scenario, number, when, *, then=(), file="journal.sqlite"):
    """One boundary, from a new folder on; `then`: more of them in the lives after. Returns the kills: 0 at the end."""
    story = Story(place, venue, scenario)
    if not story.dies_at(number, when, file):
        story.judge()
        return 0
    for more in then:
        story.dies_at(*more)
    story.lives_well()
    return story.kills
