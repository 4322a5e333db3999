"""Money in integers: price grid, contract values, the division of fills among owners, books, equity and statistics.

Pure functions and small classes, no actor. A float price becomes a whole number of ticks (`grid`), ticks become whole
minor units (`values`), a fill is divided without a remainder (`allocation`) and folded into books (`ledger`), whose
rows (`rows`) and the closes give the equity of a whole run at once (`equity`), which `statistics` measures.
"""
