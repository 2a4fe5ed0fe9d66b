"""The texts a setting may hold: names, keys, hosts, URLs, origins, header names, paths.

Each function returns the text as the model holds it, or raises ValueError without quoting it.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from llmlb.config.address import is_host, parse_address
from llmlb.config.rules import Text

_VISIBLE = re.compile(r"[\x21-\x7e]{1,512}\Z")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}\Z")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_ORIGIN = re.compile(r"https?://[a-z0-9.\-_\[\]:]+\Z")
_ARGON2 = re.compile(
    r"\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{16,172}\Z"
)
_MOST_MEMORY_KIB, _MOST_PASSES, _MOST_LANES = 1024**2, 20, 16
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}\Z")

NEVER_PASSED = frozenset({
    "authorization", "x-api-key", "cookie", "host", "content-length", "content-encoding",
    "connection", "expect", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection",
    "te", "trailer", "transfer-encoding", "upgrade",
})  # fmt: skip
"""Headers with a client's credentials, or that belong to one connection or to the body as it was sent."""


def _need(sound: object) -> None:
    if not sound:
        raise ValueError("not allowed")


def _label(text: str) -> str:
    _need(0 < len(text) <= 64 and text.isprintable() and text == text.strip())
    return text


def _key_name(text: str) -> str:
    _need(text != "-")  # in the log, whoever has sent no key
    return _label(text)


def _model_name(text: str) -> str:
    _need(0 < len(text) <= 256 and text.isprintable() and text == text.strip())
    return text


def _key(text: str) -> str:
    _need(text == "" or _VISIBLE.match(text))
    return text


def _sha256(text: str) -> str:
    _need(text == "" or _SHA256.match(text))
    return text.lower()


def _password_hash(text: str) -> str:
    found = _ARGON2.match(text)
    _need(text == "" or found)
    if found:  # a hash that takes minutes or all the memory to check would be a way to stop the gateway
        memory, passes, lanes = map(int, found.groups())
        _need(8 * lanes <= memory <= _MOST_MEMORY_KIB and 1 <= passes <= _MOST_PASSES and 1 <= lanes <= _MOST_LANES)
    return text


def _host(text: str) -> str:
    _need(is_host(text))
    return text


def _origin(text: str) -> str:
    _need(_ORIGIN.match(text))
    parts = urlsplit(text)
    _need(is_host(parts.hostname or "") and parts.port != 0 and not parts.netloc.endswith(":"))
    _need(text != f"{parts.scheme}://{parts.hostname}:{_DEFAULT_PORTS[parts.scheme]}")  # browsers leave it out
    return text


def _node_url(text: str) -> str:
    parse_address(text)
    return text


def _header(text: str) -> str:
    _need(_TOKEN.match(text) and text.lower() not in NEVER_PASSED)
    return text.lower()


def _path(text: str) -> str:
    _need(len(text) <= 4096 and "\0" not in text)
    return text


LABEL = Text(
    _label,
    ja="前後に空白のない、1文字から64文字までの表示可能な名前",
    en="a name of 1 to 64 printable characters, without spaces around it",
)
KEY_NAME = Text(
    _key_name,
    ja="前後に空白のない、1文字から64文字までの表示可能な名前（- 以外）",
    en="a name of 1 to 64 printable characters, without spaces around it, other than -",
)
MODEL_NAME = Text(
    _model_name,
    ja="1文字から256文字までのモデル名",
    en="a model name of 1 to 256 printable characters",
)
KEY = Text(
    _key,
    ja="空白を含まない1文字から512文字までのASCII文字列",
    en="1 to 512 visible ASCII characters without spaces",
)
SHA256 = Text(_sha256, ja="キーのSHA-256（16進数64桁）", en="the SHA-256 of the key, 64 hexadecimal digits")
PASSWORD_HASH = Text(
    _password_hash,
    ja="llmlb operator set-password が書くArgon2idハッシュ",
    en="an Argon2id hash, as `llmlb operator set-password` writes it",
)
HOST = Text(
    _host,
    ja='IPアドレスまたはホスト名（例: "127.0.0.1"、"::1"、"localhost"）',
    en='an IP address or a host name (such as "127.0.0.1", "::1", "localhost")',
)
NODE_URL = Text(
    _node_url,
    ja="http または https のURL（例: http://127.0.0.1:11434、末尾の /v1 は任意、"
    "ユーザー名・パスワード・クエリ・フラグメントは不可）",
    en="an http or https URL such as http://127.0.0.1:11434, with or without /v1 at its end, "
    "without user name, password, query or fragment",
)
ORIGIN = Text(
    _origin,
    ja="ブラウザーが送るとおりのオリジン（例: https://chat.example、小文字、既定のポートとパスは不可）",
    en="an origin as browsers send it, such as https://chat.example: lower case, no default port, no path",
)
HEADER = Text(
    _header,
    ja="ヘッダー名（" + "、".join(sorted(NEVER_PASSED)) + " は不可）",
    en="a header name, but none of " + ", ".join(sorted(NEVER_PASSED)),
)
PATH = Text(_path, ja="ファイルのパス", en="the path of a file")
