from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any

import pytest

from llmlb.nodes.lookups import LookupLoop

FOUND = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 80))]


class Resolver:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.asked: SimpleQueue[str] = SimpleQueue()
        self.answers: SimpleQueue[Any] = SimpleQueue()

    def __call__(self, host: str, *_: object) -> Any:
        self.asked.put(host)
        answer = self.answers.get()
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Resolver:
    one = Resolver()
    monkeypatch.setattr(socket, "getaddrinfo", one)
    return one


def run(work: Callable[[asyncio.AbstractEventLoop], Any]) -> list[dict[str, Any]]:
    """Run it on such a loop. Returns what the loop complains of."""
    complaints: list[dict[str, Any]] = []
    with asyncio.Runner(loop_factory=LookupLoop) as runner:
        loop = runner.get_loop()
        loop.set_exception_handler(lambda _, complaint: complaints.append(complaint))
        runner.run(work(loop))
    return complaints


def test_all_who_ask_for_a_name_at_once_get_the_answer_to_one_question(resolver: Resolver) -> None:
    async def ask(loop: asyncio.AbstractEventLoop) -> None:
        some = [asyncio.ensure_future(loop.getaddrinfo("a.example", 80)) for _ in range(3)]
        await asyncio.to_thread(resolver.asked.get)
        some.pop().cancel()
        resolver.answers.put(FOUND)
        assert await asyncio.gather(*some) == [FOUND, FOUND]
        again = asyncio.ensure_future(loop.getaddrinfo("a.example", 80))
        resolver.answers.put([])
        assert await again == []

    assert run(ask) == []
    assert resolver.asked.qsize() == 1


@pytest.mark.parametrize("problem", [socket.gaierror(-2, "unknown"), UnicodeError("no name")])
def test_what_cannot_be_found_is_told_to_all_who_still_want_to_know(resolver: Resolver, problem: Exception) -> None:
    async def ask(loop: asyncio.AbstractEventLoop) -> None:
        left, stays = [asyncio.ensure_future(loop.getaddrinfo("a.example", 80)) for _ in range(2)]
        await asyncio.to_thread(resolver.asked.get)
        left.cancel()
        resolver.answers.put(problem)
        with pytest.raises(type(problem)):
            await stays
        gone = asyncio.ensure_future(loop.getaddrinfo("a.example", 80))
        await asyncio.to_thread(resolver.asked.get)
        gone.cancel()
        resolver.answers.put(problem)

    assert run(ask) == []


def test_the_loop_ends_while_a_name_is_still_looked_up(resolver: Resolver) -> None:
    async def ask(loop: asyncio.AbstractEventLoop) -> None:
        asking = asyncio.ensure_future(loop.getaddrinfo("a.example", 80))
        await asyncio.to_thread(resolver.asked.get)
        asking.cancel()

    assert run(ask) == []
    resolver.answers.put(FOUND)


def test_without_a_thread_for_it_a_name_is_not_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def start(_: Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def ask(loop: asyncio.AbstractEventLoop) -> None:
        monkeypatch.setattr(Thread, "start", start)
        with pytest.raises(BlockingIOError):
            await loop.getaddrinfo("a.example", 80)

    assert run(ask) == []
