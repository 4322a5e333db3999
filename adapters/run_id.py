"""A backtest's id: equal for equal configuration, data and seed, whatever the machine and the folders."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

from adapters.configuration import Configuration, to_toml
from adapters.configuration.schema import DataSection, EventsSection, InstrumentSection, funding_file
from adapters.events.loading import ExternalData
from adapters.files import FUNDING, MARKS
from adapters.funding_data import EventData, digest_key
from adapters.market_data import LoadedData


def placeless(strategy: str) -> str:
    """How a strategy is called without the folder of its file: folders differ between machines."""
    place, colon, name = strategy.rpartition(":")
    return f"{Path(place).name}{colon}{name}" if place.endswith(".py") else strategy


def run_id_of(
    configuration: Configuration, loaded: Sequence[LoadedData], events: EventData, external: ExternalData
) -> str:
    """Six characters that are equal for equal configuration, data and seed, wherever the files lie."""
    portable = attrs.evolve(
        configuration,
        data=tuple(_portable(each) for each in loaded),
        events=tuple(_sourceless(section, external.digests) for section in configuration.events),
        instruments=tuple(_fileless(section, events.digests) for section in configuration.instruments),
        strategies=tuple(
            attrs.evolve(section, strategy=placeless(section.strategy), folder=None)
            for section in configuration.strategies
        ),
        live=None,
    )
    return hashlib.sha256(to_toml(portable).encode()).hexdigest()[:6]


def _portable(loaded: LoadedData) -> DataSection:
    return attrs.evolve(loaded.section, file=loaded.fact.sha256)


def _sourceless(section: EventsSection, digests: Mapping[str, str]) -> EventsSection:
    """What was heard, in place of where it came from."""
    return attrs.evolve(section, file=digests[section.source], store=None, listen=None, poll=None)


def _fileless(section: InstrumentSection, digests: Mapping[str, str]) -> InstrumentSection:
    funding, marks = funding_file(section), section.mark_prices
    return attrs.evolve(
        section,
        funding=section.funding if funding is None else digests[digest_key(funding, FUNDING.name, section.symbol)],
        mark_prices=None if marks is None else digests[digest_key(marks, MARKS.name, section.symbol)],
    )
