"""What a live run's actors are made of once more, from its folder alone: for `run.py replay`. It opens no network."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from actors.recorder import Record
from actors.runtime.slot import ActorSpec
from actors.setup import Setup
from actors.system import TradingSystem
from actors.wiring import actor_specs
from adapters.configuration import FeedSection
from adapters.errors import InputError
from adapters.journal import JournalError, read_meta
from adapters.journal.given import Given
from adapters.live.assembly import bar_builder_spec, system_of
from adapters.live.recorded import store_of
from adapters.live.settings import LiveOptions, LiveSettings, live_settings
from messages import Instrument
from messages.codec import CodecError, decode


def setup_again(folder: Path) -> Setup:
    """What determined the run. JournalError for a folder that is no live run's."""
    return system_again(folder).setup


def system_again(folder: Path, **wires: Any) -> TradingSystem:
    """What decided in the run, without what stood beside it. `wires`: see `system_of`; JournalError as above."""
    meta = read_meta(folder)
    try:
        settings = live_settings(LiveOptions(), folder)
        contracts = {each.symbol: each for each in map(_contract, meta["contracts"])}
        return system_of(
            settings,
            contracts,
            cash=meta["cash"],
            account_cash=meta["account_cash"],
            run6=meta["run6"],
            is_paper=bool(meta["is_paper"]),
            **wires,
        )
    except (KeyError, ValueError, CodecError, InputError) as error:
        raise JournalError(f"{folder}: what the run was told cannot be read again: {error}") from error


def recorded_in(folder: Path) -> Path:
    """The store that the run's market is recorded into. JournalError when its configuration cannot be read again."""
    return store_of(_settings(folder), folder)


def feeds_again(folder: Path) -> tuple[FeedSection, ...]:
    """The markets that the run heard beside the one it traded. JournalError as `recorded_in`."""
    return _settings(folder).configuration.feeds


def _settings(folder: Path) -> LiveSettings:
    try:
        return live_settings(LiveOptions(), folder)
    except InputError as error:
        raise JournalError(f"{folder}: what the run was told cannot be read again: {error}") from error


def _contract(data: Any) -> Instrument:
    contract = decode(data)
    if not isinstance(contract, Instrument):
        raise CodecError(f"a contract is an Instrument, not {type(contract).__name__}")
    return contract


def specs_again(setup: Setup, given: Given) -> Sequence[ActorSpec]:
    """Its actors, the bar builder begun where the life had begun."""
    builder = bar_builder_spec(setup, given.so_far)
    return [builder if spec.address == builder.address else spec for spec in actor_specs(setup, Record())]
