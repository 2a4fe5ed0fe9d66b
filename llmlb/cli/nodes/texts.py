"""What `llmlb nodes` says."""

from __future__ import annotations

from typing import Any

from llmlb.messages import Locale

TEXTS: dict[str, dict[Locale, str]] = {
    # Help
    "nodes": {
        "ja": "ノードを一覧表示・追加・切り離し・復帰・削除します",
        "en": "list, add, drain, resume and remove nodes",
    },
    "about": {
        "ja": "設定ファイルのノードを編集し、動作中のゲートウェイに反映させます。再起動は不要です。",
        "en": "Edits the nodes in the configuration file, and has the running gateway apply it. No restart is needed.",
    },
    "list": {
        "ja": "動作中のゲートウェイから見えるノードを表示します",
        "en": "show the nodes as the running gateway sees them",
    },
    "add": {"ja": "ノードを追加します", "en": "add a node"},
    "drain": {
        "ja": "ノードを切り離します（新しいリクエストを渡さず、処理中のものは最後まで続けます）",
        "en": "give a node no new requests; what it has in service is finished",
    },
    "resume": {"ja": "切り離したノードを元に戻します", "en": "give a drained node requests again"},
    "remove": {
        "ja": "ノードを削除します（処理中のものは最後まで続けます）",
        "en": "remove a node; what it has in service is finished",
    },
    "url": {"ja": "ノードのURL（末尾の /v1 は任意）", "en": "URL of the node, with or without /v1"},
    "node": {"ja": "ノードの名前かURL", "en": "name or URL of the node"},
    "name": {"ja": "名前（省略時はURLの host:port）", "en": "its name (default: host:port of the URL)"},
    "model": {
        "ja": "ノードのモデル。複数指定できます（省略時はノードに問い合わせます）",
        "en": "a model of the node; may be repeated (default: the node is asked)",
    },
    "alias": {
        "ja": "別名=ノードでのモデル名。複数指定できます",
        "en": "another name for a model, as ALIAS=MODEL; may be repeated",
    },
    "api_key_file": {
        "ja": "ノードに送るAPIキーの入ったファイル（- は標準入力）",
        "en": "file with the API key that is sent to the node (- is standard input)",
    },
    "ca_file": {
        "ja": "httpsのノードを確かめる認証局証明書（PEM）",
        "en": "certificates (PEM) an https node is checked against",
    },
    # What was done
    "added": {"ja": "{name}（{url}）を {file} に追加しました。", "en": "Added {name} ({url}) to {file}."},
    "created": {
        "ja": "{file} を作成し、{name}（{url}）を追加しました。",
        "en": "Made {file}, with {name} ({url}).",
    },
    "kept": {
        "ja": "自動で見つかっていたノードも書き込みました（設定に書くと自動では探さなくなるため）: {names}",
        "en": "Also wrote down what had been found without being configured, for it would be gone otherwise: {names}",
    },
    "drained": {
        "ja": "{name} を切り離しました。新しいリクエストは渡しません。処理中のものは最後まで続けます。",
        "en": "{name} gets no new requests. What it has in service is finished.",
    },
    "drained_before": {"ja": "{name} はすでに切り離されています。", "en": "{name} is drained already."},
    "resumed": {"ja": "{name} を元に戻しました。", "en": "{name} gets requests again."},
    "resumed_before": {"ja": "{name} は切り離されていません。", "en": "{name} is not drained."},
    "removed": {
        "ja": "{name} を {file} から削除しました。処理中のものは最後まで続けます。",
        "en": "Removed {name} from {file}. What it has in service is finished.",
    },
    "none_left": {
        "ja": "設定にノードがなくなったため、ゲートウェイはこのマシンのサーバーを探します。",
        "en": "No node is configured any more, so the gateway looks for servers on this machine.",
    },
    # What could not be done
    "no_node": {"ja": "{given} というノードは {file} にありません。", "en": "there is no node {given} in {file}."},
    "no_node_near": {
        "ja": "{given} というノードは {file} にありません。{nearest} のことですか？",
        "en": "there is no node {given} in {file}; did you mean {nearest}?",
    },
    "known": {"ja": "ノード: {names}", "en": "Nodes: {names}"},
    "alias_form": {
        "ja": "--alias {given}: 別名=モデル名 の形で指定してください。",
        "en": "--alias {given}: must be ALIAS=MODEL.",
    },
    # The list
    "in_file": {"ja": "{file} のノード:", "en": "Nodes in {file}:"},
    "no_nodes": {"ja": "ノードはありません。", "en": "There are no nodes."},
    "config_refused": {
        "ja": "設定ファイルに問題があるため、以前の設定のまま動いています（llmlb check かログで確認できます）。",
        "en": "the file has problems, so the former configuration still applies (llmlb check or the log tells which).",
    },
    "h_name": {"ja": "名前", "en": "NAME"},
    "h_state": {"ja": "状態", "en": "STATE"},
    "h_since": {"ja": "経過", "en": "SINCE"},
    "h_kind": {"ja": "種類", "en": "KIND"},
    "h_models": {"ja": "モデル", "en": "MODELS"},
    "h_address": {"ja": "アドレス", "en": "ADDRESS"},
    "h_reason": {"ja": "理由", "en": "REASON"},
}


def say(locale: Locale, key: str, /, **values: Any) -> str:
    """The sentence `key`, with `values` filled in."""
    return TEXTS[key][locale].format(**values)
