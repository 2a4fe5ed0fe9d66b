"""A configuration file changed on disk: checked before, written whole, and never over what somebody else wrote."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path as FilePath

import attrs

from llmlb.config.document import Document, check_length, is_no_file, parse_document, read_bytes
from llmlb.config.edit import CannotEdit, Draft
from llmlb.config.load import Loaded, load_document
from llmlb.config.problems import ConfigError

NEW_FILE_MODE = 0o600
"""It may hold keys."""
_BOM = "\ufeff"


class ChangedMeanwhile(Exception):
    """Somebody else has written the file since it was read."""


@attrs.frozen
class Edited:
    """What has become of the file."""

    loaded: Loaded
    created: bool
    changed: bool


def version_of(content: bytes | None) -> str:
    """A name for what is in a file: other content has another one. Empty when there is no file."""
    return hashlib.sha256(content).hexdigest() if content is not None else ""


def edit_file(
    path: FilePath, environ: Mapping[str, str], change: Callable[[Draft], Draft], version: str | None = None
) -> Edited:
    """Change the file at `path`; one that does not exist is made. `version`: of the content it must have now, if any.

    What `change` gives is checked as `load` would, and the file is replaced in one step, with its owner and mode; a
    link stays a link. Raises ConfigError, CannotEdit or ChangedMeanwhile, or OSError when the file cannot be
    written, or is not to be (`chmod a-w`); it is as it was then.
    """
    if is_no_file(path):
        raise OSError(errno.EINVAL, "not a file")
    with _alone_in(FilePath(os.path.realpath(path)).parent):
        plan = _plan(path, environ, change, version)
        if plan.changes:
            _replace(path, plan.before, plan.after)
    return plan.edited()


def rehearse_edit(
    path: FilePath, environ: Mapping[str, str], change: Callable[[Draft], Draft], version: str | None = None
) -> Edited:
    """What `edit_file` would come to, without writing anything. Raises as it does, but for the writing."""
    return _plan(path, environ, change, version).edited()


@attrs.frozen
class _Plan:
    """What a file is to become."""

    before: bytes | None
    after: bytes
    loaded: Loaded

    @property
    def changes(self) -> bool:
        """Whether there is anything to write: no file is made to hold nothing."""
        return self.after != (self.before or b"")

    def edited(self) -> Edited:
        return Edited(self.loaded, created=self.changes and self.before is None, changed=self.changes)


def _plan(path: FilePath, environ: Mapping[str, str], change: Callable[[Draft], Draft], version: str | None) -> _Plan:
    before = content_of(path)
    if version is not None and version != version_of(before):
        raise ChangedMeanwhile
    text = (before or b"").decode("utf-8", "surrogateescape")
    mark = _BOM if text.startswith(_BOM) else ""
    # The bytes are parsed, not the text, so that what is not UTF-8 is told as it is everywhere.
    document = parse_document(before or b"", str(path)) if before is not None else Document(file=str(path))
    try:
        draft = change(Draft(text.removeprefix(mark), document.data))
    except CannotEdit:
        load_document(document, path, environ)  # what is wrong already is the better thing to tell
        raise
    after = (mark + draft.text).encode()
    check_length(after, str(path))
    return _Plan(before, after, load_document(parse_document(after, str(path)), path, environ))


@contextlib.contextmanager
def _alone_in(directory: FilePath) -> Iterator[None]:
    """Keep other commands that edit a file here waiting. The directory is locked: the file itself is replaced."""
    lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):  # some network disks lock no directories; the check before writing remains
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def content_of(path: FilePath) -> bytes | None:
    """What is in the file; None when there is none."""
    try:
        return read_bytes(path)
    except ConfigError as error:
        if error.problems[0].reason == "no_file":
            return None
        raise


def _replace(path: FilePath, before: bytes | None, after: bytes) -> None:
    target = FilePath(os.path.realpath(path))
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with open(descriptor, "wb") as stream:
            stream.write(after)
            stream.flush()
            _look_like(target, descriptor, name, new=before is None)
            os.fsync(descriptor)
        if before is not None and not os.access(target, os.W_OK):  # renaming takes a right to the directory only
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        if content_of(path) != before:
            raise ChangedMeanwhile
        os.rename(name, target)
    except OSError as error:
        if error.errno == errno.EBUSY:  # a container's file that is mounted without its directory
            raise OSError(errno.EBUSY, "mounted by itself; mount its directory instead") from None
        raise
    finally:
        with contextlib.suppress(FileNotFoundError):  # it has its new name
            os.unlink(name)
    directory = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):  # not every file system can
            os.fsync(directory)
    finally:
        os.close(directory)


def _look_like(target: FilePath, descriptor: int, name: str, *, new: bool) -> None:
    """Give the new file the owner, the mode, and any access lists and labels of the one it replaces."""
    if new:
        os.fchmod(descriptor, NEW_FILE_MODE)
        return
    old, mine = os.stat(target), os.fstat(descriptor)
    if (old.st_uid, old.st_gid) != (mine.st_uid, mine.st_gid):
        os.fchown(descriptor, old.st_uid, old.st_gid)
    os.fchmod(descriptor, old.st_mode & 0o7777)
    with contextlib.suppress(OSError):  # a label may be one that only the system gives
        shutil.copystat(target, name)
    os.utime(name)  # that much is its own
