"""Who runs on which core: the peer has one to itself, load and nodes share the other."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager


def cores() -> tuple[frozenset[int], frozenset[int]]:
    """For a peer, and for load and nodes: all there are for both where there is but one."""
    there = sorted(os.sched_getaffinity(0))
    if len(there) < 2:
        return frozenset(there), frozenset(there)
    return frozenset(there[-1:]), frozenset(there[:1])


PEER, LOAD = cores()


@contextmanager
def kept_to(core: Collection[int]) -> Iterator[None]:
    """Keep this thread, and the processes it starts, to a core as long as the block."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, core)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
