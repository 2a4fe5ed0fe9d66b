"""What every command that edits the configuration file says."""

from __future__ import annotations

from typing import Any

from llmlb.messages import Locale

TEXTS: dict[str, dict[Locale, str]] = {
    # Help
    "config": {
        "ja": "設定ファイル（省略時: ./config.toml）",
        "en": "configuration file (default: ./config.toml)",
    },
    "arguments": {"ja": "引数", "en": "arguments"},
    "json": {"ja": "JSONで出力します", "en": "write JSON"},
    # What the gateway says to it
    "applied": {"ja": "動作中のゲートウェイに反映しました。", "en": "The running gateway has applied it."},
    "not_running": {
        "ja": "このファイルで動作中のゲートウェイはありません。次の起動時に反映されます。",
        "en": "No gateway is running with this file; it takes effect when one starts.",
    },
    "unreachable": {
        "ja": "ゲートウェイに問い合わせできません（{problem}）。動作中なら、ファイルの変更に自分で気づきます。",
        "en": "The gateway cannot be asked ({problem}). If one is running it notices the change by itself.",
    },
    "stopping": {
        "ja": "ゲートウェイは停止処理中です。次の起動時に反映されます。",
        "en": "The gateway is stopping; it takes effect when one starts.",
    },
    "refused": {
        "ja": "動作中のゲートウェイはこのファイルを受け付けませんでした。これまでの設定のまま動いています。",
        "en": "The running gateway refused the file, and goes on with what it had.",
    },
    "restart": {
        "ja": "再起動するまで反映されない設定があります: {settings}",
        "en": "Some settings take effect only after a restart: {settings}",
    },
    # What could not be done
    "secret_file": {
        "ja": "{file} を読めません（{problem}）。",
        "en": "{file} cannot be read ({problem}).",
    },
    "secret_empty": {"ja": "{file} が空です。", "en": "{file} is empty."},
    "cannot_write": {
        "ja": "{file} に書き込めません（{problem}）。何も変更していません。",
        "en": "{file} cannot be written ({problem}). Nothing was changed.",
    },
    "cannot_tell": {
        "ja": "結果を出力できません（{problem}）。",
        "en": "what came of it cannot be written to the output ({problem}).",
    },
    "cannot_edit": {
        "ja": "{file} はこのコマンドで編集できない書き方になっています。手で編集してください。何も変更していません。",
        "en": "{file} is written in a form that only you can edit. Nothing was changed.",
    },
    "no_text": {
        "ja": "UTF-8の文字列ではない引数は設定ファイルに書けません。何も変更していません。",
        "en": "an argument that is no UTF-8 text cannot be written into the file. Nothing was changed.",
    },
    "changed_meanwhile": {
        "ja": "処理している間に、{file} がほかで変更されました。何も変更していません。もう一度実行してください。",
        "en": "{file} was changed by somebody else meanwhile. Nothing was changed; please try again.",
    },
    "nothing_changed": {"ja": "何も変更していません。", "en": "Nothing was changed."},
}


def say(locale: Locale, key: str, /, **values: Any) -> str:
    """The sentence `key`, with `values` filled in."""
    return TEXTS[key][locale].format(**values)
