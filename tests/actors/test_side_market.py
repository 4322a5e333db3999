"""A market that is heard and not traded stands beside the traded one: by its own names, judged by itself, alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.bars.wanted import BarWanted
from actors.component import Component, handlers_of
from actors.live_routes import LIVE_ROUTES
from actors.runtime.router import Router
from actors.runtime.slot import ActorKind, ActorSpec, Slot
from actors.side_market import NamedFeed, SideBuilder, SideFilter
from actors.supervisor import ChildSpec, RestartPolicy, Supervisor
from actors.tick_filter import TickFilter
from messages import (
    ActorFailed,
    ActorQuarantined,
    ActorStarted,
    Bar,
    FenceActor,
    HaltTrading,
    Heartbeat,
    MarketFresh,
    MarketStale,
    OpenLine,
    OrderBook,
    Quarantined,
    Quote,
    StartActor,
    Subscribe,
    TextReceived,
    Tick,
)
from tests.builders import MONDAY, SECOND, a_quote, a_tick

SIDE = ("line", "side-feed", "side-filter", "side-builder")
MONEY = ("risk-guard", "executor", "portfolio", "venue", "journal", "reconciler", "checker")


class Says(Component):
    """A feed that says what it was given, at any text."""

    def __init__(self, *said):
        self.said, self.released = said, False

    def on_text_received(self, _message):
        return self.said

    def heritage(self):
        return "what it knows"

    def release(self):
        self.released = True


def an_id(symbol):
    return f"{symbol}.OTHER"


def heard(feed):
    return tuple(handlers_of(feed)[TextReceived](TextReceived(to="feed:other", number=1, text="x", at=1)))


# Names.


def test_everything_of_a_symbol_is_said_by_its_id_and_what_is_set_aside_too():
    aside = Quarantined(symbol="XBTUSD", received=MONDAY, reason="crossed", item=a_quote())
    feed = NamedFeed(Says(a_tick(7.0), a_quote(), MarketFresh(symbol="XBTUSD", ts=MONDAY), aside), an_id)

    tick, quote, fresh, quarantined = heard(feed)

    assert (tick, quote) == (a_tick(7.0, symbol="XBTUSD.OTHER"), a_quote(symbol="XBTUSD.OTHER"))
    assert fresh.symbol == quarantined.symbol == quarantined.item.symbol == "XBTUSD.OTHER"


def test_what_has_no_symbol_goes_through_as_it_is():
    wish = OpenLine(to="line:feed:other", number=1)

    assert heard(NamedFeed(Says(wish), an_id)) == (wish,)


def test_a_named_feed_hears_and_leaves_what_its_feed_does():
    inner = Says()
    feed = NamedFeed(inner, an_id)

    feed.release()

    assert set(handlers_of(feed)) == {TextReceived}
    assert feed.heritage() == "what it knows"
    assert inner.released


# Judged by itself.


def test_a_filter_asks_for_its_own_symbols_and_no_others():
    asked = SideFilter(["X.ONE", "Y.ONE"]).on_start()

    assert {each.symbol for each in asked} == {"X.ONE", "Y.ONE"}
    assert {each.message for each in asked} == {Tick, Quote, OrderBook, MarketStale, MarketFresh}


def test_a_builder_asks_for_the_trades_of_what_it_builds():
    asked = SideBuilder([BarWanted("X.ONE", SECOND), BarWanted("X.ONE", 60 * SECOND)]).on_start()

    assert asked == tuple(Subscribe(each, "X.ONE") for each in (Tick, MarketStale, MarketFresh))


PRICES = st.lists(st.tuples(st.sampled_from(["X.ONE", "X.TWO"]), st.floats(1, 1e6)), max_size=80)


@given(PRICES)
def test_what_one_venue_says_never_changes_the_judgement_of_another(prices):
    """Two filters of their own judge as two would that hear nothing of one another."""
    together = {name: SideFilter([name]) for name in ("X.ONE", "X.TWO")}
    judged = [(name, together[name].on_tick(a_tick(price, symbol=name))) for name, price in prices]

    for name in together:
        alone = TickFilter()
        assert [each for of, each in judged if of == name] == [
            alone.on_tick(a_tick(price, symbol=name)) for of, price in prices if of == name
        ]


# Alone.


def test_no_road_leads_from_it_to_anybody_who_trades_and_no_heartbeat_through_it():
    rows = [row for row in LIVE_ROUTES if row.sender in SIDE[1:]]

    assert {row.receiver for row in rows} & set(MONEY) == set()
    assert Heartbeat not in {row.message for row in rows}
    assert not [row for row in LIVE_ROUTES if row.receiver in SIDE[1:] and row.message is Heartbeat]
    assert {row.message for row in rows if row.receiver == "strategy"} == {
        *(Tick, Quote, OrderBook, Bar, MarketStale, MarketFresh),
        *(row.message for row in rows if row.message.__name__ == "BarOpen"),
    }


def test_of_two_such_markets_each_filter_and_builder_hears_its_own():
    router = Router(LIVE_ROUTES)
    slots = {}
    for name in ("one", "two"):
        for role, actor in (
            ("side-filter", SideFilter([f"X.{name.upper()}"])),
            ("side-builder", SideBuilder([BarWanted(f"X.{name.upper()}", SECOND)])),
        ):
            slot = slots[role, name] = Slot(_spec(f"{role}:{name}", role))
            router.add(slot)
            for wish in actor.on_start():
                router.subscribe(slot, wish)

    plans = [
        router.flow(role, Tick).plan(a_tick(symbol="X.TWO")) for role in ("side-feed", "side-filter")
    ]  # fmt: skip

    assert [[slot for _, hearers in plan for slot in hearers] for plan in plans] == [
        [slots["side-filter", "two"]],
        [slots["side-builder", "two"]],
    ]


def _spec(address, role):
    return ActorSpec(address=address, role=role, kind=ActorKind.SIDE, factory=lambda _: Component())


# Supervised apart.


def a_house(policy=None):
    """Two markets that are heard, and the one that is traded; everybody is up."""
    children = [
        ChildSpec(address=f"{role}:{name}", kind=ActorKind.SIDE, group=name, rank=rank)
        for name in ("one", "two")
        for rank, role in enumerate(SIDE)
    ]
    children += [
        ChildSpec(address=role, kind=ActorKind.MARKET, rank=rank)
        for rank, role in enumerate(("line:market", "feed", "tick-filter", "bar-builder"))
    ]
    supervisor = Supervisor(children, policy=policy)
    answers = list(supervisor.on_start())
    while wanted := [each for each in answers if isinstance(each, StartActor)]:
        answers = [said for start in wanted for said in supervisor.on_actor_started(ActorStarted(start.actor, 1))]
    return supervisor


def fails(supervisor, actor, epoch=1):
    failed = ActorFailed(actor=actor, epoch=epoch, during="Tick", error="ValueError", at=MONDAY, handled=1000)
    return supervisor.on_actor_failed(failed)


@pytest.mark.parametrize("place", range(4))
def test_who_fails_takes_along_those_behind_it_in_its_own_market_only(place):
    said = fails(a_house(), f"{SIDE[place]}:one")

    assert [each.actor for each in said if isinstance(each, StartActor)] == [f"{role}:one" for role in SIDE[place:]]
    assert [each.actor for each in said if isinstance(each, FenceActor)] == [f"{r}:one" for r in SIDE[place + 1 :]]


def test_the_traded_market_takes_none_of_the_others_along():
    said = fails(a_house(), "line:market")

    assert [each.actor for each in said if isinstance(each, StartActor)] == [
        *("line:market", "feed", "tick-filter", "bar-builder")
    ]


def test_one_that_is_given_up_on_halts_nobody_and_the_traded_one_does():
    policy = RestartPolicy(failures=0, delays_s=(0.0,))

    beside, traded = fails(a_house(policy), "side-feed:one"), fails(a_house(policy), "feed")

    assert [type(each) for each in beside] == [ActorQuarantined]
    assert [type(each) for each in traded] == [ActorQuarantined, HaltTrading]
