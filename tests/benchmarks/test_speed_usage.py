from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from benchmarks.speed.usage import asleep, cpu_secs, family, resident_kib

BUSY = "print(flush=True)\nwhile True: pass"
IDLE = "import sys\nhoard = bytes(32 * 2**20)\nhoard = bytearray(hoard)\nprint(flush=True)\nsys.stdin.read()"
PARENT = "import subprocess, sys\nsubprocess.run([sys.executable, '-c', sys.argv[1]], stdin=sys.stdin)"


@pytest.fixture
def started(request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    """A process with this program, when it has printed a line."""
    arguments = [sys.executable, "-c", *request.param]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        for pid in reversed(family(process.pid)):
            subprocess.run(["kill", str(pid)], check=False, stderr=subprocess.DEVNULL)


@pytest.mark.parametrize("started", [[BUSY]], indirect=True)
def test_processor_time_goes_on_while_a_process_is_at_work(started: subprocess.Popen[bytes]) -> None:
    before = cpu_secs([started.pid])
    while cpu_secs([started.pid]) < before + 0.01:
        time.sleep(0.001)
    assert not asleep([started.pid])


@pytest.mark.parametrize("started", [[IDLE]], indirect=True)
def test_one_that_waits_is_asleep_and_holds_its_memory(started: subprocess.Popen[bytes]) -> None:
    while not asleep([started.pid]):
        time.sleep(0.001)
    before = cpu_secs([started.pid])
    assert resident_kib([started.pid]) > 32 * 1024
    assert cpu_secs([started.pid]) == before


@pytest.mark.parametrize("started", [[PARENT, IDLE]], indirect=True)
def test_what_a_process_has_started_counts_as_its_own(started: subprocess.Popen[bytes]) -> None:
    found = family(started.pid)
    assert len(found) == 2
    assert found[0] == started.pid
    assert resident_kib(found) > resident_kib(found[:1]) + 32 * 1024
