"""What a watchdog is told at its start, in one line over its pipe: no secret, but where its keys stand."""

import dataclasses
import json
from typing import Any, Final

CANNOT: Final = "the watchdog was told something else than what it is to do"


@dataclasses.dataclass(frozen=True, kw_only=True)
class Setup:
    """Times are in seconds."""

    trader: int
    """The process that is watched, which has started the watchdog."""
    life: int
    """Of the run: which start of it this is."""
    folder: str
    """The run's."""
    origin: str
    """Scheme, host and port of the venue's REST."""
    authorities: str | None
    """A file of certificates to trust, for https."""
    keys: str
    """A file of ours alone, with the `key` and `secret` of the watchdog's own pair."""
    account_lock: str | None
    """Whoever trades the account holds the lock on this file."""
    silence_s: float
    """So long without a beat, and the trader is ended."""
    start_s: float
    """The same before the first beat."""
    stop_s: float
    """The same once the ordered stop has begun."""
    budget_s: float
    """So long the venue is asked again while it does not do what it is asked."""
    sweep_s: float = 10.0
    """So long after the trader's end orders are looked for: one that was on its way may come in late. Longer than a
    request's signature holds."""
    flatten: bool = False
    """Whether positions are closed too."""
    symbols: tuple[str, ...] = ()
    """Those of which positions are closed."""
    stack_signal: int = 0
    """The signal at which the trader writes its stacks; 0: it does not."""
    restart: tuple[str, ...] = ()
    """The command that starts the run again; empty: it is not."""

    def to_line(self) -> bytes:
        """For the pipe."""
        return json.dumps(dataclasses.asdict(self)).encode() + b"\n"


def setup_of(line: bytes) -> Setup:
    """From the pipe. ValueError for anything else."""
    try:
        told: Any = json.loads(line)
        setup = Setup(**{**told, "symbols": tuple(told["symbols"]), "restart": tuple(told["restart"])})
    except (ValueError, TypeError, KeyError):
        raise ValueError(CANNOT) from None
    numbers = (setup.silence_s, setup.start_s, setup.stop_s, setup.sweep_s, setup.budget_s)
    if type(setup.trader) is not int or setup.trader <= 1 or not all(type(each) in (int, float) for each in numbers):
        raise ValueError(CANNOT)
    return setup
