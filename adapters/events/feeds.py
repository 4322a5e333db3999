"""What an address answers, as items: a JSON document by paths, or a feed in RSS or Atom. Nothing here does I/O.

An item becomes a `Row` and what it is known by. Feeds are read by expat alone: a document type, and so every entity of
its own, is refused, and nothing outside the text is ever fetched.
"""

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from email.utils import parsedate_to_datetime
from typing import Any, Final
from xml.parsers import expat

import attrs

from adapters.configuration import PollSection
from adapters.events.rows import Row, RowError, event_time, json_object, payload_of, scalar
from messages import NS_PER_SECOND, UtcNs

ITEMS_MAX: Final = 1_000
"""In one answer; the rest is named as not read."""
_TEXT_MAX: Final = 4_000
"""Characters of a feed's text; longer ones end in an ellipsis."""
_DEPTH_MAX: Final = 64
_NOT_THERE: Final = object()
_TAKEN: Final = {
    "guid": "id", "id": "id", "title": "title", "link": "link", "description": "summary", "summary": "summary",
    "content": "summary", "pubDate": "date", "published": "date", "updated": "updated", "date": "date",
}  # fmt: skip
"""Element of an item -> what it says. RSS 1.0 and 2.0, and Atom; namespaces are left aside."""


@attrs.frozen
class Item:
    """One of them."""

    id: str
    row: Row


@attrs.frozen
class Answer:
    """What one answer holds, in its order."""

    items: tuple[Item, ...]
    malformed: tuple[str, ...] = ()
    """Items that cannot be read, and why."""


def read_json(body: bytes, section: PollSection, kind: str) -> Answer:
    """Items of a JSON answer; RowError when it is none, or has no items where they should be."""
    found = json_object(body)
    if section.items is not None:
        found = _at(found, section.items)
        if found is _NOT_THERE:
            raise RowError(section.items, "the answer has no such part")
    entries = found if isinstance(found, list) else [found]
    return _collect(enumerate(entries), lambda entry: _json_item(entry, section, kind), len(entries))


def _json_item(entry: object, section: PollSection, kind: str) -> Item:
    if not isinstance(entry, dict):
        raise RowError("", "must be an object")
    told = None if section.kind is None else _at(entry, section.kind)
    if told not in (None, _NOT_THERE) and not (isinstance(told, str) and told.strip() and len(told) <= 100):
        raise RowError(str(section.kind), "must be a text of at most 100 characters")
    at: UtcNs | None = None
    if section.ts is not None:
        at = event_time(_needed(entry, section.ts), section.ts)
    if section.fields:
        values = {name: scalar(name, _needed(entry, path)) for name, path in section.fields.items()}
    else:
        values = {name: value for name, value in entry.items() if not isinstance(value, dict | list)}
    known_by = _fingerprint(entry) if section.id is None else _identity(_needed(entry, section.id), section.id)
    row = Row(kind=str(told) if isinstance(told, str) else kind, ts=at, received=None, payload=payload_of(values))
    return Item(known_by, row)


def _at(found: Any, path: str) -> Any:
    for name in path.split("."):
        if isinstance(found, dict) and name in found:
            found = found[name]
        elif isinstance(found, list) and name.isdecimal() and int(name) < len(found):
            found = found[int(name)]
        else:
            return _NOT_THERE
    return found


def _needed(entry: object, path: str) -> object:
    found = _at(entry, path)
    if found is _NOT_THERE:
        raise RowError(path, "is missing")
    return found


def _identity(value: object, path: str) -> str:
    if isinstance(value, str | int | Decimal) and not isinstance(value, bool) and str(value):
        return str(value)[:500]
    raise RowError(path, "an item is known by a text or a number")


def _fingerprint(entry: object) -> str:
    text = json.dumps(entry, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def read_feed(body: bytes, kind: str) -> Answer:
    """Items of a feed in RSS or Atom; RowError when it is none."""
    parts = _parts(body)
    return _collect(enumerate(parts), lambda part: _feed_item(part, kind), len(parts))


def _feed_item(part: Mapping[str, str], kind: str) -> Item:
    known_by = part.get("id") or part.get("link") or part.get("title")
    if not known_by:
        raise RowError("", "an item without guid, link and title")
    date = part.get("date") or part.get("updated")
    payload = payload_of({name: _short(part[name]) for name in ("title", "link", "summary") if name in part})
    row = Row(kind=kind, ts=None if date is None else feed_time(date), received=None, payload=payload)
    return Item(known_by[:500], row)


def feed_time(text: str) -> UtcNs:
    """Of a mail's date, as RSS has it, or of ISO 8601, as Atom has it."""
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, IndexError, OverflowError):
        return event_time(text, "date")
    return event_time(moment.isoformat(), "date")


def _short(text: str) -> str:
    return text if len(text) <= _TEXT_MAX else text[: _TEXT_MAX - 1] + "…"


def _collect(entries: Iterator[tuple[int, Any]], read: Callable[[Any], Item], count: int) -> Answer:
    items, malformed = [], []
    for number, entry in entries:
        if number >= ITEMS_MAX:
            malformed.append(f"{count} items, of which {ITEMS_MAX} are read")
            break
        try:
            items.append(read(entry))
        except RowError as error:
            malformed.append(f"item {number + 1}: {error}")
    return Answer(tuple(items), tuple(malformed))


def _parts(body: bytes) -> list[Mapping[str, str]]:
    reader = _Feed()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.StartElementHandler = reader.begins
    parser.EndElementHandler = reader.ends
    parser.CharacterDataHandler = reader.text
    try:
        parser.Parse(body, True)  # noqa: FBT003 - expat's own word for the last part
    except expat.ExpatError as error:
        raise RowError("", f"not XML: {expat.ErrorString(error.code)} in line {error.lineno}") from None
    except RowError:
        raise
    except (LookupError, ValueError):
        # What it says it is encoded in, Python asks its own codecs for: few of them fit.
        raise RowError("", "in an encoding that is not read; UTF-8 and UTF-16 are") from None
    if not reader.is_feed:
        raise RowError("", "neither an RSS nor an Atom feed")
    return reader.parts


def _refuse_doctype(*_told: object) -> None:
    raise RowError("", "a feed with a document type of its own is not read")


class _Feed:
    """Goes through a feed, element by element."""

    def __init__(self) -> None:
        self.parts: list[Mapping[str, str]] = []
        self.is_feed = False
        self._path: list[str] = []
        self._item: dict[str, str] | None = None
        self._depth = 0
        self._taken: str | None = None
        self._text: list[str] = []

    def begins(self, name: str, attributes: Mapping[str, str]) -> None:
        """An element."""
        local = name.rpartition(" ")[2]
        self._path.append(local)
        if len(self._path) > _DEPTH_MAX:
            raise RowError("", f"elements within elements, more than {_DEPTH_MAX} deep")
        if len(self._path) == 1:
            self.is_feed = local in ("rss", "RDF", "feed")
        if self._item is None:
            if local in ("item", "entry"):
                self._item, self._depth = {}, len(self._path)
            return
        if len(self._path) != self._depth + 1:
            return
        self._taken, self._text = _TAKEN.get(local), []
        if local == "link" and attributes.get("href") and attributes.get("rel", "alternate") == "alternate":
            self._item.setdefault("link", attributes["href"])

    def text(self, text: str) -> None:
        """Between elements."""
        if self._taken is not None:
            self._text.append(text)

    def ends(self, _name: str) -> None:
        """An element is over."""
        depth = len(self._path)
        self._path.pop()
        if self._item is None:
            return
        if depth == self._depth:
            self.parts.append(self._item)
            self._item = None
        elif depth == self._depth + 1 and self._taken is not None:
            text = " ".join("".join(self._text).split())
            if text:
                self._item.setdefault(self._taken, text)
            self._taken = None


_LEAST_S: Final = 1.0


def seconds_until(text: str | None, now: UtcNs) -> float | None:
    """What `Retry-After` says, in seconds from now: a number, or a date. None when it says nothing."""
    if text is None:
        return None
    if text.strip().isascii() and text.strip().isdigit():
        return float(text.strip()[:9])
    try:
        return max(_LEAST_S, (feed_time(text) - now) / NS_PER_SECOND)
    except RowError:
        return None
