"""The options of `llmlb operator`."""

from __future__ import annotations

import argparse

from llmlb.cli.action_options import actions_of
from llmlb.cli.operator.texts import TEXTS
from llmlb.messages import Locale


def add_options(command: argparse.ArgumentParser, locale: Locale) -> None:
    """Give the command its actions, and them their options."""
    add = actions_of(command, TEXTS["about"][locale], locale)
    _, options = add("set-password", TEXTS["set-password"][locale])
    options.add_argument("--password-file", metavar="FILE", help=TEXTS["password_file"][locale])
    add("clear-password", TEXTS["clear-password"][locale])
