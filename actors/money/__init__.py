"""Money in integers: price grid, contract values, margin, funding, the division of fills, books, equity, statistics.

Pure functions and small classes, no actor. A float price becomes a whole number of ticks (`grid`), ticks become whole
minor units (`values`), a fill is divided without a remainder (`allocation`) and folded into books (`ledger`), whose
rows (`rows`) and the closes give the equity of a whole run at once (`equity`), which `statistics` measures. Each of
the other questions has a module: what a trade made (`profit`), what a position has to be backed with (`margin`), where
that is used up (`liquidation`), and what its holders pay each other (`funding`).
"""
