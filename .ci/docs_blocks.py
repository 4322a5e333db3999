"""Runs every Python block of the given Markdown files, in order, each file in one namespace and an empty folder.

    python .ci/docs_blocks.py README.md docs/*.md

A block fenced as ```python runs; shell blocks are run by the CI's own steps. A file `my_strategy.py` named in a block's
first comment line is written before the rest of the file runs, as the reader would save it.
"""

import os
import re
import sys
import tempfile
import traceback
from pathlib import Path

BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
SAVED = re.compile(r"# ([a-z_]+\.py)\n")


def run_blocks(document: Path) -> int:
    """How many blocks of a document ran; SystemExit names the block that failed."""
    text = document.read_text(encoding="utf-8")
    namespace: dict[str, object] = {"__name__": "__main__"}
    count = 0
    for match in BLOCK.finditer(text):
        line = text[: match.start()].count("\n") + 2
        source = match[1]
        saved = SAVED.match(source)
        if saved is not None:
            Path(saved[1]).write_text(source, encoding="utf-8")
        try:
            exec(compile("\n" * (line - 1) + source, str(document), "exec"), namespace)
        except Exception:
            traceback.print_exc()
            raise SystemExit(f"{document}:{line}: this block does not run") from None
        count += 1
    return count


def main() -> None:
    """Run all documents named on the command line; a document set without any block is an error."""
    documents = [Path(name).resolve() for name in sys.argv[1:]]
    total = 0
    for document in documents:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            sys.path.insert(0, folder)
            count = run_blocks(document)
            sys.path.remove(folder)
            for saved in Path(folder).glob("*.py"):
                sys.modules.pop(saved.stem, None)
            os.chdir("/")
        print(f"{document.name}: {count} blocks ran")
        total += count
    if not total:
        raise SystemExit("no block was found: the documents have lost their examples")


if __name__ == "__main__":
    main()
