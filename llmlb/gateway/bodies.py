"""Memory for request bodies: one budget for all that wait."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

import structlog

from llmlb.errors import QueueFull

_log = structlog.get_logger("llmlb.gateway")


class Bodies:
    """The bytes of request bodies held at the moment, never more than `limit`."""

    def __init__(self, limit: int, retry_after: Callable[[], int]) -> None:
        self.limit = limit
        self.held = 0
        self.retry_after = retry_after
        self.wanted = 0
        """The bytes of the body that was refused last, until there is room for it. Not of one that never fits."""

    @property
    def full(self) -> bool:
        """Whether a body that was refused would be again, or the limit has been lowered so far that any would be."""
        return self.held + self.wanted > self.limit

    def hold(self) -> Hold:
        """Room for one body. Use it as a context, so that it is given back whatever happens."""
        return Hold(self)

    def fits(self, size: int, counted: int) -> bool:
        """Whether there is room for a body of `size` bytes, so many of which are counted already."""
        return self.held - counted + size <= self.limit

    def check(self, size: int, counted: int) -> None:
        """Raises QueueFull when it does not fit: to be told to a client, for it promises a place."""
        if not self.fits(size, counted):
            if size <= self.limit:
                self.wanted = size
            raise QueueFull(self.retry_after())

    def take(self, size: int, counted: int) -> None:
        """Count a body of `size` bytes, so many of which are counted already. Raises QueueFull when it does not fit."""
        self.check(size, counted)
        self.held += size - counted


class Hold:
    """One body's share of the budget."""

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies
        self._size = 0

    def fits(self, size: int) -> bool:
        """Whether a body of `size` bytes would fit now."""
        return self._bodies.fits(size, self._size)

    def check(self, size: int) -> None:
        """Raises QueueFull when a body of `size` bytes would not fit now. Takes nothing: it may never come."""
        self._bodies.check(size, self._size)

    def reserve(self, size: int) -> None:
        """Have room for `size` bytes in all. Raises QueueFull when there is none."""
        if size > self._size:
            self._bodies.take(size, self._size)
            self._size = size

    def whole(self, join: Callable[[], bytes]) -> bytes:
        """The body, as `join` makes it of its pieces. Raises QueueFull when the system has no memory for that, though
        the limit has."""
        try:
            return join()
        except MemoryError:
            _log.error("no memory for a body", size=self._size)
            raise QueueFull(self._bodies.retry_after()) from None

    def release(self) -> None:
        """Give the room back. Harmless when it has been."""
        bodies = self._bodies
        bodies.held -= self._size
        self._size = 0
        if bodies.wanted and not bodies.full:
            bodies.wanted = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()
