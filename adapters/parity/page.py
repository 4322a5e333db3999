"""A comparison as one page of text, and as data."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

import attrs

from adapters.parity.comparing import Count, Difference
from adapters.parity.fills import Filled, FillsPair, Sum
from adapters.parity.judging import Parity
from adapters.parity.rerun import Cash
from adapters.report_words import amount
from adapters.words import counted
from messages import iso_utc, period_name

FILLS_SHOWN: Final = 20
"""So many fills that differ are listed; all are in `--json`."""
_INDENT: Final = " " * 13


def as_lines(parity: Parity) -> Iterator[str]:
    """The page."""
    life = parity.life
    seconds = (life.ended - life.started) / 1e9
    yield f"parity of {life.folder}, life {life.number} of {life.of}: {'equal' if parity.is_equal else 'NOT EQUAL'}"
    yield f"  {'time':10} {iso_utc(life.started)} to {iso_utc(life.ended)} ({seconds:,.1f} s) at {parity.venue}"
    yield f"  {'data':10} {_data_words(parity)}"
    yield f"  {'warm-up':10} {_warm_words(parity)}"
    bars = {f"{symbol} {period_name(period)}": each for (symbol, period), each in parity.bars.counts.items()}
    yield f"  {'bars':10} {_counted(parity.bars.total, bars)}"
    yield f"  {'decisions':10} {_counted(parity.decisions.total, parity.decisions.counts)}"
    yield from _fill_lines(parity)
    yield from _cash_lines(parity)
    yield from _beside_lines(parity)
    first = parity.first
    if first is None:
        yield "first difference: none in data, bars and decisions"
    else:
        yield "first difference:"
        yield f"  {iso_utc(first.at)} ({first.level}) {first.text}"
        yield f"  cause: {first.cause}"
    yield from _listed_fills(parity)


def _data_words(parity: Parity) -> str:
    data = parity.data
    if data is None:
        return "from the run's own trace, so that there is nothing to compare it with"
    kinds = ", ".join(counted(number, name) for name, number in data.recorded.items())
    if data.unrecorded:
        kinds += f" (and no {' and no '.join(f'{name}, {n:,} heard' for name, n in data.unrecorded.items())})"
    if data.is_equal:
        return f"{kinds} recorded in {parity.source}, equal to what was heard"
    words = [
        counted(data.missing, "message") + " heard and not recorded" if data.missing else "",
        counted(data.extra, "message") + " recorded and not heard" if data.extra else "",
        f"{data.altered:,} altered" if data.altered else "",
    ]
    return f"{kinds} recorded in {parity.source}; {', '.join(filter(None, words))}"


def _warm_words(parity: Parity) -> str:
    given = parity.life.given.kept
    told = [f"{address.partition(':')[2]} {len(messages)}" for address, messages in sorted(given.items())]
    return f"bars given at the start, the same: {', '.join(told)}" if told else "none"


def _counted(total: Count, parts: Mapping[str, Count]) -> str:
    told = ", ".join(f"{name} {each.equal:,}/{each.all:,}" for name, each in parts.items())
    return f"{total.equal:,} of {total.all:,} equal" + (f" ({told})" if told else "")


def _fill_lines(parity: Parity) -> Iterator[str]:
    fills = parity.fills
    live, again = fills.executions
    decisions, equal = len(fills.pairs), len(fills.pairs) - len(fills.differing)
    yield (
        f"  {'fills':10} {live:,} at the venue live, {again:,} in the backtest; "
        f"{equal:,} of {counted(decisions, 'decision')} filled equally"
    )
    for currency, (then, now) in fills.sums.items():
        yield f"{_INDENT}{currency}: {then.lots:,} lots live, {now.lots:,} in the backtest"
    mean = fills.mean_price_difference
    if mean is not None:
        side = "worse" if mean > 0 else "better"
        yield (
            f"{_INDENT}mean price: the backtest fills {abs(mean):g} {side} than live did"
            if mean
            else (f"{_INDENT}mean price: the same")
        )


def _cash_lines(parity: Parity) -> Iterator[str]:
    nothing = Cash(change=0, fees=0, funding=0)
    for (account, currency), (then, now) in parity.cash.items():
        live, again = then or nothing, now or nothing
        for name in ("fees", "funding", "change"):
            before, after = getattr(live, name), getattr(again, name)
            if name == "funding" and not (before or after):
                continue
            label = "cash" if name == "change" else name
            words = [amount(each, currency, sign=name != "fees") for each in (before, after, after - before)]
            yield f"  {label:10} {account}: {words[0]} {currency} live, {words[1]} in the backtest ({words[2]})"


def _beside_lines(parity: Parity) -> Iterator[str]:
    """What made the live run go otherwise, as far as it was seen."""
    live, _ = parity.stories
    told = [each for each in live.happened if not each.text.startswith("trading active")]
    for each in told[:5]:
        yield f"  {'live':10} {iso_utc(each.at)} {each.text}"
    if len(told) > 5:
        yield f"{_INDENT}and {len(told) - 5} more"
    if parity.life.left_out:
        yield f"  {'trace':10} {parity.life.left_out}"


def _listed_fills(parity: Parity) -> Iterator[str]:
    differing = parity.fills.differing
    if not differing:
        return
    yield f"fills that differ ({len(differing):,} of {len(parity.fills.pairs):,} decisions):"
    for pair in differing[:FILLS_SHOWN]:
        decision = pair.decision
        yield (
            f"  {iso_utc(decision.moment)} {decision.strategy} {decision.symbol} {decision.text}: "
            f"{_filled_words(pair.live)} live, {_filled_words(pair.again)} in the backtest; {pair.reason}"
        )
    if len(differing) > FILLS_SHOWN:
        yield f"  and {len(differing) - FILLS_SHOWN:,} more: --json lists them all"


def _filled_words(filled: Filled) -> str:
    return f"{filled.lots:+,} at {filled.price:g}" if filled.price is not None else "nothing"


# As data.


def as_data(parity: Parity) -> dict[str, Any]:
    """The same, complete."""
    life, data = parity.life, parity.data
    return {
        "run": str(life.folder),
        "life": life.number,
        "lives": life.of,
        "started_ns": life.started,
        "ended_ns": life.ended,
        "venue": parity.venue,
        "equal": parity.is_equal,
        "data": None
        if data is None
        else {
            "source": parity.source,
            "recorded": dict(data.recorded),
            "unrecorded": dict(data.unrecorded),
            "heard": data.heard,
            "missing": data.missing,
            "extra": data.extra,
            "altered": data.altered,
            "equal": data.is_equal,
        },
        "bars": _count_data(
            parity.bars.total, {f"{s} {period_name(p)}": each for (s, p), each in parity.bars.counts.items()}
        ),
        "decisions": _count_data(parity.decisions.total, parity.decisions.counts),
        "fills": {
            "live": parity.fills.executions[0],
            "backtest": parity.fills.executions[1],
            "decisions": len(parity.fills.pairs),
            "differing": len(parity.fills.differing),
            "mean_price_difference": parity.fills.mean_price_difference,
            "currencies": {
                currency: {"live": _sum_data(then), "backtest": _sum_data(now)}
                for currency, (then, now) in parity.fills.sums.items()
            },
            "differences": [_fill_data(pair) for pair in parity.fills.differing],
        },
        "cash": [
            {
                "account": account,
                "currency": currency,
                "live": None if then is None else attrs.asdict(then),
                "backtest": None if now is None else attrs.asdict(now),
            }
            for (account, currency), (then, now) in parity.cash.items()
        ],
        "left_out": life.left_out,
        "first_difference": None if parity.first is None else _difference_data(parity.first),
        "differences": [_difference_data(each) for each in (*parity.bars.differences, *parity.decisions.differences)],
    }


def _count_data(total: Count, parts: Mapping[str, Count]) -> dict[str, Any]:
    return {"equal": total.equal, "all": total.all, "by": {name: attrs.asdict(each) for name, each in parts.items()}}


def _sum_data(each: Sum) -> dict[str, Any]:
    return attrs.asdict(each)


def _difference_data(each: Difference) -> dict[str, Any]:
    return {"level": each.level, "ts_ns": each.at, "text": each.text, "cause": each.cause}


def _fill_data(pair: FillsPair) -> dict[str, Any]:
    def side(filled: Filled) -> dict[str, Any]:
        return {"lots": filled.lots, "price": filled.price, "fee_minor": filled.fee_minor, "fills": filled.pieces}

    decision = pair.decision
    return {
        "ts_ns": decision.moment,
        "strategy": decision.strategy,
        "symbol": decision.symbol,
        "decision": decision.text,
        "live": side(pair.live),
        "backtest": side(pair.again),
        "reason": pair.reason,
    }
