"""From a seed to what a run is: how long, who trades what, which faults, in which order things are done.

Swarm: each seed has its own mix, so that runs differ in kind. Some are quiet, some have one fault at its strongest.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final, Literal

import attrs

from adapters.exchange.market import next_funding
from adapters.simulation import traders
from adapters.simulation.faults.weather import ALL
from messages import NS_PER_SECOND, Symbol, UtcNs

Mix = Literal["quiet", "one", "swarm", "told"]
FIRST: Final[UtcNs] = 1_704_067_200 * NS_PER_SECOND
"""2024-01-01: runs begin within a month from here."""
_TRADERS: Final = "{traders}"
"""In a scenario, for where the file of our own strategies is."""
_MONTH_S: Final = 30 * 86_400
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"
ALGORITHMS: Final[tuple[str, ...]] = (
    '"market"',
    '"opponent"',
    '"join"',
    '{ algorithm = "signal-limit", seconds = 20, tolerance_ticks = 20 }',
    '{ algorithm = "last-limit", tolerance_ticks = 40 }',
    '{ algorithm = "chase", seconds = 15 }',
    '{ algorithm = "twap", minutes = 1, slices = 4 }',
    '{ algorithm = "iceberg", show_lots = 2 }',
)


@attrs.frozen(kw_only=True)
class Profile:
    """How long and how hard."""

    minutes: tuple[float, float]
    """Of the time in which things go wrong, from and to."""
    pause_s: float
    """Mean time between two acts of a symbol's crowd."""
    share: float = 0.1
    """Of all faults, at work in a seed: some seven of seventy, for with many more nothing is traded at all."""
    quiet: float = 0.05
    one: float = 0.15
    """Parts of all seeds that are quiet, and that have one fault at its strongest."""


PROFILES: Final[Mapping[str, Profile]] = {
    "quick": Profile(minutes=(10, 40), pause_s=4.0),
    "long": Profile(minutes=(20, 120), pause_s=3.0),
}
STRONGEST: Final = 4.0
READERS: Final = 0.15
"""Of all seeds: somebody reads quotes and books."""
_FUNDED: Final = 0.35
_QUANTO: Final = 0.2
"""Parts of all seeds."""


@attrs.frozen(kw_only=True)
class Scenario:
    """One run, whole: equal ones come to the same end."""

    seed: int
    minutes: float
    faults: Mapping[str, float]
    """Intensities by code."""
    mix: Mix
    began: UtcNs
    schedule_seed: int | None
    clock_offset_s: float
    clock_drift_ppm: int
    symbols: tuple[Symbol, ...]
    strategies: str
    """The `[[strategies]]` of its configuration."""
    pause_s: float
    run6: str
    switch_s: int = 60
    window: tuple[int, int] = ALL
    name: str = ""
    """Of one that is pinned."""

    @property
    def quiet_at(self) -> UtcNs:
        """When nothing goes wrong any more."""
        return self.began + round(self.minutes * 60 * NS_PER_SECOND)

    @property
    def sync(self) -> str:
        """Whether the journal waits for the disk: half of all seeds."""
        return "full" if self.seed // 2 % 2 else "normal"

    def configuration(self) -> str:
        """The TOML of its live run."""
        # Wide, so that nothing but faults keeps from trading; or so narrow that each is met now and then.
        lots, count = (24, 16) if self.seed % 2 else (8, 8)
        return (
            f"[backtest]\nseed = {self.seed % 1_000_000}\n\n"
            f'[live]\nwarm_up = false\ndead_mans_switch_s = {self.switch_s}\nsync = "{self.sync}"\n\n'
            f"[risk]\norder_lots_max = 20\nposition_lots_max = {lots}\nprice_band = 0.05\norders_per_second = 8\n"
            f"orders_per_minute = 80\nopen_orders_max = {count}\ndaily_loss_max = 0.5\nleverage_max = 5\n\n"
            f"{self.strategies.replace(_TRADERS, str(Path(traders.__file__).resolve()))}"
        )

    def written(self) -> dict[str, Any]:
        """As it is pinned: plain values, the same on every machine."""
        return attrs.asdict(self)

    @classmethod
    def read(cls, told: Mapping[str, Any]) -> "Scenario":
        """What `written` gave; KeyError or TypeError for anything else."""
        return cls(**{**told, "symbols": tuple(told["symbols"]), "window": tuple(told["window"])})


def scenario(
    seed: int,
    *,
    profile: str = "quick",
    kinds: Sequence[str],
    only: Sequence[str] = (),
    strategy: str | None = None,
) -> Scenario:
    """What a seed is. `kinds`: codes of all faults; `only`: exactly these, at their strongest."""
    told = PROFILES[profile]
    random = Random(f"scenario {profile} {seed}")  # noqa: S311 no secret comes of it
    minutes = round(random.uniform(*told.minutes), 2)
    began = FIRST + random.randrange(_MONTH_S) * NS_PER_SECOND + random.randrange(NS_PER_SECOND)
    mix, faults = _faults(f"{profile} {seed}", told, kinds)
    schedule = random.randrange(2**31) if random.random() < 0.75 else None
    offset = random.choice((0.0, 0.0, random.uniform(-2, 2)))
    drift = random.choice((0, 0, random.randrange(-200, 200)))
    symbols: tuple[Symbol, ...] = ("XBTUSD",) if random.random() < 0.7 else ("XBTUSD", "XBTUSDT")
    began, symbols = _venue(seed, profile, began, symbols)
    run6 = "".join(random.choice(_LETTERS) for _ in range(6))
    if only:
        mix, faults = "told", dict.fromkeys(sorted(only), STRONGEST)
    quiet_at_s = began // NS_PER_SECOND + round(minutes * 60)
    return Scenario(
        seed=seed, minutes=minutes, faults=faults, mix=mix, began=began, schedule_seed=schedule,
        clock_offset_s=offset, clock_drift_ppm=drift, symbols=symbols, pause_s=told.pause_s, run6=run6,
        strategies=_strategies(random, symbols, quiet_at_s, strategy),
    )  # fmt: skip


def _venue(seed: int, profile: str, began: UtcNs, symbols: tuple[Symbol, ...]) -> tuple[UtcNs, tuple[Symbol, ...]]:
    """Some begin shortly before funding is paid, and some trade a contract whose profit has yet another formula."""
    random = Random(f"venue {profile} {seed}")  # noqa: S311 no secret comes of it
    if random.random() < _FUNDED:
        began = next_funding(began) - round(random.uniform(30, 500) * NS_PER_SECOND)
    if random.random() < _QUANTO:
        symbols = (*symbols[: 1 if random.random() < 0.7 else 2], "ETHUSD")
    return began, symbols


def _faults(seed: str, profile: Profile, kinds: Sequence[str]) -> tuple[Mix, dict[str, float]]:
    random = Random(f"faults {seed}")  # noqa: S311 no secret comes of it
    chance = random.random()
    if chance < profile.quiet:
        return "quiet", {}
    if chance < profile.quiet + profile.one:
        return "one", {random.choice(sorted(kinds)): STRONGEST}
    chosen: dict[str, float] = {}
    for code in sorted(kinds):
        # Each has chances of its own, so that a seed stays nearly what it is when a fault is added.
        own = Random(f"{code} {seed}")  # noqa: S311 no secret comes of it
        if own.random() < profile.share:
            chosen[code] = round(math.exp(own.uniform(-1.2, 1.2)), 3)
    return "swarm", chosen


def _strategies(random: Random, symbols: Sequence[Symbol], quiet_at_s: int, strategy: str | None) -> str:
    """Two to four, with all ways of working orders; and one that sends orders of its own."""
    sections: list[str] = []
    for number in range(random.randint(2, 4)):
        symbol, params = random.choice(symbols), f"quiet_at_s = {quiet_at_s}.0"
        name = "Orders" if number == 1 else "Dice"
        execution = "" if name == "Orders" else f"execution = {random.choice(ALGORITHMS)}\n"
        period = random.choice(("5s", "10s", "15s"))
        sections.append(_section(f"{name.lower()}-{number}", f"{_TRADERS}:{name}", symbol, period, params, execution))
    if strategy:
        sections.append(_section("yours", strategy, symbols[0], "5s", "", ""))
    # By a draw of its own: seldom, for books are many frames.
    beside = Random(f"books {quiet_at_s}")  # noqa: S311 no secret comes of it
    if beside.random() < READERS:
        params = f"quiet_at_s = {quiet_at_s}.0"
        sections.append(_section("reader", f"{_TRADERS}:Reader", beside.choice(symbols), "10s", params, ""))
    for symbol in symbols:
        if not any(f'"{symbol}"' in section for section in sections):
            params = f"quiet_at_s = {quiet_at_s}.0"
            sections.append(_section(f"dice-{symbol.lower()}", f"{_TRADERS}:Dice", symbol, "10s", params, ""))
    return "\n".join(sections)


def _section(name: str, strategy: str, symbol: Symbol, period: str, params: str, execution: str) -> str:  # noqa: PLR0917 a row of a table
    told = f"params = {{ {params} }}\n" if params else ""
    return (
        f'[[strategies]]\nid = "{name}"\nstrategy = "{strategy}"\nsymbols = ["{symbol}"]\nperiod = "{period}"\n'
        f"lots = 2\n{execution}{told}"
    )


def described(told: Scenario) -> dict[str, Any]:
    """What of it a reader wants to know."""
    return {
        "seed": told.seed,
        "mix": told.mix,
        "minutes": told.minutes,
        "faults": dict(told.faults),
        "schedule": told.schedule_seed,
        "clock": f"{told.clock_offset_s:+.3f} s, {told.clock_drift_ppm:+d} ppm",
        "symbols": list(told.symbols),
    }
