"""Public market data of exchanges that the library ccxt (an extra) speaks with: history and a live feed, read only.

`public` is the only door to the library: it has no keys, lets nothing through but what anybody may read, and says what
went wrong by blame. Through it go `candles` (history for `data download`) and `worker` (an actor that asks and waits in
its own thread). `feed` decides what to ask when and turns answers into ticks and quotes, with `reading` for the rows,
`polls` for the times and `freshness` for what may be trusted; it does no I/O. `feed_spec` wires feed and worker.
"""
