"""The commands that work on a configuration file, or ask the gateway that runs with it: one row each.

What a command runs is loaded when it is the one that was asked for; of the others only their line in the help is.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from llmlb.cli.keys import texts as keys_texts
from llmlb.cli.nodes import texts as nodes_texts
from llmlb.cli.operator import texts as operator_texts
from llmlb.cli.settings import texts as settings_texts
from llmlb.cli.status import texts as status_texts
from llmlb.messages import Locale


class Works(NamedTuple):
    """How one of them works."""

    run: Callable[[argparse.Namespace, Path, Mapping[str, str], Locale], int]
    """Runs it with its options, the file, the environment and the language of the terminal; its exit code."""
    add_options: Callable[[argparse.ArgumentParser, Locale], None]
    """Gives its parser the options, `--help` and `--config` among them."""


class FileCommand(NamedTuple):
    """One of them."""

    load: Callable[[], Works]
    """Takes as long as there is to import."""
    about: Mapping[Locale, str]
    """The line in the list of commands."""


def _status() -> Works:
    from llmlb.cli.status.command import status
    from llmlb.cli.status.options import add_options

    return Works(status, add_options)


def _nodes() -> Works:
    from llmlb.cli.nodes.command import nodes
    from llmlb.cli.nodes.options import add_options

    return Works(nodes, add_options)


def _keys() -> Works:
    from llmlb.cli.keys.command import keys
    from llmlb.cli.keys.options import add_options

    return Works(keys, add_options)


def _settings() -> Works:
    from llmlb.cli.settings.command import settings
    from llmlb.cli.settings.options import add_options

    return Works(settings, add_options)


def _operator() -> Works:
    from llmlb.cli.operator.command import operator
    from llmlb.cli.operator.options import add_options

    return Works(operator, add_options)


FILE_COMMANDS: dict[str, FileCommand] = {
    "status": FileCommand(_status, status_texts.TEXTS["status"]),
    "nodes": FileCommand(_nodes, nodes_texts.TEXTS["nodes"]),
    "keys": FileCommand(_keys, keys_texts.TEXTS["keys"]),
    "config": FileCommand(_settings, settings_texts.TEXTS["config"]),
    "operator": FileCommand(_operator, operator_texts.TEXTS["operator"]),
}
"""By name, in the order of the help."""
