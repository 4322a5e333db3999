"""Two markets at once: what happens to the one that is only heard is nothing to the one that is traded."""

import json
import socket

import pytest

from actors.runtime.slot import State
from adapters.errors import InputError
from messages import (
    ActorQuarantined,
    Annotated,
    Bar,
    HaltTrading,
    MarketFresh,
    MarketStale,
    OrderFlow,
    Quote,
    SendText,
    SpreadSample,
    TextReceived,
    Tick,
    TradingState,
)
from tests.builders import a_tick
from tests.system.commands import run_here
from tests.system.live.agreement import assert_agree, rows, summary
from tests.system.live.lives import TRADERS, Life, Process, a_folder, a_strategy
from tests.system.live.venue import a_venue, until

HEARD = (Tick, Quote, Bar, OrderFlow, SpreadSample, MarketStale, MarketFresh, ActorQuarantined, HaltTrading, Annotated)
OTHER = "XBTUSD.OTHER"
HALF_A_SECOND = 500_000_000


def _listener(name="two-eyes"):
    return (
        f'[[strategies]]\nid = "{name}"\nstrategy = "{TRADERS}:TwoMarkets"\nsymbols = ["XBTUSD"]\n'
        f'hears = ["{OTHER}"]\nperiod = "1s"\n'
    )


def _beside(port, **settings):
    told = "".join(f"{key} = {json.dumps(value)}\n" for key, value in settings.items())
    return (
        f'[[feeds]]\nvenue = "loopback"\nname = "other"\nport = {port}\nsymbols = ["XBTUSD"]\n{told}'
        f'[[spreads]]\nname = "pair"\na = "XBTUSD.LOOPBACK"\nb = "{OTHER}"\n'
    )


def _listening(life):
    """A life that notes what it hears of both markets."""
    for each in HEARD:
        life.system.subscribe(each, life.heard.append)
    return life


def _of(life, kind, symbol):
    return [each for each in life.of(kind) if each.symbol == symbol]


def _noted(life):
    """What the strategy wrote down of the market that it only hears; it may come to that later than we are told."""
    return [each.text for each in life.of(Annotated)]


def assert_not_halted(life):
    """Before the stop, which halts by itself."""
    assert TradingState.HALTED not in life.states()
    assert life.of(HaltTrading) == []


@pytest.fixture
def other():
    with a_venue(seed=2) as other:
        yield other


def test_both_are_heard_by_their_names_and_only_one_is_traded(tmp_path, venue, other):
    folder, config = a_folder(tmp_path, venue, a_strategy("Flipper"), _listener(), more=_beside(other.port))

    with _listening(Life(folder, config)) as life:
        until(lambda: len(_of(life, OrderFlow, OTHER)) > 2 and _of(life, OrderFlow, "XBTUSD"), life.story)
        until(lambda: _of(life, Bar, OTHER) and _of(life, Bar, "XBTUSD"), life.story)
        until(lambda: len(venue.trades()) >= 4, life.story)
        until(lambda: [each for each in life.of(SpreadSample) if each.sell_a_buy_b is not None], life.story)
        until(lambda: {"tick", "quote", "bar", "flow", "fresh"} <= set(_noted(life)), life.story)

    assert_agree(folder, venue)
    assert {each.symbol for each in life.of(Tick)} == {"XBTUSD", OTHER}
    assert other.posts() == {}
    assert other.count("POST", "/order") == 0
    samples = life.of(SpreadSample)
    assert all(each.received % HALF_A_SECOND == 0 for each in samples)
    assert [each.received for each in samples] == sorted({each.received for each in samples})
    latest = samples[-1]
    assert (latest.a.symbol, latest.b.symbol) == ("XBTUSD", OTHER)
    assert latest.a.ts < latest.received > latest.b.ts
    marks = {row["text"].split()[0] for row in rows(folder, "marks.csv")}
    assert {"tick", "quote", "bar", "flow", "fresh"} <= marks


def test_the_other_one_dies_and_comes_back_and_trading_goes_on(tmp_path, venue):
    folder, config = a_folder(
        tmp_path, venue, a_strategy("Flipper"), _listener(), live='on_stop = "cancel"', more="@"
    )  # fmt: skip
    with a_venue(seed=2) as other:
        port = other.port
        config.write_text(config.read_text().replace("@", _beside(port)))
        life = _listening(Life(folder, config))
        life.__enter__()
        until(lambda: _of(life, MarketFresh, OTHER), life.story)
        until(lambda: [each for each in life.of(SpreadSample) if each.sell_a_buy_b is not None], life.story)
    try:
        until(lambda: _of(life, MarketStale, OTHER), life.story)
        # A sample that is taken from now on knows the last quote, which the one before may not have known.
        known = len(life.of(SpreadSample))
        until(lambda: len(life.of(SpreadSample)) > known, life.story)
        died = life.of(SpreadSample)[-1]
        traded, sampled = len(venue.trades()), len(life.of(SpreadSample))
        until(lambda: len(venue.trades()) > traded + 2, life.story)
        until(lambda: len(life.of(SpreadSample)) > sampled + 3, life.story)
        later = life.of(SpreadSample)[-1]
        assert later.b == died.b
        assert later.a.ts > died.a.ts
        assert later.received - later.b.ts > 3 * HALF_A_SECOND
        fresh = len(_of(life, MarketFresh, OTHER))
        with a_venue(seed=3, port=port):
            until(lambda: len(_of(life, MarketFresh, OTHER)) > fresh, life.story)
            until(lambda: life.of(SpreadSample)[-1].b.ts > died.b.ts, life.story)
            until(lambda: _noted(life).count("fresh") >= 2, life.story)
        assert_not_halted(life)
    finally:
        assert life.stop() == 143
    assert _of(life, MarketStale, "XBTUSD") == []
    assert_agree(folder, venue)
    said = [row["text"] for row in rows(folder, "marks.csv")]
    assert "stale" in said
    assert said.count("fresh") >= 2


@pytest.mark.parametrize(
    ("actor", "poison"),
    [
        ("line:feed:other", SendText(to="line:feed:other", number=1, text="x")),
        ("feed:other", TextReceived(to="feed:other", number=1, text="x", at=1)),
        ("side-filter:other", a_tick(symbol=OTHER)),
        ("side-builder:other", a_tick(symbol=OTHER)),
    ],
)
def test_an_actor_of_the_other_market_that_fails_again_and_again_is_given_up_and_nobody_halts(
    tmp_path, venue, other, actor, poison
):
    folder, config = a_folder(tmp_path, venue, a_strategy("Flipper"), _listener(), more=_beside(other.port))

    with _listening(Life(folder, config)) as life:
        until(lambda: _of(life, Bar, OTHER) and len(venue.trades()) > 1, life.story)
        epochs = {each: life.slot(each).epoch for each in ("feed", "tick-filter", "bar-builder", "line:market")}
        for time in range(1, 5):
            slot = life.slot(actor)
            until(lambda slot=slot: slot.state is State.UP and life.host(actor) is slot.host, life.story)
            life.breaks(actor, type(poison))
            life.system.tell(actor, poison)
            until(lambda time=time: len(life.failures_of(actor)) >= time, life.story)
        until(lambda: [each for each in life.of(ActorQuarantined) if each.actor == actor], life.story)
        traded = len(venue.trades())
        until(lambda: len(venue.trades()) > traded + 2, life.story)
        assert {each: life.slot(each).epoch for each in epochs} == epochs
        assert_not_halted(life)

    assert_agree(folder, venue)


def test_a_venue_that_is_not_there_at_the_start_is_told_of_and_trading_begins(tmp_path, venue):
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        folder, config = a_folder(tmp_path, venue, a_strategy("Flipper"), more=_beside(port))

        with _listening(Life(folder, config)) as life:
            until(lambda: len(venue.trades()) > 1, life.story)
            until(lambda: len(life.of(SpreadSample)) > 1, life.story)
        assert life.of(SpreadSample)[-1].b.ts is None
        assert any("feed other" in note for note in life.run.notes)


def test_a_symbol_that_the_other_venue_has_not_ends_the_start(tmp_path, venue, other):
    more = _beside(other.port).replace('symbols = ["XBTUSD"]', 'symbols = ["XBTUSD", "NOSUCH"]')
    folder, config = a_folder(tmp_path, venue, a_strategy("Flipper"), more=more)

    with pytest.raises(InputError, match=r"feeds\[0\]\.symbols: other has no contract NOSUCH"):
        Life(folder, config)


def test_as_a_user_starts_it_and_decided_again_it_is_the_same(tmp_path, venue, other):
    folder, config = a_folder(tmp_path, venue, a_strategy("Flipper"), _listener(), more=_beside(other.port))

    with Process(folder, "--for", 4, "--quiet", config=config) as process:
        assert process.wait() == 0, process.said()

    assert_agree(folder, venue)
    assert summary(folder)["live"]["troubles"] == []
    again = run_here("replay", folder, "--json", cwd=tmp_path)
    assert json.loads(again.stdout)["not_run"] == []
