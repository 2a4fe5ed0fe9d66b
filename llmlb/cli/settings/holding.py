"""Which settings a variable holds, so that the file does not decide them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from llmlb.cli.control_client import NotRunning, Unreachable, ask
from llmlb.config.values import Named


@attrs.frozen
class Held:
    """By the environment of the running gateway, or of this command where none can be asked."""

    running: bool
    by_gateway: Mapping[str, Mapping[str, Any]]
    """By setting: `variable`, its name, and `value`, which applies; of a secret only `***`."""
    environ: Mapping[str, str]

    def of(self, named: Named) -> tuple[str, bool]:
        """The variable that holds it, empty if none does; and whether it is the running gateway that has it."""
        held = named.name in self.by_gateway if self.running else named.variable in self.environ
        return (named.variable if held else "", self.running)


def held_variables(file: Path, environ: Mapping[str, str]) -> Held:
    """What is held where the gateway runs that follows `file`."""
    try:
        seen = ask(file, "GET", "/settings")
    except (NotRunning, Unreachable):
        return Held(False, {}, environ)
    return Held(True, seen["held"], environ)
