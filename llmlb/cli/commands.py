"""The command line: `serve`, `check`, `demo`, `simulate`, and those of `FILE_COMMANDS`.

Exit codes: 0 done, 1 could not run (a taken port, say), 2 wrong usage or configuration. What a command needs is
imported when it is the one that was asked for: that takes longer than most of them do.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from llmlb import __version__
from llmlb.cli.complaint import complain
from llmlb.cli.file_commands import FILE_COMMANDS
from llmlb.cli.output import drop_what_cannot_be_told, told
from llmlb.cli.simulate.texts import TEXTS as SIMULATE_TEXTS
from llmlb.cli.texts import say, terminal_locale
from llmlb.cli.usage import Parser
from llmlb.cli.usual_file import DEFAULT_FILE
from llmlb.messages import Locale


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    _open_what_is_closed()
    _escape_what_cannot_be_shown()
    locale = terminal_locale(os.environ)
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = _parser(locale, _command_of(given)).parse_args(given)
    try:
        if options.command == "simulate":
            from llmlb.cli.simulate.command import simulate

            return simulate(options, _file(None, options.command), os.environ, locale)
        if options.command in FILE_COMMANDS:
            file = Path(options.config or DEFAULT_FILE)
            return FILE_COMMANDS[options.command].load().run(options, file, os.environ, locale)
        return _gateway(options, locale)
    except KeyboardInterrupt:
        return 130
    finally:
        drop_what_cannot_be_told()


def _gateway(options: argparse.Namespace, locale: Locale) -> int:
    """Run `serve`, `check` or `demo`: what there is to do with all the settings."""
    from llmlb.hangup import Hangup

    hangup = Hangup() if options.command != "check" else None  # first of all: the rest takes a while
    from llmlb.config.load import load
    from llmlb.config.problems import ConfigError
    from llmlb.config.report import describe_problems

    try:
        loaded = load(_file(options.config, options.command), os.environ)
    except ConfigError as error:
        return complain(describe_problems(error.problems, locale), 2)
    if hangup is None:
        for notice in loaded.notices:
            complain(notice.text(locale))
        checked = say(locale, "checked", file=loaded.path or say(locale, "no_file"))
        return told(lambda: print(checked), locale)

    from llmlb.cli.trust import nobody_trusted_yet

    with nobody_trusted_yet():
        import aiohttp  # noqa: F401 - before anything else does

    from llmlb.cli.serving import serving

    followed = None if options.command == "demo" else Path(options.config or DEFAULT_FILE)
    return serving(loaded, followed, hangup, os.environ, locale)


def _open_what_is_closed() -> None:
    """Let a program that was started with its output closed (`>&-`) run all the same, and say its words to nobody.

    Likewise with its input. In this order each gets its usual descriptor, so that no socket has that.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - stays open


def _escape_what_cannot_be_shown() -> None:
    """Let a name that the terminal has no characters for be told in escapes, rather than end the program."""
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors in ("strict", "surrogateescape"):
        sys.stdout.reconfigure(errors="backslashreplace")


def _file(named: str | None, command: str) -> Path | None:
    """The file to read: the one named, else `config.toml` if there is one here.

    The demo takes only one that is named: its keys are known to everybody, and the file of a real gateway may open
    it to other machines.
    """
    if named is not None:
        return Path(named)
    return DEFAULT_FILE if command != "demo" and DEFAULT_FILE.exists() else None


def _command_of(arguments: Sequence[str]) -> str | None:
    """Which command is asked for: no option before it takes a value."""
    return next((argument for argument in arguments if not argument.startswith("-")), None)


def _parser(locale: Locale, asked: str | None) -> argparse.ArgumentParser:
    """Knows every command, but only of the one that is `asked` for what options it takes."""
    called = "llmlb" if Path(sys.argv[0]).name == "llmlb" else "python -m llmlb"
    parser = Parser(prog=called, description=say(locale, "about"), add_help=False)
    options = parser.add_argument_group(say(locale, "options"))
    options.add_argument("-h", "--help", action="help", help=say(locale, "help"))
    version = f"llmlb {__version__}"
    options.add_argument("--version", action="version", version=version, help=say(locale, "version"))
    commands = parser.add_subparsers(
        dest="command", required=True, metavar="COMMAND", title=say(locale, "commands"), prog=parser.prog
    )
    for name in ("serve", "check", "demo"):
        command = commands.add_parser(name, help=say(locale, name), description=say(locale, name), add_help=False)
        options = command.add_argument_group(say(locale, "options"))
        options.add_argument("-h", "--help", action="help", help=say(locale, "help"))
        options.add_argument(
            "--config", metavar="FILE", help=say(locale, "demo_config" if name == "demo" else "config")
        )
    for name, one in FILE_COMMANDS.items():
        command = commands.add_parser(name, help=one.about[locale], add_help=False)
        if name == asked:
            one.load().add_options(command, locale)
    command = commands.add_parser("simulate", help=SIMULATE_TEXTS["simulate"][locale], add_help=False)
    if asked == "simulate":
        from llmlb.cli.simulate.options import add_options

        add_options(command, locale)
        command.add_argument_group(say(locale, "options")).add_argument(
            "-h", "--help", action="help", help=say(locale, "help")
        )
    return parser
