"""What a user should be told about a file that is good: what was assumed, what is missing, what looks odd."""

from datetime import timedelta
from typing import Final

import numpy as np

from actors.columns import Floats, Ints
from adapters.files.blame import gaps_of, opens_outside
from adapters.files.checks import Steps
from adapters.files.layout import Layout
from messages import iso_utc, period_name

_SAMPLE: Final = 1_000


def of_layout(layout: Layout, *, timezone: str) -> list[str]:
    """Columns that nobody reads, and a time zone that was told in vain."""
    said = []
    if layout.ignored:
        said.append("columns ignored: " + ", ".join(layout.ignored))
    if timezone != "UTC" and not layout.form.naive:
        said.append(f"time zone: {timezone} not used, the times say their own")
    return said


def of_bars(
    opens: Ints, closes: Ints, values: dict[str, Floats], steps: Steps, *, assumed: bool, multiplier: float
) -> list[str]:
    """Assumptions and oddities of bars."""
    said = []
    if assumed:
        said.append("stamps: assumed to be the starts of bars (--stamps says otherwise)")
    if steps.inferred:
        said.append(f"period: {period_name(steps.period)}, inferred from the most common step between rows")
    count, longest, since = gaps_of(opens, closes)
    if count:
        said.append(f"gaps: {count}, the longest {timedelta(microseconds=longest // 1000)} from {iso_utc(since)}")
    short = int(np.count_nonzero(closes - opens < steps.period))
    if short:
        said.append(f"short bars: {short} last less than {period_name(steps.period)}")
    outside = opens_outside(values["open"], values["high"], values["low"])
    if outside:
        said.append(f"opens outside low..high: {outside}, accepted (some venues open a bar at the previous close)")
    if "volume" not in values:
        said.append("volume: no such column, taken as 0")
    elif "turnover" in values:
        said.extend(of_turnover(values, multiplier))
    return said


def of_turnover(values: dict[str, Floats], multiplier: float) -> list[str]:
    """An amount that is far from price x volume is in other units: most often a contract's multiplier is missing."""
    traded = np.flatnonzero((values["volume"] > 0) & (values["turnover"] > 0))
    if not len(traded):
        return []
    some = traded[:: max(1, len(traded) // _SAMPLE)]
    ratio = float(np.median(values["turnover"][some] / values["volume"][some] / values["close"][some])) / multiplier
    if 0.5 < ratio < 2:
        return []
    return [f"turnover: about {ratio:.4g} x price x volume; is the multiplier right?"]
