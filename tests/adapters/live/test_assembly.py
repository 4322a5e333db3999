"""A live run is put together from parts that know the same time."""

from contextlib import closing
from queue import SimpleQueue
from types import SimpleNamespace

import attrs

from adapters.bitmex.credentials import LoopbackKeys
from adapters.bitmex.environment import Loopback
from adapters.exchange.contracts import XBTUSD
from adapters.live.assembly import _account, _market, make_system
from adapters.live.beginning import _run
from adapters.live.settings import LiveOptions, live_settings
from adapters.live.venue import Venue
from messages import LineClosed, OpenLine, RequestAnswered, SendRequest
from tests.builders import MONDAY

NOBODY_LISTENS = 1


def test_what_moves_bytes_tells_the_time_of_the_run_and_not_the_machines(tmp_path):
    """A machine that slept, or whose clock was set, would have the gateway wait for timers that come minutes late."""
    keys = LoopbackKeys("k" * 20, "s" * 40)
    venue = Venue(
        environment=Loopback(port=NOBODY_LISTENS),
        keys=keys,
        account_id=1,
        contracts={"XBTUSD": XBTUSD.instrument},
        cash={"XBT": 7},
    )
    run = _run(tmp_path, live_settings(LiveOptions(), tmp_path), venue, lambda _redact: None)
    said = SimpleQueue()
    with closing(run.trace):
        run = attrs.evolve(run, clock=SimpleNamespace(now=lambda: MONDAY))
        setup = make_system(run).setup
        system = SimpleNamespace(gate_is_open=True, voice=lambda _address: said.put)
        specs = [*_market(system, run, setup), *_account(system, run, setup, "main")]
        workers = [each for each in specs if each.role == "rest"]
        lines = [each for each in specs if each.role == "line"]
        assert (len(workers), len(lines)) == (4, 2)

        for spec in workers:
            worker = spec.factory(None)
            request = SendRequest(to=spec.address, reply_to="feed", number=1, verb="GET", path="/api/v1/trade")
            (answer,) = worker.on_send_request(request)
            worker.release()
            assert isinstance(answer, RequestAnswered)
            assert (answer.started, answer.received) == (MONDAY, MONDAY)
        for spec in lines:
            line = spec.factory(None)
            line.on_open_line(OpenLine(to=spec.address, number=1))
            closed = said.get(timeout=30)
            line.release()
            assert isinstance(closed, LineClosed)
            assert closed.at == MONDAY
