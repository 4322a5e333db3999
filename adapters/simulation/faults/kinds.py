"""All faults, by code. A new one is put into its module's list, and is at work from then on."""

from collections.abc import Mapping
from typing import Final

from adapters.simulation.faults import (
    answers,
    clocks,
    deaths,
    disks,
    funding,
    handlers,
    lines,
    partitions,
    reads,
    recoveries,
    refusals,
    requests,
    strangers,
    strategies,
    supervision,
    switches,
    venue,
    wishes,
)
from adapters.simulation.faults.fault import Fault

KINDS: Final[Mapping[str, type[Fault]]] = {
    kind.code: kind
    for module in (
        answers,
        clocks,
        deaths,
        disks,
        funding,
        handlers,
        lines,
        partitions,
        reads,
        recoveries,
        refusals,
        requests,
        strangers,
        strategies,
        supervision,
        switches,
        venue,
        wishes,
    )
    for kind in module.FAULTS
}
