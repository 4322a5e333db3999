"""The guard's limits, as a configuration tells them."""

from collections.abc import Iterable, Mapping

import attrs

from actors.risk.limits import RiskLimits, ScopedLimits
from adapters.configuration import Problem
from adapters.configuration.agreement import SCOPES
from adapters.configuration.schema import LimitSection, RiskSection
from adapters.configuration.values import clock_minutes
from messages import NS_PER_SECOND


def risk_limits(section: RiskSection | None) -> RiskLimits | None:
    """What holds for every account; None without a section, and then nothing limits sizes or losses."""
    if section is None:
        return None
    return RiskLimits(
        order_lots_max=section.order_lots_max,
        position_lots_max=section.position_lots_max,
        order_notional_max=section.order_notional_max,
        position_notional_max=section.position_notional_max,
        leverage_max=section.leverage_max,
        price_band=section.price_band,
        open_orders_max=section.open_orders_max,
        orders_per_second=section.orders_per_second,
        orders_per_minute=section.orders_per_minute,
        actions=tuple((section.actions or {}).items()),
        daily_loss_max=section.daily_loss_max,
        daily_loss_action=section.daily_loss_action or "until-next-day",
        daily_loss_state=section.daily_loss_state or "flatten",
        day_starts_ns=clock_minutes(section.day_starts) * 60 * NS_PER_SECOND,
    )


def scoped_limits(section: RiskSection | None) -> tuple[ScopedLimits, ...]:
    """What holds for an account, a strategy or a symbol besides."""
    rows = () if section is None else section.limits
    return tuple(ScopedLimits(**{key: getattr(row, key) for key in _KEYS}) for row in rows)


_KEYS = tuple(field.name for field in attrs.fields(LimitSection))


def unknown_scopes(section: RiskSection | None, known: Mapping[str, Iterable[str]]) -> list[Problem]:
    """Scopes that name nothing in the run. `known`: what there is of each of `account`, `strategy` and `symbol`."""
    problems = []
    for number, row in enumerate(() if section is None else section.limits):
        for scope in SCOPES:
            name, names = getattr(row, scope), dict.fromkeys(known[scope])
            if name is not None and name not in names:
                reason = f"there is no {scope} {name!r}; there are {', '.join(names)}"
                problems.append((f"risk.limits[{number}].{scope}", reason))
    return problems
