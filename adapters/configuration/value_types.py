"""What each value of a configuration has to be, by name: a type for mypy, and the strict hook that makes one of it."""

from decimal import Decimal
from typing import Annotated, Any

from adapters.configuration import compounds, names, values

SymbolName = Annotated[str, names.symbol_name]
StrategyName = Annotated[str, names.strategy_name]
"""A strategy's id: 1 to 16 of a-z, 0-9 and -."""
PositiveNumber = Annotated[Decimal, values.positive_number]
FeeRate = Annotated[Decimal, values.fee_rate]
"""A fraction of a fill's value, within -1..1."""
PositiveFloat = Annotated[float, values.positive_float]
WeightFloat = Annotated[float, values.weight]
"""Zero or above."""
Fraction = Annotated[float, values.fraction]
"""Above zero, below one."""
PositiveInt = Annotated[int, values.positive_int]
WholeFromZero = Annotated[int, values.whole_from_zero]
Truth = Annotated[bool, values.truth]
PeriodText = Annotated[str, values.period_text]
ZoneName = Annotated[str, values.zone_name]
MomentText = Annotated[str, values.moment_text]
"""A date or a time in ISO 8601, UTC where it names no zone."""
ClockText = Annotated[str, values.clock_text]
"""A time of day, HH:MM, in UTC."""
Filled = Annotated[str, values.text]
Params = Annotated[dict[str, Any], compounds.params]
Multipliers = Annotated[dict[str, float], compounds.multipliers]
Cash = Annotated[dict[str, Decimal], compounds.cash]
"""Amounts by currency; under the key "" one amount for every currency that is needed."""
Funding = Annotated[Decimal | str, compounds.funding]
"""none, a rate per interval, or the name of a file."""
Window = Annotated[int, values.window]
"""At least 2."""
Band = Annotated[float, values.band]
"""A fraction, zero or above and below 1."""
Portion = Annotated[float, values.portion]
"""Above zero, at most one."""
Margin = Annotated[Decimal, values.margin]
"""A fraction of a position's value, above 0 and at most 1."""
Leverage = Annotated[Decimal, values.leverage]
Session = Annotated[str, compounds.session]
"""HH:MM-HH:MM."""
Weekdays = Annotated[tuple[str, ...], compounds.weekdays]
"""mon, tue, ... in the week's order."""
Execution = Annotated[str | dict[str, Any], compounds.execution]
"""The name alone where no parameter is told."""
Actions = Annotated[dict[str, str], compounds.actions]
"""Reason of a refusal -> what it does besides."""
KindName = Annotated[str, values.kind_name]
AccountName = Annotated[str, names.account_name]
"""Our name of an account at a venue: 1 to 16 of a-z, 0-9 and -."""
SourceName = Annotated[str, names.source_name]
"""A source of external events: 1 to 32 of a-z, 0-9 and -."""
PortNumber = Annotated[int, values.port_number]
EnvironmentName = Annotated[str, names.environment_name]
WebAddress = Annotated[str, names.web_address]
FieldPaths = Annotated[dict[str, str], compounds.field_paths]
"""Name of a value -> where it stands in an item, names joined by points."""
SwitchSeconds = Annotated[int, values.switch_seconds]
"""0, or from 15 to 3600."""
SilenceSeconds = Annotated[int, values.silence_seconds]
"""From 3 to 3600."""
