"""`llmlb config list` and `get`: what applies of each setting, and where that comes from."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from llmlb.cli.settings.holding import held_variables
from llmlb.cli.settings.texts import say
from llmlb.cli.usual_file import what_it_says
from llmlb.config.shown import MASK
from llmlb.config.values import Named, all_settings, as_written, plain, present
from llmlb.messages import Locale
from llmlb.simulate.table import cut, table
from llmlb.telemetry.lines import printable

WIDEST = 60
"""Columns of a terminal that a value takes at most."""
_DEFAULT = "default"


@attrs.frozen
class Row:
    """One setting."""

    named: Named
    value: Any
    """As TOML has it; `***` for a secret that is set."""
    source: str
    """`default`, `FILE:LINE`, or the variable."""


def list_settings(file: Path, environ: Mapping[str, str], locale: Locale, *, as_json: bool) -> int:
    """Print them and return the exit code. Raises ConfigError."""
    rows = _rows(file, environ)
    if as_json:
        plain_rows = [
            {
                "name": row.named.name,
                "value": row.value,
                "default": plain(row.named.default),
                "source": row.source,
                "variable": row.named.variable,
                "meaning": row.named.setting.meaning(locale),
                "allowed": row.named.setting.rule.allowed(locale),
            }
            for row in rows
        ]
        print(json.dumps({"settings": plain_rows}, ensure_ascii=False, indent=1))
        return 0
    cells = [
        [
            row.named.name,
            cut(MASK if row.named.setting.secret and row.value else as_written(row.value), WIDEST),
            say(locale, "s_default") if row.source == _DEFAULT else row.source,
        ]
        for row in rows
    ]
    print(table([say(locale, f"h_{column}") for column in ("key", "value", "source")], cells, left=3))
    return 0


def get_setting(named: Named, file: Path, environ: Mapping[str, str]) -> int:
    """Print the value as `set` takes it, and return the exit code. Raises ConfigError."""
    value = next(row.value for row in _rows(file, environ) if row.named == named)
    if isinstance(value, list):
        value = ",".join(value)
    sys.stdout.write(f"{printable(value) if isinstance(value, str) else as_written(value)}\n")
    return 0


def _rows(file: Path, environ: Mapping[str, str]) -> list[Row]:
    """What the file says, with what the environment of the gateway holds over it; else that of this command."""
    held = held_variables(file, environ)
    names = {named.variable for named in all_settings().values()}
    own = {name: value for name, value in environ.items() if name not in names} if held.running else environ
    loaded = what_it_says(file, own)
    rows = []
    for name, named in all_settings().items():
        value, source = plain(present(loaded.config, name)), loaded.sources[name]
        if held.running and name in held.by_gateway:
            value, source = held.by_gateway[name]["value"], named.variable
        rows.append(Row(named, MASK if named.setting.secret and value else value, source))
    return rows
