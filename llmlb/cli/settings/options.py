"""The options of `llmlb config`."""

from __future__ import annotations

import argparse

from llmlb.cli import edit_texts
from llmlb.cli.action_options import actions_of
from llmlb.cli.settings.texts import TEXTS
from llmlb.messages import Locale

ACTIONS = ("list", "get", "set", "unset")


def add_options(command: argparse.ArgumentParser, locale: Locale) -> None:
    """Give the command its actions, and them their options."""
    add = actions_of(command, TEXTS["about"][locale], locale)
    for name in ACTIONS:
        arguments, options = add(name, TEXTS[name][locale])
        if name == "list":
            options.add_argument("--json", action="store_true", help=edit_texts.say(locale, "json"))
        else:
            arguments.add_argument("key", metavar="KEY", help=TEXTS["key"][locale])
        if name == "set":
            arguments.add_argument("value", metavar="VALUE", help=TEXTS["value"][locale])
