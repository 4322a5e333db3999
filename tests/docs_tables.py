"""Tables of the docs, for tests that hold them to the code."""

import re


def rows(text, head):
    """The cells of the table whose first line begins so."""
    _, _, below = text.partition(f"| {head} |")
    table = re.match(r"[^\n]*\n(?:\|.*\n)+", below)[0].splitlines()[2:]
    return [[cell.strip() for cell in row[1:-1].split("|")] for row in table]


def told(default):
    """A default as such a table tells it."""
    if default is None:
        return ""
    return "`" + (str(default).lower() if isinstance(default, bool | int) else f'"{default}"') + "`"
