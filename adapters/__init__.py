"""Everything that touches the world: files, results, configuration, the command line; later venues, store, journal."""

from messages.siblings import check_siblings

check_siblings()
