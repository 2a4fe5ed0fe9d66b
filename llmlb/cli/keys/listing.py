"""`llmlb keys list`: the API keys, with what the running gateway knows of them; never the keys themselves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmlb.cli.complaint import complain
from llmlb.cli.control_client import NotRunning, Unreachable, ask
from llmlb.cli.keys.texts import say
from llmlb.cli.unanswered import why_unanswered
from llmlb.cli.usual_file import what_it_says
from llmlb.config.values import as_written
from llmlb.messages import Locale
from llmlb.simulate.table import cut, table

WIDEST = 2 * 64
"""Columns of a terminal that a name takes at most: all of it, for other commands want it whole."""
_IN_FILE = ("name", "state", "weight", "max_waiting")
_LIVE = (*_IN_FILE, "waiting", "in_service", "requests")


def list_keys(file: Path, environ: Mapping[str, str], locale: Locale, *, as_json: bool) -> int:
    """Print them and return the exit code. Without a running gateway: what the file has. Raises ConfigError then."""
    try:
        seen = ask(file, "GET", "/keys")
    except (NotRunning, Unreachable) as error:
        seen, running = None, False if isinstance(error, NotRunning) else None
        known = what_it_says(file, environ).config.api_keys
        keys: list[dict[str, Any]] = [
            {"name": key.name, "weight": key.weight, "max_waiting": key.max_waiting, "disabled": key.disabled}
            for key in known
        ]
        complain(why_unanswered(error, file, locale, say(locale, "in_file") if file.exists() else ""))
    else:
        keys, running = seen["keys"], True
    if as_json:
        print(json.dumps({"running": running, "keys": keys}, ensure_ascii=False, indent=1))
    elif not keys:
        print(say(locale, "no_keys"))
    else:
        print(_table(keys, _IN_FILE if seen is None else _LIVE, locale))
    if seen is not None and seen["config_refused"]:
        complain(say(locale, "config_refused"))
    return 0


def _table(keys: list[dict[str, Any]], columns: tuple[str, ...], locale: Locale) -> str:
    rows = [[_cell(key, column, locale) for column in columns] for key in keys]
    return table([say(locale, f"h_{column}") for column in columns], rows, left=2)


def _cell(key: dict[str, Any], column: str, locale: Locale) -> str:
    """Names come from strangers: each is on one line."""
    if column == "name":
        return cut(key["name"], WIDEST)
    if column == "state":
        return say(locale, "s_disabled" if key["disabled"] else "s_enabled")
    if column == "max_waiting" and not key[column]:
        return "-"
    return as_written(key[column])
