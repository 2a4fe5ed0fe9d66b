"""Compares passwords in a thread of its own, one after the other: each takes 64 MiB and about 100 ms."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from llmlb.config.password import is_password

MOST_WAITING = 8


class PasswordCheck:
    """The one place where passwords are compared. At most MOST_WAITING wait for the one that is being compared."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="operator-password")
        self._unfinished = 0

    @property
    def full(self) -> bool:
        """No more are taken."""
        return self._unfinished > MOST_WAITING

    async def is_password(self, password_hash: str, text: str) -> bool:
        """Whether the text is the password. Look at `full` first."""
        self._unfinished += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, is_password, password_hash, text)
        finally:
            self._unfinished -= 1

    def close(self) -> None:
        """Compare none of those that still wait."""
        self._thread.shutdown(wait=False, cancel_futures=True)
