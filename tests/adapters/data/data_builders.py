"""Files to import and check, and what comes of them."""

import gzip
from pathlib import Path

import numpy as np

from adapters.data.checking import check_file, check_of
from adapters.data.importing import import_files
from adapters.data.reading import Wishes
from adapters.store import Store

ROOT = Path(__file__).parents[3]
SHARED = ROOT.parent / "shared" / "data"
"""Real market data, where a checkout has it beside itself; never part of the project."""
SECOND = 10**9
MINUTE = 60 * SECOND
DAY = 86_400 * SECOND
NEW_YEAR = 1_704_067_200 * SECOND


def silent(*_):
    """A progress that nobody sees."""


def a_file(folder: Path, text: str, name: str = "file.csv") -> Path:
    path = folder / name
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def bar_text(minutes, *, header="timestamp,open,high,low,close,volume"):
    """Bars of these minutes of 2024-01-01."""
    rows = [
        f"{(NEW_YEAR + minute * MINUTE) // SECOND},10,12,9,{10 + minute % 3},{1 + minute % 5}" for minute in minutes
    ]
    return "\n".join([header, *rows]) + "\n"


def imported(folder, *paths, store=None, **wishes):
    """(store, reports) after an import."""
    store = store or Store(folder / "store")
    reports = []
    told = {"venue": "bitmex", "symbol": "XBTUSD", **wishes}
    import_files(paths, Wishes(**told), store, progress=silent, done=reports.append)
    return store, reports


def facts_of(report):
    """name -> (value, how)."""
    return {fact.name: (fact.value, fact.how) for fact in report.facts}


def checked(path, *, jump=0.1, **wishes):
    """What a check of a file finds, by series."""
    return list(check_file(path, Wishes(**wishes), jump=jump, progress=silent))


def findings(kind, *chunks, jump=0.1):
    """code -> finding, of columns that are looked at in turn."""
    check = check_of(kind, jump)
    for columns in chunks:
        check.add(columns)
    return {finding.code: finding for finding in check.findings()}


def bar_columns(closes, *, minutes=None, period=MINUTE, **changed):
    """Columns of bars that open where the last one closed."""
    closes = np.asarray(closes, dtype=float)
    count = len(closes)
    minutes = np.arange(count) if minutes is None else np.asarray(minutes)
    opened = np.concatenate([closes[:1], closes[:-1]])
    starts = NEW_YEAR + minutes.astype(np.int64) * period
    columns = {
        "open_ts": starts, "close_ts": starts + period, "received": starts + period, "open": opened,
        "high": np.maximum(opened, closes), "low": np.minimum(opened, closes), "close": closes,
        "volume": np.ones(count), "turnover": np.full(count, np.nan), "ticks": np.full(count, -1),
    }  # fmt: skip
    for name, values in changed.items():
        columns[name] = np.asarray(values, dtype=columns[name].dtype)
    return columns
