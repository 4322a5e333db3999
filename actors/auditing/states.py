"""The declared life of an order, as heard beside the stream: which word may follow which. All else is a violation.

            asked         approved           accepted, filled          ended
    NEW ------> ASKED ------> APPROVED ------> WORKING ------> OVER     a fill may still come, and its end be said again
                 | ^            |  ^  \\           ^
         refused v | asked      |  |   v unknown  |
               REFUSED          |  |  UNKNOWN ----+
                                v  | asked, approved
                             REJECTED                                   may turn out to live after all: REVIVED

UNSURE is an order of an earlier life, or one that an auditor which failed may have missed a word of: anything may
follow.
"""

import enum
from collections.abc import Mapping
from typing import Final


class Seen(enum.Enum):
    """How far an order has come."""

    NEW = "new"
    ASKED = "asked"
    """Of the guard."""
    REFUSED = "refused"
    APPROVED = "approved"
    UNKNOWN = "unknown"
    """Its answer was lost: it may be at the venue."""
    WORKING = "working"
    REJECTED = "rejected"
    """The venue has said that it does not have it, or nobody sent it."""
    REVIVED = "revived"
    """It was rejected, and lives all the same."""
    OVER = "over"
    UNSURE = "unsure"


class Word(enum.Enum):
    """What can be said of an order."""

    ASKED = "asked"
    REFUSED = "refused"
    APPROVED = "approved"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    REJECTED = "rejected"
    HAD = "had already"
    """A rejection that says: the venue has it."""
    FILLED = "filled"
    ENDED = "ended"
    AMEND_ASKED = "amend asked"
    AMEND_APPROVED = "amend approved"
    AMENDED = "amended"
    AMEND_REJECTED = "amend rejected"


_AT_VENUE: Final = {
    Word.ACCEPTED: Seen.WORKING,
    Word.HAD: Seen.WORKING,
    Word.FILLED: Seen.WORKING,
    Word.ENDED: Seen.OVER,
}
_AMENDS: Final = (Word.AMEND_ASKED, Word.AMEND_APPROVED, Word.AMENDED, Word.AMEND_REJECTED)


def _stays(state: Seen, *words: Word) -> dict[Word, Seen]:
    return dict.fromkeys(words, state)


EDGES: Final[Mapping[Seen, Mapping[Word, Seen]]] = {
    Seen.NEW: {Word.ASKED: Seen.ASKED},
    Seen.ASKED: {Word.REFUSED: Seen.REFUSED, Word.APPROVED: Seen.APPROVED},
    Seen.REFUSED: {Word.ASKED: Seen.ASKED},
    # A fill may come before the answer does.
    Seen.APPROVED: {**_AT_VENUE, Word.REJECTED: Seen.REJECTED, Word.UNKNOWN: Seen.UNKNOWN},
    Seen.UNKNOWN: {
        **_AT_VENUE,
        Word.REJECTED: Seen.REJECTED,
        **_stays(Seen.UNKNOWN, Word.UNKNOWN, *_AMENDS),
    },
    Seen.WORKING: {
        **_AT_VENUE,
        **_stays(Seen.WORKING, *_AMENDS),
        # An answer said that it is there, and what the venue says of it next is that it does not take it.
        Word.REJECTED: Seen.REJECTED,
    },
    # Asked again with the same name; or the rejection was wrong.
    Seen.REJECTED: {
        Word.ASKED: Seen.ASKED,
        Word.ACCEPTED: Seen.REVIVED,
        Word.FILLED: Seen.REVIVED,
        Word.ENDED: Seen.OVER,
    },
    Seen.REVIVED: {
        **_stays(Seen.REVIVED, Word.ACCEPTED, Word.HAD, Word.FILLED, *_AMENDS),
        Word.ENDED: Seen.OVER,
        Word.ASKED: Seen.ASKED,
    },
    # Fills are told late; a lost end is told again; a change was on its way.
    Seen.OVER: _stays(Seen.OVER, Word.FILLED, Word.ENDED, Word.AMEND_ASKED, Word.AMEND_APPROVED, Word.AMEND_REJECTED),
    Seen.UNSURE: {
        **_stays(Seen.UNSURE, *Word),
        Word.ASKED: Seen.ASKED,
        Word.REFUSED: Seen.REFUSED,
        Word.APPROVED: Seen.APPROVED,
        Word.REJECTED: Seen.REJECTED,
        Word.ENDED: Seen.OVER,
    },
}
"""What may be said of an order in each state, and what it is then."""
