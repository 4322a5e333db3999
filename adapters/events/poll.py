"""An address that is asked on a schedule: what is new in its answers becomes events, each once.

`Polling` decides and does no I/O: which headers to ask with, what an answer means, how long to rest. `Poller` is the
worker that asks. An answer is asked for only if it has changed (ETag, Last-Modified), bounded in bytes and seconds, and
never followed elsewhere. After failures it rests longer, with jitter, and as long as `Retry-After` says.
"""

import time
from collections import deque
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Final

import attrs

from adapters.configuration import PollSection
from adapters.events.feeds import read_feed, read_json, seconds_until
from adapters.events.rows import Row, RowError
from adapters.events.teller import Teller
from messages import UtcNs

CONNECT_S: Final = 5.0
ANSWER_S: Final = 10.0
"""For the whole answer."""
REST_MAX_S: Final = 900.0
"""The longest rest after failures, where the schedule itself is not longer."""
WAIT_MAX_S: Final = 3_600.0
"""The longest that `Retry-After` is obeyed at a time."""
KNOWN_MAX: Final = 20_000
"""So many items back, one that comes again is known."""
_JITTER: Final = 0.2
_CHUNK: Final = 16_384


@attrs.frozen(kw_only=True)
class Fetched:
    """What came of asking: a status and a body, or why there is none."""

    status: int = 0
    headers: Mapping[str, str] = attrs.field(factory=dict)
    """Names in lower case."""
    body: bytes = b""
    failure: str = ""


@attrs.frozen(kw_only=True)
class PollHeritage:
    """Where the next worker goes on."""

    known: tuple[str, ...] = ()
    etag: str | None = None
    modified: str | None = None
    is_first: bool = True


@attrs.frozen(kw_only=True)
class Found:
    """What an answer means."""

    rows: tuple[Row, ...] = ()
    malformed: tuple[str, ...] = ()
    trouble: str = ""
    """Why the source is not heard; "" when it is."""
    rest_s: float


class Polling:
    """One address; see the module. `random` spreads what is asked after failures."""

    def __init__(self, section: PollSection, kind: str, random: Random, heritage: PollHeritage | None = None) -> None:
        left = heritage or PollHeritage()
        self._section, self._kind, self._random = section, kind, random
        self._order = deque(left.known)
        self._known = set(left.known)
        self._etag, self._modified = left.etag, left.modified
        self._is_first = left.is_first
        self._failures = 0

    def heritage(self) -> PollHeritage:
        """What is known by now."""
        return PollHeritage(known=tuple(self._order), etag=self._etag, modified=self._modified, is_first=self._is_first)

    def headers(self) -> dict[str, str]:
        """To ask with: without compression, so that a small answer stays small."""
        asked = {"Accept-Encoding": "identity", "User-Agent": "openoutcry"}
        if self._etag is not None:
            asked["If-None-Match"] = self._etag
        if self._modified is not None:
            asked["If-Modified-Since"] = self._modified
        return asked

    def heard(self, fetched: Fetched, now: UtcNs) -> Found:
        """What came, at that time."""
        if fetched.failure:
            return self._failed(fetched.failure)
        if fetched.status == 304:
            return self._well()
        if fetched.status != 200:
            where = " elsewhere, and is not followed" if 300 <= fetched.status < 400 else ""
            wait = seconds_until(fetched.headers.get("retry-after"), now)
            return self._failed(f"the address answers {fetched.status}{where}", wait)
        if fetched.headers.get("content-encoding", "identity") != "identity":
            return self._failed("the answer is compressed, which was not asked for")
        read = read_feed if self._section.format == "rss" else self._read_json
        try:
            answer = read(fetched.body, self._kind)
        except RowError as error:
            return self._failed(f"the answer cannot be read: {error}")
        self._etag, self._modified = _short(fetched.headers.get("etag")), _short(fetched.headers.get("last-modified"))
        new = [item for item in answer.items if self._is_new(item.id)]
        # What was there before the start is known, and is no news.
        heard = new if self._section.backlog or not self._is_first else []
        self._is_first = False
        # A feed has its latest first, and what happened first is to be heard first.
        heard.sort(key=lambda item: item.row.ts if item.row.ts is not None else now)
        return attrs.evolve(self._well(), rows=tuple(item.row for item in heard), malformed=answer.malformed)

    def _read_json(self, body: bytes, kind: str) -> Any:
        return read_json(body, self._section, kind)

    def _is_new(self, name: str) -> bool:
        if name in self._known:
            return False
        self._known.add(name)
        self._order.append(name)
        if len(self._order) > KNOWN_MAX:
            self._known.discard(self._order.popleft())
        return True

    def _well(self) -> Found:
        self._failures = 0
        return Found(rest_s=self._section.every_s)

    def _failed(self, reason: str, wait_s: float | None = None) -> Found:
        self._failures += 1
        every = self._section.every_s
        rest = min(every * 2.0 ** min(self._failures - 1, 16), max(every, REST_MAX_S))
        rest *= 1 + _JITTER * (2 * self._random.random() - 1)
        if wait_s is not None:
            rest = max(rest, min(wait_s, WAIT_MAX_S))
        return Found(trouble=reason, rest_s=rest)


def _short(value: str | None) -> str | None:
    """A validator is sent back; one that no header could hold is not."""
    return value if value is not None and len(value) <= 500 and value.isprintable() else None


class Poller:
    """The worker: asks with `fetch` when it is time."""

    def __init__(self, teller: Teller, polling: Polling, fetch: Callable[[Mapping[str, str]], Fetched]) -> None:
        self._teller, self._polling, self._fetch = teller, polling, fetch
        self._left = polling.heritage()

    def heritage(self) -> PollHeritage:
        """After the last answer that was heard."""
        return self._left

    def close(self) -> None:
        """Nothing is kept open between two questions."""

    def turn(self) -> float:
        """Ask once."""
        teller = self._teller
        found = self._polling.heard(self._fetch(self._polling.headers()), teller.clock())
        self._left = self._polling.heritage()
        for text in found.malformed:
            teller.malformed(text)
        for row in found.rows:
            teller.event(row.event(teller.source, teller.clock()))
        if found.trouble:
            teller.trouble(found.trouble)
        else:
            teller.well()
        return found.rest_s


def fetcher(section: PollSection, key: str | None) -> Callable[[Mapping[str, str]], Fetched]:
    """Asks the section's address. `key` goes into its header and nowhere else: no error repeats what was sent."""

    def fetch(headers: Mapping[str, str]) -> Fetched:
        # They take a tenth of a second, which only those pay who poll.
        import requests  # noqa: PLC0415
        import urllib3  # noqa: PLC0415

        asked = {**headers, **({} if key is None else {section.key_header: key})}
        until = time.monotonic() + ANSWER_S
        try:
            with requests.Session() as session:
                # Neither proxies nor passwords of the environment: what is asked is what was told.
                session.trust_env = False
                with session.get(
                    section.url, headers=asked, timeout=(CONNECT_S, CONNECT_S), allow_redirects=False, stream=True
                ) as answer:
                    body, failure = _body(answer, section.bytes_max, until)
                    told = {name.lower(): value for name, value in answer.headers.items()}
                    return Fetched(status=answer.status_code, headers=told, body=body, failure=failure)
        except requests.Timeout:
            return Fetched(failure="the address does not answer in time")
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            return Fetched(failure=f"the address cannot be reached ({type(error).__name__})")

    return fetch


def _body(answer: Any, bytes_max: int, until: float) -> tuple[bytes, str]:
    """What came as it came, and what was wrong with it: it is never unpacked."""
    parts: list[bytes] = []
    size = 0
    # As many bytes as there are: who sends them drop by drop is not waited for.
    read = getattr(answer.raw, "read1", answer.raw.read)
    while chunk := read(_CHUNK, decode_content=False):
        size += len(chunk)
        if size > bytes_max:
            return b"", f"the answer is longer than {bytes_max} bytes"
        if time.monotonic() > until:
            return b"", f"the answer takes longer than {ANSWER_S:g} s"
        parts.append(chunk)
    return b"".join(parts), ""
