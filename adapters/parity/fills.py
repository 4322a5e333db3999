"""What became of each decision, live and again: lots, mean price, fees, and why they differ."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence

import attrs

from adapters.parity.comparing import Pair
from adapters.parity.story import Book, Decision, NotSent, Piece, Story
from messages import Liquidity, Lots, Minor, UtcNs, iso_utc

_BEFORE_ANY = -1


@attrs.frozen(kw_only=True)
class Filled:
    """What a decision was filled with, on one side."""

    lots: Lots
    """Signed."""
    traded: Lots
    """Both ways, unsigned: what the mean price is of."""
    price: float | None
    """Mean; None: nothing was filled."""
    fee_minor: Minor
    pieces: int
    first: UtcNs
    """When it began; 0: nothing was filled."""
    liquidity: frozenset[Liquidity]
    held: Lots
    """Before it."""


NOTHING = Filled(lots=0, traded=0, price=None, fee_minor=0, pieces=0, first=0, liquidity=frozenset(), held=0)


@attrs.frozen(kw_only=True)
class FillsPair:
    """One decision's fills, live and again; `reason` is empty where they are equal."""

    decision: Decision
    currency: str
    live: Filled
    again: Filled
    reason: str

    @property
    def price_difference(self) -> float | None:
        """Backtest less live; None where one of them has no fill."""
        if self.live.price is None or self.again.price is None:
            return None
        return self.again.price - self.live.price


@attrs.frozen(kw_only=True)
class Sum:
    """Of one side, in one currency."""

    fills: int
    lots: Lots
    """Traded, unsigned."""
    fees_minor: Minor


@attrs.frozen(kw_only=True)
class FillsCompared:
    """Fills by decision, in time order, and what they add up to."""

    pairs: tuple[FillsPair, ...]
    sums: Mapping[str, tuple[Sum, Sum]]
    """(live, again) by currency; `fills` are executions at the venue and crossings, by strategy."""
    executions: tuple[int, int]
    """At the venue."""

    @property
    def differing(self) -> tuple[FillsPair, ...]:
        """Those with a reason."""
        return tuple([pair for pair in self.pairs if pair.reason])

    @property
    def mean_price_difference(self) -> float | None:
        """Backtest less live, in the buyer's disfavour, weighted by lots that both have; None: there is no such pair.

        Positive: the backtest fills worse than live did.
        """
        known = [
            (pair.price_difference * (1 if pair.live.lots > 0 else -1), pair.live.traded)
            for pair in self.pairs
            if pair.price_difference is not None and pair.live.lots
        ]
        weight = sum(lots for _, lots in known)
        return sum(difference * lots for difference, lots in known) / weight if weight else None


def compare_fills(live: Story, again: Story, pairs: Mapping[Book, Sequence[Pair]]) -> FillsCompared:
    """The fills of each pair of decisions, side by side, with reasons for what differs.

    Fills before a book's first decision belong to one of an earlier life, and are compared as if there had been one.
    """
    then, now = _by_book(live.pieces), _by_book(again.pieces)
    found = []
    for book in sorted(then.keys() | now.keys() | pairs.keys()):
        mine = pairs.get(book, ())
        left = _filled([pair.live for pair in mine], then.get(book, ()))
        right = _filled([pair.again for pair in mine], now.get(book, ()))
        for place in sorted(left.keys() | right.keys() | set(range(len(mine)))):
            before, after = left.get(place, NOTHING), right.get(place, NOTHING)
            pair = mine[place] if place >= 0 else _earlier(book, before, after)
            currency = next((each.currency for each in (*then.get(book, ()), *now.get(book, ()))), "")
            reason = _reason(pair, before, after, live, again)
            found.append(FillsPair(decision=pair.known, currency=currency, live=before, again=after, reason=reason))
    found.sort(key=lambda each: (each.decision.moment, each.decision.strategy, each.decision.symbol))
    return FillsCompared(
        pairs=tuple(found),
        sums=_sums(live.pieces, again.pieces),
        executions=(live.executions, again.executions),
    )


def _by_book(pieces: Iterable[Piece]) -> dict[Book, list[Piece]]:
    found: dict[Book, list[Piece]] = {}
    for piece in pieces:
        found.setdefault((piece.strategy, piece.symbol), []).append(piece)
    return found


def _earlier(book: Book, *sides: Filled) -> Pair:
    at = min((each.first for each in sides if each.first), default=0)
    strategy, symbol = book
    decision = Decision(
        strategy=strategy, symbol=symbol, at=at, moment=at, what=("earlier",), text="decided in an earlier life"
    )
    return Pair(live=decision, again=decision)


def _filled(decisions: Sequence[Decision | None], pieces: Sequence[Piece]) -> dict[int, Filled]:
    """By a decision's place in the list, what it was filled with: orders decided from then on, up to the next."""
    places = [place for place, decision in enumerate(decisions) if decision is not None]
    times = [decision.at for decision in decisions if decision is not None]
    by_place: dict[int, list[Piece]] = {}
    for piece in pieces:
        number = bisect_right(times, piece.decided) - 1
        by_place.setdefault(places[number] if number >= 0 else _BEFORE_ANY, []).append(piece)
    found: dict[int, Filled] = {}
    held = 0
    for place in (_BEFORE_ANY, *places):
        mine = by_place.get(place, [])
        if mine or place != _BEFORE_ANY:
            found[place] = _together(mine, held)
            held += found[place].lots
    return found


def _together(pieces: Sequence[Piece], held: Lots) -> Filled:
    traded = sum(abs(piece.lots) for piece in pieces)
    return Filled(
        lots=sum(piece.lots for piece in pieces),
        traded=traded,
        price=sum(piece.price * abs(piece.lots) for piece in pieces) / traded if traded else None,
        fee_minor=sum(piece.fee_minor for piece in pieces),
        pieces=len(pieces),
        first=min((piece.at for piece in pieces), default=0),
        liquidity=frozenset([piece.liquidity for piece in pieces]),
        held=held,
    )


def _sums(live: Sequence[Piece], again: Sequence[Piece]) -> dict[str, tuple[Sum, Sum]]:
    def of(pieces: Sequence[Piece], currency: str) -> Sum:
        mine = [piece for piece in pieces if piece.currency == currency]
        return Sum(
            fills=len(mine), lots=sum(abs(piece.lots) for piece in mine), fees_minor=sum(p.fee_minor for p in mine)
        )

    return {
        currency: (of(live, currency), of(again, currency))
        for currency in sorted({piece.currency for piece in (*live, *again)})
    }


# Why they differ.


def _reason(pair: Pair, then: Filled, now: Filled, live: Story, again: Story) -> str:
    """In words; nothing where they are filled alike."""
    if (then.lots, then.traded, then.price, then.fee_minor) == (now.lots, now.traded, now.price, now.fee_minor):
        return ""
    if not pair.is_equal:
        return "the decision differs"
    if then.held != now.held:
        before = f"held {then.held:+} live and {now.held:+} in the backtest before it: an earlier difference"
    else:
        before = ""
    lots = "" if then.lots == now.lots and then.traded and now.traded else _reason_for_lots(pair.known, then, now, live)
    return _refusal(pair, live, again) or before or lots or _reason_for_terms(pair.known, then, now)


def _refusal(pair: Pair, live: Story, again: Story) -> str:
    then = _not_sent(live.not_sent, pair.live)
    now = _not_sent(again.not_sent, pair.again)
    if then is not None and (now is None or now.reason != then.reason):
        return f"live order refused: {then.reason} at {iso_utc(then.at)}"
    return f"backtest order refused: {now.reason}" if now is not None and then is None else ""


def _not_sent(not_sent: Sequence[NotSent], decision: Decision | None) -> NotSent | None:
    """The first order of the decision that was not taken."""
    if decision is None:
        return None
    for each in not_sent:
        if decision.strategy in each.strategies and each.symbol == decision.symbol and each.decided == decision.at:
            return each
    return None


def _reason_for_terms(decision: Decision, then: Filled, now: Filled) -> str:
    if (Liquidity.INTERNAL in then.liquidity) != (Liquidity.INTERNAL in now.liquidity):
        where = "live" if Liquidity.INTERNAL in then.liquidity else "in the backtest"
        return f"netting window: crossed with another strategy {where}, and not in the other"
    sides = f"{_words(then.liquidity)} live, {_words(now.liquidity)} in the backtest"
    if then.price != now.price:
        return _reason_for_price(decision, then, now) + (f"; {sides}" if then.liquidity != now.liquidity else "")
    if then.liquidity != now.liquidity:
        return f"fill model: {sides}"
    return f"the fee was rounded in {then.pieces} parts live and {now.pieces} in the backtest"


def _reason_for_lots(decision: Decision, then: Filled, now: Filled, live: Story) -> str:
    halted = [
        each for each in live.happened if each.at <= max(then.first, decision.at) + 10**9 and "halted" in each.text
    ]
    if halted:
        return f"live, {halted[-1].text} at {iso_utc(halted[-1].at)}"
    if not then.traded:
        return "not filled live: the next decision came first, or the life ended"
    if not now.traded:
        return f"not filled in the backtest; live filled {then.lots:+} at {then.price:g}"
    return f"fill model: live filled {then.lots:+} before the next decision, the backtest {now.lots:+}"


def _reason_for_price(decision: Decision, then: Filled, now: Filled) -> str:
    waited, waits = (then.first - decision.at) / 1e6, (now.first - decision.at) / 1e6
    parts = f" in {then.pieces} parts" if then.pieces > 1 else ""
    return (
        f"fill model: live filled at {then.price:g}{parts} {waited:.0f} ms after it, the backtest at {now.price:g} "
        f"after {max(waits, 0.0):.0f} ms"
    )


def _words(liquidity: Iterable[Liquidity]) -> str:
    return " and ".join(sorted(each.value for each in liquidity)) or "nothing"
