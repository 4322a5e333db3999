"""Several venues in one configuration: every name has one meaning, and what has none is told before anything starts."""

import pytest

from actors.spread_recorder import SpreadPair
from adapters.errors import InputError
from adapters.live.settings import LiveOptions, live_settings
from messages import NS_PER_SECOND

STRATEGY = '[[strategies]]\nstrategy = "random"\nsymbols = ["XBTUSD"]\nhears = ["XBTUSD.OTHER"]\nperiod = "1s"\n'
FEED = '[[feeds]]\nvenue = "loopback"\nname = "other"\nport = 8081\nsymbols = ["XBTUSD"]\n'
SPREAD = '[[spreads]]\nname = "pair"\na = "XBTUSD.LOOPBACK"\nb = "XBTUSD.OTHER"\n'


def _settings(folder, *parts):
    config = folder / "run.toml"
    config.write_text("\n".join(parts), encoding="utf-8")
    return live_settings(LiveOptions(config=config), folder)


def _refused(folder, *parts):
    with pytest.raises(InputError) as refused:
        _settings(folder, *parts)
    return str(refused.value)


def test_the_traded_venues_symbols_are_plain_and_all_others_have_ids(tmp_path):
    settings = _settings(tmp_path, STRATEGY.replace('["XBTUSD"]', '["XBTUSD.LOOPBACK"]'), FEED, SPREAD)

    assert settings.symbols == ("XBTUSD",)
    assert settings.side_symbols == ("XBTUSD.OTHER",)
    assert settings.only_heard == ()
    (entry,) = settings.entries
    assert (entry.symbols, entry.hears) == (("XBTUSD",), ("XBTUSD.OTHER",))
    assert settings.spreads == (SpreadPair(name="pair", a="XBTUSD", b="XBTUSD.OTHER", every=NS_PER_SECOND // 2),)


def test_a_feed_is_called_by_its_venue_unless_it_is_told_a_name(tmp_path):
    feeds = (
        '[[feeds]]\nvenue = "bitmex-testnet"\nsymbols = ["XBTUSD"]\n'
        '[[feeds]]\nvenue = "ccxt:binance_coinm"\nsymbols = ["BTC/USD:BTC"]\n'
    )
    strategy = STRATEGY.replace("XBTUSD.OTHER", "BTC/USD:BTC.BINANCE-COINM")

    settings = _settings(tmp_path, strategy, feeds)

    assert settings.side_symbols == ("XBTUSD.BITMEX-TESTNET", "BTC/USD:BTC.BINANCE-COINM")


def test_a_spread_may_be_of_two_markets_that_nobody_trades(tmp_path):
    more = FEED.replace("other", "third").replace("8081", "8082")
    pair = SPREAD.replace("XBTUSD.LOOPBACK", "XBTUSD.THIRD")

    assert _settings(tmp_path, STRATEGY, FEED, more, pair).spreads[0].a == "XBTUSD.THIRD"


@pytest.mark.parametrize(
    ("parts", "what"),
    [
        ((STRATEGY, FEED, FEED), "feeds[1].name: 'other' is that of feeds[0]: give it another"),
        (
            (STRATEGY, FEED.replace('name = "other"\n', "")),
            "feeds[0].name: 'loopback' is the venue that is traded: give it another",
        ),
        ((STRATEGY,), "strategies[0].hears[0]: nobody brings XBTUSD.OTHER; what is heard: none"),
        (
            (STRATEGY.replace('symbols = ["XBTUSD"]\nhears', 'symbols = ["XBTUSD.OTHER"]\n#'), FEED),
            "strategies[0].symbols[0]: XBTUSD.OTHER is heard by a feed, and cannot be traded: name it under hears",
        ),
        (
            (STRATEGY, FEED, SPREAD.replace("XBTUSD.LOOPBACK", "ETHUSD")),
            "spreads[0].a: nobody brings ETHUSD; what is heard: XBTUSD, XBTUSD.OTHER",
        ),
        ((STRATEGY, FEED, SPREAD.replace("OTHER", "LOOPBACK")), "spreads[0].b: is the same as a"),
        ((STRATEGY, FEED.replace("port = 8081\n", "")), "feeds[0].port: must be given: start an exchange with"),
        (
            (STRATEGY, FEED.replace('"loopback"', '"bitmex"')),
            "feeds[0].port: belongs to a loopback exchange",
        ),
        ((STRATEGY, FEED + 'books = ["ETHUSD"]'), "feeds[0].books[0]: 'ETHUSD' is none of the feed's symbols"),
        ((STRATEGY, FEED.replace('"loopback"', '"binance"')), "feeds[0].venue: 'binance' is none of loopback"),
        ((STRATEGY, FEED.replace('"other"', '"Other"')), "feeds[0].name: 'Other' is no name"),
        ((STRATEGY, FEED.replace('"other"', '"market"')), "feeds[0].name: 'market' is taken"),
        ((STRATEGY, FEED, SPREAD, SPREAD), "spreads[1].name: 'pair' is already that of spreads[0]"),
        ((STRATEGY, FEED, SPREAD + "every_ms = 1"), "spreads[0].every_ms: must be a whole number of milliseconds"),
    ],
)
def test_what_does_not_fit_is_told_with_its_key(tmp_path, parts, what):
    assert what in _refused(tmp_path, *parts)


def test_a_backtest_reads_past_feeds_and_spreads(tmp_path):
    from adapters.configuration import read_toml, structured  # noqa: PLC0415

    config = tmp_path / "run.toml"
    config.write_text(STRATEGY + FEED + SPREAD)

    assert structured(read_toml(config))[1] == []
