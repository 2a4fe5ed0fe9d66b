"""The options of `llmlb status`."""

from __future__ import annotations

import argparse

from llmlb.cli.help_format import HelpFormatter
from llmlb.cli.status.texts import say
from llmlb.cli.texts import say as say_common
from llmlb.messages import Locale


def add_options(command: argparse.ArgumentParser, locale: Locale) -> None:
    """Give the command its options."""
    command.description = say(locale, "about")
    command.formatter_class = HelpFormatter
    options = command.add_argument_group(say_common(locale, "options"))
    options.add_argument("-h", "--help", action="help", help=say_common(locale, "help"))
    options.add_argument("--config", metavar="FILE", help=say_common(locale, "config"))
    either = options.add_mutually_exclusive_group()
    either.add_argument("--watch", action="store_true", help=say(locale, "watch"))
    either.add_argument("--json", action="store_true", help=say(locale, "json"))
