"""The history of an exchange behind ccxt comes whole, in bars, whatever its pages are like."""

import json
from pathlib import Path

import pytest

from adapters.ccxt_data.candles import TRIES, Candles
from adapters.cli import main
from adapters.download.download import Download
from adapters.download.wanted import Wanted
from adapters.errors import InputError, VenueError
from adapters.store import Store
from tests.adapters.bitmex.wire_servers import answer
from tests.adapters.ccxt_data.exchanges import Binance, Kraken, on_port
from tests.builders import HOUR, MONDAY, SECOND

pytestmark = pytest.mark.usefixtures("ccxt")


def wanted(exchange, *, begin=0, end=3_000, symbol=None):
    """Hours of it, counted from MONDAY."""
    symbol = symbol or ("BTC/USDT" if exchange.name == "binance" else "BTC/USD")
    return Wanted(
        venue=exchange.name, symbol=symbol, kind="bars", period=HOUR, begin=MONDAY + begin * HOUR,
        end=None if end is None else MONDAY + end * HOUR,
    )  # fmt: skip


def download(folder, exchange, series, slept=None):
    slept = [] if slept is None else slept
    with on_port(exchange) as origin:
        source = Candles(exchange.name, series, origin=origin, sleep=slept.append)
        source._exchange._exchange.enableRateLimit = False
        try:
            return Download(Store(folder), Path(folder), series, source, sleep=slept.append).run()
        finally:
            source.close()


def hours(folder, series):
    table = Store(folder).bars(series.venue, series.symbol, "1h")
    return [(ts - MONDAY) // HOUR for ts in table["open_ts"].tolist()]


def test_a_candle_is_a_bar_that_begins_at_its_stamp(tmp_path):
    exchange = Binance().with_candles(3)

    outcome = download(tmp_path, exchange, wanted(exchange, end=2))

    bars = Store(tmp_path).bars("binance", "BTC/USDT", "1h")
    assert bars["open_ts"].tolist() == [MONDAY, MONDAY + HOUR]
    assert bars["close_ts"].tolist() == bars["received"].tolist() == [MONDAY + HOUR, MONDAY + 2 * HOUR]
    assert [bars[name].tolist() for name in ("open", "high", "low", "close", "volume")] == [
        [100.0, 101.0], [102.0, 103.0], [99.0, 100.0], [101.0, 102.0], [1.5, 2.5],
    ]  # fmt: skip
    assert (outcome.rows, outcome.new, outcome.notes) == (2, 2, [])


def test_pages_go_on_until_the_end_and_pauses_are_no_end(tmp_path):
    exchange = Binance().with_candles(1_200).with_candles(700, begin=1_900).with_candles(10, begin=9_000)

    outcome = download(tmp_path, exchange, wanted(exchange))

    series = wanted(exchange)
    assert hours(tmp_path, series) == [*range(1_200), *range(1_900, 2_600)]
    assert outcome.new == 1_900
    assert len({said["startTime"] for said in exchange.paths("klines")}) <= 4


def test_an_hour_without_volume_is_no_bar(tmp_path):
    exchange = Binance().with_candles(5)
    exchange.candles[2][4] = 0.0

    download(tmp_path, exchange, wanted(exchange))

    assert hours(tmp_path, wanted(exchange)) == [0, 1, 3, 4]


def test_an_exchange_that_remembers_little_says_where_it_begins(tmp_path):
    exchange = Kraken().with_candles(2_000)
    exchange.now = MONDAY + 2_000 * HOUR

    outcome = download(tmp_path, exchange, wanted(exchange, end=1_990))

    assert hours(tmp_path, wanted(exchange)) == list(range(1_280, 1_990))
    assert outcome.notes == ["kraken tells of nothing before 2024-02-23T08:00:00Z"]


def test_the_running_candle_is_left_out(tmp_path):
    exchange = Binance().with_candles(10)
    exchange.now = MONDAY + 9 * HOUR + 5 * SECOND

    download(tmp_path, exchange, wanted(exchange, end=None))

    # The last hour that is over is only just over.
    assert hours(tmp_path, wanted(exchange)) == list(range(8))


def test_what_was_had_is_not_asked_for_again(tmp_path):
    exchange = Binance().with_candles(300)
    download(tmp_path, exchange, wanted(exchange, end=200))
    exchange.asked.clear()

    again = download(tmp_path, exchange, wanted(exchange, end=200))
    assert (again.had_before, exchange.paths("klines")) == (True, [])

    wider = download(tmp_path, exchange, wanted(exchange, end=300))
    assert wider.new == 100
    assert {int(said["startTime"]) for said in exchange.paths("klines")} == {(MONDAY + 200 * HOUR) // 1_000_000}


def test_a_candle_that_cannot_be_meant_is_set_aside(tmp_path):
    exchange = Binance().with_candles(4)
    exchange.candles[1][1] = 50.0
    exchange.candles[2][3] = -1.0

    outcome = download(tmp_path, exchange, wanted(exchange))

    assert hours(tmp_path, wanted(exchange)) == [0, 3]
    assert outcome.quarantined == 2
    assert len(Store(tmp_path).quarantine("binance", "BTC/USDT")) == 2


def test_trouble_is_waited_out(tmp_path):
    exchange, slept = Binance().with_candles(2_500), []
    faults = {
        1: answer(b'{"code":-1003,"msg":"Too many requests."}', status="429 Slow", Retry_After="9"),
        3: answer(b"<html>", status="503 Busy"),
        4: answer(b"half of an ans"),
        6: answer(b'{"a": 1}'),
    }
    asked = []

    def with_faults(path, said, inner=exchange._told):
        if path.endswith("/klines"):
            asked.append(said)
            if len(asked) in faults:
                return faults[len(asked)]
        return inner(path, said)

    exchange._told = with_faults
    outcome = download(tmp_path, exchange, wanted(exchange), slept)

    assert hours(tmp_path, wanted(exchange)) == list(range(2_500))
    assert outcome.new == 2_500
    assert 9 in slept


def test_trouble_that_lasts_ends_it(tmp_path):
    exchange = Binance().with_candles(10)
    busy = answer(b"<html>", status="503 Busy")
    inner = exchange._told
    exchange._told = lambda path, said: busy if path.endswith("/klines") else inner(path, said)

    with pytest.raises(VenueError, match=rf"binance: .*503.*\({TRIES} times\)"):
        download(tmp_path, exchange, wanted(exchange))
    assert len(exchange.paths("klines")) == TRIES


def test_what_the_exchange_does_not_have_is_named(tmp_path):
    with on_port(Binance()) as origin, pytest.raises(InputError, match="binance has no market 'ETH/USDT'"):
        Candles("binance", wanted(Binance(), symbol="ETH/USDT"), origin=origin)


@pytest.mark.parametrize("kind", [Binance, Kraken])
def test_the_command_has_it_too(tmp_path, capfd, kind):
    exchange = kind().with_candles(50)
    with on_port(exchange) as origin, pytest.raises(SystemExit) as ended:
        main([
            "data", "download", "--venue", f"ccxt:{exchange.name}", "--symbol", wanted(exchange).symbol,
            "--period", "1h", "--from", "2024-01-01", "--to", "2024-01-03", "--url", origin,
            "--store", str(tmp_path), "--json",
        ])  # fmt: skip

    assert ended.value.code == 0
    assert json.loads(capfd.readouterr().out)["new"] == 48
    assert hours(tmp_path, wanted(exchange)) == list(range(48))
