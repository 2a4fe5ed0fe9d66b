"""The options that commands with actions share: `llmlb nodes add`, `llmlb keys list`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from llmlb.cli import edit_texts
from llmlb.cli.help_format import HelpFormatter, wrapped
from llmlb.cli.texts import say
from llmlb.messages import Locale

WIDEST = 78
"""Columns of a description."""

AddAction = Callable[[str, str], tuple[argparse._ArgumentGroup, argparse._ArgumentGroup]]
"""Adds an action by its name and what it is for; the groups for its arguments and its options."""


def actions_of(command: argparse.ArgumentParser, about: str, locale: Locale) -> AddAction:
    """Make the command one of actions, each with `--help` and `--config`. `about`: what they all are for."""
    command.formatter_class = HelpFormatter
    command.description = _filled(about)
    _add_help(command, locale)
    actions = command.add_subparsers(
        dest="action", required=True, metavar="ACTION", title=say(locale, "commands"), prog=command.prog
    )

    def add(name: str, text: str) -> tuple[argparse._ArgumentGroup, argparse._ArgumentGroup]:
        action = actions.add_parser(
            name,
            help=text,
            description=_filled(text),
            add_help=False,
            formatter_class=HelpFormatter,
            allow_abbrev=False,
        )
        arguments = action.add_argument_group(edit_texts.say(locale, "arguments"))
        options = _add_help(action, locale)
        options.add_argument("--config", metavar="FILE", help=edit_texts.say(locale, "config"))
        return arguments, options

    return add


def _filled(text: str) -> str:
    return "\n".join(line for part in text.splitlines() for line in wrapped(part, WIDEST))


def _add_help(command: argparse.ArgumentParser, locale: Locale) -> argparse._ArgumentGroup:
    options = command.add_argument_group(say(locale, "options"))
    options.add_argument("-h", "--help", action="help", help=say(locale, "help"))
    return options
