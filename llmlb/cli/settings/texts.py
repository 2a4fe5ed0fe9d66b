"""What `llmlb config` says."""

from __future__ import annotations

from typing import Any

from llmlb.messages import Locale

TEXTS: dict[str, dict[Locale, str]] = {
    # Help
    "config": {
        "ja": "設定を一覧表示・変更します",
        "en": "show and change settings",
    },
    "about": {
        "ja": "設定ファイルの設定を1つずつ表示・変更し、動作中のゲートウェイに反映させます。\n"
        "ファイルのコメントと順序はそのまま残ります。",
        "en": "Shows and changes the settings of the configuration file, one by one, and has the running "
        "gateway apply them. Comments in the file, and its order, stay as they are.",
    },
    "set": {"ja": "設定を変更します", "en": "change a setting"},
    "get": {"ja": "設定の値を表示します", "en": "show the value of a setting"},
    "unset": {
        "ja": "設定をファイルから削除し、既定値に戻します",
        "en": "take a setting out of the file: its default applies",
    },
    "list": {
        "ja": "すべての設定と値、その出どころを表示します",
        "en": "show every setting, its value, and where that comes from",
    },
    "key": {"ja": "設定の名前（例: queue.max_size）", "en": "name of the setting, such as queue.max_size"},
    "value": {
        "ja": "値。配列はコンマ区切り。秘密の値は - とすると標準入力から読みます",
        "en": "its value; arrays by commas; for secrets - reads standard input",
    },
    # What was done
    "changed": {"ja": "{name}: {before} -> {after}（{source}）", "en": "{name}: {before} -> {after} ({source})"},
    "same": {"ja": "{name} はすでに {value} です（{source}）。", "en": "{name} is {value} already ({source})."},
    "not_given": {
        "ja": "{name} は {file} にありません。既定値は {value} です。",
        "en": "{name} is not in {file}; its default is {value}.",
    },
    "default": {"ja": "{value}（既定値）", "en": "{value} (default)"},
    "held_still": {
        "ja": "ただし、環境変数 {variable} が優先されるため、効果はありません。",
        "en": "Still the variable {variable} wins, so nothing else applies now.",
    },
    # What could not be done
    "unknown": {
        "ja": "{given} という設定はありません（llmlb config list で一覧を表示できます）。",
        "en": "there is no setting {given} (llmlb config list shows all).",
    },
    "unknown_near": {
        "ja": "{given} という設定はありません。{nearest} のことですか？",
        "en": "there is no setting {given}; did you mean {nearest}?",
    },
    "entries": {
        "ja": "{given}: ノードは llmlb nodes、APIキーは llmlb keys で変更してください。",
        "en": "{given}: nodes are changed by llmlb nodes, API keys by llmlb keys.",
    },
    "unfit": {"ja": "{name} = {given}: {allowed}を指定してください。", "en": "{name} = {given}: must be {allowed}."},
    "held": {
        "ja": "環境変数 {variable} が優先されるため、ファイルを変更しても {name} には効果がありません。"
        "この変数を外してから変更してください。何も変更していません。",
        "en": "the variable {variable} wins over the file, so a change of {name} would do nothing. "
        "Remove the variable first. Nothing was changed.",
    },
    "held_gateway": {
        "ja": "動作中のゲートウェイでは環境変数 {variable} が優先されるため、ファイルを変更しても {name} には"
        "効果がありません。この変数を外してゲートウェイを再起動してから変更してください。何も変更していません。",
        "en": "the running gateway has the variable {variable}, which wins over the file, so a change of {name} would "
        "do nothing. Remove the variable and restart the gateway first. Nothing was changed.",
    },
    "secret": {
        "ja": "{name} の値はシェルの履歴に残らないよう、標準入力から渡してください: llmlb config set {name} -",
        "en": "{name} is a secret, and would stay in the history of the shell. "
        "Give it by standard input: llmlb config set {name} -",
    },
    "prompt": {"ja": "{name} の値（表示されません）: ", "en": "{name} (not shown): "},
    # The list
    "h_key": {"ja": "設定", "en": "KEY"},
    "h_value": {"ja": "値", "en": "VALUE"},
    "h_source": {"ja": "出どころ", "en": "SOURCE"},
    "s_default": {"ja": "既定値", "en": "default"},
}


def say(locale: Locale, key: str, /, **values: Any) -> str:
    """The sentence `key`, with `values` filled in."""
    return TEXTS[key][locale].format(**values)
