"""Starts openoutcry: `python run.py --help`."""

from adapters.cli import main

if __name__ == "__main__":
    main()
