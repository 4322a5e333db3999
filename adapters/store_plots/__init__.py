"""Pictures of what a store holds, written by ourselves as SVG: a file that every browser shows, and needs nothing.

`chart` draws lines over time with axes, `thinning` makes any number of samples as many as there are columns of pixels,
and `spread_plot` says what is drawn of a pair of markets.
"""
