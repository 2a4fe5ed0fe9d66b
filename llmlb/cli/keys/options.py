"""The options of `llmlb keys`."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any

from llmlb.cli import edit_texts
from llmlb.cli.action_options import actions_of
from llmlb.cli.keys.texts import TEXTS, say
from llmlb.config.rules import Unfit
from llmlb.config.shown import one_line
from llmlb.config.values import key_setting, read_value
from llmlb.messages import Locale

ACTIONS = ("list", "add", "rotate", "set", "disable", "enable", "remove")


def add_options(command: argparse.ArgumentParser, locale: Locale) -> None:
    """Give the command its actions, and them their options."""
    add = actions_of(command, TEXTS["about"][locale], locale)
    for name in ACTIONS:
        arguments, options = add(name, TEXTS[name][locale])
        if name == "list":
            options.add_argument("--json", action="store_true", help=edit_texts.say(locale, "json"))
        elif name == "add":
            arguments.add_argument("name", metavar="NAME", type=_reader("name", locale), help=TEXTS["new_name"][locale])
        else:
            arguments.add_argument("name", metavar="NAME", help=TEXTS["name"][locale])
        if name in ("add", "set"):
            for field, metavar in (("weight", "W"), ("max_waiting", "N")):
                options.add_argument(
                    "--" + field.replace("_", "-"),
                    metavar=metavar,
                    type=_reader(field, locale),
                    help=TEXTS[field][locale],
                )


def _reader(field: str, locale: Locale) -> Callable[[str], Any]:
    setting = key_setting(field)

    def read(text: str) -> Any:
        try:
            return read_value(setting, text)
        except Unfit:
            told = say(locale, "allowed", given=one_line(text), allowed=setting.rule.allowed(locale))
            raise argparse.ArgumentTypeError(told) from None

    return read
