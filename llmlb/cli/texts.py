"""What the command line says, in the language of the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmlb.messages import Locale

_TEXTS: dict[str, dict[Locale, str]] = {
    "about": {
        "ja": "自前のLLMノードの前に立つ、公平なキューを備えたOpenAI互換ゲートウェイです。",
        "en": "One fair queue, with an OpenAI-compatible endpoint, in front of LLM nodes of your own.",
    },
    "serve": {"ja": "ゲートウェイを起動します", "en": "run the gateway"},
    "check": {"ja": "設定ファイルを検査します", "en": "check a configuration file"},
    "demo": {
        "ja": "模擬ノード2台とサンプルのリクエストでゲートウェイを起動します",
        "en": "run the gateway with two simulated nodes and sample traffic",
    },
    "config": {
        "ja": "設定ファイル（省略時: ./config.toml があればそれ）",
        "en": "configuration file (default: ./config.toml if there is one)",
    },
    "demo_config": {
        "ja": "設定ファイル（省略時: なし）。書き換えません。ノードとAPIキーはデモのものを使います",
        "en": "configuration file (default: none); it is not changed, and nodes and API keys are the demo's own",
    },
    "help": {"ja": "この説明を表示して終了します", "en": "show this help and exit"},
    "version": {"ja": "バージョンを表示して終了します", "en": "show the version and exit"},
    "commands": {"ja": "コマンド", "en": "commands"},
    "options": {"ja": "オプション", "en": "options"},
    "no_file": {"ja": "既定の設定", "en": "the defaults"},
    "checked": {"ja": "問題ありません: {file}", "en": "No problems: {file}"},
    "cannot_start": {"ja": "起動できません: {problem}", "en": "cannot start: {problem}"},
    "port_taken": {
        "ja": (
            "起動できません: {host} のポート {port} はほかのプログラムが使用中です。"
            "[server] port か LLMLB_SERVER_PORT で別のポートを指定してください。"
        ),
        "en": (
            "cannot start: another program is using port {port} on {host}. "
            "Choose another port with [server] port or LLMLB_SERVER_PORT."
        ),
    },
    "port_forbidden": {
        "ja": "起動できません: ポート {port} で待ち受ける権限がありません。1024以上のポートを指定してください。",
        "en": "cannot start: no permission to listen on port {port}. Choose one from 1024 on.",
    },
    "no_such_address": {
        "ja": "起動できません: このマシンにアドレス {host} はありません。[server] host を確認してください。",
        "en": "cannot start: this machine has no address {host}. See [server] host.",
    },
    "log_file": {
        "ja": "起動できません: ログファイル {file} に書き込めません（{problem}）。",
        "en": "cannot start: the log file {file} cannot be written ({problem}).",
    },
    "listening": {"ja": "llmlb: {url} で待ち受けています", "en": "llmlb is listening on {url}"},
    "nodes": {"ja": "ノード: {names}", "en": "Nodes: {names}"},
    "found": {
        "ja": "このマシンの {title}（ポート {port}）を見つけました",
        "en": "Found {title} on this machine (port {port})",
    },
    "found_nothing": {
        "ja": (
            "このマシンにLLMサーバーが見つかりません（探した場所: {looked}）。\n"
            "どれかを起動すれば自動で見つけます。ほかのマシンのノードは config.toml に書いてください:\n\n"
            '  [[nodes]]\n  url = "http://192.168.0.10:11434"\n'
        ),
        "en": (
            "Found no LLM server on this machine (looked for {looked}).\n"
            "Start one and it is found automatically. For nodes on other machines write a config.toml:\n\n"
            '  [[nodes]]\n  url = "http://192.168.0.10:11434"\n'
        ),
    },
    "try_demo": {
        "ja": (
            "模擬ノード2台とサンプルのリクエストが動いています。\n"
            "ページ: {url}\n"
            "運用者のページ: {url}/operator{password}\n"
            "別のターミナルで: {llmlb} status --watch --config {file}\n"
            "試すには（Ctrl-Cで終了）:\n\n{curl}\n"
        ),
        "en": (
            "Two simulated nodes and some sample traffic are running.\n"
            "The page: {url}\n"
            "The operator's page: {url}/operator{password}\n"
            "In another terminal: {llmlb} status --watch --config {file}\n"
            "Try it (Ctrl-C ends it):\n\n{curl}\n"
        ),
    },
    "demo_password": {"ja": "  パスワード: {password}", "en": "  password: {password}"},
}

_CURL = """\
  curl -N {url}/v1/chat/completions \\
    -H "Authorization: Bearer sk-your-api-key" \\
    -H "Content-Type: application/json" \\
    -d '{{"model": "llama-3.2-1b", "stream": true, "messages": [{{"role": "user", "content": "Hello"}}]}}'"""


def say(locale: Locale, key: str, **values: Any) -> str:
    """The sentence `key`, with `values` filled in."""
    if key == "try_demo":
        values["curl"] = _CURL.format(**values)
    return _TEXTS[key][locale].format(**values)


def terminal_locale(environ: Mapping[str, str]) -> Locale:
    """Japanese where the terminal is, else English."""
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if value := environ.get(name):
            return "ja" if value.lower().startswith("ja") else "en"
    return "en"
