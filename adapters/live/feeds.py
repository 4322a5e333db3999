"""The markets that a live run hears beside the one it trades: which actors each has, and how its feed is made.

    line:feed:<name>  rest:feed:<name>  feed:<name>  side-filter:<name>  side-builder:<name>

Each is a flow of its own (`ActorKind.SIDE`, one group each): its own clock, filter and watchdog, supervised apart. No
route leads from it to a guard or a venue, and no key is ever given to it. A kind of venue is a maker in `_KINDS`: it
gives actors of the roles `line`, `rest` and `side-feed`, of which the last says `Tick`, `Quote`, `OrderBook`,
`MarketStale` and `MarketFresh`, by ids.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from random import Random
from typing import Any, Final

import attrs
from loguru import logger

from actors.component import Component
from actors.runtime.slot import ActorKind, ActorSpec
from actors.setup import Setup, side_bars
from actors.side_market import NamedFeed, SideBuilder, SideFilter
from actors.tick_filter import FilterSettings
from actors.wiring import bar_builder
from adapters.bitmex.client import RestClient
from adapters.bitmex.environment import MAINNET_MARKET, Environment, Loopback, Testnet
from adapters.bitmex.line import SocketLine
from adapters.bitmex.live_feed import BitmexFeed
from adapters.bitmex.rest import RestWorker
from adapters.configuration import FeedSection
from adapters.configuration.market_sections import CCXT
from adapters.errors import InputError, VenueError
from adapters.store.names import symbol_id
from messages import NS_PER_SECOND, Address, Message, Symbol, UtcNs

_ASK_S: Final = 5.0
"""At the start a venue that is only heard is not waited for any longer."""


def feed_address(name: str) -> Address:
    """Of the feed that is called so."""
    return f"feed:{name}"


def side_spec(name: str, address: Address, role: str, factory: Callable[[Any], Component]) -> ActorSpec:
    """An actor of the feed that is called so."""
    return ActorSpec(address=address, role=role, kind=ActorKind.SIDE, factory=factory, group=name)


def ids_of(section: FeedSection) -> tuple[Symbol, ...]:
    """What its symbols are called in a run."""
    return tuple([symbol_id(section.called, symbol) for symbol in section.symbols])


@attrs.frozen(kw_only=True)
class FeedParts:
    """What a feed is made of: the entry, and what a live run lends it."""

    section: FeedSection
    books: tuple[Symbol, ...]
    """The venue's symbols whose order books somebody wants."""
    voice: Callable[[Address], Callable[[Message], None]]
    """What a thread of an actor's own speaks with; asked for when the actor is made."""
    clock: Callable[[], UtcNs]
    seed: str
    """Of what is random in it."""

    @property
    def name(self) -> str:
        """As ids end, in lower case."""
        return self.section.called

    @property
    def address(self) -> Address:
        """Of its feed."""
        return feed_address(self.name)

    def spec(self, address: Address, role: str, factory: Callable[[Any], Component]) -> ActorSpec:
        """One of its actors."""
        return side_spec(self.name, address, role, factory)

    def named(self, feed: Component) -> Component:
        """The feed, saying ids in place of the venue's own symbols."""
        return NamedFeed(feed, partial(symbol_id, self.name))


def feed_parts(
    section: FeedSection,
    setup: Setup,
    *,
    voice: Callable[[Address], Callable[[Message], None]],
    clock: Callable[[], UtcNs],
    seed: str,
) -> FeedParts:
    """What the entry's actors are given."""
    hearing = [entry for entry in setup.strategies if "on_book" in entry.strategy.hears()]
    wanted = {symbol for entry in hearing for symbol in entry.hears}
    asked = tuple([each for each in section.symbols if symbol_id(section.called, each) in wanted])
    books = asked if section.books is None else section.books
    return FeedParts(section=section, books=books, voice=voice, clock=clock, seed=f"{seed} {section.called}")


def feed_specs(parts: FeedParts, setup: Setup) -> Iterable[ActorSpec]:
    """All actors of one feed, in the order of its flow."""
    yield from _maker(parts.section)(parts)
    yield from flow_specs(parts.section, setup)


def flow_specs(section: FeedSection, setup: Setup) -> Iterable[ActorSpec]:
    """What follows on the feed: who judges what it says, and who builds bars of it."""
    ids, name, band = ids_of(section), section.called, section.band
    settings = FilterSettings() if band is None else FilterSettings(band=band)
    yield side_spec(name, f"side-filter:{name}", "side-filter", lambda _heritage: SideFilter(ids, settings))
    wanted = side_bars(setup, ids)
    if wanted:

        def builder(heritage: Any) -> Component:
            return bar_builder(setup, wanted, heritage, SideBuilder)

        yield side_spec(name, f"side-builder:{name}", "side-builder", builder)


def check_feeds(feeds: Iterable[FeedSection]) -> tuple[str, ...]:
    """Ask each venue for its symbols: InputError for one that it does not have. Notes of who could not be asked.

    A venue that is not there stops nobody from trading at another: its feed tries until it is.
    """
    notes: list[str] = []
    for number, section in enumerate(feeds):
        if section.venue.startswith(CCXT):
            # Its symbols are looked up by the feed; whether the library is there and knows the exchange, here.
            from adapters.ccxt_data.public import PublicExchange  # noqa: PLC0415 only this kind needs it

            PublicExchange(section.venue.removeprefix(CCXT)).close()
            continue
        try:
            with RestClient(environment_of(section), None, timeout_s=_ASK_S, patience=0) as client:
                missing = [symbol for symbol in section.symbols if client.instrument(symbol) is None]
        except VenueError as error:
            note = f"feed {section.called}: {error}; it is tried again and again, and trading goes on without it"
            logger.warning(note)
            notes.append(note)
            continue
        if missing:
            raise InputError(f"feeds[{number}].symbols: {section.called} has no contract {', '.join(missing)}")
    return tuple(notes)


def environment_of(section: FeedSection) -> Environment:
    """Where a venue that speaks BitMEX's protocol is reached."""
    if section.venue == "loopback":
        assert section.port is not None
        return Loopback(port=section.port)
    return Testnet() if section.venue == "bitmex-testnet" else MAINNET_MARKET


def _bitmex(parts: FeedParts) -> Iterable[ActorSpec]:
    environment, section = environment_of(parts.section), parts.section
    line, worker = f"line:feed:{parts.name}", f"rest:feed:{parts.name}"

    def feed(heritage: Any) -> Component:
        bare = BitmexFeed(
            address=parts.address,
            line=line,
            worker=worker,
            symbols=section.symbols,
            books=parts.books,
            random=Random(parts.seed),  # noqa: S311 it spreads retries, and keeps no secret
            silence_s=section.silence_s,
            heritage=heritage,
        )
        return parts.named(bare)

    yield parts.spec(
        line,
        "line",
        lambda _heritage: SocketLine(line, parts.address, environment.socket, parts.voice(line), clock=parts.clock),
    )
    yield parts.spec(worker, "rest", lambda _heritage: RestWorker(environment.rest, clock=parts.clock))
    yield parts.spec(parts.address, "side-feed", feed)


def _ccxt(parts: FeedParts) -> Iterable[ActorSpec]:
    """A feed that asks, by the library ccxt. It says our ids by itself."""
    # Only this kind needs the library.
    from adapters.ccxt_data.feed_spec import ccxt_feed_specs  # noqa: PLC0415

    section = parts.section
    symbols = {symbol_id(parts.name, symbol): symbol for symbol in section.symbols}
    told: dict[str, Any] = {} if section.silence_s is None else {"quiet_max": section.silence_s * NS_PER_SECOND}
    for spec in ccxt_feed_specs(parts.name, section.venue.removeprefix(CCXT), symbols, clock=parts.clock, **told):
        role = "side-feed" if spec.role == "feed" else spec.role
        yield attrs.evolve(spec, role=role, kind=ActorKind.SIDE, group=parts.name)


_Maker = Callable[[FeedParts], Iterable[ActorSpec]]
_KINDS: Final[Mapping[str, _Maker]] = {"loopback": _bitmex, "bitmex-testnet": _bitmex, "bitmex": _bitmex}


def _maker(section: FeedSection) -> _Maker:
    return _ccxt if section.venue.startswith(CCXT) else _KINDS[section.venue]
