"""What trader and watchdog say to each other: lines of text over two pipes. No secret is in any of them."""

import enum
from typing import Final

LINE_MAX: Final = 65_536
"""Bytes; whoever says more without a line's end says nothing."""


class Word(enum.StrEnum):
    """The first word of a line."""

    BEAT = "beat"
    """A heartbeat has come back from the whole way of an order, and the supervisor lives; its number follows. The
    watchdog says it back."""
    HALTED = "halted"
    """Nothing passes any more but cancels: silence is no reason to end the trader."""
    TRADING = "trading"
    """It is over with that."""
    STOPPING = "stopping"
    """The ordered stop of the actors begins: no heartbeat comes back any more."""
    FAILED = "failed"
    """The trader ends, and cannot take its orders back itself; why follows."""
    BYE = "bye"
    """The trader has ended in order: nothing is to be done."""
    READY = "ready"
    """The watchdog's: it has its keys, and the venue has answered."""


def line(word: Word, rest: str = "") -> bytes:
    """One line; what follows the word is made one line."""
    return f"{word} {one_line(rest)}".rstrip().encode() + b"\n"


def one_line(text: str, most: int = 300) -> str:
    """Without control characters, and not longer than `most`."""
    clean = "".join([letter if letter.isprintable() else " " for letter in text]).strip()
    return clean if len(clean) <= most else clean[: most - 3] + "..."


class Lines:
    """Bytes as they come, in lines: (word, rest). What is no word of ours comes as it is, for who hears it to drop."""

    def __init__(self) -> None:
        self._rest = b""

    def take(self, data: bytes) -> list[tuple[str, str]]:
        """The lines that are complete by now."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LINE_MAX:
            self._rest = b""
        told = [each.decode("utf-8", "replace").partition(" ") for each in lines]
        return [(word, rest) for word, _, rest in told]
