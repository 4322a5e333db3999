"""The conventions of the simulated venue that can be chosen."""

import attrs


def _part(_instance: object, attribute: "attrs.Attribute[float | None]", value: float | None) -> None:
    if value is not None and not 0 < value <= 1:
        raise ValueError(f"VenueSettings.{attribute.name} must be a fraction above 0 and up to 1, not {value!r}")


def _share(_instance: object, attribute: "attrs.Attribute[float]", value: float) -> None:
    if not 0 <= value <= 100:
        raise ValueError(f"VenueSettings.{attribute.name} must be a fraction of zero or above, not {value!r}")


@attrs.frozen(kw_only=True)
class VenueSettings:
    """The conventions that can be chosen."""

    fill: str = attrs.field(default="next-open", validator=attrs.validators.in_(("next-open", "this-close")))
    """`this-close`: a market order decided at a bar's close fills at that close. Optimistic, and labelled so."""
    slippage_ticks: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    """Of market and stop orders, always against us."""
    limit_fill: str = attrs.field(default="through", validator=attrs.validators.in_(("through", "touch")))
    slippage_spread: float = attrs.field(default=0.0, validator=_share)
    """Of market and stop orders, against us, as a fraction of the spread, rounded up to a whole tick."""
    half_spread_ticks: int = attrs.field(default=0, validator=attrs.validators.ge(0))
    """On bars and single ticks the best prices are taken to stand this far from the price shown."""
    volume_cap: float | None = attrs.field(default=None, validator=_part)
    """Fraction of a bar's volume, or of a tick's or quote's size, that our orders of a symbol may fill together."""
