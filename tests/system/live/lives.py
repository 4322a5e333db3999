"""Lives of a live run: in this process, driven as the command drives it, or as a process of its own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path

from adapters.live.beginning import begun
from adapters.live.driver import Driver
from adapters.live.ending import ended
from adapters.live.settings import LiveOptions
from messages import (
    ActorFailed,
    ActorHung,
    ActorStarted,
    Fill,
    ForeignActivity,
    OrderAccepted,
    OrderRefused,
    OrderRejected,
    PositionAdjusted,
    TradingStateChanged,
    VenueConnected,
    VenueLost,
    VenueReady,
    Woke,
)
from tests.system.commands import ROOT
from tests.system.live.venue import PATIENCE, until

TRADERS = Path(__file__).with_name("traders.py")
_HEARD = (
    *(ActorFailed, ActorHung, ActorStarted, TradingStateChanged, VenueConnected, VenueReady, VenueLost),
    *(ForeignActivity, PositionAdjusted, OrderAccepted, OrderRefused, OrderRejected, Fill),
)


def a_strategy(kind, name=None, *, period="1s", lots=1, **params):
    """An entry of the configuration."""
    told = ", ".join(f"{key} = {json.dumps(value)}" for key, value in params.items())
    return (
        f'[[strategies]]\nid = "{name or kind.lower()}"\nstrategy = "{TRADERS}:{kind}"\nsymbols = ["XBTUSD"]\n'
        f'period = "{period}"\nlots = {lots}\nparams = {{ {told} }}\n'
    )


def a_folder(place, venue, *strategies, live="", more="", name="run"):
    """A run's folder before its first life, which is pointed at that exchange; returns folder and configuration."""
    folder, config = place / name, place / f"{name}.toml"
    folder.mkdir(mode=0o700)
    if venue is not None:
        (folder / "exchange.json").write_text(json.dumps(venue.state()))
    warm = "" if "warm_up" in live else "warm_up = false\n"
    config.write_text("\n".join((*(strategies or (a_strategy("Flipper"),)), f"[live]\n{warm}{live}", more)))
    return folder, config


class _Interrupts:
    """A signal that the test gives."""

    name = None

    def stops(self, stop):
        """The driver looks at the name."""


class Life:
    """One life in this process: the same beginning, driver and ending as the command's, on a thread."""

    def __init__(self, folder, config=None, *, resume=False, **options):
        self.folder, self.heard = folder, []
        self._stack, self._interrupts, self._failure = ExitStack(), _Interrupts(), None
        try:
            self.run, self.system = begun(
                LiveOptions(config=config, **options), folder, self._stack, live_money=False, resume=resume,
                log_level="WARNING",
            )  # fmt: skip
        except BaseException:
            self._stack.close()
            raise
        for each in _HEARD:
            self.system.subscribe(each, self.heard.append)
        self._driver = Driver(self.run, self.system, self._interrupts, seconds=None, silent=True)
        self._thread = threading.Thread(target=self._drive, daemon=True)
        self.code = None

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def _drive(self):
        try:
            self._driver.drive()
        except BaseException as error:
            self._failure = error

    def stop(self, by="SIGTERM"):
        """As a signal does; returns the exit code."""
        if self.code is None:
            self._interrupts.name = by
            self._thread.join(PATIENCE)
            assert not self._thread.is_alive(), self.story()
            self._stack.close()
            assert self._failure is None, self._failure
            self.code = ended(self.run, self.system, self._driver, quiet=True, as_json=False)
        return self.code

    def of(self, kind):
        return [each for each in list(self.heard) if isinstance(each, kind)]

    def filled(self, client_id):
        return [each for each in self.of(Fill) if each.client_id == client_id]

    def states(self):
        """Of trading, in order."""
        return [each.state for each in self.of(TradingStateChanged)]

    def ready(self, times=1):
        """Wait until account and venue have been found to agree so often."""
        until(lambda: len(self.of(VenueReady)) >= times, self.story)

    def slot(self, address):
        """An actor's place: its mailbox, and the epoch of who is there."""
        return self.system._running().slots[address]

    def host(self, address):
        """Its present incarnation, or the next: its thread and handlers."""
        slot = self.slot(address)
        return until(lambda: [each for each in self.system._running()._hosts if each.slot is slot], self.story)[-1]

    def breaks(self, address, dies_of, error=None):
        """The present incarnation raises at the next message of that class, which is sent if nobody else says it."""

        def fails(_message):
            raise error or RuntimeError("broken by the test")

        self.host(address)._ways[dies_of] = (fails, None)
        if dies_of is Woke:
            self.system.tell(address, Woke(1, "nobody asked for this"))

    def failures_of(self, address):
        return [each for each in self.of(ActorFailed) if each.actor == address]

    def story(self):
        """What was heard, for who has to find out why a test failed."""
        return "\n".join(map(repr, list(self.heard)[-40:]))


class Process:
    """`python run.py live` as a user starts it."""

    def __init__(self, folder, *arguments, config=None, program=(str(ROOT / "run.py"), "live"), **environment):
        told = ["--config", str(config)] if config is not None else []
        self._out = folder.parent / f"{folder.name}.out"
        with self._out.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, *program, "--out", str(folder), *told, *map(str, arguments)],
                cwd=folder.parent, env={**os.environ, "PYTHONPATH": str(ROOT), **environment}, stdout=out,
                stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            )  # fmt: skip

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait(PATIENCE)

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        """The exit code."""
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError(self.said()) from None

    @property
    def is_alive(self):
        return self.process.poll() is None

    def said(self):
        return self._out.read_text("utf-8", "replace")

    def until(self, condition):
        """Wait for something while it lives."""

        def holds():
            assert self.is_alive, self.said()
            return condition()

        return until(holds, self.said)
