"""A life again as a backtest: its strategies, contracts, fees, cash and warm-up, on what was recorded of its market.

It is the system that `live` makes, with the simulated venue where the real one was, in the replay's one thread. What a
file's backtest does otherwise is done here as it was live: bars close 250 ms behind their end, by the market's clock
and only while the market is fresh; the bars that were open at the start are gone on with; orders wait until the venue
was ready. What came from outside is said again at its time: the market, whether it was fresh, whether the venue was
there.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping
from operator import itemgetter
from pathlib import Path
from typing import Any, Final, TypeAlias

import attrs

from actors.component import Answers, Component
from actors.live_routes import LIVE_ROUTES
from actors.outcome import outcome
from actors.recorder import Record
from actors.restored import Restored
from actors.result import BacktestResult
from actors.routes import ROUTES, Route
from actors.runtime.runtime import OUTSIDE
from actors.runtime.slot import ActorKind, ActorSpec
from actors.setup import Setup, wanted_bars
from actors.wiring import closes_of
from adapters.journal.given import restored_again
from adapters.journal.results import rebuild_record
from adapters.live.again import feeds_again, system_again
from adapters.live.assembly import bar_builder_spec
from adapters.live.feeds import feed_address, flow_specs, ids_of, side_spec
from adapters.parity.reading import LifeRead, about
from adapters.parity.story import TOLD, Said, Story, story_of
from messages import (
    Account,
    FeedEnded,
    MarketFresh,
    MarketStale,
    Message,
    Minor,
    Step,
    UtcNs,
    WakeAt,
    Woke,
)

_MARKET_STATES: Final = (MarketFresh, MarketStale)
_NEXT: Final = "next"


@attrs.frozen(kw_only=True)
class Cash:
    """What a life did to an account's cash in one currency, in minor units."""

    change: Minor
    """All of it: realised profit, fees, funding, adjustments."""
    fees: Minor
    funding: Minor


CashOf: TypeAlias = Mapping[tuple[Account, str], Cash]
"""By account and currency."""


@attrs.frozen(kw_only=True)
class Again:
    """What came of running a life again."""

    story: Story
    cash: CashOf


def run_again(life: LifeRead, market: Callable[[], Iterable[Message]], before: CashOf) -> Again:
    """Run the life on that market, whose messages come in the order of their reception, once for each feed.

    `before`: what all lives before it did to the cash. JournalError when the folder cannot be read again; InputError
    when its configuration cannot.
    """
    system = system_again(life.folder, routes=ROUTES_AGAIN, beside=lambda made: _besides(made, life, market))
    setup = system.setup
    system.restore(_restored(life, setup))
    rebuild_record(life.folder, system.record, closes_of=closes_of(wanted_bars(setup)), before_life=life.number)
    said: list[Said] = []
    for message_class in TOLD:
        system.subscribe(message_class, lambda message: said.append((runtime.now(), message)))
    runtime = system.make_replay(start_at=life.started)
    runtime.run()
    return Again(
        story=story_of(said, setup.strategies, until=life.ended),
        cash=cash_since(_cash(system.result()), before),
    )


def cash_before(folder: Path, setup: Setup, number: int) -> CashOf:
    """What all lives before that one did to the cash."""
    record = Record()
    rebuild_record(folder, record, closes_of=closes_of(wanted_bars(setup)), before_life=number)
    return _cash(outcome(setup, record, slots=(), until=None, notes=()))


def _cash(result: BacktestResult) -> CashOf:
    return {
        (each.account, each.currency): Cash(
            change=each.cash_end_minor - each.cash_start_minor, fees=each.fees_minor, funding=each.funding_minor
        )
        for each in result.summaries
    }


def cash_since(after: CashOf, before: CashOf) -> CashOf:
    """What came to it between the two."""
    nothing = Cash(change=0, fees=0, funding=0)
    return {
        key: Cash(
            change=cash.change - before.get(key, nothing).change,
            fees=cash.fees - before.get(key, nothing).fees,
            funding=cash.funding - before.get(key, nothing).funding,
        )
        for key, cash in after.items()
    }


# The system.


def _routes_again() -> tuple[Route, ...]:
    """A live system's, without journal and wire: the guard's word goes to the venue. No bar closes for the feed's end:
    live it has none."""
    absent = {"journal", "line", "rest", "auditor"}
    return (
        *[row for row in ROUTES if (row.message, row.receiver) != (FeedEnded, "bar-builder")],
        *[row for row in LIVE_ROUTES if row not in ROUTES and not absent & {row.sender, row.receiver}],
    )


ROUTES_AGAIN: Final = _routes_again()


def _restored(life: LifeRead, setup: Setup) -> Restored:
    """What the life began with; the simulated venue, what it would have: positions and cash, and no order."""

    def began(of: Setup) -> Restored:
        return restored_again(life.folder, of, now=life.started, before_life=life.number, given=life.given)

    restored = began(setup)
    venues = {
        address: left
        for address, left in began(attrs.evolve(setup, live_accounts=frozenset())).heritage.items()
        if address.startswith("venue@")
    }
    return attrs.evolve(restored, heritage={**restored.heritage, **venues})


def _besides(setup: Setup, life: LifeRead, market: Callable[[], Iterable[Message]]) -> Iterator[ActorSpec]:
    feeds = feeds_again(life.folder)
    beside = frozenset([symbol for section in feeds for symbol in ids_of(section)])
    said = _with_states(market(), life, lambda name: name not in beside)
    yield ActorSpec(
        address="feed",
        role="feed",
        kind=ActorKind.MARKET,
        factory=lambda left: Speaker(said if left is None else left, ends_at=life.ended),
    )
    for section in feeds:
        yield _side_feed(section.called, _with_states(market(), life, frozenset(ids_of(section)).__contains__))
        yield from flow_specs(section, setup)
    yield bar_builder_spec(setup, life.given.so_far)
    halts = iter(life.halts)
    yield ActorSpec(
        address="operator",
        role=OUTSIDE,
        kind=ActorKind.EDGE,
        factory=lambda left: Speaker(halts if left is None else left),
    )
    for account in setup.live_accounts:
        spoken = iter(_readiness(life, account))
        yield _reconciler(account, spoken)


def _side_feed(name: str, said: Iterator[Said]) -> ActorSpec:
    return side_spec(name, feed_address(name), "side-feed", lambda left: Speaker(said if left is None else left))


def _reconciler(account: Account, spoken: Iterator[Said]) -> ActorSpec:
    return ActorSpec(
        address=f"reconciler@{account}",
        role="reconciler",
        kind=ActorKind.VENUE,
        factory=lambda left: Speaker(spoken if left is None else left),
        account=account,
    )


def _readiness(life: LifeRead, account: Account) -> list[Said]:
    return [(at, message) for _, at, message in life.readiness if getattr(message, "account", None) == account]


def _with_states(market: Iterable[Message], life: LifeRead, is_its: Callable[[str], bool]) -> Iterator[Said]:
    """What a feed said up to the life's end; of its freshness behind what was heard at the same time.

    `is_its`: whether a symbol or a source of events is the feed's.
    """
    heard = ((each.received, 0, each) for each in market if is_its(about(each)))  # type: ignore[attr-defined]
    states = ((at, 1, each) for at, each in life.states if is_its(about(each)))
    for at, _, message in heapq.merge(heard, states, key=itemgetter(0, 1)):
        if at > life.ended:
            return
        yield at, message


class Speaker(Component):
    """Says what was said by somebody outside of what decides, each message at its time and before the next.

    Hears Woke, and as a feed Pull. Says WakeAt, what it was given, and at `ends_at` FeedEnded.
    """

    def __init__(self, said: Iterator[Said], *, ends_at: UtcNs | None = None) -> None:
        self._said = said
        self._ends_at = ends_at
        self._next: Said | None = None

    def heritage(self) -> Any:
        """What is still to be said."""
        return self._said

    def on_start(self) -> Answers:
        """Wait for the first."""
        return self._wait()

    def on_woke(self, woke: Woke) -> Answers:
        """Its time has come."""
        due = self._next
        if due is None:
            return () if self._ends_at is None else (FeedEnded(woke.at),)
        return (due[1], *self._wait())

    def _wait(self) -> Answers:
        self._next = due = next(self._said, None)
        if due is not None:
            return (WakeAt(due[0], _NEXT, Step.TICKS),)
        return () if self._ends_at is None else (WakeAt(self._ends_at, _NEXT, Step.CHECKS),)
