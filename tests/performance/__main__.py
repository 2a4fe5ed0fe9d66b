"""`python -m tests.performance` prints what is counted now, as JSON; with `--write` it becomes what is committed."""

from __future__ import annotations

import sys

from tests.performance.figures import FILE, as_text
from tests.performance.measuring import measure

if __name__ == "__main__":
    text = as_text(measure())
    if "--write" in sys.argv[1:]:
        FILE.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
