"""Runs `llmlb status`."""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from llmlb.cli.complaint import complain
from llmlb.cli.control_client import NotRunning, Unreachable, ask
from llmlb.cli.output import told
from llmlb.cli.status.paint import painted
from llmlb.cli.status.screen import screen
from llmlb.cli.status.seen import DESK, WITH_HISTORY, read_seen
from llmlb.cli.status.texts import say
from llmlb.cli.unanswered import how_to_start, why_unanswered
from llmlb.config.shown import one_line
from llmlb.messages import Locale
from llmlb.telemetry.lines import wants_colors

WIDE = 120
"""Columns where there is no terminal."""


def status(options: argparse.Namespace, file: Path, environ: Mapping[str, str], locale: Locale) -> int:
    """Run the command and return its exit code: 1 when no gateway runs with `file`, or it cannot be asked."""
    return told(lambda: _status(options, file, environ, locale), locale)


def _status(options: argparse.Namespace, file: Path, environ: Mapping[str, str], locale: Locale) -> int:
    if options.watch:
        if not (sys.stdin.isatty() and sys.stdout.isatty()) or environ.get("TERM") == "dumb":
            return complain(say(locale, "no_terminal"), 2)
        from llmlb.cli.status.watch import watch  # here: what it asks with takes half of all the time to load

        return asyncio.run(watch(file, locale, colors=wants_colors(sys.stdout, environ)))
    try:
        answer = ask(file, "GET", WITH_HISTORY if options.json else DESK)
    except (NotRunning, Unreachable) as error:
        gone = isinstance(error, NotRunning)
        if options.json:
            print(json.dumps({"running": False if gone else None}))
        return complain(why_unanswered(error, file, locale, how_to_start(locale) if gone else ""))
    if options.json:
        print(json.dumps({"running": True, **answer}, ensure_ascii=False, indent=1))
        return 0
    return _print(answer, environ, locale)


def _print(answer: object, environ: Mapping[str, str], locale: Locale) -> int:
    """One screen, as wide as the terminal and as high; whole where there is none."""
    try:
        seen = read_seen(answer)
    except ValueError as error:
        return complain(f"{say(locale, 'other_version')} ({one_line(str(error))})")
    size = shutil.get_terminal_size((WIDE, 0))
    colors = wants_colors(sys.stdout, environ)
    high = size.lines - 1 if sys.stdout.isatty() and size.lines else None  # a line for the prompt after it
    for line in screen(seen, size.columns, high, locale):
        print(painted(line, colors=colors))
    return 0
