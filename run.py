"""Starts openoutcry: `python run.py --help`."""

import sys

try:
    from adapters.cli import main
except KeyboardInterrupt:
    # Ctrl-C while Python still reads the program.
    sys.exit(130)

if __name__ == "__main__":
    main()
