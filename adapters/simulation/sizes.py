"""What grows in a process: mailboxes, what is under way, and what each actor remembers, with what each may grow to."""

from collections import deque
from collections.abc import Mapping
from typing import Any, Final

from actors.money.ledger import Book
from actors.runtime.schedule import BACKLOG_MAX

REMEMBERED_MAX: Final = 250_000
"""Things in all maps, lists and queues of one actor: the largest that is declared remembers 100,000 ids twice."""
UNDER_WAY_MAX: Final = 500
UNSETTLED_MAX: Final = 500
_DEPTH: Final = 4
_PLAIN: Final = (str, bytes, int, float, bool, type(None), Book)


def sizes_of(process: Any) -> Mapping[str, tuple[int, int]]:
    """By name: how large it is, and how large it may become. Nothing while there is no process."""
    runtime = None if process is None else process.runtime
    if runtime is None:
        return {}
    found: dict[str, tuple[int, int]] = {}
    for address, slot in runtime.slots.items():
        found[f"mailbox of {address}"] = (len(slot.mailbox), slot.mailbox.cap)
        if slot.component is None:
            continue
        found[f"memory of {address}"] = (_remembered(slot.component), REMEMBERED_MAX)
        parts = getattr(slot.component, "_parts", None)
        if slot.role == "venue" and parts is not None and hasattr(parts, "desk"):
            found[f"orders unsettled at {address}"] = (len(parts.desk.orders.unsettled_ids), UNSETTLED_MAX)
            under_way = len(parts.courier._under_way) + sum(map(len, parts.courier._queues.values()))
            found[f"requests under way of {address}"] = (under_way, UNDER_WAY_MAX)
    schedule = runtime._schedule
    if schedule is not None:
        found["messages between actors"] = (schedule.waiting, 100 * BACKLOG_MAX)
    return found


def _remembered(thing: Any, depth: int = _DEPTH) -> int:
    """How many things it holds, and what it is made of holds."""
    if isinstance(thing, _PLAIN) or not depth:
        return 0
    if isinstance(thing, dict | list | set | deque | frozenset | tuple):
        count = len(thing)
        if count and count <= 64:
            values = thing.values() if isinstance(thing, dict) else thing
            count += sum(_remembered(each, depth - 1) for each in values)
        return count
    if not type(thing).__module__.startswith(("actors", "adapters")):
        return 0
    names = [*getattr(thing, "__dict__", ()), *getattr(type(thing), "__slots__", ())]
    return sum(_remembered(getattr(thing, name, None), depth - 1) for name in names)
