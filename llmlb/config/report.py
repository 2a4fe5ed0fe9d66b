"""What is told of a configuration that is wrong, or whose file cannot be written."""

from __future__ import annotations

import errno
from collections.abc import Sequence

from llmlb.config.problems import Problem
from llmlb.config.texts import say
from llmlb.messages import Locale

_NOT_WRITTEN = {
    errno.EACCES: "write_forbidden",
    errno.EPERM: "write_forbidden",
    errno.ENOENT: "write_nowhere",
    errno.ENOTDIR: "write_nowhere",
    errno.EROFS: "write_read_only",
    errno.ENOSPC: "write_full",
    errno.EDQUOT: "write_full",
    errno.EBUSY: "write_mounted",
}


def why_not_written(error: OSError, locale: Locale) -> str:
    """Why a configuration file could not be replaced, in a few words."""
    key = _NOT_WRITTEN.get(error.errno or 0)
    return say(locale, key) if key else error.strerror or type(error).__name__


def describe_problems(problems: Sequence[Problem], locale: Locale) -> str:
    """The problems, one a line, under a heading that counts them; a single one stands alone.

    Ends without a line end.
    """
    lines = [problem.text(locale) for problem in problems]
    if len(lines) == 1:
        return lines[0]
    return "\n".join([say(locale, "heading", count=len(lines)), *(f"  {line}" for line in lines)])
