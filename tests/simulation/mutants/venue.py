"""The gateway, broken: answers, executions, cancels, the dead man's switch."""

import json

import attrs

from adapters.bitmex import order_desk, requests
from adapters.bitmex.answers import RateLimited, VenueSilent
from adapters.bitmex.courier import Courier, JobKind
from adapters.bitmex.dead_mans_switch import DeadMansSwitch
from adapters.bitmex.executions import Executions
from adapters.bitmex.look_ups import LookUps
from adapters.bitmex.missing_fills import MissingFills
from adapters.bitmex.order_answers import OrderAnswers
from adapters.bitmex.ours import OurOrder
from adapters.bitmex.private_line import Heard, PrivateLine
from adapters.bitmex.reading import Reader
from adapters.bitmex.strays import Strays
from adapters.bitmex.sweep import Sweep
from messages import FundingPaid, Heartbeat, OrderEnded, Outcome
from tests.simulation.mutants.mutant import mutant, says


class _Forgetful:
    """Has never seen anything."""

    def first(self, _name):
        return True

    def __contains__(self, _name):
        return False


def _without_memory(was):
    def made(self, *arguments, **named):
        was(self, *arguments, **named)
        self._known = _Forgetful()

    return made


def _silence_is_refusal(was):
    def placed(self, outcome, at):
        if isinstance(outcome.answer, VenueSilent):
            outcome = attrs.evolve(outcome, answer=RateLimited("no answer", 0))
        return was(self, outcome, at)

    return placed


def _cancelled_at_once(was):
    def cancelled(self, outcome, at):
        (client_id,) = outcome.job.client_ids
        ours = self.orders.get(client_id)
        said = was(self, outcome, at)
        if ours is None or ours.is_settled:
            return said
        return (*said, OrderEnded(ours.order, Outcome.CANCELLED, ours.filled, at))

    return cancelled


def _from_now_on(was):
    def begin(self, wanted, at):
        self._since = self._latest = at + 3_600 * 10**9
        return was(self, wanted, at)

    return begin


def _by_a_timer(was):
    def tick(self, at, *, is_connected):
        said = was(self, at, is_connected=is_connected)
        beats = [each for each in said if isinstance(each, Heartbeat)]
        return (*said, *[each for beat in beats for each in self.returned(beat, at)])

    return tick


def _twice(was):
    def send(self, request, job, at):
        said = was(self, request, job, at)
        return (*said, *was(self, request, job, at)) if job.kind is JobKind.PLACE else said

    return send


def _other_body(change):
    def broken(was):
        def place(approved, instrument):
            request = was(approved, instrument)
            return attrs.evolve(request, body=json.dumps(change(json.loads(request.body))))

        return place

    return broken


def _flipped(fields):
    return {**fields, "side": {"Buy": "Sell", "Sell": "Buy"}[fields["side"]]} if "side" in fields else {
        **fields, "orderQty": -fields["orderQty"]}  # fmt: skip


def _off_the_grid(fields):
    return {**fields, "price": fields["price"] + 0.03} if "price" in fields else fields


def _more(fields):
    return {**fields, "orderQty": fields["orderQty"] * 2}


def _renamed(fields):
    return {**fields, "clOrdID": fields["clOrdID"] + "x"}


def _other_money(sign_of_value, sign_of_fee):
    def broken(was):
        def money(self, *arguments):
            value, fee = was(self, *arguments)
            return sign_of_value * value, sign_of_fee * fee

        return money

    return broken


def _funding_received(was):
    def funding(self, *arguments):
        return tuple([
            attrs.evolve(each, amount_minor=-each.amount_minor,
                         parts=tuple([attrs.evolve(part, amount_minor=-part.amount_minor) for part in each.parts]))
            if isinstance(each, FundingPaid) else each
            for each in was(self, *arguments)
        ])  # fmt: skip

    return funding


def _absent_at_once(was):
    def absent(self, client_id, at):
        return True if client_id in self else was(self, client_id, at)

    return absent


def _everybody_is_ours(was):
    def report(self, report_, at, *, is_ours):
        return was(self, report_, at, is_ours=True)

    return report


def _swapped_ends(was):
    def end(self, *arguments):
        said = was(self, *arguments)
        return tuple([attrs.evolve(each, lots_filled=0) if isinstance(each, OrderEnded) else each for each in said])

    return end


MUTANTS = (
    mutant(
        "executions-count-each-time",
        "an execution that comes again is booked again",
        (Executions, "__init__", _without_memory),
        faults="F11 F15 F12",
    ),
    mutant(
        "silence-means-failed",
        "an order whose answer is lost counts as rejected",
        (OrderAnswers, "_placed", _silence_is_refusal),
        faults="F01 F12 F27",
        strength=6.0,
    ),
    mutant(
        "cancel-means-cancelled",
        "an order has ended as soon as its cancel was answered",
        (OrderAnswers, "_cancelled", _cancelled_at_once),
        faults="F08 F09",
    ),
    mutant(
        "overlap-query-skipped",
        "executions of a gap are not asked for",
        (Reader, "begin", _from_now_on),
        faults="F11 F12",
        strength=6.0,
    ),
    mutant(
        "switch-refreshed-by-a-timer",
        "the dead man's switch is refreshed whether the path lives or not",
        (DeadMansSwitch, "tick", _by_a_timer),
    ),
    mutant("switch-never-set", "the dead man's switch is never set", (DeadMansSwitch, "returned", says(()))),
    mutant(
        "fills-by-another-id",
        "a fill that is told again by another id is another fill",
        (OurOrder, "why_doubted", says("")),
        faults="F17",
    ),
    mutant(
        "strangers-by-another-id",
        "what befalls a position and is told again by another id befalls it again",
        (Executions, "_is_a_step", says(True)),
        faults="F17 F41 F53",
        strength=6.0,
    ),
    mutant("orders-sent-twice", "each order is sent twice", (Courier, "send", _twice)),
    mutant("side-flipped-on-the-wire", "buys are sells", (requests, "place", _other_body(_flipped))),
    mutant("price-off-the-grid", "limits are sent three cents higher", (requests, "place", _other_body(_off_the_grid))),
    mutant("twice-as-much", "twice the lots are sent", (requests, "place", _other_body(_more))),
    mutant(
        "another-client-id", "the id on the wire is not the one approved", (requests, "place", _other_body(_renamed))
    ),
    mutant("value-of-the-wrong-sign", "what is bought is booked as sold", (Executions, "_money", _other_money(-1, 1))),
    mutant("fees-forgotten", "no fee is booked", (Executions, "_money", _other_money(1, 0))),
    mutant("fees-of-the-wrong-sign", "fees are rebates", (Executions, "_money", _other_money(1, -1))),
    mutant("funding-of-the-wrong-sign", "who pays receives", (Executions, "_funding", _funding_received), faults="F44"),
    mutant("funding-not-booked", "funding is passed over", (Executions, "_funding", says(())), faults="F44"),
    mutant(
        "absent-at-first-sight",
        "not found once means not there",
        (LookUps, "absent", _absent_at_once),
        faults="F01 F10 F27",
    ),
    mutant(
        "strangers-are-ours", "orders of others are cancelled", (Strays, "report", _everybody_is_ours), faults="F53"
    ),
    mutant(
        "orphans-left-alone",
        "orders of ours that nobody expects live on",
        (Strays, "report", says(())),
        faults="F07",
        strength=8.0,
    ),
    mutant(
        "kill-is-tried-once",
        "a cancel of all that failed is not sent again",
        (Sweep, "_again", says(None)),
        faults="F54",
        strength=6.0,
    ),
    mutant("kill-does-nothing", "a cancel of all is not sent", (Sweep, "begin", says(())), faults="F50"),
    mutant(
        "doomed-live-on",
        "what an earlier life left works on",
        (order_desk.OrderDesk, "remember", says(None)),
        faults="F30",
    ),
    mutant(
        "private-line-not-renewed",
        "the private line is opened once",
        (PrivateLine, "tick", says(Heard())),
        faults="F11",
        strength=20.0,
        minutes=1.0,
    ),
    mutant(
        "altered-orders-stay",
        "an order that the venue altered is left as it is",
        (OurOrder, "is_altered", says(False)),
        faults="F89",
    ),
    mutant(
        "missing-fills-not-noticed",
        "nobody looks whether a filled order's fills came",
        (MissingFills, "overdue", says("")),
        (MissingFills, "next_due", says(None)),
        faults="F12",
        strength=4.0,
    ),
    mutant(
        "looked-up-never",
        "orders in doubt are not looked up",
        (LookUps, "due", says(())),
        (LookUps, "to_cancel", says(())),
        faults="F01 F02",
    ),
    mutant(
        "ends-without-fills", "an order that ends says that nothing of it was filled", (OurOrder, "take", _swapped_ends)
    ),
)
