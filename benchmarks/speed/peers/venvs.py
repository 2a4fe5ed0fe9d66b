"""Peers from PyPI: each in an environment of its own, outside this checkout, made when the peer is first asked for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.speed.peers.peer import Missing

FOLDER = Path.home() / ".cache" / "llmlb-speed"
INSTALL_SECS = 600.0


def installed(requirement: str) -> Path:
    """Where the programs of `name==version` are; installs it where it is not yet. Raises Missing."""
    folder = FOLDER / requirement.replace("==", "-").replace("[", "-").replace("]", "")
    complete = folder / "complete"
    if not complete.exists():
        print(f"installing {requirement} in {folder}", file=sys.stderr, flush=True)
        python = folder / "bin" / "python"
        _do([sys.executable, "-m", "venv", "--clear", str(folder)])
        _do([str(python), "-m", "pip", "--disable-pip-version-check", "install", "--quiet", requirement])
        complete.touch()
    return folder / "bin"


def _do(arguments: list[str]) -> None:
    try:
        done = subprocess.run(
            arguments, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=INSTALL_SECS
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Missing(f"cannot be installed: {error}") from error
    if done.returncode:
        raise Missing(f"cannot be installed: {done.stderr.strip()[-300:]}")
