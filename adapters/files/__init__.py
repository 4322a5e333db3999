"""Market data from files: CSV, gzipped CSV and Parquet become columns that need no further checking.

A file is read once, fast, by duckdb (`reading`), its stamps turned into UTC (`stamps`), and every row judged in numpy
(`checks`). Only when something is wrong is it read a second time, slowly and line by line, to say where (`blame`).
`layout` recognises the columns by their names, `sources` knows the two formats, `judging` is the way that all files
go, `loader` makes bars and ticks of them, and `series` funding rates and mark prices.
"""

from adapters.files.blame import BadRow
from adapters.files.loader import LoadedFile, load
from adapters.files.series import FUNDING, MARKS, LoadedSeries, load_series

__all__ = ["FUNDING", "MARKS", "BadRow", "LoadedFile", "LoadedSeries", "load", "load_series"]
