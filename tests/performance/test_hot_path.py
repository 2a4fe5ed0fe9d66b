"""The hot path cannot grow unnoticed: what a request takes, counted and compared with the committed figures."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.performance import figures
from tests.performance.tally import ROOT

DISTURBING = ("COVERAGE", "COV_", "PYTHONPATH")
"""What makes a process count or import more than it would by itself: variables that begin so."""


def test_a_request_takes_no_more_than_was_agreed() -> None:
    environ = {name: value for name, value in os.environ.items() if not name.startswith(DISTURBING)}
    told = subprocess.run(
        [sys.executable, "-m", "tests.performance"],
        cwd=ROOT,
        env=environ | {"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr

    complaints = figures.complaints(figures.committed(), figures.from_text(told.stdout))

    assert not complaints, "\n".join(complaints)
