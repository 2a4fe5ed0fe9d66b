"""The options of `llmlb nodes`."""

from __future__ import annotations

import argparse

from llmlb.cli.help_format import HelpFormatter
from llmlb.cli.nodes_texts import TEXTS
from llmlb.cli.texts import say as say_common
from llmlb.messages import Locale

ACTIONS = ("list", "add", "drain", "resume", "remove")


def add_options(command: argparse.ArgumentParser, locale: Locale) -> None:
    """Give the command its actions, and them their options."""
    _help(command, locale)
    command.description = TEXTS["about"][locale]
    actions = command.add_subparsers(
        dest="action", required=True, metavar="ACTION", title=say_common(locale, "commands"), prog=command.prog
    )
    for name in ACTIONS:
        text = TEXTS[name][locale]
        action = actions.add_parser(
            name, help=text, description=text, add_help=False, formatter_class=HelpFormatter, allow_abbrev=False
        )
        arguments = action.add_argument_group(TEXTS["arguments"][locale])
        if name == "add":
            arguments.add_argument("url", metavar="URL", help=TEXTS["url"][locale])
        elif name != "list":
            arguments.add_argument("node", metavar="NODE", help=TEXTS["node"][locale])
        options = _help(action, locale)
        options.add_argument("--config", metavar="FILE", help=TEXTS["config"][locale])
        if name == "list":
            options.add_argument("--json", action="store_true", help=TEXTS["json"][locale])
        if name == "add":
            options.add_argument("--name", metavar="NAME", help=TEXTS["name"][locale])
            options.add_argument(
                "--model", metavar="MODEL", action="append", default=[], dest="models", help=TEXTS["model"][locale]
            )
            options.add_argument(
                "--alias",
                metavar="ALIAS=MODEL",
                action="append",
                default=[],
                dest="aliases",
                help=TEXTS["alias"][locale],
            )
            options.add_argument("--api-key-file", metavar="FILE", help=TEXTS["api_key_file"][locale])
            options.add_argument("--ca-file", metavar="FILE", help=TEXTS["ca_file"][locale])


def _help(command: argparse.ArgumentParser, locale: Locale) -> argparse._ArgumentGroup:
    options = command.add_argument_group(say_common(locale, "options"))
    options.add_argument("-h", "--help", action="help", help=say_common(locale, "help"))
    return options
