"""History from a venue's REST into the store, page by page, so that it can be interrupted at any time.

`wanted` is what the user asks for; `spans` what of it is still missing; a venue's source (`adapters.bitmex.downloads`,
`adapters.ccxt_data.candles`) asks for that and gives `page`s; `notes` keeps each page with a note of how far it goes,
durably and at once; and `download` brings what was kept into the store, many pages at a time. `command` is the
command line's.
"""
