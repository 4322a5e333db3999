"""All faults, by code. A new one is put into its module's list, and is at work from then on."""

from collections.abc import Mapping
from typing import Final

from adapters.simulation.faults import (
    deaths,
    disks,
    handlers,
    lines,
    requests,
    supervision,
    switches,
    wishes,
)
from adapters.simulation.faults.fault import Fault

KINDS: Final[Mapping[str, type[Fault]]] = {
    kind.code: kind
    for module in (requests, lines, deaths, disks, handlers, supervision, switches, wishes)
    for kind in module.FAULTS
}
