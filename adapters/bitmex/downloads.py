"""BitMEX's history as pages of messages: bars, trades, quotes and funding of one symbol, asked for by time.

A question goes `stamp_pages` (what to ask) -> `queries` (how) -> `client` (asked again, within the budget); its rows
come back through `market` as messages whose `received` is their own time, for nobody received them. What the venue
gives for an interval without trades is no bar here. A page that cannot be the answer is asked for a few times more.
"""

import time
from collections.abc import Callable, Iterator
from random import Random
from typing import Final

import attrs

from adapters.bitmex import market, queries
from adapters.bitmex.answers import Accepted
from adapters.bitmex.budget import Budget
from adapters.bitmex.client import RestClient, reason_of
from adapters.bitmex.environment import PublicData
from adapters.bitmex.fields import FieldError, Row, moment, needed
from adapters.bitmex.market import BIN_PERIODS
from adapters.bitmex.queries import Pages
from adapters.bitmex.questions import PUBLIC_LIMIT
from adapters.bitmex.requests import Request
from adapters.bitmex.stamp_pages import StampPages, WrongPage
from adapters.bitmex.transport import REST, allowed
from adapters.download.page import Page
from adapters.download.wanted import BARS, Wanted
from adapters.errors import InputError, VenueError
from messages import (
    NS_PER_MILLISECOND,
    NS_PER_SECOND,
    Message,
    Period,
    Quarantined,
    Symbol,
    UtcNs,
    iso_utc,
    period_name,
)

PATIENCE: Final[Period] = 600 * NS_PER_SECOND
"""A download waits longer for one page than a start does."""
TRIES: Final = 20
"""Of one page, the pauses between them two minutes in all; of the first question no more than anybody's."""
WRONG_PAGES_MAX: Final = 3
"""In a row, of one question."""


def client_of(
    wanted: Wanted,
    origin: str,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], UtcNs] = time.time_ns,
    random: Random | None = None,
    timeout_s: float = 30.0,
) -> RestClient:
    """Who asks, without keys, at the pace that the venue allows those. InputError for an origin that cannot be."""
    try:
        parts = allowed(origin, REST)
        where = f"{parts.scheme}://{parts.netloc}"
        parts.port  # noqa: B018 - reading it is the check
    except ValueError as error:
        raise InputError(f"--url: {error}") from None
    return RestClient(
        PublicData(venue=wanted.venue, origin=where),
        clock=clock,
        sleep=sleep,
        random=random,
        timeout_s=timeout_s,
        patience=PATIENCE,
        budget=Budget(clock(), minute_limit=PUBLIC_LIMIT),
    )


class BitmexHistory:
    """A source of one series; see `adapters.download.page`. InputError for a period that the venue does not make."""

    def __init__(
        self, client: RestClient, wanted: Wanted, *, clock: Callable[[], UtcNs] = time.time_ns,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:  # fmt: skip
        if wanted.period is not None and wanted.period not in BIN_PERIODS.values():
            raise InputError(
                f"--period {period_name(wanted.period)}: {wanted.venue} makes bars of {', '.join(BIN_PERIODS)}"
            )
        self.notes: list[str] = []
        self.pages_asked = 0
        self._client, self._wanted, self._clock, self._sleep = client, wanted, clock, sleep
        self._shift: Period = wanted.period or 0
        """From a bar's beginning, which is our time of it, to its end, which is the venue's."""
        self._read: Callable[[Row], Message | None] = _READERS.get(wanted.kind) or self._bar
        self._is_unique = wanted.kind in (BARS, "funding")

    @property
    def bridge(self) -> Period:
        """As long as a page of bars; of all else nothing, for one page may be a second of it."""
        return (self._wanted.period or 0) * queries.HISTORY_PAGE

    def now(self) -> UtcNs:
        """The venue's clock, once it has answered."""
        return self._client.clock_offset.venue_time(self._clock())

    def check(self) -> None:
        """VenueError when the venue cannot be reached, InputError when it does not have the symbol."""
        if self._client.instrument(self._wanted.symbol) is None:
            raise InputError(f"--symbol {self._wanted.symbol}: {self._wanted.venue} has no such contract")

    def close(self) -> None:
        """Close the client's connection."""
        self._client.close()

    def pages(self, begin: UtcNs, end: UtcNs) -> Iterator[Page]:
        """Everything from `begin` up to and without `end`."""
        first, last = _up(begin + self._shift), (end + self._shift - 1) // NS_PER_MILLISECOND * NS_PER_MILLISECOND
        paging = StampPages(first, last, self._table().size, unique=self._is_unique)
        while paging.ask is not None:
            rows = self._page(paging)
            messages, bad = self._messages(rows)
            done = end if paging.ask is None else min(end, max(begin, paging.done - self._shift))
            yield Page(messages=messages, bad=bad, done=done)

    def _page(self, paging: StampPages) -> list[Row]:
        """The next complete rows; a page that cannot be right may be right the next time."""
        for tried in range(1, WRONG_PAGES_MAX + 1):
            ask = paging.ask
            assert ask is not None
            table = self._table(ask.since, ask.until)
            request = attrs.evolve(table, start=ask.start).request
            try:
                rows = _listed(self._answered(request))
                self.pages_asked += 1
                return paging.take(rows)
            except WrongPage as error:
                if tried == WRONG_PAGES_MAX:
                    raise VenueError(
                        f"{self._wanted.venue}: GET {request.path}: {error} ({tried} times in a row)"
                    ) from None
                self._sleep(tried)
        raise AssertionError("unreachable")

    def _answered(self, request: Request) -> object:
        answer = self._client.answer(request, tries=TRIES)
        if isinstance(answer, Accepted):
            return answer.body
        said = reason_of(answer)
        raise VenueError(f"{self._wanted.venue}: GET {request.path}: {said}")

    def _table(self, since: UtcNs | None = None, until: UtcNs | None = None) -> Pages:
        wanted = self._wanted
        if wanted.period is not None:
            return queries.bars(wanted.symbol, wanted.period, since=since, until=until)
        table = {"ticks": queries.trades, "quotes": queries.quotes, "funding": queries.funding}[wanted.kind]
        return table(wanted.symbol, since=since, until=until)

    def _messages(self, rows: list[Row]) -> tuple[tuple[Message, ...], tuple[Quarantined, ...]]:
        messages: list[Message] = []
        bad: list[Quarantined] = []
        before: UtcNs | None = None
        for row in rows:
            at = _own_time(row)
            try:
                _check_symbol(row, self._wanted.symbol)
                if self._is_unique and at == before:
                    raise FieldError(f"timestamp {iso_utc(at)} is that of the row before")  # noqa: TRY301 - as the others
                message, before = self._read(row), at
            except FieldError as error:
                bad.append(
                    attrs.evolve(market.quarantined(row, at, error, self._wanted.kind), symbol=self._wanted.symbol)
                )
                continue
            if message is not None:
                messages.append(message)
        return tuple(messages), tuple(bad)

    def _bar(self, row: Row) -> Message | None:
        end = _own_time(row)
        if end % self._shift:
            raise FieldError(f"timestamp {iso_utc(end)} is no end of a bar of {period_name(self._shift)}")
        return market.bar(self._shift, row, end)


def _check_symbol(row: Row, wanted: Symbol) -> None:
    symbol = market.symbol_of(row)
    if symbol != wanted:
        raise FieldError(f"symbol is {symbol}, not {wanted}")


def _own_time(row: Row) -> UtcNs:
    return needed(moment(row, "timestamp"), "timestamp")


_READERS: Final[dict[str, Callable[[Row], Message | None]]] = {
    "ticks": lambda row: market.tick(row, _own_time(row)),
    "quotes": lambda row: market.quote(row, _own_time(row)),
    "funding": lambda row: market.funding_rate(row, _own_time(row)),
}


def _listed(body: object) -> list[Row]:
    if not isinstance(body, list) or not all(isinstance(row, dict) for row in body):
        raise WrongPage("the answer is no list of rows")
    return body


def _up(ts: UtcNs) -> UtcNs:
    return -(-ts // NS_PER_MILLISECOND) * NS_PER_MILLISECOND
