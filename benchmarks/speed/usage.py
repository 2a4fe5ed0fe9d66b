"""What processes use of the machine, as the system counts it: processor time, memory, descriptors."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterable
from pathlib import Path
from time import clock_gettime

KIB = 1024.0


def cpu_secs(pids: Iterable[int]) -> float:
    """Seconds of a processor that these processes have used, all their threads included, exact at this moment.

    /proc tells it too, but in hundredths of a second, or as of the last tick and without threads that have ended.
    Raises OSError when one of them is gone.
    """
    return sum(clock_gettime((~pid << 3) | 2) for pid in pids)  # clock_getcpuclockid(3), which Python does not have


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(") ")[2].split()[1])
            except OSError:  # it has just ended
                continue
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def resident_kib(pids: Iterable[int]) -> float:
    """Memory that these processes hold, in KiB; what they share counts for each."""
    pages = sum(int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids)
    return pages * os.sysconf("SC_PAGE_SIZE") / KIB


def asleep(pids: Iterable[int]) -> bool:
    """Whether all of them wait for something other than a core: on a busy machine one may do nothing for want of it."""
    stats = (Path(f"/proc/{pid}/stat").read_text() for pid in pids)
    return all(stat.rpartition(") ")[2][0] in "SI" for stat in stats)


def raise_descriptor_limit() -> None:
    """Let this process, and those it starts, have as many sockets as they may."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
