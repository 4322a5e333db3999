"""All faults, by code. A new one is put into its module's list, and is at work from then on."""

from collections.abc import Mapping
from typing import Final

from adapters.simulation.faults import (
    answers,
    clocks,
    data,
    deaths,
    disks,
    frames,
    funding,
    handlers,
    journals,
    lines,
    mailboxes,
    partitions,
    reads,
    recoveries,
    refusals,
    requests,
    strangers,
    supervision,
    switches,
    venue,
    wishes,
)
from adapters.simulation.faults.fault import Fault

_MODULES: Final = (
    answers,
    clocks,
    data,
    deaths,
    disks,
    frames,
    funding,
    handlers,
    journals,
    lines,
    mailboxes,
    partitions,
    reads,
    recoveries,
    refusals,
    requests,
    strangers,
    supervision,
    switches,
    venue,
    wishes,
)
_ALL: Final[list[type[Fault]]] = [kind for module in _MODULES for kind in module.FAULTS]
KINDS: Final[Mapping[str, type[Fault]]] = {kind.code: kind for kind in sorted(_ALL, key=lambda kind: kind.code)}
assert len(KINDS) == len(_ALL), "two faults have one code"
