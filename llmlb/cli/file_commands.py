"""The commands that work on a configuration file, or ask the gateway that runs with it: one row each."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

import attrs

from llmlb.cli.keys import keys
from llmlb.cli.keys import options as keys_options
from llmlb.cli.keys import texts as keys_texts
from llmlb.cli.nodes import nodes
from llmlb.cli.nodes import options as nodes_options
from llmlb.cli.nodes import texts as nodes_texts
from llmlb.cli.operator import operator
from llmlb.cli.operator import options as operator_options
from llmlb.cli.operator import texts as operator_texts
from llmlb.cli.settings import options as settings_options
from llmlb.cli.settings import settings
from llmlb.cli.settings import texts as settings_texts
from llmlb.cli.status import options as status_options
from llmlb.cli.status import status
from llmlb.cli.status import texts as status_texts
from llmlb.messages import Locale


@attrs.frozen
class FileCommand:
    """One of them."""

    run: Callable[[argparse.Namespace, Path, Mapping[str, str], Locale], int]
    """Runs it with its options, the file, the environment and the language of the terminal; its exit code."""
    add_options: Callable[[argparse.ArgumentParser, Locale], None]
    """Gives its parser the options, `--help` and `--config` among them."""
    about: Mapping[Locale, str]
    """The line in the list of commands."""


FILE_COMMANDS: dict[str, FileCommand] = {
    "status": FileCommand(status, status_options.add_options, status_texts.TEXTS["status"]),
    "nodes": FileCommand(nodes, nodes_options.add_options, nodes_texts.TEXTS["nodes"]),
    "keys": FileCommand(keys, keys_options.add_options, keys_texts.TEXTS["keys"]),
    "config": FileCommand(settings, settings_options.add_options, settings_texts.TEXTS["config"]),
    "operator": FileCommand(operator, operator_options.add_options, operator_texts.TEXTS["operator"]),
}
"""By name, in the order of the help."""
