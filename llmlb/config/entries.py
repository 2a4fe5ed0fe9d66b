"""The configured nodes and API keys: tables that are given any number of times."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import attrs

from llmlb.config import words
from llmlb.config.address import Address, parse_address
from llmlb.config.rules import Number, Pairs, Switch, Texts, Whole
from llmlb.config.settings import setting


def _default_name(node: Any) -> str:
    return parse_address(node.url).netloc


def _address(node: Any) -> Address:
    return parse_address(node.url)


@attrs.frozen(kw_only=True)
class NodeConfig:
    """One of `[[nodes]]`: a server that answers one request at a time."""

    url: str = setting(
        words.NODE_URL,
        ja="ノードのURL。末尾の /v1 はあってもなくても構いません。",
        en="URL of the node, with or without /v1 at its end.",
    )
    name: str = setting(
        words.LABEL,
        default=attrs.Factory(_default_name, takes_self=True),
        ja="ページとログに出る名前。省略時はURLの host:port、誰でも見られるところでは番号です。",
        en="Name on the page and in the log. By default the host:port of the URL, and a number where anybody may look.",
    )
    models: tuple[str, ...] = setting(
        Texts(words.MODEL_NAME),
        default=(),
        ja="ノードのモデル。省略時はノードに問い合わせます。",
        en="The models of the node. Left out, the node is asked.",
    )
    aliases: Mapping[str, str] = setting(
        Pairs(words.MODEL_NAME),
        default=attrs.Factory(dict),
        hashed=False,
        ja="別名 = ノードでのモデル名。",
        en="Other names for models: alias = the node's own name.",
    )
    api_key: str = setting(
        words.KEY,
        default="",
        secret=True,
        ja="ノードに送るAPIキー。",
        en="API key sent to the node.",
    )
    ca_file: str = setting(
        words.PATH,
        default="",
        ja="httpsのノードを確かめる認証局証明書（PEM）。空ならシステムのものを使います。",
        en="Certificates (PEM) that an https node is checked against. Empty means the system's.",
    )
    drain_after_cancel_secs: float = setting(
        Number(0, 600, "seconds"),
        default=0.0,
        ja="切断後も計算を続けるノードを、切断のあと休ませる時間。",
        en="How long the node is left alone after a hang-up, for servers that go on computing.",
    )
    drain: bool = setting(
        Switch(),
        default=False,
        ja="trueなら新しいリクエストを渡しません。処理中のものは最後まで続けます。",
        en="true gives the node no new requests; what it has in service is finished.",
    )
    address: Address = attrs.field(init=False, repr=False, eq=False, default=attrs.Factory(_address, takes_self=True))
    """The URL taken apart."""

    @property
    def named(self) -> bool:
        """Whether it was given a name; else it is called by its address."""
        return self.name != self.address.netloc

    @property
    def base(self) -> str:
        """`scheme://host:port/prefix`, without a trailing slash and without `/v1`."""
        return self.address.base


@attrs.frozen(kw_only=True)
class KeyConfig:
    """One of `[[api_keys]]`: who may use the gateway, and with what share."""

    name: str = setting(
        words.KEY_NAME,
        ja="ログや統計に出る名前。",
        en="Name in logs and statistics.",
    )
    key: str = setting(
        words.KEY,
        default="",
        secret=True,
        ja="APIキーそのもの。key か key_sha256 のどちらか一方が必要です。",
        en="The API key itself. Exactly one of key and key_sha256 is needed.",
    )
    key_sha256: str = setting(
        words.SHA256,
        default="",
        secret=True,
        ja="APIキーのSHA-256（16進数64桁）。キーをファイルに書かずに済みます。",
        en="SHA-256 of the API key in hexadecimal, so that the file need not hold the key.",
    )
    weight: float = setting(
        Number(0.01, 100),
        default=1.0,
        ja="取り分の重み。2は1の2倍の順番を得ます。",
        en="Share of the turns: weight 2 gets two for one.",
    )
    max_waiting: int = setting(
        Whole(0, 10_000),
        default=0,
        ja="このキーが待機させられるリクエスト数の上限。0なら [queue] max_per_key に従います。",
        en="How many requests of this key may wait. 0 means what [queue] max_per_key says.",
    )
    disabled: bool = setting(
        Switch(),
        default=False,
        ja="trueならこのキーのリクエストを受け付けません。",
        en="true lets this key in no more.",
    )

    @property
    def digest(self) -> bytes:
        """SHA-256 of the key: what a client's key is compared with."""
        return hashlib.sha256(self.key.encode()).digest() if self.key else bytes.fromhex(self.key_sha256)
