"""A host application of its own, in a folder of its own, with nothing but the installed wheel. Run by the gate."""

import logging
import signal
import threading
from decimal import Decimal

import pykka

from actors import Strategy, TradingSystem
from adapters.generated import generated_bars
from messages import Bar, Fill, Instrument, Kind


class Trend(Strategy):
    """Long above the average of ten closes, short below."""

    def on_bar(self, bar: Bar) -> None:
        closes = [each.close for each in self.history(10)]
        self.target(1 if bar.close > sum(closes) / len(closes) else -1)


def main() -> None:
    """A backtest, then the same on threads; the host keeps its signals, its loggers and its threads."""
    handler = signal.getsignal(signal.SIGINT)
    bars = generated_bars("XBTUSD", seed=1, bars=2_000)
    instrument = Instrument(symbol="XBTUSD", kind=Kind.LINEAR, tick_size=Decimal("0.5"), currency="USD")
    result = TradingSystem(feed=bars, instruments=[instrument], strategies=[Trend]).backtest()
    assert result.bars == 2_000, result.bars
    assert result.fills, "a trend follower that never trades"

    heard: list[Fill] = []
    system = TradingSystem(feed=bars, instruments=[instrument], strategies=[Trend])
    system.subscribe(Fill, heard.append)
    system.start()
    assert system.wait_until_idle(60), system.status()
    names = {status.address: status.state for status in system.status()}
    system.stop()
    assert names["strategy:trend"] == "up", names
    assert heard, "no fill was heard on threads"

    assert signal.getsignal(signal.SIGINT) is handler, "the host's signal handler was taken"
    assert not logging.getLogger().handlers, "the host's root logger was touched"
    assert not pykka.ActorRegistry.get_all(), "an actor is registered in the host's registry"
    left = [
        thread.name for thread in threading.enumerate() if not thread.daemon and thread is not threading.main_thread()
    ]
    assert not left, f"threads left behind: {left}"
    print(f"host application: {result.executions} executions in a backtest, {len(heard)} fills heard on threads")


if __name__ == "__main__":
    main()
