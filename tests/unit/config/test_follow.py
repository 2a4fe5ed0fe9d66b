"""When a file is worth reading: it is another, and stands still."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

from llmlb.config.follow import STILL_SECS, Patience, Reading, Watch, read_once
from llmlb.config.problems import ConfigError
from llmlb.testing import ManualClock


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text("[queue]\n")
    return path


def read(watch: Watch) -> None:
    """Look until the file is known, reading it whenever it is worth it."""
    for _ in range(5):
        if watch.look():
            watch.reading()
    assert not watch.look()


def in_place(file: Path) -> None:
    file.write_text("[server]\n")


def by_another_file(file: Path) -> None:
    other = file.with_name("other")
    other.write_text("[queue]\n")
    other.rename(file)


def same_size_and_time(file: Path) -> None:
    seen = file.stat()
    file.write_text("[quEue]\n")
    os.utime(file, ns=(seen.st_atime_ns, seen.st_mtime_ns))


def permission(file: Path) -> None:
    file.chmod(0o600)


@pytest.mark.parametrize("change", [in_place, by_another_file, same_size_and_time, permission, Path.unlink])
def test_every_way_to_change_a_file_is_seen(file: Path, change: Callable[[Path], None]) -> None:
    watch = Watch(file)
    read(watch)
    change(file)
    assert not watch.look(), "it may still be being written"
    assert watch.look()
    read(watch)


def test_a_link_that_leads_elsewhere_is_seen(tmp_path: Path, file: Path) -> None:
    """As in a directory that Kubernetes mounts."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    for name in ("one", "two"):
        (tmp_path / name / "c.toml").write_text("")
    (tmp_path / "data").symlink_to("one")
    link = tmp_path / "c.toml"
    link.symlink_to("data/c.toml")
    watch = Watch(link)
    read(watch)
    (tmp_path / "new").symlink_to("two")
    (tmp_path / "new").rename(tmp_path / "data")
    assert [watch.look(), watch.look()] == [False, True]


def test_a_file_is_left_alone_while_it_is_written(file: Path) -> None:
    watch = Watch(file)
    read(watch)
    for size in range(2, 6):
        file.write_text("#" * size)
        assert not watch.look()
    assert watch.look()


def test_what_changed_is_read_twice(file: Path) -> None:
    """Two writes within one tick of the disk's clock look like one."""
    watch = Watch(file)
    read(watch)
    in_place(file)
    watch.look()
    assert watch.look()
    watch.reading()
    assert watch.look()
    watch.reading()
    assert not watch.look()


def test_a_file_that_was_never_there_is_not_read_again_and_again(tmp_path: Path) -> None:
    watch = Watch(tmp_path / "none.toml")
    read(watch)
    assert not watch.look()
    watch.path.write_text("")
    assert [watch.look(), watch.look()] == [False, True]


# Whether what was read is whole

MTIME = 1_000_000_000
OLD = Reading(content=b"", before=(MTIME * 10**9, 1), after=(MTIME * 10**9, 1), begun=5.0, ended=5.0, wall=MTIME + 1.0)


def test_a_file_not_written_for_a_while_is_whole() -> None:
    assert Patience().whole(OLD)


@pytest.mark.parametrize("wall", [MTIME + STILL_SECS / 2, MTIME - 100.0])
def test_a_file_just_written_is_whole_when_it_has_been_seen_so_for_a_while(wall: float) -> None:
    fresh = attrs.evolve(OLD, wall=wall)
    patience = Patience()
    assert not patience.whole(fresh)
    assert not patience.whole(attrs.evolve(fresh, begun=5.0 + STILL_SECS / 2))
    assert patience.whole(attrs.evolve(fresh, begun=5.1 + STILL_SECS))


def test_a_slow_reading_is_no_proof_that_it_stood_still() -> None:
    fresh = attrs.evolve(OLD, wall=float(MTIME), ended=9.0)
    patience = Patience()
    assert not patience.whole(fresh)
    assert not patience.whole(attrs.evolve(fresh, begun=9.0, ended=9.0))


def test_a_file_that_changes_while_it_is_read_is_not_whole() -> None:
    patience = Patience()
    assert not patience.whole(attrs.evolve(OLD, after=(MTIME * 10**9, 2)))
    fresh = attrs.evolve(OLD, wall=float(MTIME))
    assert not patience.whole(fresh)
    assert not patience.whole(attrs.evolve(fresh, after=(), begun=8.0))
    assert not patience.whole(attrs.evolve(fresh, begun=9.0, ended=9.0)), "it has to stand still anew"


def test_a_file_that_is_not_there_has_to_stay_away_for_a_while() -> None:
    gone = attrs.evolve(OLD, before=(), after=())
    patience = Patience()
    assert not patience.whole(gone)
    assert patience.whole(attrs.evolve(gone, begun=5.1 + STILL_SECS))


def test_a_reading_tells_what_was_there(file: Path) -> None:
    reading = read_once(file, ManualClock())
    assert (reading.content, reading.before) == (b"[queue]\n", reading.after)
    file.unlink()
    assert isinstance(read_once(file, ManualClock()).content, ConfigError)
