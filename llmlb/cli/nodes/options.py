"""The options of `llmlb nodes`."""

from __future__ import annotations

import argparse

from llmlb.cli import edit_texts
from llmlb.cli.action_options import actions_of
from llmlb.cli.nodes.texts import TEXTS
from llmlb.messages import Locale

ACTIONS = ("list", "add", "drain", "resume", "remove")


def add_options(command: argparse.ArgumentParser, locale: Locale) -> None:
    """Give the command its actions, and them their options."""
    add = actions_of(command, TEXTS["about"][locale], locale)
    for name in ACTIONS:
        arguments, options = add(name, TEXTS[name][locale])
        if name == "list":
            options.add_argument("--json", action="store_true", help=edit_texts.say(locale, "json"))
        elif name != "add":
            arguments.add_argument("node", metavar="NODE", help=TEXTS["node"][locale])
        else:
            arguments.add_argument("url", metavar="URL", help=TEXTS["url"][locale])
            _add_those_of_add(options, locale)


def _add_those_of_add(options: argparse._ArgumentGroup, locale: Locale) -> None:
    options.add_argument("--name", metavar="NAME", help=TEXTS["name"][locale])
    options.add_argument(
        "--model", metavar="MODEL", action="append", default=[], dest="models", help=TEXTS["model"][locale]
    )
    options.add_argument(
        "--alias", metavar="ALIAS=MODEL", action="append", default=[], dest="aliases", help=TEXTS["alias"][locale]
    )
    options.add_argument("--api-key-file", metavar="FILE", help=TEXTS["api_key_file"][locale])
    options.add_argument("--ca-file", metavar="FILE", help=TEXTS["ca_file"][locale])
