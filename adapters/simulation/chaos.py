"""`run.py chaos`: the simulated world around somebody's own strategy, and a verdict that can be read.

The strategy trades alone, with the whole live system around it, while it crashes before and after its messages, the
process is killed, lines break, requests are lost, and frames come late and twice.
"""

import os
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import attrs
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from adapters.configuration import Problem
from adapters.configuration.schema import StrategySection
from adapters.errors import InputError
from adapters.exchange.contracts import CONTRACTS
from adapters.preparation import fail
from adapters.simulation.batch import FAILED, FILLED, ORDERS, verdicts
from adapters.simulation.checks import Violation
from adapters.simulation.checks import strategies as strategy_checks
from adapters.simulation.checks.kinds import CHECKS
from adapters.simulation.faults import strategies
from adapters.simulation.faults.kinds import KINDS
from adapters.simulation.scenario import Scenario, scenario
from adapters.simulation.simulate import Verdict, simulate
from adapters.strategy_choice import choose
from messages import parse_period

CRASH: Final = strategies.StrategyCrashes.code
AT_WORK: Final = ("F01", "F02", "F08", "F11", "F12", "F15", "F20", "F27", "F30", "F55", "F61", CRASH)
"""What goes wrong, as far as it is a matter of the world around a strategy."""
_THEIRS: Final = (strategy_checks.FAILS, strategy_checks.GIVEN_UP, strategy_checks.IDLE)
_MINUTES_MAX: Final = 24 * 60
_RUNS_MAX: Final = 1_000


@attrs.frozen(kw_only=True)
class ChaosOptions:
    """What the command line says."""

    strategy: str
    symbol: str = "XBTUSD"
    period: str = "10s"
    lots: int = 1
    params: Sequence[str] = ()
    """Each `name=value`."""
    minutes: float = 30.0
    runs: int = 6
    seed: int = 1
    jobs: int | None = None


def run_chaos(options: ChaosOptions, console: Console, *, as_json: bool = False) -> dict[str, Any] | int:
    """Run it and print; returns the exit code, or with `as_json` what there is to say. InputError for bad options."""
    told = [_scenario(options, seed) for seed in range(options.seed, options.seed + options.runs)]
    kinds = {**KINDS, CRASH: strategies.StrategyCrashes}
    found: list[Verdict] = []
    jobs = options.jobs or os.cpu_count() or 1
    for verdict in verdicts(told, min(jobs, options.runs), partial(_tried, kinds=tuple(kinds))):
        found.append(verdict)
        if not as_json:
            _print_run(verdict, console)
    found.sort(key=lambda verdict: verdict.scenario.seed)
    if as_json:
        return _facts(options, found)
    _print_verdict(options, found, kinds, console)
    return 1 if any(verdict.violations for verdict in found) else 0


def _tried(told: Scenario, kinds: Sequence[str]) -> Verdict:
    """A run; whatever an exception out of it is, it is told of that run."""
    known = {**KINDS, CRASH: strategies.StrategyCrashes}
    try:
        return simulate(told, kinds={code: known[code] for code in kinds}, checks=(*CHECKS, *strategy_checks.CHECKS))
    except InputError:
        raise
    except Exception as error:  # noqa: BLE001 the run that brings it about must be named
        text = f"{type(error).__name__}: {error}"
        return Verdict.of_error(told, Violation(FAILED, 0.0, text), (text,))


def _scenario(options: ChaosOptions, seed: int) -> Scenario:
    section = _section(options)
    made = scenario(seed, kinds=sorted(KINDS), strategy="")
    return attrs.evolve(
        made,
        symbols=(options.symbol,),
        minutes=options.minutes,
        mix="told",
        faults={code: 1.0 for code in AT_WORK if code == CRASH or code in KINDS},
        strategies=section,
    )


def _section(options: ChaosOptions) -> str:
    """Its entry in a configuration. InputError says everything that is wrong with it."""
    problems: list[Problem] = []
    if options.symbol not in CONTRACTS:
        problems.append(("--symbol", f"the simulated exchange has {', '.join(CONTRACTS)}, not {options.symbol!r}"))
    try:
        parse_period(options.period)
    except ValueError as error:
        problems.append(("--period", str(error)))
    if options.lots < 1:
        problems.append(("--lots", f"must be at least 1, not {options.lots}"))
    if not 0 < options.minutes <= _MINUTES_MAX:
        problems.append(("--minutes", f"must be above 0 and at most {_MINUTES_MAX}, not {options.minutes:g}"))
    if not 0 < options.runs <= _RUNS_MAX:
        problems.append(("--runs", f"must be from 1 to {_RUNS_MAX}, not {options.runs}"))
    fail(problems)
    path, colon, name = options.strategy.rpartition(":")
    strategy = f"{Path(path).resolve()}:{name}" if colon else options.strategy
    section = StrategySection(
        id="yours", strategy=strategy, symbols=(options.symbol,), period=options.period, lots=options.lots
    )
    chosen = choose([section], [f"yours.{each}" for each in options.params], where="--strategy ", problems=problems)
    fail(problems)
    params = ", ".join(f"{key} = {_toml(value)}" for key, value in sorted(chosen[0].params.items()))
    return (
        f'[[strategies]]\nid = "yours"\nstrategy = {_toml(strategy)}\nsymbols = ["{options.symbol}"]\n'
        f'period = "{options.period}"\nlots = {options.lots}\nparams = {{ {params} }}\n'
    )


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "'" + value + "'" if isinstance(value, str) else repr(value)


# What is said.


def _print_run(verdict: Verdict, console: Console) -> None:
    counts, mark = verdict.counts, "[red]failed[/]" if verdict.violations else "[green]held[/]  "
    lives, orders, fills = counts.get("lives", 0), counts.get(ORDERS, 0), counts.get(FILLED, 0)
    struck = sum(verdict.struck.values())
    console.print(
        f"{mark} seed {verdict.scenario.seed}: {struck:,} faults, {lives} lives of the process, "
        f"{orders:,} orders, {fills:,} fills"
    )


def _print_verdict(options: ChaosOptions, found: Sequence[Verdict], kinds: dict[str, Any], console: Console) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("what went wrong")
    table.add_column("times", justify="right")
    for code in AT_WORK:
        struck = sum(verdict.struck.get(code, 0) for verdict in found)
        if code in kinds and struck:
            table.add_row(kinds[code].what, f"{struck:,}")
    hours = sum(verdict.simulated_s for verdict in found) / 3600
    console.print()
    console.print(table)
    console.print(f"\n{len(found)} runs, {hours:.1f} simulated hours of {escape(options.strategy)} in {options.symbol}")
    theirs, ours = _findings(found)
    for text, seeds in theirs.items():
        console.print(f"[red]your strategy[/]: {escape(text)} (seed {', '.join(map(str, seeds[:3]))})")
    for text, seeds in ours.items():
        console.print(f"[red]the system[/]: {escape(text)} (seed {', '.join(map(str, seeds[:3]))}); please report it")
    if not theirs and not ours:
        console.print(
            "[green]It held.[/] No order was duplicated, no fill lost, no limit passed; account and exchange agreed in "
            "the end of every run, and your strategy never failed by itself."
        )


def _findings(found: Sequence[Verdict]) -> tuple[dict[str, list[int]], dict[str, list[int]]]:
    """(of the strategy, of the system): seeds by what was found."""
    theirs: dict[str, list[int]] = {}
    ours: dict[str, list[int]] = {}
    for verdict in found:
        for each in verdict.violations:
            whose, text = (theirs, f"{each.invariant}: {each.text}") if each.invariant in _THEIRS else (ours, str(each))
            whose.setdefault(text, []).append(verdict.scenario.seed)
    return theirs, ours


def _facts(options: ChaosOptions, found: Sequence[Verdict]) -> dict[str, Any]:
    theirs, ours = _findings(found)
    return {
        "strategy": options.strategy,
        "symbol": options.symbol,
        "held": not theirs and not ours,
        "strategy_findings": theirs,
        "system_findings": ours,
        "runs": [
            {
                "seed": verdict.scenario.seed,
                "simulated_s": verdict.simulated_s,
                "struck": dict(verdict.struck),
                "orders": verdict.counts.get(ORDERS, 0),
                "fills": verdict.counts.get(FILLED, 0),
                "lives": verdict.counts.get("lives", 0),
                "digest": verdict.digest,
            }
            for verdict in found
        ],
    }
