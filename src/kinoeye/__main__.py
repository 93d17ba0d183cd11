"""`python -m kinoeye`."""

import sys

from kinoeye.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
