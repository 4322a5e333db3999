"""Errors by blame: what the user gave us was wrong."""


class InputError(Exception):
    """Bad usage, configuration or input data: exit code 2.

    The text is for the user and complete: it names the file, the line or key, the column, and the reason.
    """
