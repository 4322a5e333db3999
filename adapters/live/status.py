"""How a live run stands, as JSON can write it: what `run.py status` shows."""

from collections.abc import Mapping

from actors.system import TradingSystem
from adapters.live.run import LiveRun
from adapters.live.snapshot import RecordingView
from messages import NS_PER_SECOND, iso_utc


def _recording(run: LiveRun, view: RecordingView) -> Mapping[str, object] | None:
    if run.recording is None:
        return None
    return {
        "store": str(run.recording.root), "written": run.recording.written, "lost": view.lost, "stopped": view.stopped
    }  # fmt: skip


def status_of(run: LiveRun, system: TradingSystem) -> Mapping[str, object]:
    """Accounts, markets, positions, orders, actors."""
    now, seen = run.clock.now(), run.state.snapshot()
    return {
        "run": run.run6,
        "life": run.life,
        "venue": run.venue.environment.name,
        "paper": run.venue.is_paper,
        "at": iso_utc(now),
        "up_seconds": (now - run.started) // NS_PER_SECOND,
        "gate": "open" if system.gate_is_open else "closed",
        "accounts": [
            {
                "account": each.account,
                "state": None if each.state is None else each.state.value,
                "reason": each.reason,
                "venue": each.venue,
            }
            for each in seen.accounts
        ],
        "markets": [
            {
                "symbol": each.symbol, "last": each.last, "bid": each.bid, "ask": each.ask, "stale": each.stale,
                "lots": each.lots,
            }
            for each in seen.markets
        ],
        "positions": [
            {"account": each.account, "strategy": each.strategy, "symbol": each.symbol, "lots": each.lots,
             "currency": each.currency, "profit_minor": each.profit_minor}
            for each in seen.books
        ],
        "orders": [
            {"client_id": each.client_id, "symbol": each.symbol, "lots": each.lots, "filled": each.filled,
             "type": each.type.value, "price": each.price, "state": each.state}
            for each in seen.orders
        ],
        "sources": [
            {"source": each.source, "events": each.events, "malformed": each.malformed, "stale": each.stale,
             "received": None if each.received is None else iso_utc(each.received)}
            for each in seen.sources
        ],
        "counts": {
            "orders": seen.counts.orders, "fills": seen.counts.fills, "refused": seen.counts.refused,
            "rejected": seen.counts.rejected, "restarts": seen.counts.restarts, "foreign": seen.counts.foreign,
        },
        "invariants": {"violations": seen.counts.violations, "last": seen.violated},
        "watchdog": {"is_there": seen.watchdog.is_there, "text": seen.watchdog.text},
        "recording": _recording(run, seen.recording),
        "actors": [
            {"address": each.address, "state": each.state, "epoch": each.epoch, "waiting": each.waiting,
             "restarts": each.restarts}
            for each in system.status()
        ],
    }  # fmt: skip
