"""`[backtest] warm_up`, as a user sets it: signals from the first bar of the range on, and said; left out, nothing."""

import json

import numpy as np

from adapters.generated import generated_bars
from adapters.store import Store
from messages import iso_utc
from tests.system.commands import run_here

BARS = generated_bars("XBTUSD", bars=100)


def _backtest(place, file, *, warm, more=""):
    """(summary, its folder) of a run from one o'clock on, an hour into the data."""
    place.mkdir(exist_ok=True)
    config, out = place / f"{warm or 'cold'}.toml", place / f"out-{warm or 'cold'}"
    config.write_text(
        f'[[data]]\nsymbol = "XBTUSD"\nfile = "{file}"\nperiod = "1m"\n{more}'
        '[[strategies]]\nid = "cross"\nstrategy = "ema-cross"\nperiod = "1m"\nparams = { fast = 3, slow = 10 }\n'
        f'[backtest]\nfrom = "2024-01-01T01:00:00Z"\n{"warm_up = " + warm if warm else ""}\n'
    )
    said = run_here("backtest", "--config", config, "--out", out, "--json", cwd=place)
    return json.loads(said.stdout), out


def _csv(folder):
    file = folder / "bars.csv"
    columns = (BARS.open_ts.tolist(), BARS.open, BARS.high, BARS.low, BARS.close, BARS.volume)
    rows = [",".join([iso_utc(at), *map(str, values)]) for at, *values in zip(*columns, strict=True)]
    file.write_text("\n".join(["timestamp,open,high,low,close,volume", *rows]) + "\n")
    return file


def _first_signal(out):
    return (out / "signals.csv").read_text().splitlines()[1].split(",")[0]


def test_a_backtest_over_a_file_begins_warm_and_says_so_and_without_the_setting_nothing_changes(tmp_path):
    file = _csv(tmp_path)

    (cold, cold_out), (off, off_out), (warm, warm_out) = [
        _backtest(tmp_path / "runs", file, warm=told, more='stamps = "start"\n') for told in ("", "false", "true")
    ]

    assert warm["bars"] == cold["bars"] == 40
    assert "warm-up: bars from before 2024-01-01T01:00:00Z, heard with no word said: cross 60 of 200" in warm["notes"]
    assert not any("warm" in note for note in (*cold["notes"], *off["notes"]))
    assert _first_signal(warm_out) == "2024-01-01T01:01:00Z" < _first_signal(cold_out)
    assert _first_signal(off_out) == _first_signal(cold_out)
    assert "warm_up" not in (cold_out / "config.toml").read_text()
    again = run_here("backtest", "--config", warm_out / "config.toml", "--out", tmp_path / "again", cwd=tmp_path)
    assert again.returncode == 0
    assert (tmp_path / "again" / "signals.csv").read_bytes() == (warm_out / "signals.csv").read_bytes()


def test_over_a_store_too(tmp_path):
    store = Store(tmp_path / "store")
    columns = {name: getattr(BARS, name) for name in ("open_ts", "close_ts", "open", "high", "low", "close", "volume")}
    unknown = {"turnover": np.full(len(BARS), np.nan), "ticks": np.full(len(BARS), -1)}
    store.write("bitmex", "XBTUSD", "bars-1m", {**columns, "received": BARS.close_ts, **unknown})

    stored, out = _backtest(tmp_path / "stored", store.root, warm="true")
    filed, file_out = _backtest(tmp_path / "filed", _csv(tmp_path), warm="true", more='stamps = "start"\n')

    def signals(folder):
        return (folder / "signals.csv").read_bytes()

    assert signals(out) == signals(file_out)
    assert [each for each in stored["notes"] if "warm-up" in each] == [n for n in filed["notes"] if "warm-up" in n]
