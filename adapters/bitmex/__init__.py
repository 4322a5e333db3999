"""BitMEX without the wire: what its frames and answers mean, what to send it, and when.

Text, values and times go in; messages, text and times come out. No module here opens a socket, starts a thread or
looks at a clock; only `credentials` reads a file. A frame travels `codec` (text to values) -> `tables` (partial,
insert, update, delete) -> `market` and `private` (rows to messages); `feed` keeps the subscriptions around that, and
`session` the line: log-in, pings, reconnects. A request travels `requests` and `queries` (our messages to text) ->
`budget` (may it go now) -> `credentials` (signed), and its answer comes back through `answers`.
"""
