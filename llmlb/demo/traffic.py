"""Sample traffic for the demo: a gentle trickle from a few keys, so that the page has something to show."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from random import Random

import aiohttp
import attrs

from llmlb.clock import Clock
from llmlb.demo.habits import HABITS, Ask, Habit
from llmlb.demo.pace import pause_until

_LONGEST_REST = 30.0
_GIVE_UP_SECS = 300.0
_REST_AFTER_FAILURE = 3.0


async def trickle(
    base_url: str,
    keys: Sequence[str],
    *,
    clock: Clock,
    seed: int = 1,
    models: Sequence[str] = ("llama-3.2-1b", "qwen3-8b", "gemma-3-4b"),
    embedding_model: str = "nomic-embed-text",
    habits: Sequence[Habit] = HABITS,
    at_most: int = 8,
) -> None:
    """Send requests to the gateway at `base_url` (without /v1) for ever, each key with the habit of its number.

    Never more than `at_most` at once: what would be more is left out. Refusals and a gateway that is away are no
    reason to stop, only to rest for a while. Ends when it is cancelled, and then closes what it had open.
    """
    # One connection a request: the gateway sees clients come and go, as it would in real life.
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with aiohttp.ClientSession(connector=connector, trust_env=False) as session, asyncio.TaskGroup() as tasks:
        room = _Room(at_most)
        for number, key in enumerate(keys):
            user = _User(session, base_url.rstrip("/"), key, clock, tasks, room)
            chance = Random(seed * 1000 + number)
            tasks.create_task(user.live(habits[number % len(habits)], chance, tuple(models), embedding_model))


@attrs.define
class _Room:
    """How many more requests may be open, of all keys together."""

    left: int


class _User:
    """One key's side of the traffic."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        key: str,
        clock: Clock,
        tasks: asyncio.TaskGroup,
        room: _Room,
    ) -> None:
        self._session = session
        self._base_url = base_url
        self._headers = {"Authorization": f"Bearer {key}"}
        self._clock = clock
        self._tasks = tasks
        self._room = room
        self._rest_until = clock.now()

    async def live(self, habit: Habit, chance: Random, models: tuple[str, ...], embedding_model: str) -> None:
        """Go on for ever."""
        # Everybody starts within the first seconds, so that the page is not empty when it is first opened.
        when = self._clock.now() + chance.uniform(0.0, 3.0)
        while True:
            await pause_until(self._clock, when)
            # A refusal may come during any pause, and asks for another.
            while self._rest_until > self._clock.now():
                await pause_until(self._clock, self._rest_until)
            for ask in habit.next_burst(chance, models, embedding_model):
                if self._room.left:
                    self._room.left -= 1
                    self._tasks.create_task(self._send(ask))
            when = self._clock.now() + habit.next_gap(chance)

    async def _send(self, ask: Ask) -> None:
        timeout = aiohttp.ClientTimeout(total=ask.leaves_after or _GIVE_UP_SECS)
        try:
            async with self._session.post(
                self._base_url + ask.path, json=ask.body, headers=self._headers, timeout=timeout
            ) as response:
                async for _ in response.content.iter_any():
                    pass
                if response.status >= 400:
                    self._rest(_seconds(response.headers.get("Retry-After")))
        except TimeoutError:
            pass  # an impatient client has hung up, as it meant to
        except (aiohttp.ClientError, OSError):
            self._rest(_REST_AFTER_FAILURE)
        finally:
            self._room.left += 1

    def _rest(self, seconds: float) -> None:
        self._rest_until = max(self._rest_until, self._clock.now() + min(seconds, _LONGEST_REST))


def _seconds(retry_after: str | None) -> float:
    if retry_after is None or not retry_after.isdecimal():
        return _REST_AFTER_FAILURE
    return float(retry_after)
