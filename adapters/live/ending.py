"""The end of a life: results into its folder, the summary for a person or a program, and the exit code."""

import sys
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Final

from actors.reconciler import UNRECONCILED
from actors.result import OrderRow
from actors.system import TradingSystem
from adapters.backtest import versions
from adapters.errors import OutputError
from adapters.live.driver import Driver
from adapters.live.run import LiveRun
from adapters.live.snapshot import AccountView, MarketView
from adapters.live.stopping import exit_code
from adapters.live.summary import live_facts, live_result, live_summary, print_live_report, write_live_results
from adapters.options import close_stdout, say
from adapters.recording import Recording
from adapters.results import RunFacts, RunFolder
from adapters.results.summary import to_json
from adapters.words import counted

_MAY_DIFFER: Final = (
    "orders and positions there may differ from what stands here; start again with the same --out to compare them"
)


def ended(run: LiveRun, system: TradingSystem, driver: Driver, *, quiet: bool, as_json: bool) -> int:
    """Write, tell, and say with which code the process ends.

    What cannot be written is said, and counts as a failure; that nobody reads what is told changes nothing.
    """
    now = run.clock.now()
    result = live_result(system.result(), system.record, started=run.started, ended=now)
    code_of = partial(
        exit_code,
        asked_by=driver.stopping.asked_by,
        halted=result.halted is not None,
        unreconciled=result.halted is not None and result.halted.startswith(UNRECONCILED),
        internal=driver.internal is not None,
    )
    seen = run.state.snapshot()
    facts = RunFacts(
        command="live",
        run_id=run.run6,
        seed=run.seed,
        data=(),
        strategies=run.settings.described,
        notes=(*run.notes, *_left_open(run, seen.markets)),
        stopped=driver.stopping.asked_by,
        seconds={name: round(each, 3) for name, each in run.seconds.items()},
        versions=versions(),
    )
    troubles = [*driver.stopping.troubles, *filter(None, (driver.failed, driver.internal))]
    troubles += left_unknown(result.orders, seen.accounts)
    troubles += not_recorded(run.recording)
    if seen.watchdog.is_there is False:
        troubles.append(f"nobody watched the run any more: {seen.watchdog.text}")
    facts_of_life = partial(
        live_facts,
        system.record,
        venue=run.venue.environment.name,
        account=run.settings.live.account,
        paper=run.venue.is_paper,
        started=run.started,
        ended=now,
        ended_by=driver.stopping.asked_by or "a failure",
        lives=run.life,
        reconnects=seen.counts.reconnects,
        watchdog=run.watched_before,
    )
    code = code_of(failed=driver.failed is not None)
    live = facts_of_life(exit_code=code, troubles=tuple(troubles))
    folder: Path | None = run.folder
    try:
        summary = write_live_results(RunFolder(run.folder), result, facts, live)
    except OutputError as error:
        say(str(error))
        code, folder = code_of(failed=True), None
        live = facts_of_life(exit_code=code, troubles=(*troubles, f"the results could not be written: {error}"))
        summary = live_summary(result, facts, live)
    try:
        if as_json:
            sys.stdout.write(to_json({**summary, "out": str(run.folder), "notes": list(run.notes)}))
        elif not quiet:
            # Tables take a while to import, and --json does not need them.
            from adapters.report import console_for  # noqa: PLC0415

            print_live_report(result, facts, live, console_for(sys.stdout), folder=folder)
        sys.stdout.flush()
    except (OSError, SystemExit):
        # Who read it has gone (of which rich makes an exit), or its disk is full. What became of the trading is in the
        # folder, and in the code.
        close_stdout()
    return code


def left_unknown(orders: Iterable[OrderRow], accounts: Iterable[AccountView]) -> list[str]:
    """What makes positions here differ from the venue's though the run ended in order: nobody else would say it."""
    told = []
    for each in accounts:
        if each.venue.startswith("lost"):
            reason = each.venue.partition(": ")[2].rstrip(".")
            told.append(f"the venue of {each.account} was not there ({reason}): {_MAY_DIFFER}")
    missing = sum(each.status == "filled" and abs(each.lots_filled) < abs(each.lots) for each in orders)
    if missing:
        told.append(f"fills of {counted(missing, 'order')} that the venue had filled were not heard of: {_MAY_DIFFER}")
    return told


def not_recorded(recording: Recording | None) -> list[str]:
    """What the store lacks of this life."""
    if recording is None or not (recording.lost or recording.failure):
        return []
    why = f" ({recording.failure})" if recording.failure else ""
    return [f"{counted(recording.lost, 'item')} of the market had not been recorded{why}: {recording.root} lacks them"]


def _left_open(run: LiveRun, markets: Iterable[MarketView]) -> tuple[str, ...]:
    """What the account still holds, and what can be done about it."""
    held = [f"{each.lots:+,} {each.symbol}" for each in markets if each.lots]
    if not held or run.venue.is_paper:
        return ()
    return (
        f"left open: {', '.join(held)}. `live --out {run.folder}` goes on with it, and with `--on-stop flatten` "
        "closes it at its end",
    )
