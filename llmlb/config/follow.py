"""When a configuration file is worth reading again: it is another than the one that was read, and stands still.

A file is looked at by its stamp, so that any way to change it is seen: written in place, renamed over, a link that
points elsewhere. Asking now and then works on every disk, those of a network and of containers included.
"""

from __future__ import annotations

import os
from pathlib import Path as FilePath

Stamp = tuple[int, ...]
"""What changes with a file: times, size, identity. Empty when there is none, or none that can be seen."""


def stamp(path: FilePath) -> Stamp:
    """The stamp of the file that `path` leads to. Its mode counts: one that could not be read perhaps can be now."""
    try:
        seen = os.stat(path)
    except (OSError, ValueError):
        return ()
    return (seen.st_mtime_ns, seen.st_ctime_ns, seen.st_size, seen.st_ino, seen.st_dev)


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
