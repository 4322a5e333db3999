"""From a configuration and the venue's own contracts to what a live run trades: strategies found, symbols settled.

The venue says what a contract is. A configuration that says something else of it is wrong, for one of the two would
count money wrongly.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import attrs

from actors.sizing.sizing import Sizing
from actors.strategy import StrategyEntry
from adapters.accounts import account_of, sizings_of, unused
from adapters.configuration import Configuration, Problem, StrategySection
from adapters.configuration.schema import PAPER, InstrumentSection
from adapters.errors import InputError
from adapters.limits import unknown_scopes
from adapters.preparation import described, entry_of, fail
from adapters.strategy_choice import Chosen, choose
from messages import Account, Instrument, Symbol

PERIOD: Final = "1m"
"""Of strategies that tell none."""


@attrs.frozen(kw_only=True)
class Plan:
    """What a live run trades, complete but for the money."""

    configuration: Configuration
    """Effective: every symbol and period told."""
    entries: tuple[StrategyEntry, ...]
    instruments: tuple[Instrument, ...]
    described: Mapping[str, str]
    """What each strategy is, in words, by id."""
    sizing: Sizing | None
    account_sizing: Mapping[Account, Sizing]

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """Everything that is traded, in order."""
        return tuple(instrument.symbol for instrument in self.instruments)

    @property
    def accounts(self) -> tuple[Account, ...]:
        """Those that trade at the venue: not the paper ones."""
        return tuple(sorted({each.account for each in self.entries if not each.account.startswith(PAPER)}))


def symbols_of(configuration: Configuration, *, default: Symbol | None) -> tuple[Symbol, ...]:
    """What the strategies trade, each once; one that names nothing trades all that the others name, or the default."""
    named = dict.fromkeys(symbol for section in configuration.strategies for symbol in section.symbols or ())
    if not named:
        named = dict.fromkeys(section.symbol for section in configuration.instruments)
    if not named and default is not None:
        named = {default: None}
    if not named:
        raise InputError("strategies: none of them names a symbol, and neither does [[instruments]]")
    return tuple(named)


def planned(
    configuration: Configuration, contracts: Mapping[Symbol, Instrument], symbols: Sequence[Symbol], *, where: str
) -> Plan:
    """Everything checked against what the venue has. InputError tells all that is wrong at once; `where`: the file."""
    problems: list[Problem] = [
        (f"{where}strategies", f"the venue has no contract {symbol!r} that can be traded")
        for symbol in symbols
        if symbol not in contracts
    ]
    for number, section in enumerate(configuration.instruments):
        told = contracts.get(section.symbol)
        if told is not None:
            problems += _differences(f"{where}instruments[{number}]", section, told)
    chosen = choose(configuration.strategies, (), where=where, problems=problems)
    sections = [_settled(each, symbols) for each in chosen]
    accounts = [account_of(each.section, each.id) for each in chosen]
    known = {"account": accounts, "strategy": [each.id for each in chosen], "symbol": list(symbols)}
    found = unused(configuration.accounts, accounts) + unknown_scopes(configuration.risk, known)
    problems += [(f"{where}{path}", reason) for path, reason in found]
    fail(problems)
    effective = attrs.evolve(configuration, strategies=tuple(sections))
    sizing, account_sizing = sizings_of(effective)
    return Plan(
        configuration=effective,
        entries=tuple(entry_of(each, section) for each, section in zip(chosen, sections, strict=True)),
        instruments=tuple(contracts[symbol] for symbol in symbols),
        described={str(section.id): described(section) for section in sections},
        sizing=sizing,
        account_sizing=account_sizing,
    )


def _settled(chosen: Chosen, symbols: Sequence[Symbol]) -> StrategySection:
    section = chosen.section
    lots = section.lots if section.lots is not None or chosen.sizes_itself else 1
    return attrs.evolve(
        section,
        id=chosen.id,
        symbols=section.symbols or tuple(symbols),
        period=section.period or PERIOD,
        lots=lots,
        params=chosen.params,
    )


def _differences(path: str, section: InstrumentSection, contract: Instrument) -> list[Problem]:
    """What a configuration says of a contract that the venue says otherwise; fees are the account's own matter."""
    pairs = (
        ("kind", section.kind, contract.kind.value),
        ("tick_size", section.tick_size, contract.tick_size),
        ("lot_size", section.lot_size, contract.lot_size),
        ("multiplier", section.multiplier, contract.multiplier),
        ("currency", section.currency, contract.currency),
    )
    asked = {field.name: field.default for field in attrs.fields(InstrumentSection)}
    return [
        (f"{path}.{name}", f"is {said}, and the venue says {is_}")
        for name, said, is_ in pairs
        # What was left to its default was not said.
        if said is not None and said != asked[name] and said != is_
    ]


def strategy_folder(config: Path | None) -> Path:
    """Where relative paths of strategies start from."""
    return Path.cwd() if config is None else config.absolute().parent
