"""The configuration: frozen values, one class a table. Times in seconds, sizes in bytes.

The fields say everything about a setting; see `llmlb.config.settings`. What is built here in code is taken as
it is; what comes from a file or the environment is checked by `llmlb.config.load`.
"""

from __future__ import annotations

from typing import Literal

import attrs

from llmlb.config import words
from llmlb.config.entries import KeyConfig, NodeConfig
from llmlb.config.rules import Choice, Number, Switch, Texts, Whole
from llmlb.config.settings import setting
from llmlb.messages import Locale

__all__ = [
    "ENTRIES", "TABLES", "Config", "Fairness", "Health", "KeyConfig",
    "Log", "NodeConfig", "Operator", "Queue", "Server", "Upstream",
]  # fmt: skip

WhenFull = Literal["refuse", "push_out"]
Cost = Literal["seconds", "request", "tokens"]

_PATIENCE = Number(0.1, 86400, "seconds")


@attrs.frozen(kw_only=True)
class Server:
    """`[server]`: where the gateway listens, and what it takes in."""

    host: str = setting(
        words.HOST,
        default="127.0.0.1",
        ja="待ち受けるアドレス。このマシン以外から使うときは [[api_keys]] か allow_anonymous が必要です。",
        en="Address to listen on. One that other machines can reach needs [[api_keys]] or allow_anonymous.",
    )
    port: int = setting(
        Whole(0, 65535),
        default=8080,
        ja="待ち受けるポート。0なら空いているポートを使います。",
        en="Port to listen on. 0 takes any free port.",
    )
    locale: Locale = setting(  # noqa: RUF009 - a field like all others; only the alias hides that it is a text
        Choice(("ja", "en")),
        default="ja",
        ja="Accept-Languageで言語が決まらないときのメッセージの言語。",
        en="Language of messages when Accept-Language does not decide.",
    )
    drain_secs: float = setting(
        Number(0, 3600, "seconds"),
        default=60.0,
        ja="停止するとき、待機中と処理中のリクエストの完了を待つ時間。",
        en="How long a stopping gateway goes on with requests that wait or are in service.",
    )
    body_limit: int = setting(
        Whole(1024, 1024**3, "bytes"),
        default=64 * 1024**2,
        ja="リクエスト本文の上限。",
        en="The largest request body.",
    )
    waiting_bytes: int = setting(
        Whole(1024, 1024**4, "bytes"),
        default=1024**3,
        ja="待機中のリクエスト本文の合計の上限。超えるとキュー満杯として拒否します。",
        en="The most that waiting request bodies may add up to. Beyond it the queue counts as full.",
    )
    allow_anonymous: bool = setting(
        Switch(),
        default=False,
        ja="APIキーなしで、このマシン以外からの利用を許すかどうか。",
        en="Whether other machines may use the gateway although no API keys are configured.",
    )
    max_connections: int = setting(
        Whole(0, 1_000_000),
        default=0,
        ja="同時に開いていられる接続数の上限。0なら [queue] max_size に1000を加えた数です。",
        en="How many connections may be open at once. 0 means [queue] max_size and 1000 more.",
    )
    allowed_hosts: tuple[str, ...] = setting(
        Texts(words.HOST),
        default=(),
        ja="IPアドレスとlocalhost以外に、ページと /api/* が応えるホスト名。",
        en="Host names that the page and /api/* answer to, besides IP addresses and localhost.",
    )
    cors_origins: tuple[str, ...] = setting(
        Texts(words.ORIGIN),
        default=(),
        ja="ブラウザーから /v1 を使ってよいページのオリジン。",
        en="Origins whose pages may use /v1 from a browser.",
    )
    metrics_token: str = setting(
        words.KEY,
        default="",
        secret=True,
        ja="このマシン以外から /metrics のキー別の値を読むためのトークン。空ならこのマシンからだけ読めます。",
        en="Token with which other machines read the series by key of /metrics. Empty means only this machine does.",
    )


@attrs.frozen(kw_only=True)
class Queue:
    """`[queue]`: how many requests wait, and for how long."""

    max_size: int = setting(
        Whole(1, 10_000),
        default=100,
        ja="待機できるリクエスト数の上限（処理中は含みません）。超えると429を返します。",
        en="How many requests may wait (those in service do not count). Beyond it: 429.",
    )
    timeout_secs: int = setting(
        Whole(1, 3600, "seconds"),
        default=60,
        ja="キューで待つ時間の上限（整数）。超えると504を返します。",
        en="How long a request may wait, whole seconds. Beyond it: 504.",
    )
    enable_fairness: bool = setting(
        Switch(),
        default=True,
        ja="APIキー間で順番を公平にするかどうか。falseなら到着順です。",
        en="Whether API keys take fair turns. false means strict order of arrival.",
    )
    max_per_key: int = setting(
        Whole(0, 10_000),
        default=0,
        ja="1つのAPIキーが待機させられるリクエスト数の上限。0なら個別の上限はありません。",
        en="How many requests of one API key may wait. 0 means no limit of its own.",
    )
    when_full: WhenFull = setting(  # noqa: RUF009 - as above
        Choice(("refuse", "push_out")),
        default="refuse",
        ja="キューが満杯のとき誰を拒否するか。push_outなら、待機が最も多いAPIキーの最後のリクエストが場所を譲ります。",
        en="Whom a full queue refuses: the newcomer, or the newest request of the API key that has most waiting.",
    )


@attrs.frozen(kw_only=True)
class Fairness:
    """`[fairness]`: what counts as an API key's share, and what is assumed while nothing is known."""

    cost: Cost = setting(  # noqa: RUF009 - as above
        Choice(("seconds", "request", "tokens")),
        default="seconds",
        ja="APIキーの取り分を何で数えるか。ノードの処理時間（1件につき1秒以上）、リクエスト数、トークン数のいずれか。",
        en="What an API key's share is counted in: node time (a request is at least 1 s), requests, or tokens.",
    )
    quantum: float = setting(
        Number(0, 1_000_000),
        default=0.0,
        ja="この半分まで差がついても（costの単位）キーは順番どおりに交代します。0なら最近のリクエストの平均です。",
        en="Keys less than half of it apart, in units of cost, take simple turns. 0 is the mean of recent requests.",
    )
    default_service_secs: float = setting(
        Number(0.001, 3600, "seconds"),
        default=10.0,
        ja="実績がまだないときに想定する、1リクエストの処理時間。",
        en="Service time assumed for a request before any has been measured.",
    )


@attrs.frozen(kw_only=True)
class Health:
    """`[health]`: how nodes are probed."""

    interval_secs: float = setting(
        Number(0.1, 300, "seconds"),
        default=5.0,
        ja="ノードの状態を確認する間隔。",
        en="Time between two probes of a node.",
    )
    timeout_secs: float = setting(
        Number(0.1, 60, "seconds"),
        default=5.0,
        ja="1回の確認で応答を待つ時間。",
        en="How long a probe waits for its answer.",
    )


@attrs.frozen(kw_only=True)
class Upstream:
    """`[upstream]`: patience with nodes and clients, and what else reaches a node."""

    connect_timeout_secs: float = setting(
        _PATIENCE,
        default=10.0,
        ja="ノードへの接続を待つ時間。",
        en="How long connecting to a node may take.",
    )
    first_byte_timeout_secs: float = setting(
        _PATIENCE,
        default=300.0,
        ja="ストリーミング応答の最初のバイトを待つ時間。",
        en="How long a node may take for the first byte of a streamed reply.",
    )
    reply_timeout_secs: float = setting(
        _PATIENCE,
        default=1800.0,
        ja="ストリーミングでない応答の最初のバイトを待つ時間。",
        en="How long a node may take for the first byte of a plain reply.",
    )
    idle_timeout_secs: float = setting(
        _PATIENCE,
        default=120.0,
        ja="応答の途中で、次のバイトを待つ時間。",
        en="How long a node may be silent in the middle of a reply.",
    )
    write_timeout_secs: float = setting(
        _PATIENCE,
        default=60.0,
        ja="クライアントが応答を受け取らないまま進まないときに待つ時間。",
        en="How long a client may take nothing of its reply before the exchange is ended.",
    )
    max_attempts: int = setting(
        Whole(1, 10),
        default=3,
        ja="1つのリクエストを試すノード数の上限（最初の1回を含みます）。",
        en="How many nodes a request is tried on at most, the first included.",
    )
    pass_headers: tuple[str, ...] = setting(
        Texts(words.HEADER),
        default=(),
        ja="標準のもの以外に、クライアントからノードへ渡すヘッダー。",
        en="Headers passed from client to node besides the usual ones.",
    )


@attrs.frozen(kw_only=True)
class Operator:
    """`[operator]`: the part of the page that shows everything and changes settings."""

    password_hash: str = setting(
        words.PASSWORD_HASH,
        default="",
        secret=True,
        ja="運用者のパスワードのハッシュ。空なら運用者のページは使えません。",
        en="Hash of the operator's password. Empty means that the operator's page is off.",
    )
    session_secs: int = setting(
        Whole(60, 30 * 86400, "seconds"),
        default=12 * 3600,
        ja="サインインしてから自動的にサインアウトするまでの時間（整数）。",
        en="How long after signing in the operator is signed out, whole seconds.",
    )


@attrs.frozen(kw_only=True)
class Log:
    """`[log]`: what is logged, how and where."""

    level: str = setting(
        Choice(("debug", "info", "warning", "error")),
        default="info",
        ja="記録する最低の重要度。",
        en="The least important level that is logged.",
    )
    format: str = setting(
        Choice(("auto", "console", "json")),
        default="auto",
        ja="ログの形式。autoはターミナルではconsole、それ以外ではjsonです。",
        en="Form of the log. auto is console on a terminal and json elsewhere.",
    )
    file: str = setting(
        words.PATH,
        default="",
        ja="ログを書くファイル。空なら標準エラー出力です。",
        en="File to log to. Empty means standard error.",
    )


@attrs.frozen(kw_only=True)
class Config:
    """Everything an operator has set."""

    server: Server = attrs.field(factory=Server)
    queue: Queue = attrs.field(factory=Queue)
    fairness: Fairness = attrs.field(factory=Fairness)
    health: Health = attrs.field(factory=Health)
    upstream: Upstream = attrs.field(factory=Upstream)
    operator: Operator = attrs.field(factory=Operator)
    log: Log = attrs.field(factory=Log)
    nodes: tuple[NodeConfig, ...] = ()
    api_keys: tuple[KeyConfig, ...] = ()


TABLES: dict[str, type[attrs.AttrsInstance]] = {
    "server": Server,
    "queue": Queue,
    "fairness": Fairness,
    "health": Health,
    "upstream": Upstream,
    "operator": Operator,
    "log": Log,
}
"""The tables given once, `[name]`: an environment variable can set each of their keys."""

ENTRIES: dict[str, type[attrs.AttrsInstance]] = {"nodes": NodeConfig, "api_keys": KeyConfig}
"""The tables given any number of times, `[[name]]`."""
