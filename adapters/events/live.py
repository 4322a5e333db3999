"""The sources of external events of a live run: their keys read before anything starts, and an actor for each."""

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from pathlib import Path
from random import Random
from typing import Any, Final

import attrs

from actors.component import Component
from actors.runtime.slot import ActorKind, ActorSpec
from adapters.configuration import EventsSection, Problem
from adapters.errors import InputError
from adapters.events.actor import ROLE, EventSource, Worker
from adapters.events.endpoint import Endpoint
from adapters.events.files import is_csv
from adapters.events.poll import Poller, Polling, fetcher
from adapters.events.tail import FollowedFile
from adapters.events.teller import Clock, Say, Teller
from adapters.security.redaction import concealing
from adapters.security.tokens import require_strong, token_made_at
from messages import NS_PER_SECOND, Address

TOKEN_FILE: Final = "events.token"  # noqa: S105 a name of a file
_KEY_MAX: Final = 4_096


@attrs.frozen
class SourceKeys:
    """Tokens of endpoints and keys of addresses, by source. They are shown nowhere."""

    by_source: Mapping[str, str] = attrs.field(factory=dict, repr=False)


def read_keys(
    sections: Iterable[EventsSection],
    folder: Path,
    environment: MutableMapping[str, str],
    guard: Callable[[Callable[[str], str]], None],
) -> SourceKeys:
    """Read them, and take those of the environment out of it. `guard` is told how to take each out of a text.

    InputError, without the key, for one that is missing, weak, or readable by others. A token's file is made if need
    be; `folder` is the run's.
    """
    found: dict[str, str] = {}
    for section in sections:
        key = None
        if section.listen is not None:
            key = _token(section, folder, environment)
        elif section.poll is not None and section.poll.key_env is not None:
            key = _taken(section.poll.key_env, f"events {section.source}: poll.key_env", environment)
            if not (key.isascii() and key.isprintable() and 8 <= len(key) <= _KEY_MAX):
                raise InputError(f"events {section.source}: the key in {section.poll.key_env} is no key")
        if key is not None:
            guard(concealing(key))
            found[section.source] = key
    return SourceKeys(found)


def _token(section: EventsSection, folder: Path, environment: MutableMapping[str, str]) -> str:
    listen = section.listen
    assert listen is not None
    if listen.token_env is None:
        return token_made_at(folder / TOKEN_FILE if listen.token_file is None else Path(listen.token_file))
    token = _taken(listen.token_env, f"events {section.source}: listen.token_env", environment)
    try:
        require_strong(section.source, token)
    except InputError as error:
        raise InputError(f"{listen.token_env}: {error}") from None
    return token


def _taken(name: str, what: str, environment: MutableMapping[str, str]) -> str:
    """Out of the environment, where a process that we start would find it."""
    key = environment.pop(name, "").strip()
    if not key:
        raise InputError(f"{what}: the environment has no {name}")
    return key


def live_problems(sections: Iterable[EventsSection]) -> list[Problem]:
    """Sources that a backtest can read, and nobody can follow."""
    problems: list[Problem] = []
    for number, section in enumerate(sections):
        if section.file is None:
            continue
        try:
            is_csv(Path(section.file))
        except InputError as error:
            problems.append((f"events[{number}].file", str(error)))
        if section.file.lower().endswith(".gz"):
            problems.append((f"events[{number}].file", "a .gz file does not grow line by line, and cannot be followed"))
    return problems


def live_notes(sections: Iterable[EventsSection]) -> Iterator[str]:
    """Where each source is heard."""
    for section in sections:
        if section.file is not None:
            yield f"events {section.source}: what is appended to {section.file}"
        elif section.listen is not None:
            yield f"events {section.source}: POST http://{section.listen.host}:{section.listen.port}/events"
        elif section.poll is not None:
            yield f"events {section.source}: {section.poll.url.partition('?')[0]} every {section.poll.every_s:g} s"
        else:
            yield f"events {section.source}: a store is for backtests; live nothing is heard of it"


def source_address(source: str) -> Address:
    """Where the actor of a source lives."""
    return f"{ROLE}:{source}"


def source_specs(
    sections: Iterable[EventsSection], keys: SourceKeys, *, voice: Callable[[Address], Say], clock: Clock, seed: str
) -> Iterator[ActorSpec]:
    """An actor for each source that can be heard live. `voice(address)` gives what its threads speak with."""
    for section in sections:
        if section.file is None and section.listen is None and section.poll is None:
            continue
        yield _spec(section, keys.by_source.get(section.source), voice=voice, clock=clock, seed=seed)


def _spec(
    section: EventsSection, key: str | None, *, voice: Callable[[Address], Say], clock: Clock, seed: str
) -> ActorSpec:
    address = source_address(section.source)
    silence = None if section.silence_s is None else round(section.silence_s * NS_PER_SECOND)

    def factory(heritage: Any) -> Component:
        teller = Teller(section.source, voice(address), clock, silence_ns=silence)
        return EventSource(teller, lambda teller: _worker(section, key, teller, f"{seed} {address}", heritage))

    return ActorSpec(address=address, role=ROLE, kind=ActorKind.SOURCE, factory=factory)


def _worker(section: EventsSection, key: str | None, teller: Teller, seed: str, heritage: Any) -> Worker:
    kind = section.kind or section.source
    if section.file is not None:
        path = Path(section.file)
        return FollowedFile(path, teller, kind=kind, is_csv=is_csv(path), place=heritage)
    if section.listen is not None:
        assert key is not None
        return Endpoint(section.listen, teller, key, kind=kind)
    assert section.poll is not None
    random = Random(seed)  # noqa: S311 it spreads questions, and keeps no secret
    return Poller(teller, Polling(section.poll, kind, random, heritage), fetcher(section.poll, key))
