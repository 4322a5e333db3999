"""No order before account and venue are known to agree; no bar is missing or double where history meets the present."""

from datetime import datetime
from functools import partial

from actors.reconciler import Reconciler
from adapters.exchange.faults import Rule
from messages import NS_PER_SECOND, OrderRefused, TradingState, VenueReady
from tests.system.live.agreement import assert_agree, summary
from tests.system.live.lives import Life, a_folder, a_strategy
from tests.system.live.venue import SYMBOL, until

_MS = NS_PER_SECOND // 1_000


def test_no_order_goes_before_the_account_was_read_twice(tmp_path, venue):
    folder, config = a_folder(tmp_path, venue, a_strategy("Flipper", every=0.1))
    venue.fault(Rule(kind="latency", verb="GET", path="/execution", ms=400))

    with Life(folder, config) as life:
        until(venue.posts, life.story)
        until(lambda: len(venue.trades()) >= 2, life.story)

    asked = [(each.verb, each.path) for each in venue.asked]
    before = asked[: asked.index(("POST", "/order"))]
    assert before.count(("GET", "/position")) >= 2
    assert before.count(("GET", "/execution")) >= 2
    wanted, (ready, *_) = life.system.record.signals[0].ts, life.of(VenueReady)
    assert wanted < ready.ts <= life.system.record.submitted[0].order.ts
    assert_agree(folder, venue)


def test_an_account_that_cannot_be_read_is_never_traded_and_ends_with_its_own_code(tmp_path, venue, monkeypatch):
    quick = partial(Reconciler, retry_ns=20 * _MS, retry_longest_ns=20 * _MS, tries_max=3)
    monkeypatch.setattr("adapters.live.assembly.Reconciler", quick)
    monkeypatch.setattr("adapters.bitmex.reading._PAUSES", (20 * _MS,) * 5)
    folder, config = a_folder(tmp_path, venue, a_strategy("Mixed"))
    venue.fault(Rule(kind="503", verb="GET", path="/execution"))

    with Life(folder, config) as life:
        until(lambda: life.states()[-1:] == [TradingState.HALTED], life.story)
        until(lambda: len(life.of(OrderRefused)) >= 2, life.story)
        assert life.stop("--for") == 4

    assert not venue.posts()
    assert summary(folder)["halted"].startswith("could not reconcile")


def test_bars_of_history_of_the_present_and_around_a_cut_are_those_of_all_trades(tmp_path, venue):
    file = tmp_path / "bars"
    folder, config = a_folder(tmp_path, venue, a_strategy("Writes", file=str(file)), live="warm_up = true\n")

    with Life(folder, config) as life:
        warm = life.run.history.bars[SYMBOL, NS_PER_SECOND]
        until(lambda: len(heard(file)) >= len(warm) + 2, life.story)
        venue.cut()
        count = len(heard(file))
        until(lambda: len(heard(file)) >= count + 2, life.story)

    assert len(warm) == 5
    bars, truth = heard(file), by_second(venue)
    within = {open_ts: each for open_ts, each in truth.items() if bars[0][0] <= open_ts <= bars[-1][0]}
    assert bars == [(open_ts, *each) for open_ts, each in sorted(within.items())]


def heard(file):
    """(open, high, low, close, volume) as the strategy heard them, by when they began."""
    if not file.exists():
        return []
    lines = [line.split(",") for line in file.read_text("utf-8").split("\n")[:-1]]
    return [(int(open_ts), *map(float, (high, low, close, volume))) for open_ts, _, high, low, close, volume in lines]


def by_second(venue):
    """The same of the exchange's own trades, added up by hand."""
    found = {}
    for row in venue.pages("/trade", symbol=SYMBOL):
        at = datetime.fromisoformat(row["timestamp"])
        open_ts, price, size = int(at.timestamp()) * NS_PER_SECOND, float(row["price"]), float(row["size"])
        _, high, low, _, volume = found.get(open_ts, (0, price, price, price, 0.0))
        found[open_ts] = (0, max(high, price), min(low, price), price, volume + size)
    return {open_ts: each[1:] for open_ts, each in found.items()}
