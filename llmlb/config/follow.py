"""When a configuration file is worth reading again, and when what was read is whole.

A file is looked at by its stamp, so that any way to change it is seen: written in place, renamed over, a link that
points elsewhere. Asking now and then works on every disk, those of a network and of containers included.
"""

from __future__ import annotations

import os
from pathlib import Path as FilePath

import attrs

from llmlb.clock import Clock
from llmlb.config.document import read_bytes
from llmlb.config.problems import ConfigError

STILL_SECS = 0.1
"""A file that has not been written for so long is whole. Many editors save in two steps, and the first empties it."""

Stamp = tuple[int, ...]
"""What changes with a file: times, size, identity. Empty when there is none, or none that can be seen."""


def stamp(path: FilePath) -> Stamp:
    """The stamp of the file that `path` leads to. Its mode counts: one that could not be read perhaps can be now."""
    try:
        seen = os.stat(path)
    except (OSError, ValueError):
        return ()
    return (seen.st_mtime_ns, seen.st_ctime_ns, seen.st_size, seen.st_ino, seen.st_dev)


@attrs.frozen(kw_only=True)
class Reading:
    """What was in a file at one moment, if nobody wrote it meanwhile. Times are of the gateway's clock."""

    content: bytes | ConfigError
    """The error: it could not be read."""
    before: Stamp
    after: Stamp
    begun: float
    ended: float
    wall: float
    """The Unix time at which it was begun."""


def read_once(path: FilePath, clock: Clock) -> Reading:
    """Read the file, which somebody may be writing just now. It may take as long as the disk does."""
    begun, wall, before = clock.now(), clock.wall(), stamp(path)
    content: bytes | ConfigError
    try:
        content = read_bytes(path)
    except ConfigError as error:
        content = error
    return Reading(content=content, before=before, after=stamp(path), begun=begun, ended=clock.now(), wall=wall)


class Patience:
    """Judges readings of one file, one after another, until one is of a whole file."""

    def __init__(self) -> None:
        self._stamp: Stamp | None = None
        self._since = 0.0

    def whole(self, reading: Reading) -> bool:
        """Whether the file was the same before and after, and had not been written for `STILL_SECS`.

        That is told by its own time, or, where the clocks differ, by how long we have seen it so.
        """
        if reading.before != reading.after:
            self._stamp = None
            return False
        if reading.before != self._stamp:
            self._stamp, self._since = reading.before, reading.ended
        written = reading.before[0] / 1e9 if reading.before else reading.wall
        return max(reading.wall - written, reading.begun - self._since) >= STILL_SECS


class Watch:
    """Looks at a file now and then. Whoever writes one in several steps is given until the next look to finish.

    What has changed is worth reading twice: two writes can be too close together for a disk to tell them apart.
    """

    def __init__(self, path: FilePath) -> None:
        self.path = path
        self._seen: Stamp | None = None
        self._once: Stamp | None = None
        self._twice: Stamp | None = None

    def look(self) -> bool:
        """Whether the file is worth reading: another than the one read last, and as it was at the last look."""
        now = stamp(self.path)
        still, self._seen = now == self._seen, now
        return still and now != self._twice

    def reading(self) -> None:
        """The file is about to be read: what is written from now on is another."""
        now = stamp(self.path)
        self._twice = now if now == self._once else None
        self._seen = self._once = now
