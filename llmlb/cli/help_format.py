"""Help on the command line that keeps to the width of the terminal in Japanese, too."""

from __future__ import annotations

import argparse
import re

from llmlb.simulate.table import width

_PIECES = re.compile(r"[\x21-\x7e]+[、。）]*\s*|\S[、。）」]*\s*")
"""What a line may end after: a word, or any full-width character with the punctuation that clings to it."""


class HelpFormatter(argparse.RawDescriptionHelpFormatter):
    """As argparse does it, but full-width characters count twice and a line may end after any of them."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return wrapped(text, width)


def wrapped(text: str, most: int) -> list[str]:
    """The text in lines of at most `most` columns, as far as its pieces allow."""
    lines = [""]
    for piece in _PIECES.findall(" ".join(text.split())):
        if lines[-1] and width(lines[-1] + piece.rstrip()) > most:
            lines.append("")
        lines[-1] += piece
    return [line.rstrip() for line in lines]
