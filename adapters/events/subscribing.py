"""Whether strategies and sources of external events fit together, before anything runs."""

from collections.abc import Iterable, Sequence

from adapters.configuration import EventsSection, Problem
from adapters.configuration.values import hint
from adapters.strategy_choice import Chosen


def source_problems(chosen: Sequence[Chosen], events: Iterable[EventsSection], *, where: str = "") -> list[Problem]:
    """Strategies that ask for a source that is not there, or for events that they have no callback for."""
    known = [section.source for section in events]
    problems: list[Problem] = []
    for number, each in enumerate(chosen):
        path = f"{where}strategies[{number}].events"
        hears = "on_event" in each.strategy.hears()
        if each.section.events is not None and not hears:
            problems.append((path, f"{each.strategy.__name__} has no on_event to hear them with"))
            continue
        told, of_class = each.section.events, each.strategy.events
        if told is None and of_class is not None:
            told = (of_class,) if isinstance(of_class, str) else tuple(of_class)
        for source in (told or ()) if hears else ():
            if source not in known:
                there = f"there are {', '.join(known)}" if known else "there is no [[events]] entry"
                problems.append((path, f"there is no source {source!r}; {there}{hint(source, known)}"))
    return problems
