"""The watchdog: a second process that ends a trader which has fallen silent, and takes its orders back from the venue.

It rests on the standard library alone and on no installed package, so that it starts in a moment and outlives whatever
broke the trader. `judging` (what a silence means) and `rescue` (what is asked of the venue, and when it is done) are
told the time and do no I/O; `process` does it around them:

    trader --beat, halted, stopping, bye--> judging -> stacks, SIGKILL -> rescue <-> venue -> watchdog.log, .json
           <---------ready, beat-----------

A beat is written by the trader when a heartbeat has come back from the whole way of an order, and never by a timer.
`adapters.live` starts the process and is told here, in `words` and `setup`, how to speak with it.
"""
