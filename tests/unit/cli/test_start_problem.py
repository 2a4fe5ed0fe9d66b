"""Why a gateway could not start, in one line."""

from __future__ import annotations

import errno
import socket

import pytest

from llmlb.cli.start_problem import cannot_start
from llmlb.config.model import Config, Server

CONFIG = Config(server=Server(host="192.0.2.1", port=8080))


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EADDRNOTAVAIL, "error while attempting to bind"),
        OSError("could not bind on any address out of [('192.0.2.1', 8080)]"),  # Python 3.13's asyncio
        socket.gaierror(-2, "Name or service not known"),
    ],
)
def test_an_address_of_another_machine_is_said_to_be_one(error: OSError) -> None:
    assert cannot_start("en", error, CONFIG).startswith("cannot start: this machine has no address 192.0.2.1.")


def test_a_port_that_needs_more_rights_is_named() -> None:
    said = cannot_start("en", PermissionError(errno.EACCES, "Permission denied"), CONFIG)
    assert "8080" in said
    assert "Errno" not in said


def test_what_is_not_foreseen_is_told_in_the_systems_words() -> None:
    assert "Too many open files" in cannot_start("ja", OSError(errno.EMFILE, "Too many open files"), CONFIG)
