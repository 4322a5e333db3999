"""Reads the next chunk while this one is played: a file's columns are decoded beside the run, on a thread of their own.

One chunk is read ahead and no more. What the run hears is the same, in the same order.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

Chunk = TypeVar("Chunk")


def ahead(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """The same chunks. What reading raises is raised where the chunk would have come; who stops closes it."""
    pool = ThreadPoolExecutor(1, "read-ahead")
    try:
        coming = pool.submit(next, chunks, None)
        while (chunk := coming.result()) is not None:
            coming = pool.submit(next, chunks, None)
            yield chunk
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            # Where it was read, for what is open belongs to that thread. At the interpreter's end there is none left.
            with suppress(RuntimeError):
                pool.submit(close).result()
        pool.shutdown(wait=False)
