"""Tasks that live as long as the gateway, with one owner.

A task of this kind never ends by itself. One that does has hit a bug; going on without it would be a gateway that
looks alive and is not, so the owner is told, and ends the process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import structlog

_log = structlog.get_logger("llmlb.background")


class Background:
    """Starts named tasks and stops them all. `died` is called once for each that ends by itself."""

    def __init__(self, died: Callable[[str], None] | None = None) -> None:
        self.healthy = True
        self._died = died
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run `work` until it is cancelled or `stop` is called."""
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    async def stop(self) -> None:
        """Cancel every task and wait until all are gone."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        self.healthy = False
        _log.critical("task died", task=task.get_name(), exc_info=error)
        if self._died is not None:
            self._died(task.get_name())
