"""`backtest`, from the options to the exit code: prepare, run, write, report."""

import os
import sys
import traceback
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext, redirect_stdout
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from time import perf_counter
from typing import TYPE_CHECKING, Any

import attrs

from actors.result import BacktestResult
from actors.runtime.host import HandlerTimedOut
from actors.runtime.runtime import MemoryRanOut
from actors.system import TradingSystem
from adapters.configuration import to_toml
from adapters.configuration.typed import BacktestOptions
from adapters.errors import InputError
from adapters.interrupts import EXIT_CODES, Interrupts
from adapters.limits import risk_limits, scoped_limits
from adapters.preparation import Prepared, prepare
from adapters.results import OutputError, RunFacts, RunFolder, new_run_folder, summary_of, write_run
from adapters.results.facts import MARKET
from adapters.results.summary import to_json
from adapters.warming import warm_up
from messages import NS_PER_MILLISECOND, UtcNs

if TYPE_CHECKING:
    from adapters.pacing import Pace

DONE, FAILED, HALTED = 0, 1, 3
_PACKAGES = ("openoutcry", "attrs", "cattrs", "duckdb", "numpy", "pykka")
Progress = Callable[[UtcNs], None]


@attrs.frozen(kw_only=True)
class Screen:
    """How much is said, and where, and how fast the run goes."""

    quiet: bool = False
    json: bool = False
    speed: float | None = None
    """So many times as fast as it was; None: as fast as it can."""


def run_backtest(options: BacktestOptions, *, out: Path | None, screen: Screen, interrupts: Interrupts) -> int:
    """The whole command; returns the exit code. InputError, OutputError and bugs are the caller's to tell."""
    # What a strategy prints must not get between the JSON object and its reader.
    with redirect_stdout(sys.stderr) if screen.json else nullcontext():
        began = perf_counter()
        prepared = prepare(options)
        system = make_system(prepared)
        prepared = _warmed(system, prepared)
        seconds = {"load": perf_counter() - began}
        folder = new_run_folder("backtest") if out is None else RunFolder(out)
        try:
            began = perf_counter()
            result, stopped = _run(system, prepared, screen, interrupts)
            seconds["run"] = perf_counter() - began
            facts = _facts(prepared, stopped, seconds)
            summary = write_results(folder, result, facts, prepared)
        except (KeyboardInterrupt, OutputError):
            folder.discard()
            raise
        except OverflowError as error:
            folder.discard()
            raise InputError(
                f"the sizes of this run are too large to count: {error}; are lots and cash right?"
            ) from error
        except Exception as error:
            _leave_trace(folder, error)
            raise
    _tell(result, facts, summary, folder, screen)
    return _exit_code(result, interrupts, stopped)


def _facts(prepared: Prepared, stopped: str | None, seconds: Mapping[str, float]) -> RunFacts:
    return RunFacts(
        command="backtest",
        run_id=prepared.run_id,
        seed=prepared.configuration.backtest.seed,
        data=prepared.data,
        strategies=prepared.described,
        notes=prepared.notes,
        bad_rows=prepared.bad_rows,
        stopped=stopped,
        seconds={name: round(each, 3) for name, each in seconds.items()},
        versions=versions(),
    )


def make_system(prepared: Prepared) -> TradingSystem:
    """The system that a configuration describes; InputError when its parts do not fit together."""
    configuration = prepared.configuration
    settings = configuration.backtest
    try:
        return TradingSystem(
            feed=prepared.columns,
            instruments=prepared.instruments,
            strategies=prepared.entries,
            cash=prepared.cash,
            account_cash=prepared.account_cash,
            sizing=prepared.sizing,
            account_sizing=prepared.account_sizing,
            funding_words=prepared.funding_words,
            seed=settings.seed,
            risk=risk_limits(configuration.risk),
            scoped_limits=scoped_limits(configuration.risk),
            fill=settings.fill,
            limit_fill=settings.limit_fill,
            slippage_ticks=settings.slippage_ticks,
            slippage_spread=settings.slippage_spread or 0.0,
            half_spread_ticks=settings.half_spread_ticks or 0,
            volume_cap=settings.volume_cap,
            symbol_multiplier=configuration.portfolio.symbol_multiplier,
            live_marks=settings.live_marks,
            close_grace_ns=(settings.close_grace_ms or 0) * NS_PER_MILLISECOND,
            run_id=prepared.run_id,
            handler_seconds=settings.handler_seconds,
            notes=prepared.notes,
        )
    except ValueError as error:
        raise InputError(str(error)) from error


def _warmed(system: TradingSystem, prepared: Prepared) -> Prepared:
    """Let the system begin with what was before its range, where that is asked for; the notes say with how much."""
    warm = warm_up(system.setup, prepared.configuration)
    if warm is None:
        return prepared
    system.restore(warm.restored)
    system.note(*warm.notes)
    return attrs.evolve(prepared, notes=(*prepared.notes, *warm.notes))


def write_results(folder: RunFolder, result: BacktestResult, facts: RunFacts, prepared: Prepared) -> dict[str, Any]:
    """All files of the run; returns the summary that was written, `seconds.write` included."""
    before = {"config.toml": (to_toml(prepared.configuration),)}
    return write_run(folder, result, facts, partial(summary_of, result), before=before)


def versions() -> dict[str, str]:
    """Of Python and of what the figures depend on."""
    found = {"python": python_version(), "platform": sys.platform}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed as a package"
    return found


def _run(
    system: TradingSystem, prepared: Prepared, screen: Screen, interrupts: Interrupts
) -> tuple[BacktestResult, str | None]:
    """The result, and why the run ended early, if it did."""
    runtime = system.make_replay()
    if runtime.watchdog is not None:
        runtime.watchdog.on_stuck = _give_up
    interrupts.stops(system.request_stop)
    stopped = None
    pace = _pace(system, screen, interrupts)
    try:
        with _progress(prepared, screen) as show:

            def progress(now: UtcNs) -> None:
                if interrupts.name is not None:
                    system.request_stop(interrupts.name)
                show(now)

            runtime.run(progress=progress, pacer=pace)
    except (HandlerTimedOut, MemoryRanOut) as error:
        stopped = str(error)
    finally:
        interrupts.stops(None)
        if pace is not None:
            pace.close()
    return system.result(), stopped or interrupts.name


def _pace(system: TradingSystem, screen: Screen, interrupts: Interrupts) -> "Pace | None":
    """Who makes the run wait for the wall's time, and shows where it stands meanwhile; None without a speed."""
    if screen.speed is None:
        return None
    from adapters.pacing import Pace, Standing, StandingLine  # noqa: PLC0415 nearly no run needs it

    pace = Pace(screen.speed, stopped=lambda: interrupts.name is not None)
    if not screen.quiet and sys.stderr.isatty():
        setup = system.setup
        cash = {account: setup.cash_of(account) for account in setup.accounts}
        pace.show = StandingLine(Standing(system.record, setup.instruments, cash, pace.prices))
    return pace


def _give_up(actor: str, message: str) -> None:
    """A handler that cannot be interrupted ends the process: nothing else in it can go on."""
    sys.stderr.write(f"{actor} is stuck with one {message} and cannot be interrupted; ended without results\n")
    sys.stderr.flush()
    os._exit(FAILED)


def _progress(prepared: Prepared, screen: Screen) -> AbstractContextManager[Progress]:
    """A bar on stderr, only on a terminal; it shows itself after the first half second."""
    if screen.quiet or screen.speed is not None or not sys.stderr.isatty() or not prepared.data:
        return nullcontext(lambda _now: None)
    from adapters.progress import ProgressBar  # noqa: PLC0415

    market = [data for data in prepared.data if data.kind in MARKET]
    return ProgressBar(min(data.first_ts for data in market), max(data.last_ts for data in market))


def _tell(
    result: BacktestResult, facts: RunFacts, summary: Mapping[str, Any], folder: RunFolder, screen: Screen
) -> None:
    if screen.json:
        sys.stdout.write(to_json({**summary, "out": str(folder.path), "notes": list(facts.notes)}))
    elif not screen.quiet:
        from adapters.report import console_for, print_report  # noqa: PLC0415 --json does not need it

        print_report(result, facts, console_for(sys.stdout), folder=folder.path)
    sys.stdout.flush()


def _exit_code(result: BacktestResult, interrupts: Interrupts, stopped: str | None) -> int:
    if interrupts.name is not None:
        return EXIT_CODES[interrupts.name]
    if stopped is not None:
        sys.stderr.write(f"failed while running: {stopped}\n")
        return FAILED
    return HALTED if result.halted is not None else DONE


def _leave_trace(folder: RunFolder, error: BaseException) -> None:
    """What our own bug looked like, for whoever reports it."""
    try:
        path = folder.path / "crash.txt"
        path.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        error.add_note(f"trace: {path}")
    except OSError:
        return
