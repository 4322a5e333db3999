"""Errors by blame: what the user gave us was wrong, or a venue failed us."""


class InputError(Exception):
    """Bad usage, configuration or input data: exit code 2.

    The text is for the user and complete: it names the file, the line or key, the column, and the reason.
    """


class VenueError(Exception):
    """A venue did not do what cannot be gone without: the text names the request and the reason, without secrets."""
