"""A configuration file is changed as a whole or not at all, and never over what somebody else wrote."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from llmlb.config.edit import CannotEdit, Draft
from llmlb.config.edit_file import ChangedMeanwhile, edit_file
from llmlb.config.follow import stamp
from llmlb.config.problems import ConfigError

TEXT = '# mine\n[[nodes]]\nurl = "http://a"  # first\n'


def adding(name: str) -> Callable[[Draft], Draft]:
    return lambda draft: draft.add("nodes", {"url": f"http://{name}"})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(TEXT)
    return path


def test_the_file_is_changed_and_nothing_else_is_left_beside_it(file: Path) -> None:
    edited = edit_file(file, {}, adding("b"))
    assert (edited.created, edited.changed) == (False, True)
    assert [node.name for node in edited.loaded.config.nodes] == ["a:80", "b:80"]
    assert file.read_text().startswith(TEXT)
    assert [one.name for one in file.parent.iterdir()] == ["config.toml"]


def test_a_file_that_is_not_there_is_made_for_its_owner_only(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    assert edit_file(file, {}, adding("b")).created
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize("mode", [0o640, 0o600, 0o444])
def test_its_mode_stays(file: Path, mode: int) -> None:
    file.chmod(mode)
    edit_file(file, {}, adding("b"))
    assert stat.S_IMODE(file.stat().st_mode) == mode


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_its_owner_stays(file: Path) -> None:
    os.chown(file, 1234, 2345)
    edit_file(file, {}, adding("b"))
    assert (file.stat().st_uid, file.stat().st_gid) == (1234, 2345)


def test_a_link_stays_a_link(file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    link = folder / "config.toml"
    link.symlink_to(file)
    edit_file(link, {}, adding("b"))
    assert link.is_symlink()
    assert "http://b" in file.read_text()


def test_what_somebody_else_wrote_meanwhile_stays(file: Path) -> None:
    def change(draft: Draft) -> Draft:
        file.write_text(TEXT + "# by hand\n")
        return adding("b")(draft)

    with pytest.raises(ChangedMeanwhile):
        edit_file(file, {}, change)
    assert file.read_text() == TEXT + "# by hand\n"
    assert len(list(file.parent.iterdir())) == 1


def test_a_file_that_came_meanwhile_stays(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"

    def change(draft: Draft) -> Draft:
        file.write_text(TEXT)
        return adding("b")(draft)

    with pytest.raises(ChangedMeanwhile):
        edit_file(file, {}, change)
    assert file.read_text() == TEXT


def test_of_two_commands_at_once_neither_is_lost(file: Path) -> None:
    inside = threading.Barrier(2, timeout=0.1)

    def change(name: str) -> Callable[[Draft], Draft]:
        def slowly(draft: Draft) -> Draft:
            try:
                inside.wait()  # both would be here at once if they did not keep each other out
            except threading.BrokenBarrierError:
                inside.reset()
            return adding(name)(draft)

        return slowly

    threads = [threading.Thread(target=edit_file, args=(file, {}, change(name))) for name in ("b", "c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    text = file.read_text()
    assert "http://b" in text
    assert "http://c" in text


def test_nothing_is_written_that_would_be_refused(file: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        edit_file(file, {}, adding("a"))
    assert [problem.reason for problem in caught.value.problems] == ["same_url"]
    assert file.read_text() == TEXT


def test_what_is_wrong_already_is_told_rather_than_that_it_cannot_be_edited(file: Path) -> None:
    file.write_text("nodes = 3\n")
    with pytest.raises(ConfigError):
        edit_file(file, {}, adding("b"))
    file.write_text(TEXT)

    def cannot(_: Draft) -> Draft:
        raise CannotEdit

    with pytest.raises(CannotEdit):
        edit_file(file, {}, cannot)


@pytest.mark.parametrize("raw", [b"\xff", b"nodes = ["])
def test_what_is_no_toml_is_told(file: Path, raw: bytes) -> None:
    file.write_bytes(raw)
    with pytest.raises(ConfigError):
        edit_file(file, {}, adding("b"))
    assert file.read_bytes() == raw


def test_a_directory_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        edit_file(tmp_path, {}, adding("b"))


def test_a_byte_order_mark_and_line_ends_stay(file: Path) -> None:
    raw = b"\xef\xbb\xbf" + TEXT.replace("\n", "\r\n").encode()
    file.write_bytes(raw)
    edit_file(file, {}, adding("b"))
    after = file.read_bytes()
    assert after.startswith(raw)
    assert after.count(b"\n") == after.count(b"\r\n")


def test_what_changes_nothing_writes_nothing(file: Path) -> None:
    before = stamp(file)
    assert not edit_file(file, {}, lambda draft: draft).changed
    assert stamp(file) == before
