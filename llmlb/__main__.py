"""`python -m llmlb`."""

from __future__ import annotations

import sys

from llmlb.cli import main

if __name__ == "__main__":
    sys.exit(main())
