"""What a run was given, beside what it decided: the result itself knows nothing of files, versions and seconds."""

from collections.abc import Mapping
from typing import Final

import attrs

from adapters.files import BadRow
from messages import Period, StrategyId, Symbol, UtcNs

MARKET: Final = ("bars", "ticks", "quotes", "books", "l2", "index", "liquidations")
"""Kinds of data that strategies hear."""


@attrs.frozen(kw_only=True)
class DataFact:
    """One file or generated market."""

    symbol: Symbol
    file: str
    """The file's name without its folder; what a generated market came from."""
    rows: int
    """In the file, those that were not used included."""
    used: int
    sha256: str
    kind: str
    """bars, ticks and what else a market is heard by; of what comes beside it, funding or marks."""
    period: Period | None
    """Of bars."""
    stamps: str | None
    """start, end, or `start (assumed)`; None where there is nothing to tell."""
    timezone: str
    first_ts: UtcNs
    last_ts: UtcNs


@attrs.frozen(kw_only=True)
class RunFacts:
    """One run's circumstances."""

    command: str
    run_id: str
    seed: int
    data: tuple[DataFact, ...]
    strategies: Mapping[StrategyId, str]
    """What each strategy is, in words: its name and parameters."""
    notes: tuple[str, ...] = ()
    """For the reader of the report: what was assumed and inferred. No file holds these."""
    bad_rows: tuple[BadRow, ...] = ()
    stopped: str | None = None
    """The signal that ended the run early."""
    seconds: Mapping[str, float] = attrs.field(factory=dict)
    versions: Mapping[str, str] = attrs.field(factory=dict)
