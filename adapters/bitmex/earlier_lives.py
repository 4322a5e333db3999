"""What a gateway is told of earlier lives of its run."""

from collections.abc import Iterable, Mapping

import attrs

from messages import Lots, Order, StrategyId, Symbol, UtcNs


@attrs.frozen(kw_only=True)
class EarlierLives:
    """One account's. Of a first life, that nothing before it is this run's: `executions_since` is now."""

    approved: Mapping[str, Order] = attrs.field(factory=dict)
    """Orders of which not all is known, their end or some fill that it tells of, by client id.

    They are found out about, and cancelled where they live."""
    over: Mapping[str, Order] = attrs.field(factory=dict)
    """Others, of which all is known and of whose fills the venue may tell again."""
    filled: Mapping[tuple[str, StrategyId], Lots] = attrs.field(factory=dict)
    """What is known to be filled of both, by client id and strategy."""
    held: Mapping[tuple[StrategyId, Symbol], Lots] = attrs.field(factory=dict)
    """The fold of all fills and adjustments ever."""
    known_executions: Iterable[str] = ()
    """Their execution and adjustment ids."""
    known_funding: Iterable[tuple[Symbol, UtcNs]] = ()
    """(symbol, ts) of each FundingPaid."""
    executions_since: UtcNs
    """A time up to which these are complete, such as the last successful VenueRead's (not the last fill's)."""
