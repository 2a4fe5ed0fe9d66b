"""Changes of the file by the page, when whoever makes them does not stay to see it."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from llmlb.config.edit import CannotEdit, Draft
from llmlb.gateway.gateway import Gateway
from llmlb.gateway.reload import Reload, Reloader
from llmlb.gateway.steering import Steering
from llmlb.testing import eventually


class Listening:
    """A reloader that notes who asks."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def ask(self, by: str) -> asyncio.Future[Reload]:
        self.asked.append(by)
        answer: asyncio.Future[Reload] = asyncio.get_running_loop().create_future()
        answer.set_result(Reload())
        return answer

    def check_not_lost(self, content: bytes | None) -> None:
        """Nothing is."""


def steering(file: Path, reloader: Listening) -> Steering:
    return Steering(cast(Gateway, SimpleNamespace()), cast(Reloader, reloader), file, {})


@pytest.mark.parametrize("fails", [False, True])
async def test_a_change_whose_author_has_left_is_taken_by_their_name(tmp_path: Path, fails: bool) -> None:
    file, reloader = tmp_path / "config.toml", Listening()
    writing, go_on, over = threading.Event(), threading.Event(), threading.Event()

    def change(draft: Draft) -> Draft:
        writing.set()
        try:
            assert go_on.wait(10)
            if fails:
                raise CannotEdit
            return draft.set(("queue",), "max_size", 200)
        finally:
            over.set()

    task: asyncio.Task[Any] = asyncio.create_task(
        steering(file, reloader).change(change, version=None, by="operator at 10.0.0.7")
    )
    await eventually(writing.is_set, "the file is being written")
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert reloader.asked == []
    go_on.set()
    await eventually(over.is_set, "the thread goes on")
    if fails:
        await asyncio.to_thread(lambda: None)
        assert (reloader.asked, file.exists()) == ([], False)
    else:
        await eventually(lambda: reloader.asked == ["operator at 10.0.0.7"], "the file is read again, by that name")
        assert file.read_text() == "[queue]\nmax_size = 200\n"
