"""All files of a run, the summary last."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from time import perf_counter
from typing import Any

import attrs

from actors.result import BacktestResult
from adapters.results.facts import RunFacts
from adapters.results.folder import RunFolder
from adapters.results.summary import to_json
from adapters.results.tables import OPTIONAL_FILES, result_files


def write_run(
    folder: RunFolder,
    result: BacktestResult,
    facts: RunFacts,
    summary_of: Callable[[RunFacts], dict[str, Any]],
    *,
    before: Mapping[str, Iterable[str]] | None = None,
    after: Mapping[str, Iterable[str]] | None = None,
) -> dict[str, Any]:
    """The files of a result between those `before` and `after`, then the summary; returns it, `seconds.write` included.

    OutputError when they cannot be written; what an earlier run left then stays as it was.
    """
    began = perf_counter()
    summary: dict[str, Any] = {}

    def summary_text() -> Iterator[str]:
        # Written last, so that it can say how long the others took.
        seconds = {**facts.seconds, "write": round(perf_counter() - began, 3)}
        summary.update(summary_of(attrs.evolve(facts, seconds=seconds)))
        yield to_json(summary)

    files: dict[str, Iterable[str]] = {
        **(before or {}),
        **result_files(result, facts.bad_rows),
        **(after or {}),
        "summary.json": summary_text(),
    }
    folder.write(files, stale=(*OPTIONAL_FILES, "crash.txt"))
    return summary
