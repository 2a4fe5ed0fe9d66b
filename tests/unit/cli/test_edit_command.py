"""What commands that edit the file share."""

from __future__ import annotations

import os
from types import SimpleNamespace

import pytest

from llmlb.cli.edit_command import user


def test_who_runs_a_command_is_told_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4242)
    monkeypatch.setenv("SUDO_USER", "mallory")
    monkeypatch.setattr("pwd.getpwuid", lambda number: SimpleNamespace(pw_name=f"user-{number}"))
    assert user() == "user-4242", "only root is somebody else by sudo"
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert user() == "user-0 (mallory)"
    monkeypatch.delenv("SUDO_USER")
    assert user() == "user-0"


def test_a_user_without_a_name_goes_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a container that runs under any number."""

    def nobody(_: int) -> None:
        raise KeyError

    monkeypatch.setattr(os, "getuid", lambda: 1000680000)
    monkeypatch.setattr("pwd.getpwuid", nobody)
    assert user() == "1000680000"
