"""Where a live run's market is kept: which store, whose claims, and how much of the disk is left to the run itself."""

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from adapters.events.live import source_address
from adapters.live.feeds import feed_address
from adapters.live.settings import LiveSettings
from adapters.live.venue import Venue
from adapters.recording import Claims, Recording, RecordingTap, Roller
from adapters.store import Store
from adapters.store.names import EXTERNAL, SPREADS
from messages import Symbol

RESERVE: Final = 256_000_000
"""Bytes that recording leaves free on the disk that the run's folder is on: without a journal nothing is traded."""


def store_of(settings: LiveSettings, folder: Path) -> Path:
    """The store that a run records into, and begins warm from."""
    told = settings.recording.store
    return folder / "data" if told is None else Path(told)


def recording_of(settings: LiveSettings, folder: Path, venue: Venue) -> Recording | None:
    """Where the run's market goes; None where nothing shall be kept. InputError when that can be no store."""
    told = settings.recording
    if not told.enabled:
        return None
    root, name = Store(store_of(settings, folder)).root, venue.environment.name
    beside = {feed_address(each.called): each.called for each in settings.configuration.feeds}
    # What a source sets aside stands beside its events, and is no market's.
    sources = {source_address(each.source): EXTERNAL for each in settings.configuration.events}
    reserve = RESERVE if _are_on_one_disk(root, folder) else 0
    return Recording(
        root,
        RecordingTap({"feed": name, **beside, **sources}, venue=name, kinds=told.kinds),
        roller=Roller(root, reserve=reserve),
        claims=Claims(root, _recorded(settings, name), folder),
        reserve=reserve,
    )


def _recorded(settings: LiveSettings, venue: str) -> Iterable[tuple[str, Symbol]]:
    """What nobody else may record meanwhile: venue, and symbol, source or pair."""
    told = settings.configuration
    yield from ((venue, symbol) for symbol in (*settings.symbols, *settings.only_heard))
    yield from ((feed.called, symbol) for feed in told.feeds for symbol in feed.symbols)
    yield from dict.fromkeys((EXTERNAL, each.source) for each in told.events)
    yield from ((SPREADS, each.name) for each in told.spreads)


def _are_on_one_disk(store: Path, folder: Path) -> bool:
    """Whether what is written to one is lacking to the other. The store may not be there yet."""
    store = store.absolute()
    try:
        there = next(each for each in (store, *store.parents) if each.exists())
        return _disk_of(there) == _disk_of(folder)
    except OSError:
        # Of a place that cannot be looked at it is not known: then rather less is kept.
        return True


def _disk_of(folder: Path) -> int:
    return folder.stat().st_dev
