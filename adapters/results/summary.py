"""`summary.json`: a run in figures. What depends on the machine stands under `seconds` and `versions` only."""

import json
from collections.abc import Mapping
from typing import Any

import attrs

from actors.money.shortfall import AlgorithmRow
from actors.result import BacktestResult, CurrencySummary
from adapters.report_words import blamed
from adapters.results.facts import MARKET, DataFact, RunFacts
from messages import iso_utc, period_name

_MAIN = "main"


def summary_of(result: BacktestResult, facts: RunFacts) -> dict[str, Any]:
    """The object that the file holds and that `--json` prints."""
    currencies = {_name(each): _figures(each) for each in result.summaries}
    ours = [each for each in result.summaries if not each.is_paper] or result.summaries
    only = _figures(ours[0]) if len(ours) == 1 else None
    keys = [field.name for field in attrs.fields(CurrencySummary) if field.name not in ("account", "currency")]
    return {
        "command": facts.command,
        "run_id": facts.run_id,
        "seed": facts.seed,
        "bars": result.bars,
        "ticks": result.ticks,
        "signals": len(result.signals),
        "orders": len(result.orders),
        "fills": result.executions,
        "internal_fills": result.internal_fills,
        "first_ts": None if result.first_ts is None else iso_utc(result.first_ts),
        "first_ts_ns": result.first_ts,
        "last_ts": None if result.last_ts is None else iso_utc(result.last_ts),
        "last_ts_ns": result.last_ts,
        "currency": _name(ours[0]) if len(ours) == 1 else None,
        **{key: None if only is None else only[key] for key in keys},
        "currencies": currencies,
        "execution": _execution(result),
        "conventions": _conventions(result, facts),
        "refusals": _sorted(result.refusals),
        "venue_ends": _sorted(result.venue_ends),
        "gave_up": len(result.gave_up),
        "amends": {"done": result.amends, "rejected": _sorted(result.amend_rejections)},
        "liquidations": len(result.liquidations),
        "restarts": _sorted(result.restarts),
        "quarantined": _sorted(result.quarantined),
        "failures": [_failure(each) for each in result.failures],
        "bad_rows": len(facts.bad_rows),
        "bad_items": _sorted(result.bad_item_counts),
        "daily_loss_trips": result.daily_loss_trips,
        "halted": result.halted,
        "stopped": facts.stopped,
        "unused_callbacks": {key: list(names) for key, names in sorted(result.unused_callbacks.items())},
        "strategies": dict(sorted(facts.strategies.items())),
        "data": [_data(each) for each in facts.data],
        "seconds": dict(facts.seconds),
        "versions": dict(facts.versions),
    }


def to_json(summary: Mapping[str, Any], *, indent: int | None = 2) -> str:
    """As text. NaN and infinity would be no JSON, and are refused."""
    return json.dumps(summary, indent=indent, ensure_ascii=False, allow_nan=False) + "\n"


def _name(figures: CurrencySummary | AlgorithmRow) -> str:
    return figures.currency if figures.account == _MAIN else f"{figures.currency}@{figures.account}"


def _execution(result: BacktestResult) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for row in result.execution:
        figures = attrs.asdict(row, filter=lambda field, _value: field.name not in ("account", "currency", "algorithm"))
        found.setdefault(_name(row), {})[row.algorithm] = figures
    return found


def _figures(figures: CurrencySummary) -> dict[str, Any]:
    return attrs.asdict(figures, filter=lambda field, _value: field.name not in ("account", "currency"))


def _conventions(result: BacktestResult, facts: RunFacts) -> dict[str, Any]:
    conventions = result.conventions
    return {
        "fill": conventions.fill,
        "limit_fill": conventions.limit_fill,
        "slippage_ticks": conventions.slippage_ticks,
        "slippage_spread": conventions.slippage_spread,
        "half_spread_ticks": conventions.half_spread_ticks,
        "volume_cap": conventions.volume_cap,
        "margin": conventions.margin,
        "stamps": {data.symbol: data.stamps for data in facts.data if data.kind in MARKET},
        "value_rounding": _sorted(conventions.value_rounding),
        "funding": conventions.funding,
        "ambiguous_fills": conventions.ambiguous_fills,
    }


def _failure(failed: Any) -> dict[str, Any]:
    """Without the trace, which holds paths: only the place that it blames."""
    return {"actor": failed.actor, "epoch": failed.epoch, "during": failed.during, "error": failed.error,
            "place": blamed(failed.trace), "ts": iso_utc(failed.at)}  # fmt: skip


def _data(data: DataFact) -> dict[str, Any]:
    return {
        "symbol": data.symbol,
        "file": data.file,
        "rows": data.rows,
        "used": data.used,
        "sha256": data.sha256,
        "kind": data.kind,
        "period": None if data.period is None else period_name(data.period),
        "stamps": data.stamps,
        "timezone": data.timezone,
        "first_ts": iso_utc(data.first_ts),
        "last_ts": iso_utc(data.last_ts),
    }


def _sorted(counts: Mapping[str, Any]) -> dict[str, Any]:
    return dict(sorted(counts.items()))
