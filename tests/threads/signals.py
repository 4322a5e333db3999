"""Signals at every stage of a life: it ends within its deadline, leaves no order, and its code says why (F52)."""

import fcntl
import os
import random
import signal
import subprocess
import sys
import time

import attrs

from adapters.exchange.faults import Rule
from tests.system.commands import ROOT
from tests.system.live.agreement import assert_agree, summary
from tests.system.live.lives import Process, a_folder, a_strategy
from tests.system.live.venue import until

CODES = {signal.SIGHUP: 129, signal.SIGINT: 130, signal.SIGTERM: 143}
DEADLINE_S = 15.0
_STRATEGIES = (a_strategy("Flipper", lots=3), a_strategy("Mixed"))


@attrs.frozen
class Moment:
    """When a signal comes: `rules` keep the venue busy, and then `comes` holds."""

    name: str
    comes: object
    rules: tuple = ()
    arguments: tuple = ()
    first: signal.Signals | None = None
    """One that came before, and `then` holds."""
    then: object = None
    trades: bool = False
    """Whether it had traded by then, so that there are results."""


MOMENTS = {
    each.name: each
    for each in (
        Moment("before the venue is reached", lambda venue: True),
        Moment(
            "while the venue is reached",
            lambda venue: venue.asked or venue.knocks,
            rules=(Rule(kind="latency", verb="GET", path="/user", ms=1_500),),
        ),
        Moment(
            "while it reconciles",
            lambda venue: venue.knocks,
            rules=(Rule(kind="latency", verb="GET", path="/execution", ms=1_500),),
        ),
        Moment("while it trades", lambda venue: venue.open_orders() and len(venue.trades()) >= 2, trades=True),
        Moment(
            "while it stops",
            lambda venue: venue.open_orders() and len(venue.trades()) >= 2,
            first=signal.SIGTERM,
            then=lambda venue: venue.knocks,
            rules=(Rule(kind="latency", verb="DELETE", path="/order/all", ms=700),),
            trades=True,
        ),
        Moment(
            "at the same time",
            lambda venue: venue.open_orders() and len(venue.trades()) >= 2,
            first=signal.SIGTERM,
            trades=True,
        ),
        Moment(
            "while it flattens",
            lambda venue: venue.open_orders() and len(venue.trades()) >= 2,
            arguments=("--on-stop", "flatten"),
            first=signal.SIGTERM,
            then=lambda venue: venue.count("DELETE", "/order/all"),
            trades=True,
        ),
    )
}


def signalled(place, venue, moment, number, chance=None):
    """A life that is ended so. Returns its exit code; AssertionError for one that is late, leaves orders, or lies."""
    folder, config = a_folder(place, venue, *_STRATEGIES)
    venue.fault(*moment.rules)
    venue.knocks = _Knocks(venue)
    if signal.getsignal(number) is signal.SIG_IGN:
        # Of nohup, which a child would inherit; a handler it does not.
        signal.signal(number, lambda *_: None)
    with Process(folder, "--quiet", *moment.arguments, config=config) as process:
        process.until(lambda: moment.comes(venue))
        time.sleep((chance or random.Random(1)).uniform(0, 0.9) if moment.name.startswith("before") else 0.05)
        if moment.first is not None:
            process.signal(moment.first)
        if moment.then is not None:
            process.until(lambda: moment.then(venue))
        began = time.monotonic()
        process.signal(number)
        code = process.wait()
        took = time.monotonic() - began
        said = process.said()
    assert took <= DEADLINE_S, f"it took {took:.1f} s"
    assert "Traceback" not in said, said
    # One that has no handler yet dies of it as any program does, and has sent nothing.
    early = () if venue.asked else (-number,)
    assert code in {CODES[number], *early, *((CODES[moment.first],) if moment.first else ())}, (code, said)
    until(lambda: not venue.open_orders(), "orders are left")
    venue.calm()
    if moment.trades and (folder / "summary.json").exists():
        assert_agree(folder, venue)
        assert summary(folder)["live"]["exit_code"] == code
    elif not moment.trades:
        assert not venue.posts()
    return code


class _Knocks:
    """Whether a request has come in that a rule makes wait: it is not answered yet, so it is in no list."""

    def __init__(self, venue):
        self._venue = venue

    def __bool__(self):
        return any(each.struck for each in self._venue.server.faults._states)


def nobody_empties_stderr(place, venue):
    """The other end of stderr is open and not read, as behind Ctrl-S: it trades on, and ends when it is told to."""
    folder, config = a_folder(place, venue, *_STRATEGIES)
    ours, theirs = os.pipe()
    fcntl.fcntl(theirs, fcntl.F_SETPIPE_SZ, 4_096)
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "run.py"), "live", "--out", str(folder), "--config", str(config)],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=theirs,
    )  # fmt: skip
    os.close(theirs)
    try:
        until(lambda: len(venue.trades()) >= 150, "it does not trade on")
        process.send_signal(signal.SIGTERM)
        code = process.wait(DEADLINE_S)
    finally:
        process.kill()
        process.wait()
        os.close(ours)
    assert code == 143
    assert_agree(folder, venue)
    return code


def nobody_reads(place, venue, stream, *arguments):
    """The other end of stdout or stderr is closed while it trades: it trades on, and its code is the signal's."""
    folder, config = a_folder(place, venue, *_STRATEGIES)
    ours, theirs = os.pipe()
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: theirs}
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "run.py"), "live", "--out", str(folder), "--config", str(config), *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=subprocess.DEVNULL, **streams,
    )  # fmt: skip
    os.close(theirs)
    try:
        until(venue.open_orders, "it does not trade")
        os.close(ours)
        trades = len(venue.trades())
        until(lambda: len(venue.trades()) >= trades + 6, "it does not trade on")
        process.send_signal(signal.SIGTERM)
        code = process.wait(DEADLINE_S)
    finally:
        process.kill()
        process.wait()
    assert code == 143
    assert_agree(folder, venue)
    return code
