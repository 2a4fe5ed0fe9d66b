"""HTTP/1.1 as it is spoken with nodes: requests written, replies read. No sockets here.

The reply parser is fed whatever has arrived and is then asked what there is; it never calls anyone, so
that whoever feeds it may drop it, or start the next request, as soon as `feed` has returned.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cached_property, lru_cache
from typing import Final

import attrs
import httptools

from llmlb.wire.headers import to_client
from llmlb.wire.response import has_body

MAX_HEAD: Final = 65_536
"""Bytes within which the head of a reply must end, interim replies included. Later, as many may come on
end without a byte of body among them (trailers, chunk extensions)."""

JOINED: Final = 65_536
"""Up to this size head and body of a request are one piece: copying it is cheaper than a second write."""

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_UNSAFE = re.compile(r"[\r\n\0]")
_PATH = re.compile(r"/[!-~]*")
_NO_BODY = (204, 304)
_CODING = "transfer-encoding"


class BadReply(Exception):
    """What a node sent is no reply that can be read safely. The text says why and quotes nothing of it."""


@attrs.frozen
class ReplyHead:
    """Status and headers of a final reply: names in lower case, in their order, repeated ones repeated."""

    status: int
    headers: tuple[tuple[str, str], ...]

    @cached_property
    def client_block(self) -> bytes:
        """The header lines that go on to a client, without framing."""
        headers = to_client(self.headers)
        if has_body(self.status) and all(name != "content-type" for name, _ in headers):
            headers.append(("content-type", "application/octet-stream"))
        return header_block(headers)

    @cached_property
    def is_event_stream(self) -> bool:
        """Whether an event can be added to the body."""
        kind = next((value for name, value in self.headers if name == "content-type"), "")
        if kind.partition(";")[0].strip().lower() != "text/event-stream":
            return False
        return all(name != "content-encoding" for name, _ in self.headers)


def length_of(head: ReplyHead) -> int | None:
    """Bytes of the body, where the head says it."""
    said = next((value for name, value in head.headers if name == "content-length"), "")
    return int(said) if said.isdigit() else None


class ReplyParser:
    """Reads one reply from the bytes of a connection. Interim replies (1xx) before it are skipped.

    The methods named `on_...` are httptools' to call, while it is being fed.
    """

    def __init__(self) -> None:
        self.head: ReplyHead | None = None
        """The head of the final reply, once all of it has come."""
        self.complete = False
        """Whether the reply has come to its end."""
        self._parts: list[bytes] = []
        self._raw_headers: list[tuple[bytes, bytes]] = []
        self._interim = False
        self._keep_alive = False
        self._until_close = False
        self._stray = False
        self._failed: BadReply | None = None
        self._head_bytes = 0
        self._barren_bytes = 0
        self.on_body = self._parts.append
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)

    @property
    def has_body(self) -> bool:
        """Whether `take_body` would give any bytes."""
        return bool(self._parts)

    @property
    def reusable(self) -> bool:
        """Whether the connection may carry another request: complete, kept alive, nothing after the end.

        Line breaks after the end do not count: some servers send one, and every reader skips them.
        """
        return self.complete and self._keep_alive and not self._stray

    def feed(self, data: bytes) -> None:
        """Take what has arrived. Raises BadReply, then and on every later call.

        Body bytes that came before what is bad can still be taken.
        """
        parser, parts = self._parser, self._parts
        if self.head is None or parser is None or not data:
            self._feed_ends(data)
            return
        had = len(parts)
        try:
            parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._judge(error)
        if self.complete:
            self._parser = None  # it and this object hold each other
        elif len(parts) > had:
            self._barren_bytes = 0
        else:
            self._barren_bytes += len(data)
            if self._barren_bytes > MAX_HEAD:
                self._fail(BadReply("too many bytes without any of the body"))

    def take_body(self) -> bytes:
        """All body bytes that came since the last call; `b""` if none did."""
        parts = self._parts
        if len(parts) == 1:
            return parts.pop()
        body = b"".join(parts)
        parts.clear()
        return body

    def eof(self) -> bool:
        """The connection was closed. True if the reply is complete, be it by this very close."""
        if self._until_close and self._failed is None:
            self.complete = True
            self._parser = None
        self._keep_alive = False
        return self.complete

    def _feed_ends(self, data: bytes) -> None:
        """Take what comes before the body has begun, and after it was over; and nothing."""
        if self._failed is not None:
            raise self._failed
        if self.complete:
            self._stray = self._stray or bool(data.strip(b"\r\n"))
        elif self.head is None and data:
            self._feed_head(data)

    def _feed_head(self, data: bytes) -> None:
        # Only so much may pass before the head is there, in whichever pieces it comes.
        assert self._parser is not None
        room = MAX_HEAD - self._head_bytes
        self._head_bytes += len(data)
        try:
            self._parser.feed_data(data[:room])
        except httptools.HttpParserError as error:
            self._judge(error)
        if self.head is None and self._head_bytes >= MAX_HEAD:
            self._fail(BadReply("the head of the reply is too long"))
        if self.complete:
            self._parser = None
        if len(data) > room:
            self.feed(data[room:])

    def _judge(self, error: httptools.HttpParserError) -> None:
        """What cannot be read is what follows a whole reply, or the reply cannot be read."""
        if self.complete:
            self._stray = True
        elif isinstance(error.__context__, BadReply):
            self._fail(error.__context__)
        else:
            self._fail(BadReply(str(error)))

    def _fail(self, bad: BadReply) -> None:
        self._failed = bad
        self._parser = None
        raise bad from None

    def on_message_begin(self) -> None:
        if self.complete:
            raise BadReply("bytes after the end of the reply")
        self._raw_headers.clear()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.head is None:  # else it is a trailer, which nobody wants
            self._raw_headers.append((name, value))

    def on_headers_complete(self) -> None:
        parser = self._parser
        assert parser is not None
        version, status = parser.get_http_version(), parser.get_status_code()
        if version not in ("1.1", "1.0"):
            raise BadReply("not HTTP/1.1 or HTTP/1.0")
        if not 100 <= status <= 599:
            raise BadReply("the status is out of range")
        if status == 101:
            raise BadReply("the node switched protocols")
        self._interim = status < 200
        if self._interim:
            return
        headers = tuple((name.decode("ascii").lower(), _text(value)) for name, value in self._raw_headers)
        # As it came: with a tab behind it the parser does not know it, and would take the chunks for the body.
        codings = [raw for (name, _), (_, raw) in zip(headers, self._raw_headers, strict=True) if name == _CODING]
        if codings and (len(codings) > 1 or codings[0].rstrip(b" ").lower() != b"chunked"):
            raise BadReply("a transfer coding that is not chunked")
        sized = bool(codings) or any(name == "content-length" for name, _ in headers)
        self._until_close = not sized and status not in _NO_BODY
        self._keep_alive = parser.should_keep_alive() and not (codings and version == "1.0")
        self.head = ReplyHead(status, headers)

    def on_message_complete(self) -> None:
        self.complete = not self._interim


def header_block(headers: Iterable[tuple[str, str]]) -> bytes:
    """Header lines as they go on the wire. Raises ValueError for what would not be one line each."""
    lines = []
    for name, value in headers:
        if not _is_token(name) or _UNSAFE.search(value):
            raise ValueError(f"not a header that can be sent: {name!r}")
        lines.append(f"{name}: {value}\r\n")
    return "".join(lines).encode("utf-8", "surrogateescape")


@lru_cache(maxsize=256)
def _is_token(name: str) -> bool:
    return _TOKEN.fullmatch(name) is not None


def request_bytes(path: str, node_block: bytes, common_block: bytes, body: bytes) -> tuple[bytes, ...]:
    """A POST request, in one or two pieces to be written one after another.

    `node_block` has the headers that belong to the node (`Host` first), `common_block` those of the
    request, both from `header_block`; neither has framing headers. Raises ValueError for a path that
    cannot stand in a request line.
    """
    if not _PATH.fullmatch(path):
        raise ValueError(f"not a path that can be sent: {path!r}")
    head = b"POST %b HTTP/1.1\r\n%b%bcontent-length: %d\r\n\r\n" % (
        path.encode(),
        node_block,
        common_block,
        len(body),
    )
    return (head + body,) if len(head) + len(body) <= JOINED else (head, body)


def _text(value: bytes) -> str:
    value = value.rstrip(b" \t")
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
