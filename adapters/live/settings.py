"""From the command line and a configuration to what a live run is told: every mistake at once, before anything starts.

A run folder keeps its `config.toml`, effective and complete: starting again there without `--config` is the same run.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import attrs

from actors.spread_recorder import SpreadPair
from actors.strategy_entry import StrategyEntry
from adapters.configuration import (
    Configuration,
    InstrumentSection,
    LiveSection,
    Problem,
    RecordingSection,
    RiskSection,
    StrategySection,
    read_toml,
    structured,
    to_toml,
    values,
)
from adapters.configuration.agreement import mistakes
from adapters.configuration.compounds import DAYS
from adapters.configuration.options import anchored_events
from adapters.configuration.typed import placed
from adapters.events.live import live_problems
from adapters.events.subscribing import source_problems
from adapters.live.default import default_configuration
from adapters.live.markets import market_refusals, side_symbols, spread_pairs, with_plain_names
from adapters.preparation import TICK_PERIOD, described, entry_of, fail
from adapters.strategy_choice import Chosen, choose
from messages import Instrument, Kind, Sessions, StrategyId, Symbol, iso_utc, period_name

HEADER: Final = "# What this run is told, complete: `python run.py live --out` this folder goes on with it.\n"
CONFIG_FILE: Final = "config.toml"


@attrs.frozen(kw_only=True)
class LiveOptions:
    """The command line of `live`, as far as it says what is traded; None was not given."""

    config: Path | None = None
    venue: str | None = None
    paper: bool | None = None
    on_stop: str | None = None
    seed: int | None = None
    record: Path | None = None
    """The store to record into."""
    no_record: bool = False


@attrs.frozen(kw_only=True)
class LiveSettings:
    """A live run that can be assembled."""

    configuration: Configuration
    """Effective, its paths absolute; instruments come from the venue, and are those of the file until then."""
    live: LiveSection
    entries: tuple[StrategyEntry, ...]
    described: Mapping[StrategyId, str]
    """What each strategy is, in words, by id."""
    notes: tuple[str, ...] = ()

    @property
    def spreads(self) -> tuple[SpreadPair, ...]:
        """What is sampled side by side."""
        return spread_pairs(self.configuration)

    @property
    def side_symbols(self) -> tuple[Symbol, ...]:
        """What comes by feeds beside the venue that is traded, by ids."""
        return tuple(side_symbols(self.configuration.feeds))

    @property
    def recording(self) -> RecordingSection:
        """What is kept of the market."""
        return self.configuration.recording or RecordingSection()

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """Everything that is traded, each once."""
        return tuple(dict.fromkeys(symbol for entry in self.entries for symbol in entry.symbols))

    @property
    def only_heard(self) -> tuple[Symbol, ...]:
        """Everything at the venue that is heard and not traded, each once."""
        heard = dict.fromkeys(symbol for entry in self.entries for symbol in entry.hears)
        return tuple(symbol for symbol in heard if symbol not in self.symbols and symbol not in self.side_symbols)


def live_settings(options: LiveOptions, folder: Path) -> LiveSettings:
    """Read, lay over, check. `folder` is the run's. InputError says everything that is wrong.

    Told by `--config`, else by the folder's own `config.toml`, else the default.
    """
    problems: list[Problem] = []
    configuration, where, notes = _read(options, folder, problems)
    configuration = with_plain_names(_with_options(configuration, options, problems))
    chosen = choose(configuration.strategies, (), where=where, problems=problems)
    if not problems:
        # A section that is missing because of a mistake in it is no second mistake.
        problems += [(f"{where}{path}", reason) for path, reason in refusals(configuration)]
        problems += source_problems(chosen, configuration.events, where=where)
    fail(list(dict.fromkeys(problems)))
    strategies = tuple(_settled(each) for each in chosen)
    assert configuration.live is not None
    return LiveSettings(
        configuration=attrs.evolve(configuration, strategies=strategies, risk=_risk(configuration.risk)),
        live=configuration.live,
        entries=tuple(entry_of(each, section) for each, section in zip(chosen, strategies, strict=True)),
        described={str(section.id): described(section) for section in strategies},
        notes=notes,
    )


def refusals(configuration: Configuration) -> list[Problem]:
    """Why this configuration cannot be traded live, though it may be sound: key path and reason."""
    live = configuration.live or LiveSection()
    problems: list[Problem] = []
    if live.venue != "loopback" and not live.paper and configuration.risk is None:
        problems.append(("risk", f"{live.venue} is a real venue: live does not start there without a [risk] section"))
    if not configuration.strategies:
        problems.append(("strategies", "there is none; live trades nothing without one"))
    for number, section in enumerate(configuration.strategies):
        if section.symbols is None:
            problems.append((f"strategies[{number}].symbols", "must be given: live has no data to take them from"))
        if section.mode == "live" and section.account != live.account:
            reason = f"{section.account!r} is not the account that is traded, live.account = {live.account!r}"
            problems.append((f"strategies[{number}].account", reason))
    traded = {symbol for section in configuration.strategies for symbol in section.symbols or ()}
    heard = {symbol for section in configuration.strategies for symbol in section.hears or ()}
    problems += [
        (f"live.books[{number}]", f"no strategy trades {symbol!r}; they trade {', '.join(sorted(traded))}")
        for number, symbol in enumerate(live.books or ())
        if symbol not in traded | heard
    ]
    recording = configuration.recording or RecordingSection()
    problems += [
        (f"recording.l2[{number}]", f"no strategy trades {symbol!r}; they trade {', '.join(sorted(traded))}")
        for number, symbol in enumerate(recording.l2 or ())
        if symbol not in traded
    ]
    return problems + live_problems(configuration.events) + market_refusals(configuration)


def write_configuration(folder: Path, configuration: Configuration) -> None:
    """Put the effective configuration into the run's folder; OSError when that cannot be."""
    partial = folder / f"{CONFIG_FILE}.partial"
    partial.write_text(to_toml(configuration, HEADER), encoding="utf-8", newline="")
    partial.replace(folder / CONFIG_FILE)


def with_instruments(configuration: Configuration, instruments: tuple[Instrument, ...]) -> Configuration:
    """With the contracts as the venue tells them, so that a backtest of the same configuration has the same money."""
    return attrs.evolve(configuration, instruments=tuple(instrument_section(each) for each in instruments))


def instrument_section(instrument: Instrument) -> InstrumentSection:
    """A contract as a configuration would tell it. Its funding is told elsewhere: a section knows rates, not that."""
    hours = instrument.sessions
    spot, dated = instrument.kind is Kind.SPOT, instrument.expiry is not None
    return InstrumentSection(
        symbol=instrument.symbol,
        kind=instrument.kind.value,
        tick_size=instrument.tick_size,
        lot_size=instrument.lot_size,
        multiplier=instrument.multiplier,
        currency=instrument.currency,
        value_rounding=instrument.value_rounding.value,
        maker_fee=instrument.maker_fee,
        taker_fee=instrument.taker_fee,
        settlement_fee=(instrument.settlement_fee or None) if dated else None,
        initial_margin=None if spot else instrument.initial_margin or None,
        maintenance_margin=None if spot else instrument.maintenance_margin or None,
        funding_interval=None if instrument.funding_interval is None else period_name(instrument.funding_interval),
        expiry=None if instrument.expiry is None else iso_utc(instrument.expiry),
        settlement_price=instrument.settlement_price,
        sessions=None if hours is None else tuple(_hours(hours)),
        sessions_timezone=None if hours is None else hours.timezone,
        sessions_days=None if hours is None else tuple(DAYS[day] for day in hours.weekdays),
    )


def _hours(sessions: Sessions) -> list[str]:
    return [f"{opens // 60:02}:{opens % 60:02}-{closes // 60:02}:{closes % 60:02}" for opens, closes in sessions.hours]


def _read(options: LiveOptions, folder: Path, problems: list[Problem]) -> tuple[Configuration, str, tuple[str, ...]]:
    """The configuration, what an error puts before a key path, and notes."""
    own = folder / CONFIG_FILE
    path = options.config or (own if own.exists() else None)
    if path is None:
        return default_configuration(), "", ("no configuration: random and ema-cross on the loopback exchange",)
    configuration, found = structured(read_toml(path))
    where = f"{path}: "
    problems += [(f"{where}{key}", reason) for key, reason in found]
    notes: tuple[str, ...] = ()
    if options.config is not None and own.exists() and own.resolve() != path.resolve():
        notes = (f"{path} takes the place of the configuration that this run had",)
    return _anchored(configuration, path.absolute().parent), where, notes


def _anchored(configuration: Configuration, folder: Path) -> Configuration:
    """With absolute paths, which the file tells from its own folder."""
    live = configuration.live or LiveSection()
    keys, watchdog_keys = [None if path is None else placed(folder, path) for path in (live.keys, live.watchdog_keys)]
    strategies = tuple(
        attrs.evolve(section, folder=placed(folder, section.folder or ".")) for section in configuration.strategies
    )
    recording = configuration.recording
    if recording is not None and recording.store is not None:
        recording = attrs.evolve(recording, store=placed(folder, recording.store))
    return attrs.evolve(
        configuration,
        live=attrs.evolve(live, keys=keys, watchdog_keys=watchdog_keys),
        strategies=strategies,
        events=anchored_events(configuration.events, folder),
        recording=recording,
    )


def _with_options(configuration: Configuration, options: LiveOptions, problems: list[Problem]) -> Configuration:
    live = configuration.live or LiveSection()
    told: dict[str, object] = {}
    for name, flag, allowed in (
        ("venue", "--venue", ("loopback", "bitmex-testnet", "bitmex")),
        ("on_stop", "--on-stop", ("cancel", "leave", "flatten")),
    ):
        word = getattr(options, name)
        if word is not None:
            try:
                told[name] = values.one_of(word, allowed)
            except ValueError as error:
                problems.append((flag, str(error)))
    if options.paper is not None:
        told["paper"] = options.paper
    changed = attrs.evolve(live, **told)  # type: ignore[arg-type]
    if told:
        problems += [(f"live{rest}", reason) for rest, reason in mistakes(changed)]
    backtest = configuration.backtest
    if options.seed is not None:
        backtest = attrs.evolve(backtest, seed=options.seed)
    recording = _recorded(configuration.recording or RecordingSection(), options, problems)
    return attrs.evolve(configuration, live=changed, backtest=backtest, recording=recording)


def _recorded(section: RecordingSection, options: LiveOptions, problems: list[Problem]) -> RecordingSection:
    if options.record is not None and options.no_record:
        problems.append(("--no-record", "says the opposite of --record"))
    if options.record is not None:
        return attrs.evolve(section, enabled=True, store=str(options.record.absolute()))
    return attrs.evolve(section, enabled=False) if options.no_record else section


def _risk(section: RiskSection | None) -> RiskSection | None:
    """Live, a lost day halts where nobody said otherwise: back only by command."""
    if section is None or section.daily_loss_max is None or section.daily_loss_action is not None:
        return section
    return attrs.evolve(section, daily_loss_action="halt")


def _settled(chosen: Chosen) -> StrategySection:
    """As `preparation` settles it, without data to look at."""
    section = chosen.section
    lots = section.lots if section.lots is not None or chosen.sizes_itself else 1
    period = section.period or TICK_PERIOD
    return attrs.evolve(section, id=chosen.id, period=period, lots=lots, params=chosen.params)
