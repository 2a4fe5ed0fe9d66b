"""Commands run to their end, beside a running gateway."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.process.program import ROOT

PATIENCE_SECS = 30


async def command(
    folder: Path, *arguments: str, env: Mapping[str, str] | None = None, given: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run `llmlb ...` in this folder, while the nodes of the test go on answering. `given`: its standard input."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("LLMLB_", "LC_", "LANG"))}
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "llmlb", *arguments],
        cwd=folder,
        env=plain | {"LANG": "C.UTF-8", "PYTHONPATH": str(ROOT)} | dict(env or {}),
        input=given,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECS,
        check=False,
    )
