"""`[[events]]`: sources of what is heard beside the market, and where each of them comes from."""

from typing import Literal

import attrs

from adapters.configuration.value_types import (
    EnvironmentName,
    FieldPaths,
    Filled,
    PortNumber,
    PositiveFloat,
    PositiveInt,
    SourceName,
    Truth,
    WebAddress,
    WeightFloat,
)


@attrs.frozen(kw_only=True)
class ListenSection:
    """Events that are sent to us by HTTP POST: `listen = { port = 8765 }`."""

    port: PortNumber
    host: Filled = "127.0.0.1"
    allow_remote: Truth = False
    """Needed for any other address than this machine's own."""
    token_file: Filled | None = None
    """A file that nobody else can read; made where there is none. None is `events.token` in the run's folder."""
    token_env: EnvironmentName | None = None
    """A variable of the environment, in place of a file."""
    events_per_second: PositiveInt = 20
    """More are turned away."""
    bytes_max: PositiveInt = 65_536
    """Of one request's body."""


@attrs.frozen(kw_only=True)
class PollSection:
    """An address that is asked on a schedule: `poll = { url = "https://...", every_s = 60, format = "rss" }`."""

    url: WebAddress
    every_s: PositiveFloat = 60.0
    format: Literal["json", "rss"] = "json"
    """rss is Atom too."""
    items: Filled | None = None
    """Where in a JSON answer the list of items stands, names joined by points; None is the answer itself."""
    id: Filled | None = None
    """What an item is known by; None is all that is in it."""
    ts: Filled | None = None
    """An item's own time; None is the time of receipt."""
    kind: Filled | None = None
    """Where an item says what sort of thing it is; None is the entry's `kind`."""
    fields: FieldPaths = attrs.field(factory=dict)
    """What is taken of an item; empty takes every value that is a number, a text, true, false or null."""
    key_env: EnvironmentName | None = None
    """A variable of the environment with a key, sent in `key_header`."""
    key_header: Filled = "Authorization"
    backlog: Truth = False
    """Whether what the first answer already holds is heard; else it is only remembered."""
    bytes_max: PositiveInt = 1_048_576
    """Of one answer."""


@attrs.frozen(kw_only=True)
class EventsSection:
    """One `[[events]]` entry: a source of external events, and where they come from."""

    source: SourceName
    file: Filled | None = None
    """JSON lines or CSV: a backtest reads it, live it is followed as it grows."""
    listen: ListenSection | None = None
    poll: PollSection | None = None
    store: Filled | None = None
    """A store folder with recorded events: what a backtest hears, alone or beside `listen` or `poll`."""
    kind: Filled | None = None
    """Of events that do not say one; None is the source's name."""
    delay_s: WeightFloat | None = None
    """From an event's time to its receipt, where a file does not say when it was received; None is 0, and is said."""
    silence_s: PositiveFloat | None = None
    """Live, a source that says nothing for so long is called stale."""
