"""External events from beside the market: files, an HTTP endpoint, addresses that are polled, and the store.

`rows` turns text into events, strictly. `files` reads a whole file for a backtest; live `tail` follows it as it grows,
`endpoint` is sent events, `poll` asks for them. Each of these is a worker on a thread of its own inside an actor
(`actor`), which says `ExternalEvent` with the time of receipt. `loading` and `live` make them of a configuration.
"""
