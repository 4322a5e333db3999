"""Which parameters a sizing has, and whose sizing an account uses."""

from collections.abc import Mapping
from typing import Any

import attrs

from actors.sizing.sizing import Sizing
from adapters.configuration.schema import AccountSection, PortfolioSection, SizingKeys

_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "fixed": (),
    "risk-parity": (
        *("target_volatility", "volatility_window", "volatility_halflife"),
        *("scale_min", "scale_max", "rebalance_band"),
    ),
    "equity-fraction": ("fraction", "rebalance_band"),
}
"""What each sizing looks at."""
_KEYS = tuple(field.name for field in attrs.fields(SizingKeys))


def told(section: SizingKeys) -> dict[str, Any]:
    """The keys of a section that were told."""
    return {key: value for key in _KEYS if (value := getattr(section, key)) is not None}


def keys_of(account: AccountSection, portfolio: PortfolioSection) -> dict[str, Any]:
    """What an account is sized by: all its own where it names a sizing, else laid over what `[portfolio]` says."""
    own = told(account)
    return own if "sizing" in own else told(portfolio) | own


def mistakes(own: Mapping[str, Any], keys: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What is wrong with a section's `own` keys, when it is sized by `keys`: (rest of the key path, reason) each."""
    sizing = keys.get("sizing", "fixed")
    used = _PARAMETERS[sizing]
    has = f"it has {', '.join(used)}" if used else "it has no parameters"
    wrong = [
        (f".{key}", f"sizing {sizing!r} does not use it; {has}") for key in own if key != "sizing" and key not in used
    ]
    if wrong:
        return wrong
    if "volatility_window" in own and "volatility_halflife" in keys:
        return [(".volatility_window", "is not used where there is a volatility_halflife")]
    if own:
        try:
            sizing_of(keys)
        except ValueError as error:
            return [("", str(error))]
    return []


def sizing_of(keys: Mapping[str, Any]) -> Sizing:
    """The portfolio's settings; ValueError when they do not fit together."""
    parameters = {key: value for key, value in keys.items() if key != "sizing"}
    return Sizing(method=keys.get("sizing", "fixed"), **parameters)


def complete(section: Any) -> Any:
    """A section that names a sizing with every parameter that this sizing uses."""
    sizing = sizing_of(told(section))
    names = [name for name in _PARAMETERS[sizing.method] if getattr(sizing, name) is not None]
    if sizing.volatility_halflife is not None:
        names.remove("volatility_window")
    return attrs.evolve(section, sizing=sizing.method, **{name: getattr(sizing, name) for name in names})
