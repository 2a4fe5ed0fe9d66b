"""A file changed on disk: whole or not at all, as its owner left it."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from llmlb.config.edit import CannotEdit, Draft
from llmlb.config.edit_file import ChangedMeanwhile, edit_file, rehearse_edit, version_of
from llmlb.config.problems import ConfigError

TEXT = '[[nodes]]\nurl = "http://a:1"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(TEXT)
    return path


def adding(url: str) -> Callable[[Draft], Draft]:
    return lambda draft: draft.add("nodes", {"url": url})


def leftovers(file: Path) -> list[str]:
    return sorted(entry.name for entry in file.parent.iterdir() if entry != file)


def test_a_file_that_is_not_there_is_made_for_its_owner_only(tmp_path: Path) -> None:
    edited = edit_file(tmp_path / "new.toml", {}, adding("http://b:1"))
    assert (edited.created, edited.changed) == (True, True)
    assert stat.S_IMODE((tmp_path / "new.toml").stat().st_mode) == 0o600
    assert (tmp_path / "new.toml").read_text() == '[[nodes]]\nurl = "http://b:1"\n'


def test_the_mode_and_a_link_stay(file: Path, tmp_path: Path) -> None:
    file.chmod(0o640)
    (tmp_path / "deep").mkdir()
    link = tmp_path / "deep" / "link.toml"
    link.symlink_to("../config.toml")
    edited = edit_file(link, {}, adding("http://b:1"))
    assert [node.name for node in edited.loaded.config.nodes] == ["a:1", "b:1"]
    assert link.is_symlink()
    assert (stat.S_IMODE(file.stat().st_mode), file.read_text().count("[[nodes]]")) == (0o640, 2)
    assert leftovers(file) == ["deep"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_the_owner_stays(file: Path) -> None:
    os.chown(file, 12345, 23456)
    edit_file(file, {}, adding("http://b:1"))
    assert (file.stat().st_uid, file.stat().st_gid) == (12345, 23456)


def test_what_it_is_labelled_with_stays_and_its_time_is_that_of_the_change(file: Path) -> None:
    try:
        os.setxattr(file, "user.note", b"access lists are such attributes, too")
    except OSError:
        pytest.skip("this disk keeps none")
    os.utime(file, (1, 1))
    edit_file(file, {}, adding("http://b:1"))
    assert os.getxattr(file, "user.note") == b"access lists are such attributes, too"
    assert file.stat().st_mtime > 1


def test_a_label_that_cannot_be_given_holds_up_no_change(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    file.chmod(0o640)
    monkeypatch.setattr("llmlb.config.edit_file.shutil.copystat", refuse)
    edit_file(file, {}, adding("http://b:1"))
    assert (stat.S_IMODE(file.stat().st_mode), file.read_text().count("[[nodes]]")) == (0o640, 2)


def test_a_file_that_is_not_to_be_written_is_not_replaced(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.chmod(0o444)
    if os.geteuid() == 0:  # root may write what nobody may
        monkeypatch.setattr("os.access", lambda path, mode: mode != os.W_OK)
    with pytest.raises(PermissionError):
        edit_file(file, {}, adding("http://b:1"))
    assert (file.read_text(), leftovers(file)) == (TEXT, [])


def test_a_byte_order_mark_stays(file: Path) -> None:
    file.write_text("\ufeff" + TEXT)
    edit_file(file, {}, adding("http://b:1"))
    assert file.read_bytes().startswith(b"\xef\xbb\xbf[[nodes]]")
    assert file.read_text().count("\ufeff") == 1


def test_what_would_be_refused_is_not_written(file: Path) -> None:
    with pytest.raises(ConfigError, match="the same node"):
        edit_file(file, {}, adding("http://a:1/v1"))
    assert (file.read_text(), leftovers(file)) == (TEXT, [])


def test_a_file_that_would_be_too_large_to_be_read_is_not_written(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    largest = 1024  # a real MiB takes seconds to be read as TOML
    monkeypatch.setattr("llmlb.config.document.LARGEST", largest)
    full = TEXT + "#" * (largest - len(TEXT))
    file.write_text(full)
    for edit in (rehearse_edit, edit_file):
        with pytest.raises(ConfigError, match="too large"):
            edit(file, {}, adding("http://b:1"))
    assert (file.read_text(), leftovers(file)) == (full, [])


def test_what_is_wrong_already_is_told(file: Path) -> None:
    def cannot(_: Draft) -> Draft:
        raise CannotEdit

    file.write_text("[queue]\nmax_size = 0\n")
    with pytest.raises(ConfigError, match="max_size"):
        edit_file(file, {}, cannot)
    file.write_text("[queue]\n")
    with pytest.raises(CannotEdit):
        edit_file(file, {}, cannot)
    file.write_bytes(b"# \xff\n")
    with pytest.raises(ConfigError, match="UTF-8"):
        edit_file(file, {}, adding("http://b:1"))


def test_nothing_is_written_where_nothing_changes(file: Path) -> None:
    before = file.stat()
    assert not edit_file(file, {}, lambda draft: draft).changed
    assert file.stat().st_ino == before.st_ino


def test_no_file_is_made_to_hold_nothing(tmp_path: Path) -> None:
    edited = edit_file(tmp_path / "new.toml", {}, lambda draft: draft)
    assert (edited.created, edited.changed) == (False, False)
    assert list(tmp_path.iterdir()) == []


def test_what_somebody_else_wrote_meanwhile_is_not_overwritten(file: Path) -> None:
    def slowly(draft: Draft) -> Draft:
        file.write_text(TEXT + "# more\n")
        return draft.add("nodes", {"url": "http://b:1"})

    with pytest.raises(ChangedMeanwhile):
        edit_file(file, {}, slowly)
    assert (file.read_text(), leftovers(file)) == (TEXT + "# more\n", [])


def test_of_two_commands_one_waits_for_the_other(file: Path) -> None:
    directory = os.open(file.parent, os.O_RDONLY)
    fcntl.flock(directory, fcntl.LOCK_EX)
    other = threading.Thread(target=edit_file, args=(file, {}, adding("http://c:1")))
    other.start()
    file.write_text(TEXT.replace("a:1", "b:1"))
    os.close(directory)
    other.join(5)
    assert [line for line in file.read_text().splitlines() if "url" in line] == [
        'url = "http://b:1"',
        'url = "http://c:1"',
    ]


def test_a_directory_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        edit_file(tmp_path / "none" / "config.toml", {}, adding("http://b:1"))


@pytest.mark.timeout(10)
def test_of_a_file_that_is_mounted_by_itself_it_is_said_what_to_mount(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object) -> None:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    monkeypatch.setattr(os, "rename", busy)
    with pytest.raises(OSError, match="mount its directory instead"):
        edit_file(file, {}, adding("http://b:1"))
    assert (file.read_text(), leftovers(file)) == (TEXT, [])


def test_a_pipe_or_a_device_is_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    link = tmp_path / "link"
    link.symlink_to(pipe)
    for path in (pipe, link):
        with pytest.raises(OSError, match="not a file"):
            edit_file(path, {}, adding("http://b:1"))
    assert stat.S_ISFIFO(link.stat().st_mode)


def test_a_file_that_came_meanwhile_stays(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"

    def change(draft: Draft) -> Draft:
        file.write_text(TEXT)
        return adding("http://b:1")(draft)

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
            return adding(f"http://{name}:1")(draft)

        return slowly

    threads = [threading.Thread(target=edit_file, args=(file, {}, change(name))) for name in ("b", "c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    text = file.read_text()
    assert "http://b" in text
    assert "http://c" in text


@pytest.mark.parametrize("raw", [b"\xff", b"nodes = ["])
def test_what_is_no_toml_is_told(file: Path, raw: bytes) -> None:
    file.write_bytes(raw)
    with pytest.raises(ConfigError):
        edit_file(file, {}, adding("http://b:1"))
    assert file.read_bytes() == raw


def test_a_directory_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        edit_file(tmp_path, {}, adding("http://b:1"))


def test_a_rehearsal_says_what_an_edit_would_and_writes_nothing(file: Path) -> None:
    before = file.stat()
    edited = rehearse_edit(file, {}, adding("http://b:1"), version_of(TEXT.encode()))
    assert (edited.created, edited.changed, len(edited.loaded.config.nodes)) == (False, True, 2)
    with pytest.raises(ConfigError):
        rehearse_edit(file, {}, adding("http://a:1"))
    with pytest.raises(ChangedMeanwhile):
        rehearse_edit(file, {}, adding("http://b:1"), version_of(b"another"))
    assert rehearse_edit(file.with_name("new.toml"), {}, adding("http://b:1"), version_of(None)).created
    assert file.stat() == before
    assert leftovers(file) == []
