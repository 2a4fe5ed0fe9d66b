"""Every sentence a client is answered with, in Japanese and English. Pages and commands have words of their own."""

from __future__ import annotations

from typing import Any, Literal

Locale = Literal["ja", "en"]

TEXTS: dict[str, dict[Locale, str]] = {
    # Refusals (llmlb.errors)
    "malformed": {
        "ja": "リクエストを解釈できません。",
        "en": "The request could not be understood.",
    },
    "not_json": {
        "ja": "リクエスト本文が正しいJSONではありません: {problem}",
        "en": "The request body is not valid JSON: {problem}",
    },
    "not_utf8": {
        "ja": "リクエスト本文が正しいUTF-8ではありません（{offset}バイト目）。",
        "en": "The request body is not valid UTF-8 (at byte {offset}).",
    },
    "too_deep": {
        "ja": "リクエスト本文のJSONの入れ子が深すぎます。",
        "en": "The JSON of the request body is nested too deeply.",
    },
    "not_an_object": {
        "ja": "リクエスト本文はJSONオブジェクトでなければなりません。",
        "en": "The request body must be a JSON object.",
    },
    "no_model": {
        "ja": "modelを文字列で指定してください。",
        "en": "You must provide a model parameter (a string that is not empty).",
    },
    "bad_stream": {
        "ja": "streamはtrueかfalseでなければなりません。",
        "en": "The stream parameter must be true or false.",
    },
    "not_multipart": {
        "ja": "リクエスト本文が正しいmultipart/form-dataではありません: {problem}",
        "en": "The request body is not valid multipart/form-data: {problem}",
    },
    "wrong_key": {
        "ja": "APIキーが正しくありません。Authorization: Bearer ヘッダーで有効なキーを指定してください。",
        "en": "Incorrect API key provided. Send a valid key as an Authorization: Bearer header.",
    },
    "no_key": {
        "ja": "APIキーがありません。Authorization: Bearer ヘッダーで有効なキーを指定してください。",
        "en": "No API key provided. Send a valid key as an Authorization: Bearer header.",
    },
    "disabled_key": {
        "ja": "このAPIキーは無効化されています。ゲートウェイの管理者に問い合わせてください。",
        "en": "This API key has been disabled. Ask whoever runs the gateway.",
    },
    "wrong_token": {
        "ja": "トークンが正しくありません。[server] metrics_token の値を指定してください。",
        "en": "Incorrect token. Send the value of [server] metrics_token as an Authorization: Bearer header.",
    },
    "unknown_model": {
        "ja": "モデル「{model}」はどのノードにもありません。利用できるモデルは GET /v1/models で確認できます。",
        "en": "The model '{model}' does not exist on any node. GET /v1/models lists those that do.",
    },
    "unknown_path": {
        "ja": "このURLはありません。APIは /v1 の下にあります。",
        "en": "There is nothing at this URL. The API lives under /v1.",
    },
    "wrong_method": {
        "ja": "このURLで使えるメソッドは {allowed} です。",
        "en": "This URL can be used with {allowed} only.",
    },
    "too_large": {
        "ja": "リクエスト本文が大きすぎます（上限 {limit} バイト）。",
        "en": "The request body is too large (the limit is {limit} bytes).",
    },
    "compressed_body": {
        "ja": "圧縮されたリクエスト本文には対応していません。Content-Encodingなしで送信してください。",
        "en": "Compressed request bodies are not supported. Send the body without a Content-Encoding.",
    },
    "stalled_body": {
        "ja": "リクエスト本文の受信が止まったため、打ち切りました。",
        "en": "The request body stopped arriving, so the request was given up.",
    },
    "slow_head": {
        "ja": "リクエストのヘッダーの受信に時間がかかりすぎたため、打ち切りました。",
        "en": "The head of the request took too long to arrive, so it was given up.",
    },
    "long_head": {
        "ja": "リクエストのヘッダーが長すぎます（1つにつき8190バイト、全体で {limit} バイトまで）。",
        "en": "The head of the request is too long (at most 8190 bytes a header and {limit} bytes in all).",
    },
    "strange_host": {
        "ja": "このホスト名ではページと /api を利用できません。管理者は [server] allowed_hosts に追加してください。",
        "en": "The page and /api do not answer to this host name. The operator can add it to [server] allowed_hosts.",
    },
    "too_many_connections": {
        "ja": "接続数が上限に達しています。しばらくしてから再試行してください。",
        "en": "Too many connections are open. Please try again in a moment.",
    },
    "queue_full": {
        "ja": "キューが満杯です。{retry_after}秒後に再試行してください。",
        "en": "The queue is full. Please try again in {retry_after} seconds.",
    },
    "queue_timeout": {
        "ja": "キュー待機タイムアウト（{waited_secs}秒）。再試行してください。",
        "en": "Timed out after waiting in the queue for {waited_secs} seconds. Please try again.",
    },
    "node_failed": {
        "ja": "ノードがリクエストの処理に失敗しました。",
        "en": "The node failed while handling the request.",
    },
    "stream_broken": {
        "ja": "ノードが応答の途中で失敗しました。この応答は不完全です。",
        "en": "The node failed in the middle of its reply. This reply is incomplete.",
    },
    "nodes_unreachable": {
        "ja": "どのノードにも接続できませんでした。しばらくしてから再試行してください。",
        "en": "No node could be reached. Please try again in a moment.",
    },
    "no_node_online": {
        "ja": "モデル「{model}」を提供できるノードが現在ありません。しばらくしてから再試行してください。",
        "en": "No node that can serve the model '{model}' is online at the moment. Please try again in a moment.",
    },
    "draining": {
        "ja": "サーバーは停止処理中です。しばらくしてから再試行してください。",
        "en": "The server is shutting down. Please try again in a moment.",
    },
    "node_timeout": {
        "ja": "ノードからの応答がないため、打ち切りました。",
        "en": "The node stopped answering, so the request was given up.",
    },
    "internal": {
        "ja": "llmlbの内部エラーです。ログを確認してください（リクエストID: {request_id}）。",
        "en": "Internal error in llmlb. See its log (request id: {request_id}).",
    },
}

_OF_ONE = {
    "queue_full": "The queue is full. Please try again in 1 second.",
    "queue_timeout": "Timed out after waiting in the queue for 1 second. Please try again.",
}
"""What is said in English instead where the number in it is 1."""


def text(locale: Locale, key: str, /, **values: Any) -> str:
    """The sentence `key` in `locale`, with `values` filled in. Raises KeyError for an unknown key."""
    if locale == "en" and key in _OF_ONE and 1 in values.values():
        return _OF_ONE[key]
    return TEXTS[key][locale].format(**values)


def choose_locale(accept_language: str | None, default: Locale) -> Locale:
    """The language of an answer: the best of `Accept-Language` that there is, else `default`.

    `*`, no header, and a header that cannot be read all mean `default`.
    """
    best: tuple[float, Locale] | None = None
    for part in (accept_language or "").split(","):
        tag, _, parameters = part.strip().partition(";")
        quality = _quality(parameters)
        primary = tag.strip().split("-")[0].lower()
        wanted: Locale | None = "ja" if primary == "ja" else "en" if primary == "en" else None
        if tag.strip() == "*":
            wanted = default
        if wanted is not None and quality > 0 and (best is None or quality > best[0]):
            best = (quality, wanted)
    return best[1] if best else default


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return min(1.0, max(0.0, float(value)))
    except ValueError:
        return 0.0
