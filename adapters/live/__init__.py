"""What `run.py live` is made of around the system: settings, its exchange, the screen, the ordered stop, the summary.

`settings` and `default` say what is traded, `exchange_process` finds or starts the loopback exchange, `state` folds
what is heard into what is shown, `view` draws it and `screen` puts it on a terminal or into lines, `stopping` says what
an ordered stop does next, `latencies` and `summary` make the figures of a finished run.
"""
