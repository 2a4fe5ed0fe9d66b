"""Why a gateway could not start, in one line that says what to do about it."""

from __future__ import annotations

import errno
import socket

from llmlb.cli.texts import say
from llmlb.config.model import Config
from llmlb.messages import Locale

_LISTENING = {
    errno.EADDRINUSE: "port_taken",
    errno.EACCES: "port_forbidden",
    errno.EADDRNOTAVAIL: "no_such_address",
}


def cannot_start(locale: Locale, error: OSError, config: Config) -> str:
    """What to tell whoever tried: `error` came from listening, or from opening the log file of `config`."""
    problem = error.strerror or str(error)
    if error.filename is not None and str(error.filename) == config.log.file:
        return say(locale, "log_file", file=config.log.file, problem=problem)
    # From Python 3.13 on asyncio gives no number when it could bind to none of the host's addresses.
    nowhere = isinstance(error, socket.gaierror) or error.errno is None
    key = "no_such_address" if nowhere else _LISTENING.get(error.errno or 0, "cannot_start")
    return say(locale, key, host=config.server.host, port=config.server.port, problem=problem)
