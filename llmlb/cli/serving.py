"""`llmlb serve` and `llmlb demo`: runs a gateway until it is told to stop."""

from __future__ import annotations

import asyncio
import shlex
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from llmlb.app import ConfigFile, Running, serve
from llmlb.cli.complaint import complain
from llmlb.cli.garbage import started
from llmlb.cli.output import told
from llmlb.cli.start_problem import cannot_start
from llmlb.cli.texts import say
from llmlb.config.document import is_no_file
from llmlb.config.load import Loaded
from llmlb.config.problems import ConfigError
from llmlb.config.report import describe_problems
from llmlb.hangup import Hangup
from llmlb.messages import Locale
from llmlb.nodes.discovery import places
from llmlb.nodes.lookups import LookupLoop

if TYPE_CHECKING:
    from llmlb.cli.demo import Demo

_log = structlog.get_logger("llmlb")


def serving(loaded: Loaded, file: Path | None, hangup: Hangup, environ: Mapping[str, str], locale: Locale) -> int:
    """Run a gateway that follows `file`, or the demo without one. Returns the exit code."""

    def announce(gateway: Running, demo: Demo | None = None) -> None:
        for warning in loaded.warnings:
            _log.warning("ignored", problem=warning)
        if gateway.reloader is None:
            _log.warning("configuration not followed", file=str(loaded.path), reason="it can be read only once")
        told(lambda: _announce(gateway, loaded, demo, locale), locale)
        started()

    if file is None:
        from llmlb.cli.demo import serve_demo  # here: a gateway that serves has no use for what the demo shows

        work = serve_demo(loaded, environ, hangup, announce)
    else:
        followed = None if is_no_file(file) else ConfigFile(path=file, loaded=loaded, environ=environ)
        work = serve(loaded.config, followed, hangup, announce)
    try:
        with asyncio.Runner(loop_factory=LookupLoop) as runner:
            return runner.run(work)
    except ConfigError as error:  # the file that the demo was given is another by now
        return complain(describe_problems(error.problems, locale), 2)
    except OSError as error:
        return complain(cannot_start(locale, error, loaded.config))
    except KeyboardInterrupt:
        return 130


def _announce(gateway: Running, loaded: Loaded, demo: Demo | None, locale: Locale) -> None:
    """Say where the gateway is and what it has found, for the person who has just started it."""
    config = loaded.config
    print(say(locale, "listening", url=gateway.url))
    if demo is not None:
        password = say(locale, "demo_password", password=demo.password) if demo.password else ""
        file = shlex.quote(str(demo.file))
        print(say(locale, "try_demo", url=gateway.url, password=password, file=file, llmlb=_this_program()))
    elif config.nodes:
        print(say(locale, "nodes", names=", ".join(node.name for node in config.nodes)))
    elif gateway.found:
        for place in gateway.found:
            print(say(locale, "found", title=place.title, port=place.port))
    else:
        looked = ", ".join(f"{place.title} ({place.port})" for place in places(config.server.port))
        print(say(locale, "found_nothing", looked=looked))


def _this_program() -> str:
    """What runs this program in another terminal that stands in the same directory."""
    if shutil.which("llmlb"):
        return "llmlb"
    python = Path(sys.executable)
    shown = python.relative_to(Path.cwd()) if python.is_relative_to(Path.cwd()) else python
    return f"{shlex.quote(str(shown))} -m llmlb"
