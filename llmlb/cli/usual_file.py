"""The configuration file of a command that is told none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from llmlb.config.load import Loaded, load

DEFAULT_FILE = Path("config.toml")


def what_it_says(file: Path, environ: Mapping[str, str]) -> Loaded:
    """The configuration in `file`; the defaults where that is the usual one, and not there.

    Raises ConfigError, of another file that is not there, too: its name has been mistyped.
    """
    return load(None if file == DEFAULT_FILE and not file.exists() else file, environ)
