"""What is said of a command line that means nothing: in the language of the terminal, and with how it is used."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from llmlb.cli.texts import terminal_locale

_WHICH = r"argument (?P<which>.+?): "
_JAPANESE = (
    (r"the following arguments are required: (?P<what>.+)", "{what} を指定してください。"),
    (r"unrecognized arguments: (?P<what>.+)", "この引数は使えません: {what}"),
    (_WHICH + r"expected .*argument", "{which} には値が必要です。"),
    (_WHICH + r"ignored explicit argument .+", "{which} に値は付けられません。"),
    (_WHICH + r"not allowed with argument (?P<what>.+)", "{which} と {what} は同時に指定できません。"),
    (
        _WHICH + r"invalid choice: (?P<what>.+) \(choose from (?P<known>.+)\)",
        "{what} はありません。次のどれかを指定してください: {known}",
    ),
    (_WHICH + r"(?P<what>.+)", "{which}: {what}"),
)
"""What argparse says, and that in Japanese; what is not here is said in its own words."""


class Parser(argparse.ArgumentParser):
    """A parser whose every complaint is one line under its own usage, whatever was typed."""

    def parse_known_args(self, args: Sequence[str] | None = None, namespace: Any = None) -> Any:  # type: ignore[override]
        """As argparse does it, but what a command does not know it says itself: its caller knows less of it."""
        known, others = super().parse_known_args(args, namespace)
        if others:
            self.error(f"unrecognized arguments: {' '.join(others)}")
        return known, others

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and how it is used, and end with the code for wrong usage."""
        if self._subparsers is None:
            self.print_usage(sys.stderr)
        else:
            self.print_help(sys.stderr)  # which tells the commands there are
        from llmlb.telemetry.lines import printable  # here: it takes longer to load than some commands do

        text = _in_japanese(message) if terminal_locale(os.environ) == "ja" else message
        self.exit(2, f"llmlb: {printable(text)}\n")


def _in_japanese(message: str) -> str:
    for pattern, words in _JAPANESE:
        if found := re.fullmatch(pattern, message, re.DOTALL):
            return words.format(**found.groupdict())
    return message
