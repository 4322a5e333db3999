"""The auditor: what must never be is looked for all the time, in production too, and found it halts trading.

It stands beside the stream. Its rows come first in the routes (`audit_routes.py`), so that on threads it hears each
word before anything can come of it; nobody waits for it, and if it fails trading goes on without it. docs/risk.md
lists what is looked at.
"""

from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from itertools import chain
from typing import Any, Final

from actors.auditing.account import LOOK_EVERY
from actors.auditing.findings import Finding
from actors.auditing.hearing import AuditBooks, Hearing
from actors.auditing.house import Waiting
from actors.auditing.rules import AccountRules
from actors.auditing.wire import ReadAnswer, ReadSent
from actors.component import Answers, handler_name
from actors.supervisor import RestartPolicy
from messages import (
    ActorFailed,
    ActorHung,
    ActorLagging,
    ActorStarted,
    Bar,
    Instrument,
    Message,
    Period,
    Subscribe,
    Symbol,
    WakeAt,
    Woke,
)

AUDITOR: Final = "auditor"
"""Role and address."""


class Auditor(Hearing):
    """One per system. Says InvariantViolated, HaltTrading, WakeAt, Subscribe; hears besides Bar, Woke, and who fails.

    `rules` are those of the accounts that are audited. `bars`: (symbol, period) of the bars whose order is looked at.
    `read_sent` and `read_answer` read requests and answers of a venue; without them the wire is not looked at. `look`
    tells what waits in all mailboxes, and is asked every ten seconds. A successor knows what its predecessor knew, and
    may have missed a word: of orders that were alive then nothing is found any more.
    """

    def __init__(
        self,
        rules: Iterable[AccountRules],
        instruments: Mapping[Symbol, Instrument],
        run6: str,
        *,
        policy: RestartPolicy | None = None,
        bars: Iterable[tuple[Symbol, Period]] = (),
        read_sent: ReadSent | None = None,
        read_answer: ReadAnswer | None = None,
        look: Callable[[], Iterable[Waiting]] | None = None,
        heritage: Any = None,
    ) -> None:
        self._bars = tuple(bars)
        self._read_sent, self._read_answer, self._look = read_sent, read_answer, look
        self._books = heritage or AuditBooks(rules, instruments, run6, policy or RestartPolicy())
        if heritage is not None:
            self._books.doubt()
        self._books.auditors += 1
        self._token = "" if heritage is None else f"look:{self._books.auditors}"
        """A timer that an earlier incarnation set is not this one's: looks are counted."""

    def on_start(self) -> Answers:
        """Asks for bars, and for the time."""
        subscribed = [Subscribe(Bar, symbol, period) for symbol, period in self._bars]
        return (*subscribed, WakeAt(self._books.now, self._token))

    def died_on(self, message: Message) -> Answers:
        """Hears again what its predecessor died on: a fill counts once, and all else is in doubt.

        A bar may be known as heard already, and the next one says whether they come in order.
        """
        hear = None if isinstance(message, Woke | Bar) else getattr(self, handler_name(type(message)), None)
        return () if hear is None else hear(message)

    def heritage(self) -> Any:
        """All that is known, as a copy: one that hangs may go on in what it has."""
        return deepcopy(self._books)

    def on_woke(self, woke: Woke) -> Answers:
        """Looks at what nobody says."""
        if woke.token != self._token:
            return ()
        books = self._books
        found: list[Finding] = [*books.house.woke(woke.at)]
        books.now = max(books.now, woke.at)
        if self._look is not None:
            found += books.house.mailboxes(self._look())
        said = [self._told(None, found)]
        said += [self._told(name, account.look()) for name, account in books.accounts.items()]
        said += [self._told(name, wire.look()) for name, wire in books.wires.items()]
        return (*chain.from_iterable(said), WakeAt(woke.at + LOOK_EVERY, self._token))

    def on_bar(self, bar: Bar) -> Answers:
        """Bars come in order."""
        return self._told(None, self._books.house.bar(bar))

    def on_actor_failed(self, failed: ActorFailed) -> Answers:
        """Counts in its budget."""
        self._books.now = max(self._books.now, failed.at)
        self._books.house.failed(failed)
        return ()

    def on_actor_hung(self, hung: ActorHung) -> Answers:
        """The same."""
        self._books.now = max(self._books.now, hung.at)
        self._books.house.failed(hung)
        return ()

    def on_actor_started(self, started: ActorStarted) -> Answers:
        """Must have had some budget left."""
        return self._told(None, self._books.house.started(started))

    def on_actor_lagging(self, lagging: ActorLagging) -> Answers:
        """Of the auditor's own: what it does not hear it cannot judge."""
        if lagging.actor != AUDITOR:
            return ()
        self._books.doubt()
        return self._told(None, [Finding("I9", f"{lagging.waiting} messages wait for the auditor: it has missed some")])
