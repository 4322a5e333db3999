"""Errors by blame: what the user gave us was wrong, the machine had no room, or a venue failed us."""


class InputError(Exception):
    """Bad usage, configuration or input data: exit code 2.

    The text is for the user and complete: it names the file, the line or key, the column, and the reason.
    """


class UnwrittenError(InputError):
    """What was to be kept could not be written (a full disk): exit code 1, for nothing is wrong with what was given."""


class VenueError(Exception):
    """A venue did not do what cannot be gone without: the text names the request and the reason, without secrets."""
