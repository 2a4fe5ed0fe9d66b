"""What becomes of a command whose output nobody takes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from llmlb.cli.complaint import complain
from llmlb.cli.edit_texts import say
from llmlb.messages import Locale


def told(work: Callable[[], int], locale: Locale, *, unheard: int = 0) -> int:
    """Do the work, whose every OSError is one of writing to standard output. Returns the exit code.

    `unheard`: that where whoever read has seen enough (`| head`).
    """
    try:
        code = work()
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        _say_no_more()
        return unheard
    except OSError as error:
        _say_no_more()
        return complain(say(locale, "cannot_tell", problem=error.strerror or str(error)))


def _say_no_more() -> None:
    """Standard output takes nothing: not at the end of the program, either."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
