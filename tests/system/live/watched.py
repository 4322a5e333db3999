"""A trader in a process of its own, with a watchdog that has a key which may only cancel."""

import json
import os
import re
import signal
from pathlib import Path

from adapters.exchange.account import Key
from tests.system.live.lives import Process, a_folder
from tests.system.live.venue import until

KEY, SECRET = "the-watchdogs-key", "the-watchdogs-secret"
HANGERS = Path(__file__).with_name("hangers.py")


class Watched:
    """A run's folder at that exchange; `start` begins a life."""

    def __init__(self, place, venue, kind="Waits", *, silence_s=3, may="orderCancel", live="", more="", **params):
        self.venue, self._go, self.done = venue, place / "go", place / "done"
        params = {"done": str(self.done), **params}
        told = ", ".join(f"{key} = {json.dumps(value)}" for key, value in params.items())
        strategy = (
            f'[[strategies]]\nid = "hanger"\nstrategy = "{HANGERS}:{kind}"\nsymbols = ["XBTUSD"]\nperiod = "1s"\n'
            f"lots = 1\nparams = {{ {told} }}\n"
        )
        live = f"watchdog_silence_s = {silence_s}\n{live}"
        self.folder, self.config = a_folder(place, venue, strategy, live=live, more=more)
        keys = self.folder / "watchdog.keys"
        keys.write_text(f'venue = "loopback"\nkey = "{KEY}"\nsecret = "{SECRET}"\n')
        keys.chmod(0o600)
        venue.on_loop(lambda: venue.server.exchange.add_key(self._key(may)))

    def _key(self, may):
        return Key(id=KEY, secret=SECRET, account=self.venue.server.account.number, permissions=frozenset({may}))

    def start(self, *arguments):
        return Process(self.folder, "--quiet", *arguments, config=self.config)

    def go(self):
        """It fails now."""
        self._go.touch()

    def rests(self, process):
        """Wait until its order rests at the venue."""
        process.until(self.venue.open_orders)

    def orders_are_gone(self):
        """Wait for it."""
        until(lambda: not self.venue.open_orders(), self.story)

    @property
    def log(self):
        path = self.folder / "watchdog.log"
        return path.read_text() if path.exists() else ""

    def story(self):
        """For who has to find out why a test failed."""
        return self.log + (self.folder / "log.txt").read_text()

    def says(self, text, times=1):
        """Wait until it stands in the log."""
        until(lambda: self.log.count(text) >= times, self.story)

    def watchdogs(self):
        """The processes that have watched, in order."""
        return [int(each) for each in re.findall(r"\[(\d+)\] watching process", self.log)]

    def act(self):
        """What was kept for the next life."""
        return json.loads((self.folder / "watchdog.json").read_text())

    def end_watchdogs(self):
        """Those that go on looking for late orders: the test has seen enough."""
        for pid in self.watchdogs():
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                continue
            until(lambda pid=pid: not Path(f"/proc/{pid}").exists() or _is_dead(pid), self.story)


def _is_dead(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True
