"""What a gateway that serves has loaded: its start, and its memory, are made of little else."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

from llmlb.testing import eventually
from tests.process.conftest import Serve
from tests.process.program import Gateway

TOLD = {"PYTHONPROFILEIMPORTTIME": "1"}
"""Has Python say on standard error what it imports."""
WHEN_ASKED = {
    "/": ("jinja2", "llmlb.web.dashboard"),
    "/operator": ("argon2", "jinja2", "llmlb.config.edit", "llmlb.web.operator"),
    "/metrics": ("llmlb.telemetry.exposition", "llmlb.web.metrics"),
}
NOT_EVEN_THEN = (
    "llmlb.cli.edit_command",
    "llmlb.cli.simulate.command",
    "llmlb.demo",
    "llmlb.simulate",
    "llmlb.testing",
    "llmlb.web.control",
)
"""For other commands, and for those who ask on the socket of this one."""


def loaded(gateway: Gateway, until: str = "") -> set[str]:
    """What it has loaded; before it told of the event `until`, if that is given."""
    told = gateway.err.partition(f'"event":"{until}"')[0]
    return set(re.findall(r"^import time: +\d+ \| +\d+ \| +(\S+)$", told, re.MULTILINE))


def unwanted(modules: Iterable[str], packages: Iterable[str]) -> list[str]:
    """Those of the modules that belong to these packages, or are them."""
    return sorted({package for package in packages for module in modules if f"{module}.".startswith(f"{package}.")})


@pytest.mark.parametrize("path", WHEN_ASKED)
async def test_what_pages_need_is_loaded_by_whoever_asks_for_one_first(serve: Serve, path: str) -> None:
    gateway = await serve(env=TOLD)
    at_first = loaded(gateway)
    assert {"llmlb.app", "llmlb.gateway.gateway", "llmlb.web.late"} <= at_first  # it is told at all
    assert unwanted(at_first, [*NOT_EVEN_THEN, *(name for names in WHEN_ASKED.values() for name in names)]) == []
    assert (await gateway.get(path)).status == 200
    await eventually(lambda: set(WHEN_ASKED[path]) <= loaded(gateway), f"modules of {path}")
    assert unwanted(loaded(gateway), NOT_EVEN_THEN) == []


async def test_what_it_cannot_do_without_is_loaded_before_clients_come(serve: Serve) -> None:
    """A crowd of them may leave it no descriptor to open a module with."""
    gateway = await serve(env=TOLD)
    assert "concurrent.futures.thread" in loaded(gateway, until="listening")
