"""Keeps secrets secret and control ours: private files, redaction and the log, one writer, the control endpoint."""
