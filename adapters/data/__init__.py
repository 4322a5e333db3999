"""The store's doors: files come in, are judged, listed and handed out again.

In: `formats` says what a file is (`tabular`, `native`, `recording`), `rows` spools it into a temporary database,
`judging` finds bad rows chunk by chunk, `shaping` turns good ones into the store's columns, `writing` cuts these where
they may be cut, and `importing` leads it all.
Beside: `checking` looks for what is wrong with series that are stored or about to be, `listing` says what there is,
`exporting` writes a series to a file, and `native` reads such a file again.
"""
