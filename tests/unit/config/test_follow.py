"""When a file is worth reading: it is another, and stands still."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from llmlb.config.follow import Watch


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
