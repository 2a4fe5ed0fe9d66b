"""Asks a running gateway, through the socket beside its configuration file."""

from __future__ import annotations

import http.client
import json
import socket
from pathlib import Path
from typing import Any

from llmlb.web.control_path import socket_to_ask

PATIENCE_SECS = 30.0


class NotRunning(Exception):
    """No gateway answers for this configuration file."""


class Unreachable(Exception):
    """There may be a gateway, but it cannot be asked. Its text says why."""


class Forbidden(Unreachable):
    """It is another user's."""


def unreachable(error: OSError) -> Unreachable:
    """What to raise where the way to the gateway is barred."""
    return (Forbidden if isinstance(error, PermissionError) else Unreachable)(error.strerror or str(error))


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=PATIENCE_SECS)
        self._path = str(path)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def ask(config: Path, method: str, target: str) -> Any:
    """The answer of the gateway that follows the file `config`. Raises NotRunning or Unreachable."""
    connection = _Connection(socket_to_ask(config))
    try:
        connection.request(method, target)
        reply = connection.getresponse()
        content = reply.read()
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
        raise NotRunning from None
    except (ConnectionError, http.client.HTTPException):
        raise NotRunning from None  # it has just stopped
    except OSError as error:
        raise unreachable(error) from None
    finally:
        connection.close()
    if reply.status != 200:
        raise Unreachable(f"HTTP {reply.status}")
    return json.loads(content)
