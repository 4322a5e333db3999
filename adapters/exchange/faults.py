"""Faults on purpose, for tests: what goes wrong with requests and frames, when, how often. Seeded; off by default."""

import tomllib
from pathlib import Path
from typing import Any, Final

import attrs

from adapters.errors import InputError
from adapters.exchange.wire import seeded

ON_REQUESTS: Final = ("latency", "503", "429", "502", "timeout")
ON_FRAMES: Final = ("delay", "drop", "duplicate", "late", "cut", "stale")
_WHEN: Final = ("before", "after")
_SECONDS: Final = {"timeout": 30_000.0, "latency": 100.0, "delay": 50.0, "late": 500.0}


def _kind(_rule: "Rule", _field: "attrs.Attribute[str]", value: object) -> None:
    if value not in ON_REQUESTS + ON_FRAMES:
        raise InputError(f"a fault is one of {', '.join(ON_REQUESTS + ON_FRAMES)}, not {value!r}")


def _when(_rule: "Rule", _field: "attrs.Attribute[str]", value: object) -> None:
    if value not in _WHEN:
        raise InputError(f"a fault comes before or after the effect, not {value!r}")


def _part(_rule: "Rule", _field: "attrs.Attribute[float]", value: object) -> None:
    if not isinstance(value, (int, float)) or isinstance(value, bool) or not 0 <= value <= 1:
        raise InputError(f"a fault's probability is from 0 to 1, not {value!r}")


def _natural(_rule: "Rule", field: "attrs.Attribute[Any]", value: object) -> None:
    if value is not None and (type(value) is not int or value < 0):
        raise InputError(f"a fault's {field.name} is a whole number, not {value!r}")


@attrs.frozen(kw_only=True)
class Rule:
    """One thing that goes wrong.

    Requests: `latency`, `503` (overload), `429`, `502`, `timeout` (no answer, then the connection is cut). Frames:
    `delay` (all later ones wait too), `late` (others overtake it), `drop`, `duplicate`, `cut` (the socket is closed
    instead), `stale` (a partial as it was for the first who asked).
    """

    kind: str = attrs.field(validator=_kind)
    when: str = attrs.field(default="before", validator=_when)
    """Of 503, 429, 502 and timeout: `before` the request does anything, or `after` it has done all of it."""
    verb: str = ""
    path: str = ""
    """Only requests to this path, such as `/order`, and below it."""
    table: str = ""
    """Only frames of this table."""
    probability: float = attrs.field(default=1.0, validator=_part)
    skip: int = attrs.field(default=0, validator=_natural)
    """So many are let through first."""
    count: int | None = attrs.field(default=None, validator=_natural)
    """It happens so often and then no more."""
    ms: float | None = None
    """How long, for latency, delay, late and timeout."""

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return (_SECONDS.get(self.kind, 0.0) if self.ms is None else self.ms) / 1_000


@attrs.define
class _State:
    rule: Rule
    seen: int = 0
    struck: int = 0


class Faults:
    """The rules, and how often each has struck. Rules may come and go while the exchange runs."""

    def __init__(self, *rules: Rule, seed: int = 1, skew_s: float = 0.0) -> None:
        self.skew_s = skew_s
        """How far the exchange's clock goes ahead of ours."""
        self._random = seeded(seed)
        self._states = [_State(rule) for rule in rules]

    def add(self, rule: Rule) -> None:
        """From now on this goes wrong too."""
        self._states.append(_State(rule))

    def clear(self) -> None:
        """From now on nothing goes wrong."""
        self._states.clear()

    def has(self, kind: str) -> bool:
        """Whether any rule is of this kind."""
        return any(state.rule.kind == kind for state in self._states)

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to ask."""
        return not self._states

    def strike(
        self, *kinds: str, verb: str = "", path: str = "", table: str = "", when: str | None = None
    ) -> Rule | None:
        """The first rule of these kinds that strikes now; each asking counts."""
        for state in self._states:
            rule = state.rule
            if rule.kind not in kinds or (when is not None and rule.when != when):
                continue
            if (rule.verb and rule.verb.upper() != verb) or (rule.table and rule.table != table):
                continue
            if rule.path and path != rule.path and not path.startswith(f"{rule.path}/"):
                continue
            state.seen += 1
            if state.seen <= rule.skip or (rule.count is not None and state.struck >= rule.count):
                continue
            if rule.probability < 1 and self._random.random() >= rule.probability:
                continue
            state.struck += 1
            return rule
        return None


def load_faults(path: Path) -> Faults:
    """Read a TOML file: `seed`, `skew_s`, and any number of `[[fault]]` with the fields of a Rule. InputError."""
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from None
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None
    unknown = sorted(told.keys() - {"seed", "skew_s", "fault"})
    if unknown:
        raise InputError(f"{path}: unknown key {', '.join(unknown)}")
    rules = [_rule(path, number, entry) for number, entry in enumerate(told.get("fault", []), 1)]
    return Faults(*rules, seed=int(told.get("seed", 1)), skew_s=float(told.get("skew_s", 0.0)))


def _rule(path: Path, number: int, entry: dict[str, Any]) -> Rule:
    try:
        return Rule(**{**entry, "kind": str(entry.get("kind", ""))})
    except TypeError:
        known = {field.name for field in attrs.fields(Rule)}
        unknown = ", ".join(sorted(entry.keys() - known))
        raise InputError(f"{path}: fault {number}: unknown key {unknown}") from None
    except InputError as error:
        raise InputError(f"{path}: fault {number}: {error}") from None
