"""The command line as it was typed, and its texts judged by the same hooks as the file's values."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs

from adapters.configuration.reading import Problem


@attrs.frozen(kw_only=True)
class BacktestOptions:
    """The command line of `backtest`; None and () were not given."""

    config: Path | None = None
    data: tuple[str, ...] = ()
    kind: str | None = None
    symbol: str | None = None
    period: str | None = None
    stamps: str | None = None
    timezone: str | None = None
    instrument: str | None = None
    tick_size: str | None = None
    lot_size: str | None = None
    multiplier: str | None = None
    currency: str | None = None
    strategies: tuple[str, ...] = ()
    params: tuple[str, ...] = ()
    lots: str | None = None
    execution: str | None = None
    fill: str | None = None
    slippage_ticks: str | None = None
    slippage_spread: str | None = None
    half_spread_ticks: str | None = None
    volume_cap: str | None = None
    maker_fee: str | None = None
    taker_fee: str | None = None
    leverage: str | None = None
    funding: str | None = None
    cash: str | None = None
    begin: str | None = None
    end: str | None = None
    bad_rows: str | None = None
    seed: str | None = None
    handler_seconds: str | None = None


class Told:
    """Judges options by hooks; what is wrong becomes a problem under the option's name."""

    def __init__(self, options: BacktestOptions, problems: list[Problem]) -> None:
        self._options = options
        self.problems = problems

    def all(self, **wanted: tuple[str, Callable[[str], Any]]) -> dict[str, Any]:
        """The options among these (field=(flag, hook)) that were given and are sound."""
        found = {}
        for name, (flag, hook) in wanted.items():
            text = getattr(self._options, name)
            if text is None:
                continue
            try:
                found[name] = hook(text)
            except (TypeError, ValueError) as error:
                problem = (flag, str(error))
                # An option that serves two sections is judged for both, and told once.
                if problem not in self.problems:
                    self.problems.append(problem)
        return found


def integer(text: str) -> int:
    """A whole number that was typed."""
    if not re.fullmatch(r"[+-]?[0-9]+", text.strip()):
        raise ValueError(f"must be a whole number, not {text!r}")
    return int(text)


def decimal(text: str) -> Any:
    """A number that was typed, exactly."""
    from decimal import Decimal, InvalidOperation  # noqa: PLC0415 --help does not need it

    try:
        return Decimal(text.replace("_", ""))
    except InvalidOperation:
        raise ValueError(f"must be a number, not {text!r}") from None


def placed(folder: Path, path: str) -> str:
    """Absolute and without detours; links stay links."""
    return os.path.abspath(folder / Path(path).expanduser())  # noqa: PTH100 resolve() would follow links
