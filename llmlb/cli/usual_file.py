"""The configuration file of a command that is told none."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmlb.config.load import Loaded

DEFAULT_FILE = Path("config.toml")


def what_it_says(file: Path, environ: Mapping[str, str]) -> Loaded:
    """The configuration in `file`; the defaults where that is the usual one, and not there.

    Raises ConfigError, of another file that is not there, too: its name has been mistyped.
    """
    from llmlb.config.load import load  # here: the name of the file is needed before there is time for this

    return load(None if file == DEFAULT_FILE and not file.exists() else file, environ)
