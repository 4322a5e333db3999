"""How long an order takes from the tick that it was decided by to the wire, live: real sockets, threads, journal on.

    python benchmarks/live.py                       200 ticks a second for 20 s, commits with NORMAL and with FULL
    python benchmarks/live.py --ticks 2000 --seconds 60 --sync normal
    python benchmarks/live.py --kill                how long a halt takes, with 10,000 messages queued in each mailbox

The exchange is a process of its own, whose market trades as often as is asked for; its rate limits are lifted. The
strategy changes its mind at each so-many-th tick. The four times of an order are those of the summary: tick received,
decided, handed to the worker, last byte sent, answered. Printed besides: what waits in the mailboxes at the end, and
the share of the ticks that was heard, so that a backlog cannot hide.
"""

import argparse
import asyncio
import json
import multiprocessing
import secrets
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from actors import Strategy
from adapters.exchange.account import Key
from adapters.exchange.limits import LimitRules, Limits
from adapters.exchange.server import Server
from adapters.exchange.simulation import generated_market
from adapters.live.beginning import begun
from adapters.live.command import SWITCH_S
from adapters.live.latencies import STEPS, percentiles, timed_orders
from adapters.live.settings import LiveOptions
from messages import CancelAll, HaltTrading, OrderRefused, Tick, Woke

ROOT = Path(__file__).resolve().parent.parent
STEP_S = 0.005
WARM_S = 5.0
"""Before anything is measured: threads have begun, and what is compiled at first use has been."""


class Flips(Strategy):
    """Changes its mind at each `every`-th tick."""

    every: int = 50

    def on_start(self) -> None:
        """Nothing heard yet."""
        self._count = 0

    def on_tick(self, tick: Tick) -> None:
        """Long, short, long."""
        self._count += 1
        if self._count % self.every == 0:
            self.target(1.0 if self._count // self.every % 2 else -1.0, tick.symbol)


CONFIG = """
[[strategies]]
id = "flips"
strategy = "{root}/benchmarks/live.py:Flips"
symbols = ["XBTUSD"]
period = "1m"
params = {{ every = {every} }}
lots = 1

[risk]
order_lots_max = 100
position_lots_max = 100
price_band = 0.05

[live]
warm_up = false
sync = "{sync}"
"""


async def _serve(ticks: int, seconds: float, key: str, secret: str, said: Any) -> None:
    limits = Limits(LimitRules(per_minute=100_000, per_minute_without_key=100_000, per_second=10_000))
    server = Server(generated_market(seed=1, now=time.time_ns()), limits=limits, on_time=True)
    account = server.exchange.open_account()
    server.exchange.add_key(Key(id=key, secret=secret, account=account.number))
    await server.open()
    said.put(server.port)
    trader, market = server.exchange.open_trader(), server.exchange.markets["XBTUSD"]
    began, done, sign = time.monotonic(), 0, 1
    while time.monotonic() - began < seconds:
        wanted = (time.monotonic() - began) * ticks
        while done < wanted:
            server.exchange.trade(trader, market, sign, None)
            sign, done = -sign, done + 1
        server.hub.flush()
        await asyncio.sleep(STEP_S)
    await server.close()


def _exchange(ticks: int, seconds: float, key: str, secret: str, said: Any) -> None:
    asyncio.run(_serve(ticks, seconds, key, secret, said))


class Bench:
    """One exchange and one run against it."""

    def __init__(self, folder: Path, *, ticks: int, seconds: float, sync: str, every: int) -> None:
        self.ticks, self.seconds = ticks, seconds
        key, secret = secrets.token_urlsafe(18), secrets.token_urlsafe(36)
        context = multiprocessing.get_context("spawn")
        said: Any = context.Queue()
        self._process = context.Process(target=_exchange, args=(ticks, seconds + 40, key, secret, said), daemon=True)
        self._process.start()
        port = said.get(timeout=60)
        folder.mkdir(mode=0o700)
        state = {"pid": self._process.pid, "port": port, "key": key, "secret": secret, "seed": 1, "market": "generated"}
        (folder / "exchange.json").write_text(json.dumps(state))
        config = folder.parent / f"{folder.name}.toml"
        config.write_text(CONFIG.format(root=ROOT, sync=sync, every=every))
        self._stack = ExitStack()
        options = LiveOptions(config=config)
        self.run, self.system = begun(options, folder, self._stack, live_money=False, resume=False, log_level="WARNING")

    def __enter__(self) -> "Bench":
        self.system.start(timeout=60)
        time.sleep(WARM_S)
        return self

    def __exit__(self, *_: object) -> None:
        self.system.stop(10)
        self.run.trace.close()
        self._stack.close()
        self._process.kill()
        self._process.join()

    def waiting(self) -> int:
        """Messages in all mailboxes."""
        return sum(each.waiting for each in self.system.status())

    def ticks_heard(self) -> int:
        """By the tick filter."""
        return next(each.handled for each in self.system.status() if each.address == "tick-filter")


def latencies(ticks: int, seconds: float, sync: str) -> None:
    """Measure, and print a table."""
    with tempfile.TemporaryDirectory() as place:
        every = max(1, ticks // 8)
        with Bench(Path(place) / "run", ticks=ticks, seconds=seconds, sync=sync, every=every) as bench:
            heard, began, cpu = bench.ticks_heard(), time.monotonic(), time.process_time()
            worst = 0
            while time.monotonic() - began < seconds:
                time.sleep(0.25)
                worst = max(worst, bench.waiting())
            took, heard = time.monotonic() - began, bench.ticks_heard() - heard
            share = (time.process_time() - cpu) / took
            left = bench.waiting()
        record = bench.system.record
        since = time.time_ns() - round((seconds + 1) * 1e9)
        rows = [row for row in timed_orders(record.signals, record.submitted, record.timed) if row.decided >= since]
        refused = sum(isinstance(each, OrderRefused) for each in record.ended)
    print(f"\n{ticks} ticks a second, commits {sync.upper()}: {len(rows)} orders, {refused} refused, in {took:.0f} s")
    print(
        f"  {heard / took:,.0f} messages a second at the filter, waiting at most {worst}, at the end {left}; "
        f"{share:.0%} of a core"
    )
    for step, figures in percentiles(rows).items():
        spans = "  ".join(f"{name} {figures[f'{name}_us']:9,.0f}" for name in ("p50", "p90", "p99", "max"))
        print(f"  {step:22} us  {spans}")
    assert set(percentiles(rows)) <= set(STEPS)


def kill(seconds: float) -> None:
    """From the call that a halt makes to the gate, and to the cancel on the wire, behind 10,000 messages a mailbox."""
    with (
        tempfile.TemporaryDirectory() as place,
        Bench(Path(place) / "run", ticks=200, seconds=seconds, sync="normal", every=25) as bench,
    ):
        system = bench.system
        for address in ("risk-guard@main", "executor@main", "portfolio@main", "strategy:flips", "venue@main"):
            for _ in range(10_000):
                system.tell(address, Woke(time.time_ns(), "nothing"))
        queued = bench.waiting()
        began = time.perf_counter()
        system.close_gate()
        gate = time.perf_counter() - began
        at = time.time_ns()
        system.tell("venue@main", CancelAll(account="main", ts=at))
        system.send(HaltTrading(reason="benchmark", ts=at))
        sent = None
        deadline = time.monotonic() + 20
        while sent is None and time.monotonic() < deadline:
            time.sleep(0.001)
            sent = next((each for each in list(WIRE) if each >= at), None)
    wire = "no cancel was seen" if sent is None else f"{(sent - at) / 1e6:.2f} ms"
    print(
        f"\nkill with {queued:,} messages queued: gate closed after {gate * 1e6:.0f} us, "
        f"cancel on the wire after {wire}"
    )


WIRE: list[int] = []
"""When the first byte of each DELETE left."""


def _watch_wire() -> None:
    from adapters.bitmex.rest import RestWorker  # noqa: PLC0415

    real = RestWorker.on_send_request

    def watched(self: RestWorker, message: Any) -> Any:
        answers = real(self, message)
        if message.verb == "DELETE":
            WIRE.extend(each.sent for each in answers)
        return answers

    RestWorker.on_send_request = watched  # type: ignore[method-assign]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ticks", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--sync", choices=("normal", "full"))
    parser.add_argument("--kill", action="store_true")
    told = parser.parse_args()
    sys.setswitchinterval(SWITCH_S)
    if told.kill:
        _watch_wire()
        kill(told.seconds)
        return
    for sync in (told.sync,) if told.sync else ("normal", "full"):
        latencies(told.ticks, told.seconds, sync)


if __name__ == "__main__":
    main()
