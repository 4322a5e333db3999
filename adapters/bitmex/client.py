"""A client that waits for its answers: for a start, before there are actors, and for tools.

Questions (GET) are asked again when their answer was lost, for a bounded number of times and seconds; what acts is sent
once. Each answer tells the venue's time, so by the end of a start the offset of its clock is known.
"""

import time
from collections.abc import Callable, Sequence
from random import Random
from types import TracebackType
from typing import Final

from adapters.bitmex import queries
from adapters.bitmex.answers import (
    Accepted,
    Answer,
    LoginFailed,
    RateLimited,
    VenueOverloaded,
    VenueRefused,
    VenueSilent,
    meaning,
    time_told,
)
from adapters.bitmex.budget import Budget
from adapters.bitmex.clock_offset import ClockOffset
from adapters.bitmex.credentials import Access, Keys
from adapters.bitmex.environment import Environment
from adapters.bitmex.fields import FieldError, Row, needed, shown, whole
from adapters.bitmex.queries import Pages
from adapters.bitmex.requests import Request
from adapters.bitmex.retries import Retries, RetryRule
from adapters.bitmex.sender import Sender
from adapters.errors import VenueError
from adapters.security.redaction import HIDDEN
from messages import NS_PER_SECOND, Period, Symbol, UtcNs

TRIES: Final = 5
"""Of one question."""
PATIENCE: Final = 60 * NS_PER_SECOND
"""That one question may spend waiting between its tries."""
PAGES_MAX: Final = 2_000
"""Of one question in pages: two million trades or bars."""
_WORTH_A_WORD: Final = 2 * NS_PER_SECOND
"""Somebody who looks on is told of a pause that is so long."""
_RULE: Final = RetryRule(first=NS_PER_SECOND // 2, longest=8 * NS_PER_SECOND, hourly=1_000)


class RestClient:
    """Asks one venue, for one thread. InputError when keys and environment do not belong together.

    `clock`: ns UTC; `sleep`: seconds; `timeout_s`: of one try. `patience`: ns that one question may spend waiting
    between its tries. With a `budget` a request waits until the budget holds it, which is no part of that patience.
    """

    def __init__(
        self,
        environment: Environment,
        keys: Keys | None = None,
        *,
        clock: Callable[[], UtcNs] = time.time_ns,
        sleep: Callable[[float], None] = time.sleep,
        random: Random | None = None,
        timeout_s: float = 10.0,
        patience: Period = PATIENCE,
        budget: Budget | None = None,
    ) -> None:
        if keys is not None:
            Access(environment, keys)
        self.clock_offset = ClockOffset()
        """Of the venue, by all answers so far."""
        self._environment, self._clock, self._sleep = environment, clock, sleep
        self._random = random or Random()  # noqa: S311 it spreads retries, and keeps no secret
        self._patience, self._budget = patience, budget
        self._sender = Sender(environment.rest, keys, clock=clock, timeout_s=timeout_s)

    def answer(self, request: Request) -> Answer:
        """What came of a request; of a question, what came of it at last."""
        retries = Retries(_RULE, self._random)
        waited, corrected, answer = 0, False, self._once(request)
        for _ in range(TRIES - 1):
            if request.verb != "GET":
                break
            if isinstance(answer, LoginFailed) and answer.expired and self.clock_offset.is_known and not corrected:
                # Signed by the venue's clock it is another question.
                corrected = True
            elif isinstance(answer, (VenueSilent, VenueOverloaded)) or (
                isinstance(answer, RateLimited) and not answer.banned
            ):
                pause = retries.next_try(0, least=getattr(answer, "pause", 0))
                if waited + pause > self._patience:
                    break
                waited += pause
                if pause >= _WORTH_A_WORD:
                    self._say_that_it_waits(request, answer, pause)
                self._sleep(pause / NS_PER_SECOND)
            else:
                break
            answer = self._once(request)
        return answer

    def _say_that_it_waits(
        self, request: Request, answer: VenueSilent | VenueOverloaded | RateLimited, pause: UtcNs
    ) -> None:
        from loguru import logger  # noqa: PLC0415 seldom needed, and a start is to be quick

        logger.warning(f"{self._named(request)}: {reason_of(answer)}; asked again in {pause // NS_PER_SECOND} s")

    def _once(self, request: Request) -> Answer:
        self._wait_for_budget(request)
        outcome = self._sender.send(
            request.verb, request.path, request.body, clock_offset=round(self.clock_offset.offset)
        )
        answer = meaning(request, outcome)
        if self._budget is not None:
            if outcome.status is None:
                self._budget.unanswered(request)
            else:
                self._budget.answered(request, dict(outcome.headers), outcome.received)
            if isinstance(answer, RateLimited):
                self._budget.limited(answer.pause, outcome.received)
        server_ts = time_told(answer, outcome)
        if server_ts is not None:
            self.clock_offset.measured(server_ts, outcome.sent, outcome.received)
        return answer

    def _wait_for_budget(self, request: Request) -> None:
        if self._budget is None:
            return
        while (pause := self._budget.wait(request, self._clock())) > 0:
            self._sleep(pause / NS_PER_SECOND)
        self._budget.take(request, self._clock())

    def rows(self, request: Request) -> tuple[Row, ...]:
        """The rows of an answer. VenueError when there is none."""
        answer = self.answer(request)
        if isinstance(answer, Accepted):
            return answer.rows
        raise VenueError(f"{self._named(request)}: {reason_of(answer)}")

    def get_all(self, pages: Pages) -> list[Row]:
        """The rows of all pages. VenueError when one of them cannot be had, or they do not end."""
        rows: list[Row] = []
        for _ in range(PAGES_MAX):
            page = self.rows(pages.request)
            rows += page
            following = pages.after(len(page))
            if following is None:
                return rows
            pages = following
        raise VenueError(f"{self._named(pages.request)}: more than {PAGES_MAX} pages")

    def account_number(self) -> int:
        """Whose keys these are, by the venue's number. VenueError when it does not tell."""
        request = queries.account()
        rows = self.rows(request)
        try:
            return needed(whole(rows[0] if len(rows) == 1 else {}, "id"), "id")
        except FieldError as error:
            raise VenueError(f"{self._named(request)}: {error}") from None

    def instruments(self, symbols: Sequence[Symbol]) -> list[Row]:
        """The venue's rows of these contracts, in order. VenueError names one that it does not have."""
        found = []
        for symbol in symbols:
            row = self.instrument(symbol)
            if row is None:
                request = queries.instruments(symbol).request
                raise VenueError(f"{self._named(request)}: instrument {symbol!r}: there is none")
            found.append(row)
        return found

    def instrument(self, symbol: Symbol) -> Row | None:
        """The venue's row of a contract; None when it has none. VenueError when it does not tell."""
        request = queries.instruments(symbol).request
        answer = self.answer(request)
        if isinstance(answer, Accepted):
            return next((row for row in answer.rows if row.get("symbol") == symbol), None)
        if isinstance(answer, VenueRefused):
            return None
        raise VenueError(f"{self._named(request)}: instrument {symbol!r}: {reason_of(answer)}")

    def margin(self) -> tuple[Row, ...]:
        """Margin in every currency of the account."""
        return self.rows(queries.margin())

    def permissions(self) -> frozenset[str]:
        """What these keys may do, in the venue's words (`order`, `orderCancel`, `withdraw`). VenueError if untold."""
        request = queries.key_permissions()
        for row in self.rows(request):
            # Our own key is the one that cannot be read in an answer.
            if row.get("id") == HIDDEN:
                told = row.get("permissions")
                if isinstance(told, list):
                    return frozenset(each if isinstance(each, str) else shown(each) for each in told)
        raise VenueError(f"{self._named(request)}: the venue does not tell what this key may do")

    def require_no_withdrawals(self) -> None:
        """VenueError when these keys may move money out: a trader needs no such right."""
        if any("withdraw" in each.lower() for each in self.permissions()):
            raise VenueError(f"{self._environment.name}: this API key may withdraw; make one that may only trade")

    def _named(self, request: Request) -> str:
        return f"{self._environment.name}: {request.verb} {request.path.partition('?')[0]}"

    def close(self) -> None:
        """Close the connection."""
        self._sender.close()

    def __enter__(self) -> "RestClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def reason_of(answer: VenueRefused | VenueSilent | VenueOverloaded | RateLimited | LoginFailed) -> str:
    """Why there is no answer, for the user."""
    if isinstance(answer, RateLimited):
        return f"{answer.text} (wait {answer.pause // NS_PER_SECOND} s{', this address is banned' * answer.banned})"
    if isinstance(answer, (LoginFailed, VenueRefused)):
        return f"{answer.text} (status {answer.status})"
    return answer.text
