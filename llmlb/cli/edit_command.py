"""What commands that edit the configuration file share: having the running gateway follow, and saying what failed."""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TextIO
from urllib.parse import urlencode

from llmlb.cli.complaint import complain
from llmlb.cli.control_client import NotRunning, Unreachable, ask
from llmlb.cli.edit_texts import say
from llmlb.cli.output import told
from llmlb.config.edit import CannotEdit, Draft
from llmlb.config.edit_file import ChangedMeanwhile, Edited, edit_file
from llmlb.config.problems import ConfigError, Problem
from llmlb.config.report import describe_problems, why_not_written
from llmlb.messages import Locale


class Refused(Exception):
    """The command cannot be done. Its text says why, in the user's language; `code` is the exit code."""

    def __init__(self, text: str, code: int = 1) -> None:
        self.code = code
        super().__init__(text)


class _NotWritten(Exception):
    """The file could not be written."""

    def __init__(self, why: OSError) -> None:
        self.why = why
        super().__init__(why)


def edit(file: Path, environ: Mapping[str, str], change: Callable[[Draft], Draft]) -> Edited:
    """`edit_file`, for what is `explained`: a file that cannot be written is no output that cannot."""

    def checked(draft: Draft) -> Draft:
        if not draft.text.strip():
            _check_not_lost(file)
        return change(draft)

    try:
        return edit_file(file, environ, checked)
    except OSError as error:
        raise _NotWritten(error) from None


def _check_not_lost(file: Path) -> None:
    """Raise ConfigError where a gateway goes on with the keys of a file that is gone or empty.

    What is written into it would be taken, and have no keys: then the gateway is open to all.
    """
    try:
        keys = ask(file, "GET", "/keys")["keys"]
    except (NotRunning, Unreachable):
        return
    if keys:
        raise ConfigError((Problem(reason="emptied" if file.exists() else "no_file", file=str(file)),))


def explained(work: Callable[[], int], file: Path, locale: Locale, *, edits: bool = True) -> int:
    """Do the work, and say in words why `file` could not be read or changed. Returns the exit code.

    `edits`: whether the work is a change, so that it is to be said that there was none.
    """
    try:
        return told(work, locale, unheard=int(edits))  # a gateway notices a change by itself
    except Refused as refused:
        return complain(str(refused), refused.code)
    except ConfigError as error:
        code = complain(describe_problems(error.problems, locale), 2)
        if edits:
            complain(say(locale, "nothing_changed"))
        return code
    except CannotEdit:
        return complain(say(locale, "cannot_edit", file=file))
    except UnicodeEncodeError:  # of bytes that a shell may give, and no file can hold
        return complain(say(locale, "no_text"), 2)
    except ChangedMeanwhile:
        return complain(say(locale, "changed_meanwhile", file=file))
    except _NotWritten as error:
        return complain(say(locale, "cannot_write", file=file, problem=why_not_written(error.why, locale)))


def follow(file: Path, locale: Locale, to: TextIO | None = None) -> int:
    """Have the gateway that runs with `file` read it, and say on `to` what came of it. Returns the exit code."""
    to = to or sys.stdout
    try:
        came = ask(file, "POST", "/reload?" + urlencode({"by": user()}))
    except NotRunning:
        print(say(locale, "not_running"), file=to)
        return 0
    except Unreachable as error:
        print(say(locale, "unreachable", problem=error), file=to)
        return 0
    if came["problems"]:
        return complain("\n".join([say(locale, "refused"), *(f"  {problem[locale]}" for problem in came["problems"])]))
    print(say(locale, "stopping" if came["stopping"] else "applied"), file=to)
    if came["restart"]:
        print(say(locale, "restart", settings=", ".join(came["restart"])), file=to)
    return 0


def user() -> str:
    """Who runs the command, for the log of the gateway; behind `sudo` the one who became root."""
    number = os.getuid()
    try:
        name = pwd.getpwuid(number).pw_name
    except KeyError:  # a container may run under a number without a name
        name = str(number)
    real = os.environ.get("SUDO_USER", "") if number == 0 else ""
    return f"{name} ({real})" if real else name


def read_secret(file: str, locale: Locale, *, whole_line: bool = False) -> str:
    """A secret from a file, or from standard input when that is `-`; without the spaces around it. Raises Refused.

    `whole_line`: spaces belong to it, only the line's end does not.
    """
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except OSError as error:
        problem = error.strerror or type(error).__name__
        raise Refused(say(locale, "secret_file", file=file, problem=problem)) from None
    except ValueError:
        raise Refused(say(locale, "secret_file", file=file, problem="not UTF-8")) from None
    secret = text.removesuffix("\n").removesuffix("\r") if whole_line else text.strip()
    if not secret:
        raise Refused(say(locale, "secret_empty", file=file))
    return secret
