"""Each market beside has actors of its own, without keys, all of its own group; a venue behind ccxt as well."""

import pytest

from actors import Strategy, StrategyEntry, TradingSystem
from actors.runtime.slot import ActorKind
from adapters.bitmex import environment
from adapters.bitmex.credentials import Access, MainnetKeys
from adapters.bitmex.environment import MAINNET_MARKET, Loopback
from adapters.bitmex.rest import RestWorker
from adapters.configuration import FeedSection
from adapters.errors import InputError
from adapters.live.feeds import check_feeds, environment_of, feed_parts, feed_specs
from tests.builders import MINUTE, MONDAY, an_instrument

NOBODY_LISTENS = 1


class Books(Strategy):
    def on_book(self, book):
        """Heard."""


class Bars(Strategy):
    def on_bar(self, bar):
        """Heard."""


def _section(**settings):
    return FeedSection(
        **{"venue": "loopback", "name": "other", "port": NOBODY_LISTENS, "symbols": ("X", "Y"), **settings}
    )


def _setup(strategy=Bars, hears=("X.OTHER",)):
    entry = StrategyEntry(id="one", strategy=strategy, symbols="XBTUSD", hears=hears, period=MINUTE)
    system = TradingSystem(
        feed=lambda: None, strategies=[entry], instruments=[an_instrument()], side_symbols=["X.OTHER", "Y.OTHER"]
    )
    return system.setup


def _parts(section, setup):
    return feed_parts(section, setup, voice=lambda _address: print, clock=lambda: MONDAY, seed="1")


def _specs(section, setup):
    return {spec.address: spec for spec in feed_specs(_parts(section, setup), setup)}


def test_a_feed_is_five_actors_of_one_group_beside_the_traded_market():
    specs = _specs(_section(), _setup())

    assert {address: spec.role for address, spec in specs.items()} == {
        "line:feed:other": "line", "rest:feed:other": "rest", "feed:other": "side-feed",
        "side-filter:other": "side-filter", "side-builder:other": "side-builder",
    }  # fmt: skip
    assert {(spec.kind, spec.group, spec.account) for spec in specs.values()} == {(ActorKind.SIDE, "other", None)}
    for spec in specs.values():
        made = spec.factory(None)
        if isinstance(made, RestWorker):
            assert made._sender._keys is None
        made.release()


def test_nobody_builds_bars_that_nobody_wants():
    assert "side-builder:other" not in _specs(_section(), _setup(hears=("Z",)))


def test_books_are_heard_where_a_strategy_hears_them_or_where_it_is_told():
    hearing, deaf = _setup(Books), _setup(Bars)

    assert _parts(_section(), hearing).books == ("X",)
    assert _parts(_section(), deaf).books == ()
    assert _parts(_section(books=("Y",)), deaf).books == ("Y",)


def test_each_kind_of_venue_is_at_its_own_place_and_the_real_one_takes_no_keys():
    assert environment_of(_section()) == Loopback(port=NOBODY_LISTENS)
    assert environment_of(_section(venue="bitmex-testnet")) == environment.Testnet()
    real = environment_of(_section(venue="bitmex"))

    assert real == MAINNET_MARKET
    assert real.rest == "https://www.bitmex.com"
    with pytest.raises(InputError, match="these keys are for mainnet"):
        Access(real, MainnetKeys("k" * 20, "s" * 40))


def test_a_venue_that_is_not_there_is_a_note_and_no_error():
    (note,) = check_feeds([_section()])

    assert note.startswith("feed other: loopback: ")
    assert note.endswith("trading goes on without it")


def test_an_exchange_behind_ccxt_is_two_actors_of_its_group_by_ids():
    pytest.importorskip("ccxt", reason="ccxt is not installed")
    section = _section(venue="ccxt:binance", port=None, symbols=("BTC/USDT",))

    specs = _specs(section, _setup(hears=("BTC/USDT.OTHER",)))

    assert {spec.role for spec in specs.values()} >= {"rest", "side-feed", "side-filter"}
    assert {(spec.kind, spec.group) for spec in specs.values()} == {(ActorKind.SIDE, "other")}
    (feed,) = [spec for spec in specs.values() if spec.role == "side-feed"]
    assert feed.address == "feed:other"


def test_without_the_library_a_feed_behind_ccxt_ends_the_start_in_words(monkeypatch):
    import sys  # noqa: PLC0415

    monkeypatch.setitem(sys.modules, "ccxt", None)

    with pytest.raises(InputError, match="ccxt"):
        check_feeds([_section(venue="ccxt:binance", port=None)])
