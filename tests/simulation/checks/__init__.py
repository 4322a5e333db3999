"""Each check of the simulator sees what it is there for, and nothing where nothing is."""
