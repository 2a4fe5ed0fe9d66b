"""Waiting in tests: for a fact, or for the tasks that can go on to have done so."""

# ruff: noqa: ASYNC109 - the failure messages say how long was waited

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


async def eventually(condition: Callable[[], object], what: str, timeout: float = 5.0) -> None:
    """Return once `condition()` is true; AssertionError naming `what` after `timeout` seconds."""
    try:
        async with asyncio.timeout(timeout):
            while not condition():
                await pause(0.001)
    except TimeoutError:
        raise AssertionError(f"not within {timeout:g} s: {what}") from None


async def within(seconds: float, awaitable: Awaitable[T], what: Callable[[], str]) -> T:
    """The value of `awaitable`; AssertionError with `what()` if it takes longer than `seconds`."""
    try:
        async with asyncio.timeout(seconds):
            return await awaitable
    except TimeoutError:
        raise AssertionError(f"not within {seconds:g} s: {what()}") from None


async def pause(seconds: float) -> None:
    """Let real time pass. Never to wait for something to have happened: that is `eventually`."""
    await asyncio.sleep(seconds)  # noqa: TID251 - doubles live in real time; this is the one place


async def settle(turns: int = 20) -> None:
    """Let every task that can go on do so, without time passing; `turns` is how many hand-overs deep."""
    for _ in range(turns):
        await pause(0)
