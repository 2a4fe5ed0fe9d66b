"""What becomes of a command whose output nobody takes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TextIO

from llmlb.cli.complaint import complain
from llmlb.cli.edit_texts import say
from llmlb.messages import Locale


def told(work: Callable[[], int | None], locale: Locale, *, unheard: int = 0) -> int:
    """Do the work, whose every OSError is one of writing to standard output. Returns the exit code, else 0.

    `unheard`: that where whoever read has seen enough (`| head`).
    """
    try:
        code = work() or 0
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        say_no_more(sys.stdout)
        return unheard
    except OSError as error:
        say_no_more(sys.stdout)
        return complain(say(locale, "cannot_tell", problem=error.strerror or str(error)))


def drop_what_cannot_be_told() -> None:
    """Let the exit code be that of the work, where words are left that nobody takes: on a disk that is full, say."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            say_no_more(stream)


def say_no_more(stream: TextIO) -> None:
    """Write nothing more to it, as it takes nothing: not at the end of the program, either."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
