"""`llmlb nodes list`: the nodes as the running gateway sees them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmlb.cli.complaint import complain
from llmlb.cli.control_client import NotRunning, Unreachable, ask
from llmlb.cli.nodes.texts import say
from llmlb.cli.unanswered import why_unanswered
from llmlb.cli.usual_file import what_it_says
from llmlb.messages import Locale
from llmlb.simulate.table import cut, table
from llmlb.web.durations import age
from llmlb.web.page_texts import page_text, reason_text

WIDEST = 40
"""Columns of a terminal that one cell takes at most."""


def list_nodes(file: Path, environ: Mapping[str, str], locale: Locale, *, as_json: bool) -> int:
    """Print them and return the exit code. Without a running gateway: what the file has. Raises ConfigError then."""
    try:
        seen = ask(file, "GET", "/nodes")
    except (NotRunning, Unreachable) as error:
        problem = why_unanswered(error, file, locale)
        running = False if isinstance(error, NotRunning) else None
    else:
        if as_json:
            print(json.dumps({"running": True, **seen}, ensure_ascii=False, indent=1))
        else:
            print(_running_table(seen["nodes"], locale))
        if seen["config_refused"]:
            complain(say(locale, "config_refused"))
        return 0
    complain(problem)
    nodes = what_it_says(file, environ).config.nodes
    if as_json:
        plain = [{"name": n.name, "url": n.url, "models": n.models, "drain": n.drain} for n in nodes]
        print(json.dumps({"running": running, "nodes": plain}, ensure_ascii=False, indent=1))
    elif nodes:
        print(say(locale, "in_file", file=file))
        header = [say(locale, f"h_{column}") for column in ("name", "state", "models", "address")]
        rows = [
            [node.name, _state("draining", locale) if node.drain else "", ", ".join(node.models), node.url]
            for node in nodes
        ]
        print(_table(header, rows))
    return 1


def _running_table(nodes: list[dict[str, Any]], locale: Locale) -> str:
    if not nodes:
        return say(locale, "no_nodes")
    columns = ("name", "state", "since", "kind", "models", "address", "reason")
    rows = [
        [
            node["name"],
            _state(node["state"], locale),
            age(node["since"], locale),
            node["kind"],
            ", ".join(node["models"]),
            node["url"],
            reason_text(locale, node["reason"]),
        ]
        for node in nodes
    ]
    return _table([say(locale, f"h_{column}") for column in columns], rows)


def _state(state: str, locale: Locale) -> str:
    """The name of a state: in English that of log and documents, in Japanese the word of the page."""
    return state if locale == "en" else page_text(locale, f"state_{state}")


def _table(header: list[str], rows: list[list[str]]) -> str:
    """Names come from strangers: each is on one line, cut when long. Addresses are not, for they are to be copied."""
    whole = len(header) - 1 if len(header) < 7 else 5
    cells = [[cut(cell, 10_000 if at == whole else WIDEST) for at, cell in enumerate(row)] for row in rows]
    return table(header, cells, left=len(header))
