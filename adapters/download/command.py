"""`python run.py data download`: read the options, have the series, say what came of it."""

import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from typing import Any

import attrs

from adapters.download.download import Download, Outcome, Stopped
from adapters.download.page import Source
from adapters.download.wanted import BITMEX_ORIGINS, CCXT, LOOPBACK, Wanted, wanted_of
from adapters.errors import InputError, VenueError
from adapters.interrupts import EXIT_CODES, Interrupts
from adapters.options import INTERRUPTED, interrupted, print_json, print_text
from adapters.words import counted, times_as_data
from messages import NS_PER_SECOND, UtcNs, iso_utc


@attrs.frozen(kw_only=True)
class DownloadOptions:
    """What the command line says."""

    venue: str
    symbol: str
    kind: str = "bars"
    period: str | None = None
    begin: str | None = None
    end: str | None = None
    store: Path = Path("data")
    url: str | None = None
    as_json: bool = False
    quiet: bool = False


def run_download(options: DownloadOptions, interrupts: Interrupts) -> int:
    """Have a series; returns the exit code. InputError and VenueError say what is wrong; what was had is kept."""
    from adapters.store import Store  # noqa: PLC0415 loaded only by who needs a store

    wanted = wanted_of(
        venue=options.venue, symbol=options.symbol, kind=options.kind, period=options.period, begin=options.begin,
        end=options.end,
    )  # fmt: skip
    stop = threading.Event()
    interrupts.stops(lambda _name: stop.set())
    sleep = _sleep_of(stop)
    code = 0
    download: Download | None = None
    try:
        with closing(_source(options, wanted, sleep)) as source:
            store = Store(options.store)
            download = _begun(Download(store, options.store, wanted, source, stopping=stop.is_set, sleep=sleep))
            with _progress(options, download) as look:
                download.look = look
                download.run()
    except Stopped:
        if download is None:
            return interrupted(interrupts)
        code = EXIT_CODES.get(interrupts.name or "", INTERRUPTED)
    except VenueError as error:
        kept = "" if download is None or not download.outcome.rows else "; what was had is kept"
        raise VenueError(f"{error}{kept}; the same command goes on from there") from None
    if download is not None:
        _say(options, download.outcome, stopped=code != 0)
    return code


def _sleep_of(stop: threading.Event) -> Callable[[float], None]:
    def sleep(seconds: float) -> None:
        if stop.wait(seconds):
            raise Stopped

    return sleep


def _begun(download: Download) -> Download:
    """InputError when there is nothing yet of what is wanted."""
    wanted, end = download.outcome.wanted, download.outcome.end
    if end <= wanted.begin:
        raise InputError(
            f"--from {iso_utc(wanted.begin)}: nothing is there yet; what is complete at {wanted.venue} ends at "
            f"{iso_utc(end)}"
        )
    return download


def _source(options: DownloadOptions, wanted: Wanted, sleep: Callable[[float], None]) -> Source:
    if options.venue.startswith(CCXT):
        from adapters.ccxt_data.candles import Candles  # noqa: PLC0415 an extra

        return Candles(options.venue.removeprefix(CCXT), wanted, origin=options.url, sleep=sleep)
    from adapters.bitmex.downloads import BitmexHistory, client_of  # noqa: PLC0415 only where it is asked

    origin = options.url or BITMEX_ORIGINS.get(options.venue)
    if origin is None:
        raise InputError(f"--venue {LOOPBACK}: say where it listens, such as --url http://127.0.0.1:PORT")
    source = BitmexHistory(client_of(wanted, origin, sleep=sleep), wanted, sleep=sleep)
    try:
        source.check()
    except BaseException:
        source.close()
        raise
    return source


def _progress(options: DownloadOptions, download: Download) -> AbstractContextManager[Callable[[UtcNs], object]]:
    """A bar on stderr, only on a terminal; it shows itself after the first half second."""
    if options.quiet or options.as_json or not sys.stderr.isatty():
        return nullcontext(lambda _now: None)
    from adapters.progress import ProgressBar  # noqa: PLC0415 only on a terminal

    return ProgressBar(download.outcome.wanted.begin, download.outcome.end)


def _say(options: DownloadOptions, outcome: Outcome, *, stopped: bool) -> None:
    if options.as_json:
        print_json(_facts(options, outcome, stopped=stopped))
    elif not options.quiet:
        print_text("\n".join(_lines(options, outcome, stopped=stopped)))


def _facts(options: DownloadOptions, outcome: Outcome, *, stopped: bool) -> dict[str, Any]:
    wanted = outcome.wanted
    return {
        "venue": wanted.venue, "symbol": wanted.symbol, "kind": wanted.store_kind, "store": str(options.store),
        "from": iso_utc(wanted.begin), "to": iso_utc(_second(outcome.end)), "rows": outcome.rows, "new": outcome.new,
        **times_as_data(first=outcome.first, last=outcome.last), "quarantined": outcome.quarantined,
        "pages": outcome.pages, "had_before": outcome.had_before, "stopped": stopped, "notes": outcome.notes,
    }  # fmt: skip


def _second(ts: UtcNs) -> UtcNs:
    return ts - ts % NS_PER_SECOND


def _lines(options: DownloadOptions, outcome: Outcome, *, stopped: bool) -> list[str]:
    wanted = outcome.wanted
    span = f"{iso_utc(wanted.begin)} to {iso_utc(_second(outcome.end))}"
    lines = []
    if outcome.had_before:
        lines.append(f"{wanted.title}: {span} is in {options.store} already, nothing was asked for")
    elif outcome.first is None or outcome.last is None:
        lines.append(f"{wanted.title}: there is nothing from {span} ({counted(outcome.pages, 'page')})")
    else:
        had = f"{counted(outcome.rows, 'row')} from {iso_utc(outcome.first)} to {iso_utc(outcome.last)}"
        pages = counted(outcome.pages, "page")
        lines.append(f"{wanted.title}: {had} in {pages}, {outcome.new:,} of them new in {options.store}")
    if outcome.quarantined:
        lines.append(f"{counted(outcome.quarantined, 'row')} cannot be meant and stand under quarantine")
    lines += outcome.notes
    if stopped:
        lines.append("stopped before its end; the same command goes on from there")
    return lines
