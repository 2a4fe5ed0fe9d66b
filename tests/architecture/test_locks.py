"""What is installed: exactly the pinned files, from whichever index the machine uses."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = {name: ROOT / "requirements" / f"{name}.txt" for name in ("runtime", "build", "dev")}
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def entries(lock: str) -> list[str]:
    """The lock's requirements, each with its hashes on one line."""
    joined = LOCKS[lock].read_text(encoding="utf-8").replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#")]


def pins(lock: str) -> dict[str, str]:
    """Version by package."""
    found: dict[str, str] = {}
    for entry in entries(lock):
        requirement = Requirement(entry.split(" --hash=")[0])
        (pin,) = requirement.specifier
        assert pin.operator == "=="
        found[canonicalize_name(requirement.name)] = pin.version
    return found


def asked_for(lock: str) -> list[Requirement]:
    """What pyproject.toml asks for directly."""
    runtime = PROJECT["project"]["dependencies"]
    groups = PROJECT["dependency-groups"]
    build = groups["build"]
    dev = [line for line in groups["dev"] if isinstance(line, str)]
    lines = {"runtime": runtime, "build": build, "dev": runtime + build + dev}[lock]
    return [Requirement(line) for line in lines]


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_names_where_packages_come_from(lock: str) -> None:
    words = LOCKS[lock].read_text(encoding="utf-8")
    assert not re.search(r"://|--(extra-)?index|--find-links|--trusted-host| @ |\bfile:", words)
    assert not re.search(r"\b[\w-]+\.(org|com|io|net|dev)\b", words)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_requirement_is_one_version_with_hashes(lock: str) -> None:
    lines = entries(lock)
    assert len(pins(lock)) == len(lines) > 0
    unhashed = [line for line in lines if not re.search(r" --hash=sha256:[0-9a-f]{64}( |$)", line)]
    assert unhashed == []


@pytest.mark.parametrize("lock", LOCKS)
def test_the_lock_has_what_pyproject_asks_for(lock: str) -> None:
    pinned = pins(lock)
    for requirement in asked_for(lock):
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)]), requirement


def test_the_locks_agree_on_every_version() -> None:
    everything = pins("dev")
    for lock in ("runtime", "build"):
        assert pins(lock).items() <= everything.items()


def test_the_build_backend_is_the_pinned_one() -> None:
    assert PROJECT["build-system"]["requires"] == PROJECT["dependency-groups"]["build"]
