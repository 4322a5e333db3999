"""The beginning of a life: from a folder and a configuration to a system that can be started.

The order is what makes it safe. The locks come first, so that nobody else trades here; then keys and contracts; then
the journal, which says whether there was an earlier life and what it left; then history. Nothing is sent meanwhile.
"""

import os
import secrets
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import attrs
from loguru import logger

from actors.restored import Restored
from actors.runtime.clocks import Clock, WallClock
from actors.setup import wanted_bars
from actors.strategy import make
from actors.system import TradingSystem
from actors.wiring import closes_of
from adapters.accounts import cash_of
from adapters.bitmex.client import RestClient
from adapters.bitmex.history import warm_up
from adapters.configuration import Problem
from adapters.configuration.schema import PAPER
from adapters.errors import InputError
from adapters.events.live import SourceKeys, live_notes, read_keys
from adapters.journal import (
    Recovery,
    Trace,
    begin_life,
    is_begun,
    read_meta,
    rebuild_record,
    restore,
    write_given,
    write_meta,
)
from adapters.live.assembly import make_system
from adapters.live.feeds import check_feeds
from adapters.live.kept_history import KeptHistory
from adapters.live.recorded import recording_of, store_of
from adapters.live.run import LiveRun
from adapters.live.settings import LiveOptions, LiveSettings, live_settings, with_instruments, write_configuration
from adapters.live.state import LiveState
from adapters.live.venue import KeyGuard, Venue, open_venue
from adapters.live.watchdog_plan import await_predecessor, told_by_predecessor, watchdog_plan
from adapters.live.wires import RealWires, Wires
from adapters.preparation import fail
from adapters.security.lock import AccountLock, RunLock, locks_folder
from adapters.security.logs import configure_logging
from adapters.security.private_files import private_folder
from adapters.security.redaction import Redactor
from messages import Account, Address, Message, Minor, Symbol, TradingState, TradingStateChanged, VenueReady
from messages.codec import encode

LOG_FILE: Final = "log.txt"
_OURS: Final = ("journal.sqlite", "run.lock", "exchange.json", "config.toml")
"""What a folder that a live run was begun in has."""
_ID_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"


def begun(
    options: LiveOptions, folder: Path, stack: ExitStack, *, live_money: bool, resume: bool, log_level: str
) -> tuple[LiveRun, TradingSystem]:
    """Everything but the start. What has to be given back at the end of the process is put on the stack."""
    _require_ours(folder)
    private_folder(folder)
    stack.enter_context(RunLock(folder))
    redactor = Redactor()
    stack.callback(configure_logging(folder / LOG_FILE, log_level.upper(), redactor))
    await_predecessor(folder)
    settings = live_settings(options, folder)
    # Before a process of ours could inherit them.
    source_keys = read_keys(settings.configuration.events, folder, os.environ, redactor.add)
    venue = open_venue(
        settings.live,
        folder,
        settings.symbols,
        only_heard=settings.only_heard,
        live_money=live_money,
        seed=_seed(settings),
        guard=redactor.add,
    )
    notes = check_feeds(settings.configuration.feeds)
    watchdog, about_it = watchdog_plan(settings.live, venue, folder, redactor.add)
    settings = attrs.evolve(settings, notes=(*settings.notes, *notes, *about_it))
    lock: AccountLock | None = None
    if venue.account_id is not None:
        locks = locks_folder(os.environ)
        lock = stack.enter_context(AccountLock(locks, venue.lock_name, str(venue.account_id), folder))
    run = new_life(folder, settings, venue, redactor.add, source_keys)
    run.watchdog, run.account_lock = watchdog, None if lock is None else lock.path
    run.watched_before = told_by_predecessor(folder, run.life)
    run.notes += () if run.watched_before is None else (run.watched_before,)
    if venue.is_paper:
        # A simulated venue is there from the beginning, and nobody says so.
        account, now = settings.live.account, run.started
        active = TradingStateChanged(account=account, state=TradingState.ACTIVE, reason="paper", ts=now)
        run.state.recall([VenueReady(account=account, ts=now), active])
    system = make_system(run)
    restored = recovered(run, system, resume=resume)
    history = _warm_up(run)
    so_far = [] if run.history is None else [attrs.asdict(each) for each in run.history.so_far]
    write_given(folder, run.life, history, {"lift_halt": resume, "so_far": so_far})
    system.restore(attrs.evolve(restored, kept={**restored.kept, **history}))
    write_configuration(folder, with_instruments(settings.configuration, tuple(venue.contracts.values())))
    return run, system


def _require_ours(folder: Path) -> None:
    """InputError for a folder of something else: it would be closed to others, and filled."""
    if folder.is_dir() and any(folder.iterdir()) and not any((folder / name).exists() for name in _OURS):
        raise InputError(f"{folder}: --out must be a new folder, or one that a live run was in; this holds other files")


def _seed(settings: LiveSettings) -> int:
    return settings.configuration.backtest.seed


def new_life(
    folder: Path,
    settings: LiveSettings,
    venue: Venue,
    guard: KeyGuard,
    source_keys: SourceKeys | None = None,
    *,
    run6: str | None = None,
    clock: Clock | None = None,
    wires: Wires | None = None,
) -> LiveRun:
    """A life of a run, whose own facts are made in its first one, and the same in all others.

    `run6`, `clock` and `wires` are told by whoever simulates the world.
    """
    clock, wires = clock or WallClock(), wires or RealWires()
    now = clock.now()
    meta = _facts(folder, settings, venue, run6)
    life = begin_life(folder, started=now)
    return LiveRun(
        folder=folder,
        life=life,
        run6=meta["run6"],
        settings=settings,
        venue=venue,
        cash=meta["cash"],
        account_cash=meta["account_cash"],
        trace=Trace(folder, life=life, opened=wires.file, every=wires.trace_every),
        clock=clock,
        wires=wires,
        recording=recording_of(settings, folder, venue),
        state=LiveState(
            venue=venue.environment.name,
            account=settings.live.account,
            run_id=meta["run6"],
            started=now,
            instruments=venue.contracts,
            strategies=[(each.account, each.id, symbol) for each in settings.entries for symbol in each.symbols],
            sources=[each.source for each in settings.configuration.events],
        ),
        started=now,
        guard=guard,
        source_keys=source_keys or SourceKeys(),
        notes=(*settings.notes, *venue.notes, *live_notes(settings.configuration.events)),
    )


def _facts(folder: Path, settings: LiveSettings, venue: Venue, run6: str | None = None) -> Mapping[str, Any]:
    """What was kept; InputError when the run was about another account."""
    same = {"venue": venue.environment.name, "account": venue.account_id, "is_paper": venue.is_paper}
    meta = read_meta(folder) if is_begun(folder) else {}
    if "run6" not in meta:
        simulated, own = _simulated_cash(settings, venue)
        meta = {
            **same,
            "exchange": venue.exchange,
            "run6": run6 or "".join(secrets.choice(_ID_LETTERS) for _ in range(6)),
            "cash": simulated if venue.is_paper else dict(venue.cash),
            "account_cash": own,
            "contracts": [encode(each) for each in venue.contracts.values()],
        }
        write_meta(folder, meta)
    for name, value in same.items():
        if meta[name] != value:
            raise InputError(
                f"{folder}: this run's {name} was {meta[name]!r} and would now be {value!r}: what it holds is not "
                "there. Start in another folder"
            )
    if meta.get("exchange", venue.exchange) != venue.exchange:
        # Known by more than the account, whose number is the same at every one.
        raise InputError(
            f"{folder}: the loopback exchange that this run traded at has ended, and its account, orders and positions "
            "with it. Start in another folder"
        )
    return meta


def _simulated_cash(settings: LiveSettings, venue: Venue) -> tuple[dict[str, Minor], dict[Account, dict[str, Minor]]]:
    """What accounts at a simulated venue begin with: all of them, and those that tell something of their own.

    Beside a real account every one of them does, for the wallet at the venue is not theirs.
    """
    problems: list[Problem] = []
    instruments = tuple(venue.contracts.values())
    traded: dict[Account, tuple[Symbol, ...]] = {}
    for each in settings.entries:
        traded[each.account] = (*traded.get(each.account, ()), *each.symbols)
    cash = cash_of(settings.configuration, instruments, traded, problems)
    fail(problems)
    common, own = cash.minor(instruments), cash.own_minor(instruments)
    if not venue.is_paper:
        own = {account: own.get(account, common) for account in traded if account.startswith(PAPER)}
    return common, own


def recovered(run: LiveRun, system: TradingSystem, *, resume: bool) -> Restored:
    """What earlier lives left for the actors; results and screen have it after this."""
    if run.life == 1:
        return Restored()
    run.recovery = recovery = restore(
        run.folder, system.setup, now=run.clock.now(), before_life=run.life, lift_halt=resume
    )
    _require_contracts(run, recovery)
    rebuild_record(run.folder, system.record, closes_of=closes_of(wanted_bars(system.setup)), before_life=run.life)
    run.state.recall([fact for account in recovery.accounts.values() for fact in account.booked])
    _tell_orphans(run, recovery)
    _tell_halts(run, recovery)
    return recovery.restored


def _require_contracts(run: LiveRun, recovery: Recovery) -> None:
    """InputError when earlier lives traded what this one does not: nobody would look after what they may hold."""
    traded = {fact.symbol for account in recovery.accounts.values() for fact in account.booked}
    missing = ", ".join(sorted(traded - set(run.venue.contracts)))
    if missing:
        raise InputError(
            f"{run.folder}: this run has traded {missing}, and its strategies do not any more: nobody would look after "
            "what it may hold there. Let a strategy trade it, or start in another folder"
        )


def _tell_halts(run: LiveRun, recovery: Recovery) -> None:
    """A guard that was halted begins so without a word, whether its venue is there or not, and somebody waits."""
    for account in recovery.accounts:
        guard = recovery.restored.heritage.get(f"risk-guard@{account}")
        if guard is not None and guard.standing is not TradingState.ACTIVE:
            reason = "it was halted before, and goes on with --resume"
            run.state.hear(TradingStateChanged(account=account, state=guard.standing, reason=reason, ts=run.started))


def _tell_orphans(run: LiveRun, recovery: Recovery) -> None:
    """What strategies hold that are no part of this life: it stays, and nobody else's orders touch it."""
    here = {(entry.id, symbol) for entry in run.settings.entries for symbol in entry.symbols}
    for account in recovery.accounts.values():
        for (strategy, symbol), lots in sorted(account.held.items()):
            if (strategy, symbol) not in here:
                note = f"{strategy} holds {lots:+,} {symbol} of an earlier life, which nobody looks after"
                run.notes += (note,)
                logger.warning(note)


def _warm_up(run: LiveRun) -> dict[Address, tuple[Message, ...]]:
    """History, joined to the first live trade: by the strategies' addresses what they hear before that."""
    wanted = [
        (symbol, entry.period, make(entry.strategy, dict(entry.params)).warmup)
        for entry in run.settings.entries
        for symbol in entry.heard_symbols
        if symbol not in run.settings.side_symbols
    ]
    if not run.settings.live.warm_up:
        return {}
    # Asked as the account where there is one: without keys a venue answers a quarter as often, and a run that is
    # started some times in a minute would wait for its history, and then for the trades since.
    with RestClient(run.venue.environment, run.venue.keys) as client:
        # Asked for anything, so that the venue's clock is known.
        client.instruments(run.settings.symbols[:1])
        now = client.clock_offset.venue_time(run.clock.now())
        kept = KeptHistory(store_of(run.settings, run.folder), run.venue.environment.name)
        run.history = history = warm_up(wanted, run.venue.contracts, client.get_all, now, kept=kept)
    if history.from_kept:
        run.notes += (f"warm-up: {history.from_kept:,} bars and trades came from the store, the rest from the venue",)
    if kept.trouble:
        run.notes += (f"warm-up: all of it came from the venue, for the store cannot be read: {kept.trouble}",)
    run.notes += tuple(f"warm-up: {note}" for note in history.notes)
    heard: dict[Address, tuple[Message, ...]] = {}
    for entry in run.settings.entries:
        bars = [bar for symbol in entry.heard_symbols for bar in history.bars.get((symbol, entry.period), ())]
        bars.sort(key=lambda bar: (bar.close_ts, bar.symbol))
        heard[f"strategy:{entry.id}"] = tuple(bars)
    return heard
