"""A live run for hours on an exchange of its own, both watched from outside: does anything grow that should not?

    python -m tests.soak --hours 4 [--every 10] [--folder PLACE]
    python -m tests.soak --minutes 30

Memory, threads and open files of the trader and of its exchange are read from /proc every few seconds. In the end there
is a table, how fast each grows in an hour (least squares, the warm-up left out), and a verdict: threads and files do
not grow at all; memory grows by what a run keeps for its results, so much an order, and no faster than is told here.
And the run's files agree with the exchange's books, however long it took. Ends with 1 when anything is wrong.
"""

import argparse
import contextlib
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path

import attrs

from tests.system.live.agreement import assert_agree, rows, summary
from tests.system.live.lives import Process, a_folder, a_strategy
from tests.system.live.venue import Judge

STRATEGIES = (a_strategy("Flipper", every=2.0, lots=3), a_strategy("Mixed", every=3.0))
"""About the hundred requests in a minute that the venue bears."""
RSS_MB_AN_HOUR_MAX = 60.0
WARM_UP = 0.25
"""Of all samples: caches fill, and the interpreter finds its size."""
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20


@attrs.frozen
class Sample:
    """One look at a process."""

    at_s: float
    rss_mb: float
    threads: int
    files: int


def sampled(pid, at_s):
    """As the kernel knows it now; OSError when it is gone."""
    process = Path("/proc") / str(pid)
    pages = int((process / "statm").read_text().split()[1])
    threads = sum(1 for _ in (process / "task").iterdir())
    files = sum(1 for _ in (process / "fd").iterdir())
    return Sample(at_s, pages * _PAGE_MB, threads, files)


def slope_an_hour(samples, what):
    """By least squares, without the warm-up; 0 where there are too few to tell."""
    kept = samples[int(len(samples) * WARM_UP) :]
    if len(kept) < 3 or kept[0].at_s == kept[-1].at_s:
        return 0.0
    times, values = [each.at_s for each in kept], [getattr(each, what) for each in kept]
    return statistics.linear_regression(times, values).slope * 3_600


def has_grown(samples, what):
    """Whether what is counted stands higher all the time than it ever did in the first half after the warm-up."""
    kept = [getattr(each, what) for each in samples[int(len(samples) * WARM_UP) :]]
    half = len(kept) // 2
    return bool(half) and min(kept[half:]) > max(kept[:half])


class Soak:
    """One run. `watch` it for so long, then `ended` says what is wrong."""

    def __init__(self, place, every_s):
        self.every_s = every_s
        self.seen = {"trader": [], "exchange": []}
        self.folder, self._config = a_folder(place, None, *STRATEGIES)
        self.process = Process(self.folder, "--quiet", config=self._config)
        self.wrong = []
        self.code = None

    def watch(self, seconds, say=lambda _text: None):
        """Sample until the time is over, or one of the two has died."""
        self.process.until((self.folder / "exchange.json").exists)
        self.process.until((self.folder / "control.json").exists)
        told = json.loads((self.folder / "exchange.json").read_text())
        self.judge = Judge(told["port"], told["key"], told["secret"])
        pids = {"trader": self.process.process.pid, "exchange": told["pid"]}
        began = time.monotonic()
        while (passed := time.monotonic() - began) < seconds:
            try:
                for name, pid in pids.items():
                    self.seen[name].append(sampled(pid, passed))
            except OSError as error:
                self.wrong.append(f"{name} has died: {error}")
                break
            if not self.process.is_alive:
                self.wrong.append("the trader has ended by itself")
                break
            say(self._line())
            time.sleep(min(self.every_s, max(0.0, seconds - passed)))

    def _line(self):
        now = [self.seen[name][-1] for name in ("trader", "exchange")]
        told = [f"{each.rss_mb:8.1f} MB {each.threads:4} threads {each.files:4} files" for each in now]
        return f"{now[0].at_s:8.0f} s   trader {told[0]}   exchange {told[1]}"

    def end(self):
        """Stop it in order and hold its files against the exchange's books."""
        with self.process as process:
            if process.is_alive:
                process.signal(signal.SIGTERM)
                self.code = process.wait()
                if self.code != 143:
                    self.wrong.append(f"ended with {self.code}: {process.said()[-2_000:]}")
                with _as_findings(self.wrong):
                    assert_agree(self.folder, self.judge)
                    live = summary(self.folder)["live"]
                    assert live["adjustments"] == 0, f"{live['adjustments']} adjustments"
                    assert live["troubles"] == [], live["troubles"]

    def judged(self, rss_mb_max):
        """All that is wrong, in words."""
        found = list(self.wrong)
        for name, samples in self.seen.items():
            found += [
                f"{what} of the {name} have grown by {slope_an_hour(samples, what):+.1f} an hour"
                for what in ("threads", "files")
                if has_grown(samples, what)
            ]
            rss = slope_an_hour(samples, "rss_mb")
            if rss > rss_mb_max:
                found.append(f"memory of the {name} grows by {rss:+.1f} MB an hour; {rss_mb_max:g} is borne")
        return found

    def table(self):
        """Lines for a person."""
        yield f"{'':10}{'':9}{'first':>10}{'warm':>10}{'last':>10}{'most':>10}{'an hour':>12}"
        for name, samples in self.seen.items():
            for what in ("rss_mb", "threads", "files"):
                values = [getattr(each, what) for each in samples] or [0]
                warm = values[int(len(values) * WARM_UP)] if len(values) > 1 else values[0]
                slope = slope_an_hour(samples, what)
                figures = "".join(f"{each:10.1f}" for each in (values[0], warm, values[-1], max(values)))
                yield f"{name:10}{what:9}{figures}{slope:+12.2f}"

    def orders(self):
        """How many were sent, as the run's files say."""
        return len(rows(self.folder, "orders.csv"))


@contextlib.contextmanager
def _as_findings(wrong):
    try:
        yield
    except (AssertionError, OSError) as error:
        wrong.append(str(error)[:2_000])


def soaked(place, seconds, *, every_s=5.0, rss_mb_max=RSS_MB_AN_HOUR_MAX, say=print):
    """The whole story; returns the soak and what is wrong."""
    soak = Soak(place, every_s)
    try:
        soak.watch(seconds, say)
        soak.end()
    finally:
        with soak.process:
            pass
        with contextlib.suppress(OSError, ValueError):
            os.kill(json.loads((soak.folder / "exchange.json").read_text())["pid"], signal.SIGTERM)
    return soak, soak.judged(rss_mb_max)


def main():
    """As long as is wanted, and say so."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--hours", type=float, default=0.0)
    parser.add_argument("--minutes", type=float, default=0.0)
    parser.add_argument("--every", type=float, default=10.0, help="seconds between two looks")
    parser.add_argument("--rss-mb-per-hour", type=float, default=RSS_MB_AN_HOUR_MAX)
    parser.add_argument("--folder", type=Path, help="keep the run there")
    told = parser.parse_args()
    seconds = told.hours * 3_600 + told.minutes * 60 or 3_600.0
    with tempfile.TemporaryDirectory() as temporary:
        place = told.folder or Path(temporary)
        place.mkdir(parents=True, exist_ok=True)
        os.environ["XDG_STATE_HOME"] = str(place)
        soak, wrong = soaked(place, seconds, every_s=told.every, rss_mb_max=told.rss_mb_per_hour)
        print("\n".join(soak.table()))
        print(f"{soak.orders()} orders in {seconds / 3_600:.2f} h")
    print("\n".join(f"WRONG: {each}" for each in wrong) or "nothing is wrong")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
