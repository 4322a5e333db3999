"""A check is told everything that happens and says what must not have. The judge asks all of them and keeps the score.

A check's `on_<ClassName>` methods hear messages of that class (their envelope); its other methods are named in `Check`
and do nothing unless they are overridden.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import attrs

from adapters.simulation.checks.account import AccountFold
from adapters.simulation.checks.facts import Facts
from adapters.simulation.checks.truth import Row, Truth
from adapters.simulation.checks.wire import Asked, asked

VIOLATIONS_MAX: Final = 50
"""Of one run: it is enough to know."""
_SEAMS: Final = (
    *("handled", "made", "sent", "arrived", "changed", "life_began", "life_ended", "calm", "at_rest", "over"),
)


@attrs.frozen
class Violation:
    """Something that must not happen has happened."""

    invariant: str
    """Its code, such as I3."""
    at_s: float
    """Simulated seconds from the beginning."""
    text: str

    def __str__(self) -> str:
        return f"{self.invariant} at {self.at_s:.3f} s: {self.text}"


class Check:
    """One invariant, or a few that are seen together."""

    def __init__(self, judge: "Judge") -> None:
        self.judge = judge

    @property
    def truth(self) -> Truth:
        """What the exchange knows."""
        return self.judge.truth

    @property
    def facts(self) -> Facts:
        """What the run was told."""
        return self.judge.facts

    @property
    def account(self) -> AccountFold:
        """What follows from the exchange's executions, up to now."""
        return self.judge.account

    def violated(self, invariant: str, text: str) -> None:
        """It does not hold."""
        self.judge.violated(invariant, text)

    def said(self, envelope: Any) -> None:
        """Any message is on its way: dear, for there are many."""

    def handled(self, address: str, epoch: int, message_id: int) -> None:
        """An actor has handled a message."""

    def made(self, address: str, epoch: int, warm: bool) -> None:  # noqa: FBT001 as a tracer is told
        """An incarnation is about to start."""

    def sent(self, asked: Asked) -> None:
        """A request leaves the process."""

    def arrived(self, asked: Asked) -> None:
        """It has had its effect at the exchange, whatever is said of it."""

    def changed(self, rows: Sequence[Row]) -> None:
        """These executions are new at the exchange; they are folded already."""

    def life_began(self, life: int) -> None:
        """A life of the process is about to start."""

    def life_ended(self, life: int, how: str) -> None:
        """It is over: `killed`, `power` (which failed: the ends of files may be lost), `stopped` or `supervisor`."""

    def calm(self) -> None:
        """Nothing goes wrong any more, and nobody wants anything new."""

    def at_rest(self) -> None:
        """Account and exchange have had the time to agree."""

    def over(self) -> None:
        """The run is over, and the process has stopped in order."""


class Judge:
    """Tells every check, and keeps what they say. `clock`: simulated seconds from the beginning."""

    def __init__(self, truth: Truth, clock: Callable[[], float], facts: Facts) -> None:
        self.truth, self.facts = truth, facts
        self.violations: list[Violation] = []
        self.account = AccountFold(facts.contracts)
        self._clock = clock
        self._checks: list[Check] = []
        self._hearing: dict[type[Any], list[Callable[[Any], None]]] = {}
        self._at: dict[str, list[Any]] = {}
        self._asked: dict[int, Asked] = {}

    @property
    def seconds(self) -> float:
        """Simulated so far."""
        return self._clock()

    def appoint(self, kinds: Iterable[type[Check]]) -> None:
        """These judge."""
        self._checks = [kind(self) for kind in kinds]
        self._at = {
            name: [
                getattr(each, name) for each in self._checks if getattr(type(each), name) is not getattr(Check, name)
            ]
            for name in _SEAMS
        }

    def violated(self, invariant: str, text: str) -> None:
        """Something does not hold."""
        if len(self.violations) < VIOLATIONS_MAX:
            self.violations.append(Violation(invariant, self._clock(), text))

    # What it is told.

    def said(self, envelope: Any) -> None:
        """A message is on its way."""
        kind = envelope[5].__class__
        hearing = self._hearing.get(kind)
        if hearing is None:
            name = f"on_{kind.__name__}"
            hearing = [each.said for each in self._checks if type(each).said is not Check.said]
            hearing += [getattr(each, name) for each in self._checks if hasattr(each, name)]
            self._hearing[kind] = hearing
        for hear in hearing:
            hear(envelope)

    def handled(self, address: str, epoch: int, message_id: int) -> None:
        """See Check."""
        for each in self._at["handled"]:
            each(address, epoch, message_id)

    def made(self, address: str, epoch: int, *, warm: bool) -> None:
        """See Check."""
        for each in self._at["made"]:
            each(address, epoch, warm)

    def sent(self, trip: Any) -> None:
        """See Check."""
        request = self._asked[trip.number] = asked(trip)
        self._tell("sent", request)

    def arrived(self, trip: Any) -> None:
        """See Check."""
        request = self._asked.pop(trip.number, None)
        if request is not None:
            self._tell("arrived", request)

    def told(self) -> None:
        """Something may have changed at the exchange."""
        rows = self.account.news(self.truth.executions(), self.truth.now())
        if rows:
            self._tell("changed", rows)

    def life_began(self, life: int) -> None:
        """See Check."""
        self._tell("life_began", life)

    def life_ended(self, life: int, how: str) -> None:
        """See Check."""
        self._tell("life_ended", life, how)

    def start_refused(self, why: str) -> None:
        """Nothing happened."""

    def calm(self) -> None:
        """See Check."""
        self._tell("calm")

    def at_rest(self) -> None:
        """See Check."""
        self._tell("at_rest")

    def over(self) -> None:
        """See Check."""
        self._tell("over")

    def _tell(self, what: str, *told: Any) -> None:
        for each in self._at[what]:
            each(*told)
