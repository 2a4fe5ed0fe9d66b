"""When a file is worth reading again, and when what was read is whole."""

from __future__ import annotations

import os
from pathlib import Path

import attrs
import pytest

from llmlb.config.follow import STILL_SECS, Patience, Reading, Watch, read_once, stamp
from llmlb.config.problems import ConfigError
from llmlb.testing import ManualClock


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text("a")
    return path


@pytest.fixture
def watch(file: Path) -> Watch:
    """One that has read the file as it is, twice."""
    one = Watch(file)
    one.reading()
    one.reading()
    return one


def test_what_stays_as_it_is_is_left_alone(watch: Watch) -> None:
    assert [watch.look() for _ in range(3)] == [False] * 3


def test_a_change_is_read_when_it_has_stood_still_for_a_look(file: Path, watch: Watch) -> None:
    file.write_text("ab")
    assert not watch.look()
    file.write_text("abc")
    assert not watch.look()
    assert watch.look()


def test_what_has_changed_is_read_twice(file: Path, watch: Watch) -> None:
    file.write_text("ab")
    watch.reading()
    assert watch.look()
    watch.reading()
    assert not watch.look()


def test_a_file_renamed_over_or_a_link_turned_is_a_change(file: Path, watch: Watch, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("b")
    seen = file.stat()
    os.utime(other, ns=(seen.st_atime_ns, seen.st_mtime_ns))
    other.rename(file)
    assert [watch.look(), watch.look()] == [False, True]
    for name in ("one", "two"):
        (tmp_path / name).write_text("x")
    link = tmp_path / "link"
    link.symlink_to("one")
    before = stamp(link)
    link.unlink()
    link.symlink_to("two")
    assert stamp(link) != before


def test_a_file_that_goes_or_comes_is_a_change(file: Path, watch: Watch) -> None:
    file.unlink()
    assert [watch.look(), watch.look()] == [False, True]
    watch.reading()
    watch.reading()
    assert not watch.look()
    file.write_text("a")
    assert [watch.look(), watch.look()] == [False, True]


def test_a_path_that_can_lead_nowhere_has_no_stamp() -> None:
    assert stamp(Path("a\0b")) == ()


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
    assert (reading.content, reading.before) == (b"a", reading.after)
    file.unlink()
    assert isinstance(read_once(file, ManualClock()).content, ConfigError)
