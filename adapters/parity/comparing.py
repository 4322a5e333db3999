"""Live against backtest: bars by their interval, decisions by strategy, symbol and moment; pure functions of stories"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final

import attrs

from adapters.parity.story import BarKey, Book, Decision, Happened, Story
from messages import NS_PER_SECOND, Bar, Period, StrategyId, Symbol, UtcNs, iso_utc, period_name

SAME_MOMENT: Final[Period] = NS_PER_SECOND // 2
"""A timer of a live run wakes a little late: what was decided within so long was decided at the same moment."""
_COMPARED: Final = ("open", "high", "low", "close", "volume", "turnover", "ticks")
"""Of a bar; when it was heard depends on the machine."""
_AFTERWARDS: Final[Period] = 60 * NS_PER_SECOND
"""So long after its end something may have come that belongs into a bar."""
_MARKET: Final = ("feed", "tick-filter", "bar-builder")


@attrs.frozen(kw_only=True)
class Difference:
    """Where live and backtest part, and why as far as that can be found out."""

    level: str
    """`data`, `bars`, `decisions` or `fills`."""
    at: UtcNs
    text: str
    cause: str
    symbol: Symbol = ""
    ends: UtcNs = 0
    """Of a bar: its end, by the market's time."""


@attrs.frozen(kw_only=True)
class Count:
    """So many of so many are equal."""

    equal: int
    all: int

    @property
    def is_equal(self) -> bool:
        """Whether nothing differs."""
        return self.equal == self.all


@attrs.frozen(kw_only=True)
class BarsCompared:
    """Built bars, by symbol and period."""

    counts: Mapping[tuple[Symbol, Period], Count]
    differences: tuple[Difference, ...]

    @property
    def total(self) -> Count:
        """Of all symbols and periods."""
        return total(self.counts.values())


@attrs.frozen(kw_only=True)
class Pair:
    """A decision live, and the same again; None: there is none."""

    live: Decision | None
    again: Decision | None

    @property
    def is_equal(self) -> bool:
        """Whether the same was decided."""
        return self.live is not None and self.again is not None and self.live.what == self.again.what

    @property
    def known(self) -> Decision:
        """The live one, or else the other."""
        decision = self.live or self.again
        assert decision is not None
        return decision


@attrs.frozen(kw_only=True)
class DecisionsCompared:
    """Decisions, by strategy; `pairs` by (strategy, symbol)."""

    counts: Mapping[StrategyId, Count]
    pairs: Mapping[Book, tuple[Pair, ...]]
    differences: tuple[Difference, ...]

    @property
    def total(self) -> Count:
        """Of all strategies."""
        return total(self.counts.values())


def total(counts: Iterable[Count]) -> Count:
    """All together."""
    counts = tuple(counts)
    return Count(equal=sum(each.equal for each in counts), all=sum(each.all for each in counts))


# Bars.


def compare_bars(
    live: Story, again: Story, *, data: Sequence[Difference] = (), left_out: str = "", edge: UtcNs | None = None
) -> BarsCompared:
    """Every bar that either side built. `data`: what the recording lacks or has otherwise; `left_out`: what of the
    live run was not written down. `edge`: bars that close later are not compared, for the recording ends there.
    """
    counts: dict[tuple[Symbol, Period], list[int]] = {}
    differences: list[Difference] = []
    for key in sorted(live.bars.keys() | again.bars.keys(), key=_by_end):
        then, now = live.bars.get(key), again.bars.get(key)
        if edge is not None and (then is None or now is None) and key[2] + key[1] > edge - SAME_MOMENT:
            continue
        count = counts.setdefault(key[:2], [0, 0])
        count[1] += 1
        changed = _changed(then, now)
        if changed:
            cause = _cause_of_bar(key, live, again, data, left_out)
            differences.append(_bar_difference(key, then or now, changed, cause))
        else:
            count[0] += 1
    return BarsCompared(
        counts={key: Count(equal=equal, all=of) for key, (equal, of) in sorted(counts.items())},
        differences=tuple(differences),
    )


def _by_end(key: BarKey) -> tuple[UtcNs, Period, Symbol]:
    symbol, period, open_ts = key
    return open_ts + period, period, symbol


def _changed(then: Bar | None, now: Bar | None) -> str:
    """What differs, in words; nothing where nothing does."""
    if then is None or now is None:
        return "was not built live" if then is None else "is not built in the backtest"
    changed = [
        f"{name} {getattr(then, name):g} live, {getattr(now, name):g} in the backtest"
        if getattr(then, name) is not None and getattr(now, name) is not None
        else f"{name} is known in one of them only"
        for name in _COMPARED
        if getattr(then, name) != getattr(now, name)
    ]
    return "; ".join(changed)


def _bar_difference(key: BarKey, bar: Bar | None, changed: str, cause: str) -> Difference:
    symbol, period, open_ts = key
    assert bar is not None
    text = f"bar {symbol} {period_name(period)} from {iso_utc(open_ts)}: {changed}"
    return Difference(level="bars", at=bar.received, text=text, cause=cause, symbol=symbol, ends=open_ts + period)


def _cause_of_bar(key: BarKey, live: Story, again: Story, data: Sequence[Difference], left_out: str) -> str:
    symbol, period, open_ts = key
    close_ts = open_ts + period
    for each in data:
        if each.symbol == symbol and each.at < close_ts + _AFTERWARDS and open_ts <= each.ends < close_ts:
            return each.text
    for said, story in (("live", live), ("in the backtest", again)):
        for aside in story.late:
            ts = getattr(aside.item, "ts", None)
            if aside.symbol == symbol and ts is not None and open_ts <= ts < close_ts:
                return f"a trade of {iso_utc(ts)} was set aside {said}: {aside.reason} {aside.text}".strip()
    for fallen in live.happened:
        if fallen.actor in _MARKET and open_ts <= fallen.at < close_ts + _AFTERWARDS:
            return f"live, {fallen.text} at {iso_utc(fallen.at)}"
    if left_out:
        return left_out
    return "the trades are the same: the clock closed it at another moment than it closes in the backtest"


# Decisions.


def compare_decisions(
    live: Story, again: Story, cause: Callable[[Pair], str], *, edge: UtcNs | None = None
) -> DecisionsCompared:
    """Decisions of the same moment side by side. `cause` is asked for pairs that differ, in time order.

    `edge`: what only one side decided so near to the recording's end, or later, is not compared.
    """
    pairs = pairs_of(live, again, edge=edge)
    counts: dict[StrategyId, list[int]] = {}
    for book, compared in pairs.items():
        count = counts.setdefault(book[0], [0, 0])
        count[0] += sum(pair.is_equal for pair in compared)
        count[1] += len(compared)
    differing = [pair for each in pairs.values() for pair in each if not pair.is_equal]
    differing.sort(key=lambda pair: (pair.known.moment, pair.known.strategy, pair.known.symbol))
    return DecisionsCompared(
        counts={strategy: Count(equal=equal, all=of) for strategy, (equal, of) in sorted(counts.items())},
        pairs=pairs,
        differences=tuple([_decision_difference(pair, cause(pair)) for pair in differing]),
    )


def pairs_of(live: Story, again: Story, *, edge: UtcNs | None = None) -> dict[Book, tuple[Pair, ...]]:
    """Decisions of the same moment side by side, by (strategy, symbol). `edge`: see `compare_decisions`."""
    found: dict[Book, tuple[Pair, ...]] = {}
    for book in sorted(live.decisions.keys() | again.decisions.keys()):
        pairs = _side_by_side(live.decisions.get(book, ()), again.decisions.get(book, ()))
        found[book] = tuple([pair for pair in pairs if not _beyond(pair, edge)])
    return found


def _beyond(pair: Pair, edge: UtcNs | None) -> bool:
    return edge is not None and (pair.live is None or pair.again is None) and pair.known.at > edge - SAME_MOMENT


def _side_by_side(live: Sequence[Decision], again: Sequence[Decision]) -> Iterator[Pair]:
    left, right = 0, 0
    while left < len(live) or right < len(again):
        then = live[left] if left < len(live) else None
        now = again[right] if right < len(again) else None
        if then is not None and now is not None and abs(then.moment - now.moment) > SAME_MOMENT:
            if then.moment < now.moment:
                now = None
            else:
                then = None
        left += then is not None
        right += now is not None
        yield Pair(live=then, again=now)


def _decision_difference(pair: Pair, cause: str) -> Difference:
    known = pair.known
    then = "nothing" if pair.live is None else pair.live.text
    now = "nothing" if pair.again is None else pair.again.text
    text = f"{known.strategy} in {known.symbol} at {iso_utc(known.moment)}: {then} live, {now} in the backtest"
    return Difference(level="decisions", at=known.at, text=text, cause=cause, symbol=known.symbol, ends=known.moment)


def cause_of_decision(
    pair: Pair,
    *,
    bars: Sequence[Difference],
    data: Sequence[Difference],
    stories: tuple[Story, Story],
    hears: frozenset[str],
    symbols: Sequence[Symbol],
    filled_otherwise: UtcNs | None,
) -> str:
    """Why a strategy decided otherwise: what it had heard otherwise before.

    `hears`: the callbacks that its class has; `filled_otherwise`: since when its fills differ, None: they do not.
    """
    known = pair.known
    address = f"strategy:{known.strategy}"
    for side, story in zip(("live", "in the backtest"), stories, strict=True):
        fallen = _last(story.happened, lambda each: each.actor == address and " failed" in each.text, known.at)
        if fallen is not None:
            return f"{side}, {fallen.text} at {iso_utc(fallen.at)}, and its next incarnation began warm"
    for each in bars:
        if each.symbol in symbols and each.ends <= known.moment:
            return f"{each.text} ({each.cause})"
    if hears & {"on_tick", "on_quote", "on_book", "on_event"}:
        for each in data:
            if each.at <= known.at + SAME_MOMENT:
                return each.text
    if filled_otherwise is not None and filled_otherwise <= known.at:
        looks = "hears its fills" if hears & {"on_fill", "on_order"} else "may look at its position"
        return f"it {looks}, and it was filled otherwise from {iso_utc(filled_otherwise)} on"
    return f"all that was said to it is the same{_not_the_same(hears)}"


def _not_the_same(hears: frozenset[str]) -> str:
    """What threads bring otherwise than a replay does, by what a strategy hears."""
    if hears & {"on_quote", "on_book"}:
        return "; live, who is busy hears of several quotes or books the latest alone"
    if "on_timer" in hears:
        return "; its timers wake as they are due in the backtest, and a little later live"
    return (
        ": it decides on something else (the wall clock, a file, a generator of its own), or on the order in which "
        "threads brought it several symbols"
    )


def _last(happened: Iterable[Happened], is_it: Callable[[Happened], bool], until: UtcNs) -> Happened | None:
    found = None
    for each in happened:
        if each.at <= until and is_it(each):
            found = each
    return found
