"""I9, I10, I17, I18, I25: what is kept stays small, who fails is started again or given up on aloud, time goes on."""

from collections import deque
from typing import Any, Final

import attrs

from adapters.simulation.checks.check import Check

_NS: Final = 1_000_000_000
_BY_HAND: Final = "www.bitmex.com"
"""In the text of what a stranger has done with one of our orders."""
SIZES_EVERY_S: Final = 300
MESSAGES_MAX: Final = 20_000
"""Within one simulated second. A second of a busy market is some hundreds."""
MADE_MAX: Final = 30
"""Incarnations of one address within the window: three restarts are granted to each of a flow, which has eight."""
WINDOW_S: Final = 600.0
ANSWER_S: Final = 60.0
"""So long after a failure there is another incarnation, or it is said that there will be none."""
SAFE_S: Final = 2.0
"""So long after something was found that must not be, an order may still pass."""
_BESIDE: Final = frozenset(
    {"strategy", "recorder", "market-recorder", "checker", "trace", "view", "listener", "events", "auditor"}
)
"""Who can be given up on while trading goes on."""


class Time(Check):
    """I17 and I18: time does not go back, nothing is known before it is so, and nobody goes in circles."""

    def __init__(self, judge: Any) -> None:
        super().__init__(judge)
        self._last = 0
        self._second, self._count = 0, 0
        self._bars: dict[tuple[str, str, int], int] = {}
        self._received: dict[tuple[str, str], int] = {}
        self._sizes_at = float(SIZES_EVERY_S)

    def life_began(self, life: int) -> None:  # noqa: ARG002 as every check is told
        """Another process may have another clock."""
        self._last = 0
        self._bars.clear()
        self._received.clear()

    def said(self, envelope: Any) -> None:
        """Any message."""
        posted = envelope[4]
        if posted < self._last:
            self.violated(
                "I17", f"{type(envelope[5]).__name__} of {envelope[2]} is said {self._last - posted} ns early"
            )
        self._last = posted
        second = posted // _NS
        if second == self._second:
            self._count += 1
            if self._count == MESSAGES_MAX:
                self.violated("I18", f"more than {MESSAGES_MAX} messages in a second, lately of {envelope[2]}")
            return
        self._second, self._count = second, 1
        if self.judge.seconds >= self._sizes_at:
            self._sizes_at = self.judge.seconds + SIZES_EVERY_S
            self._look()

    def _look(self) -> None:
        """I9."""
        for name, (size, most) in self.facts.sizes().items():
            if size > most:
                self.violated("I9", f"{name}: {size}, and {most} is the most")

    def on_Bar(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """A bar has ended."""
        bar = envelope.message
        key = (envelope.sender, bar.symbol, bar.period)
        if bar.close_ts > max(envelope.posted, self.truth.now()):
            self.violated("I17", f"a bar of {bar.symbol} is said before it ends")
        if bar.close_ts <= self._bars.get(key, 0):
            self.violated("I17", f"a bar of {bar.symbol} comes after one that ended as late or later")
        self._bars[key] = bar.close_ts

    def on_Tick(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """A trade is told."""
        tick = envelope.message
        key = (envelope.sender, tick.symbol)
        if tick.received > envelope.posted:
            self.violated("I17", f"a trade of {tick.symbol} is told before it was received")
        if tick.received < self._received.get(key, 0):
            self.violated("I17", f"a trade of {tick.symbol} was received before the one before it")
        self._received[key] = tick.received

    def on_Signal(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """A wish, of the time of the bar that it was formed of, which ends by the exchange's clock."""
        if envelope.message.ts > max(envelope.posted, self.truth.now()):
            self.violated("I17", f"a signal of {envelope.sender} is of a time to come")

    def on_Woke(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """A timer."""
        if envelope.message.at > envelope.posted:
            self.violated("I17", f"{envelope.sender} is woken for a time to come")


@attrs.define
class _Failing:
    epoch: int
    since_s: float


class Restarts(Check):
    """I10: after a failure another incarnation, within a budget; when it is spent that is said, and trading halts."""

    def __init__(self, judge: Any) -> None:
        super().__init__(judge)
        self._made: dict[str, deque[float]] = {}
        self._waiting: dict[str, _Failing] = {}
        self._given_up: set[str] = set()
        self._halts = 0
        self._owed = 0
        self._stops = False

    def life_began(self, life: int) -> None:  # noqa: ARG002 as every check is told
        """Nobody has failed yet."""
        self._made.clear()
        self._waiting.clear()
        self._given_up.clear()
        self._halts = self._owed = 0
        self._stops = False

    def on_StopSystem(self, envelope: Any) -> None:  # noqa: ARG002, N802 as every check is told
        """Nobody is started again."""
        self._stops = True
        self._waiting.clear()

    def _failed(self, envelope: Any) -> None:
        failed = envelope.message
        if self._stops or failed.actor in self._given_up or failed.actor == "supervisor":
            return
        self._look()
        waiting = self._waiting.get(failed.actor)
        if waiting is None or failed.epoch > waiting.epoch:
            # Another incarnation has failed: that is what came of the failure before.
            self._waiting[failed.actor] = _Failing(failed.epoch, self.judge.seconds)

    on_ActorFailed = on_ActorHung = _failed  # noqa: N815 named as the messages are

    def on_ActorStarted(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """It is up again."""
        started = envelope.message
        waiting = self._waiting.get(started.actor)
        if waiting is not None and started.epoch > waiting.epoch:
            del self._waiting[started.actor]
        self._look()

    def made(self, address: str, epoch: int, warm: bool) -> None:  # noqa: ARG002, FBT001 as every check is told
        """Another incarnation is about to start: for its own failures, or along with others of its flow."""
        if address in self._given_up:
            self.violated("I10", f"{address} is started again, and was given up on")
        times, now = self._made.setdefault(address, deque(maxlen=MADE_MAX + 1)), self.judge.seconds
        times.append(now)
        if len(times) > MADE_MAX and now - times[0] < WINDOW_S:
            self.violated("I10", f"{address} has been started {len(times)} times in {WINDOW_S:.0f} s")
            times.clear()

    def on_ActorQuarantined(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """It is given up on."""
        actor = envelope.message.actor
        self._given_up.add(actor)
        self._waiting.pop(actor, None)
        self._owed += actor.partition("@")[0].partition(":")[0] not in _BESIDE

    def on_HaltTrading(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """Trading is to stop."""
        self._halts += envelope.sender == "supervisor"

    def _look(self) -> None:
        now = self.judge.seconds
        for actor, waiting in list(self._waiting.items()):
            if now - waiting.since_s > ANSWER_S:
                self.violated("I10", f"{actor} failed {now - waiting.since_s:.0f} s ago, and nothing came of it")
                del self._waiting[actor]
        if self._owed > self._halts:
            self.violated("I10", f"{', '.join(sorted(self._given_up))} is given up on, and trading goes on")
            self._owed = self._halts

    def at_rest(self) -> None:
        """Everybody is there."""
        self._look()


class Undisturbed(Check):
    """I18: as long as nothing has gone wrong, nobody halts trading."""

    def __init__(self, judge: Any) -> None:
        super().__init__(judge)
        self._is_over = False

    def at_rest(self) -> None:
        """What comes now is the end that the run comes to."""
        self._is_over = True

    def on_HaltTrading(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """It is to stop."""
        if not self._is_over and not self.facts.struck():
            self.violated("I18", f"nothing has gone wrong, and {envelope.sender} halts: {envelope.message.reason}")


class Audited(Check):
    """I25: what the process finds wrong with itself it says, and then it opens nothing more."""

    def __init__(self, judge: Any) -> None:
        super().__init__(judge)
        self._altered: dict[str, None] = {}
        self._found_s: float | None = None
        """Since when trading should have been halted, and is not."""
        self._is_lacking = False
        """A mailbox was full, and somebody has not heard everything."""

    def life_began(self, life: int) -> None:  # noqa: ARG002 as every check is told
        """It has found nothing yet."""
        self._found_s, self._is_lacking = None, False

    def on_ActorLagging(self, envelope: Any) -> None:  # noqa: ARG002, N802 named as the message is
        """What was turned away is missing somewhere from now on."""
        self._is_lacking = True

    def sent(self, asked: Any) -> None:
        """What arrives may be another order than what leaves."""
        if asked.trip.altered:
            self._altered[asked.client_id] = None

    def changed(self, rows: Any) -> None:
        """Somebody else may change an order of ours (F53)."""
        for row in rows:
            if row["execType"] == "Replaced" and _BY_HAND in row["text"]:
                self._altered[row["clOrdID"]] = None

    def on_InvariantViolated(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """It should never have been: what it has found is one of ours too, or there is nothing to find."""
        found = envelope.message
        self._found_s = self.judge.seconds
        if found.invariant == "I2" and any(name in found.text for name in self._altered):
            # The exchange works what nobody approved, and the process is right to say so.
            return
        if self._is_lacking:
            # What was turned away was asked for, and is never answered.
            return
        self.violated("I25", f"the process itself has found: {found}")

    def on_TradingStateChanged(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """It is halted."""
        if envelope.message.state in ("halted", "flattening"):
            self._found_s = None

    def on_ApprovedOrder(self, envelope: Any) -> None:  # noqa: N802 named as the message is
        """Something passes."""
        if self._found_s is not None and self.judge.seconds - self._found_s > SAFE_S:
            self.violated("I25", f"{envelope.message.order.client_id} is approved, although trading should be halted")


CHECKS = (Time, Restarts, Undisturbed, Audited)
