"""What `llmlb keys` says."""

from __future__ import annotations

from typing import Any

from llmlb.messages import Locale

TEXTS: dict[str, dict[Locale, str]] = {
    # Help
    "keys": {
        "ja": "APIキーを一覧表示・追加・再発行・無効化・削除します",
        "en": "list, add, rotate, disable and remove API keys",
    },
    "about": {
        "ja": "設定ファイルのAPIキーを編集し、動作中のゲートウェイに反映させます。再起動は不要です。\n"
        "新しいキーは一度だけ標準出力に表示します。設定ファイルにはハッシュだけを書きます。",
        "en": "Edits the API keys in the configuration file, and has the running gateway apply it. No restart "
        "is needed. A new key is written to standard output, only this once; the file gets its hash only.",
    },
    "list": {"ja": "APIキーを表示します", "en": "show the API keys"},
    "add": {"ja": "キーを追加し、一度だけ表示します", "en": "add a key, and show it only this once"},
    "rotate": {
        "ja": "同じ名前のまま新しいキーに取り替え、一度だけ表示します",
        "en": "replace a key by a new one of the same name, and show it only this once",
    },
    "set": {"ja": "重みや待機数の上限を変更します", "en": "change the weight of a key, or how many requests may wait"},
    "disable": {
        "ja": "キーを無効にします（待機中・処理中のリクエストは最後まで続けます）",
        "en": "let a key in no more; what waits or is in service is finished",
    },
    "enable": {"ja": "無効にしたキーを元に戻します", "en": "let a disabled key in again"},
    "remove": {
        "ja": "キーを削除します（待機中・処理中のリクエストは最後まで続けます）",
        "en": "remove a key; what waits or is in service is finished",
    },
    "name": {"ja": "キーの名前", "en": "name of the key"},
    "new_name": {"ja": "キーの名前（ログや統計に出ます）", "en": "name of the key, for logs and statistics"},
    "weight": {"ja": "取り分の重み（既定 1）", "en": "its share of the turns (default 1)"},
    "max_waiting": {
        "ja": "待機できるリクエスト数の上限（0なら [queue] max_per_key に従います）",
        "en": "how many of its requests may wait (0: what [queue] max_per_key says)",
    },
    # What was done
    "added": {"ja": "{name} を {file} に追加しました。", "en": "Added {name} to {file}."},
    "created": {"ja": "{file} を作成し、{name} を追加しました。", "en": "Made {file}, with {name}."},
    "rotated": {
        "ja": "{name} を新しいキーに取り替えました。これまでのキーは使えなくなります。",
        "en": "{name} has a new key. The former one passes no more.",
    },
    "shown_once": {
        "ja": "次がそのキーです。表示するのはこの一度だけです:",
        "en": "This is the key. It is shown only this once:",
    },
    "nowhere_to_show": {
        "ja": "標準出力が閉じているため、新しいキーを表示できません。何も変更していません。",
        "en": "standard output is closed, so nobody would see the new key. Nothing was changed.",
    },
    "not_shown": {
        "ja": "キーを表示できませんでした（{problem}）。ファイルには登録済みです。"
        "llmlb keys rotate {name} で新しいキーを作ってください。",
        "en": "the key could not be shown ({problem}), but is in the file: make another by llmlb keys rotate {name}.",
    },
    "changed": {"ja": "{name}: {changes}", "en": "{name}: {changes}"},
    "same": {"ja": "{name} はすでにそうなっています。", "en": "{name} has that already."},
    "disabled": {
        "ja": "{name} を無効にしました。待機中・処理中のリクエストは最後まで続けます。",
        "en": "{name} is let in no more. What waits or is in service is finished.",
    },
    "disabled_before": {"ja": "{name} はすでに無効です。", "en": "{name} is disabled already."},
    "enabled": {"ja": "{name} を有効にしました。", "en": "{name} is let in again."},
    "enabled_before": {"ja": "{name} は無効になっていません。", "en": "{name} is not disabled."},
    "removed": {
        "ja": "{name} を {file} から削除しました。待機中・処理中のリクエストは最後まで続けます。",
        "en": "Removed {name} from {file}. What waits or is in service is finished.",
    },
    "first": {
        "ja": "これが最初のキーです。今後は、設定したキーのないリクエストを受け付けません。\n"
        "クライアントはキーを Authorization: Bearer ヘッダーで送ります。",
        "en": "It is the first key: from now on only requests with a configured key pass.\n"
        "Clients send it as an Authorization: Bearer header.",
    },
    "none_left": {
        "ja": "設定にキーがなくなりました。今後は、ゲートウェイに接続できる人は誰でもキーなしで使えます。",
        "en": "No key is configured any more: from now on everyone who reaches the gateway may use it.",
    },
    "none_enabled": {
        "ja": "有効なキーがありません。どれかを有効にするまで、誰もゲートウェイを使えません。",
        "en": "No key is enabled: nobody may use the gateway until one is.",
    },
    "still_disabled": {
        "ja": "{name} は無効のままです（llmlb keys enable で有効にできます）。",
        "en": "{name} is disabled still (llmlb keys enable lets it in).",
    },
    # What could not be done
    "no_key": {"ja": "{given} というキーは {file} にありません。", "en": "there is no key {given} in {file}."},
    "no_key_near": {
        "ja": "{given} というキーは {file} にありません。{nearest} のことですか？",
        "en": "there is no key {given} in {file}; did you mean {nearest}?",
    },
    "known": {
        "ja": "{name} というキーはすでにあります。新しいキーに取り替えるには llmlb keys rotate を使ってください。",
        "en": "there is a key {name} already; llmlb keys rotate replaces it.",
    },
    "nothing_to_set": {
        "ja": "--weight と --max-waiting の少なくとも一方を指定してください。",
        "en": "give --weight or --max-waiting, or both.",
    },
    "allowed": {"ja": "{given}: {allowed}を指定してください", "en": "{given}: must be {allowed}"},
    # The list
    "in_file": {
        "ja": "ファイルの内容を表示します。",
        "en": "This is what the file says.",
    },
    "no_keys": {
        "ja": "キーはありません。ゲートウェイに接続できる人は誰でも使えます。",
        "en": "There are no keys: everyone who reaches the gateway may use it.",
    },
    "config_refused": {
        "ja": "設定ファイルに問題があるため、以前の設定のまま動いています（llmlb check かログで確認できます）。",
        "en": "the file has problems, so the former configuration still applies (llmlb check or the log tells which).",
    },
    "h_name": {"ja": "名前", "en": "NAME"},
    "h_state": {"ja": "状態", "en": "STATE"},
    "h_weight": {"ja": "重み", "en": "WEIGHT"},
    "h_max_waiting": {"ja": "待機上限", "en": "MAX WAITING"},
    "h_waiting": {"ja": "待機中", "en": "WAITING"},
    "h_in_service": {"ja": "処理中", "en": "IN SERVICE"},
    "h_requests": {"ja": "過去1時間", "en": "PAST HOUR"},
    "s_enabled": {"ja": "有効", "en": "enabled"},
    "s_disabled": {"ja": "無効", "en": "disabled"},
}


def say(locale: Locale, key: str, /, **values: Any) -> str:
    """The sentence `key`, with `values` filled in."""
    return TEXTS[key][locale].format(**values)
