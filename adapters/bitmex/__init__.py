"""BitMEX: what its frames and answers mean, what to send it, and when; and around that, thinly, the wire.

Text, values and times go in; messages, text and times come out: that part opens no socket, starts no thread and looks
at no clock; only `credentials` reads a file. A frame travels `codec` (text to values) -> `tables` (partial, insert,
update, delete) -> `market` and `private` (rows to messages); `feed` keeps the subscriptions around that, and `session`
the line: log-in, pings, reconnects. A request travels `requests` and `queries` (our messages to text) -> `budget` (may
it go now) -> `credentials` (signed), and its answer comes back through `answers`.

Bytes are moved by two actors that decide nothing: `line` (one socket: `connection` over `pipe`) and `rest` (one kept
HTTP connection: `sender` over `connections`). `transport` says where bytes may go at all. `client` asks and waits, for
a start before there are actors.
"""
