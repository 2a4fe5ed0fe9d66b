"""What `llmlb status` says. Names of states, and what is wrong, are in the words of the page."""

from __future__ import annotations

from typing import Any

from llmlb.messages import Locale

TEXTS: dict[str, dict[Locale, str]] = {
    # Help
    "status": {
        "ja": "動作中のゲートウェイの様子を1画面で表示します",
        "en": "show what the running gateway does, on one screen",
    },
    "about": {
        "ja": "動作中のゲートウェイの様子を、ターミナルの1画面に表示します。",
        "en": "Shows what the running gateway does, on one screen of the terminal.",
    },
    "watch": {"ja": "1秒ごとに表示し直します（qで終了）", "en": "show it anew every second (q ends it)"},
    "json": {
        "ja": "すべてをJSONで表示します（プログラムで使うとき）",
        "en": "print all there is, as JSON",
    },
    # The head
    "up": {"ja": "稼働 {time}", "en": "up {time}"},
    "quit": {"ja": "q: 終了", "en": "q: quit"},
    "silent": {"ja": "応答なし {time}", "en": "no answer for {time}"},
    "waiting": {"ja": "待機中", "en": "Waiting"},
    "processing": {"ja": "処理中", "en": "In service"},
    "of_nodes": {"ja": "/ ノード{count}台", "en": "on {count} nodes"},
    "of_node": {"ja": "/ ノード1台", "en": "on 1 node"},
    "of": {"ja": "/ 最大{count}", "en": "of {count}"},
    "avg_wait": {"ja": "平均待機", "en": "mean wait"},
    "refused": {"ja": "拒否", "en": "refused"},
    "timed_out": {"ja": "時間切れ", "en": "timed out"},
    "past_hour": {"ja": "過去1時間:", "en": "Past hour:"},
    # Nodes
    "h_node": {"ja": "ノード", "en": "NODE"},
    "h_state": {"ja": "状態", "en": "STATE"},
    "h_since": {"ja": "経過", "en": "SINCE"},
    "h_key_in_service": {"ja": "処理中のキー", "en": "REQUEST OF"},
    "h_served": {"ja": "完了", "en": "SERVED"},
    "h_service": {"ja": "処理p50", "en": "TIME P50"},
    "h_failures": {"ja": "失敗", "en": "FAILED"},
    "h_reason": {"ja": "理由", "en": "REASON"},
    # Keys
    "h_key": {"ja": "キー", "en": "KEY"},
    "h_waiting": {"ja": "待機", "en": "WAITING"},
    "h_in_service": {"ja": "処理中", "en": "IN SERVICE"},
    "h_share": {"ja": "割合", "en": "SHARE"},
    "h_due": {"ja": "取り分", "en": "DUE"},
    "h_bar": {"ja": "割合と │ 取り分", "en": "SHARE AND │ DUE"},
    "h_wait_p50": {"ja": "待機p50", "en": "WAIT P50"},
    "h_wait_p90": {"ja": "p90", "en": "P90"},
    "h_turned_away": {"ja": "拒否・時間切れ", "en": "TURNED AWAY"},
    "disabled": {"ja": "無効", "en": "disabled"},
    "no_key": {"ja": "（キーなし）", "en": "(no key)"},
    "keys_none": {"ja": "まだ誰も使っていません。", "en": "Nobody has used the gateway yet."},
    # Those who wait
    "h_place": {"ja": "順番", "en": "PLACE"},
    "h_model": {"ja": "モデル", "en": "MODEL"},
    "h_waited": {"ja": "待ち", "en": "WAITED"},
    "h_expected": {"ja": "あと", "en": "EXPECTED"},
    "h_why": {"ja": "先にいるもの", "en": "BEFORE IT"},
    "h_id": {"ja": "リクエストID", "en": "REQUEST ID"},
    "before": {"ja": "{key} {count}件", "en": "{count} of {key}"},
    "about_secs": {"ja": "約{time}", "en": "~{time}"},
    "waiting_none": {"ja": "待機中のリクエストはありません。", "en": "No request is waiting."},
    "separator": {"ja": "、", "en": ", "},
    "nowhere": {"ja": "処理できるノードがありません", "en": "no node can serve it"},
    "more": {"ja": "… ほか{count}件", "en": "… and {count} more"},
    # What could not be done
    "other_version": {
        "ja": "ゲートウェイはほかのバージョンの llmlb で動いています。",
        "en": "the gateway runs another version of llmlb",
    },
    "await": {
        "ja": "起動を待っています…（q: 終了）",
        "en": "Waiting for one to start… (q: quit)",
    },
    "no_terminal": {
        "ja": "--watch は、画面を描き直せるターミナルでだけ使えます。",
        "en": "--watch needs a terminal whose screen can be drawn anew.",
    },
}


def say(locale: Locale, key: str, /, **values: Any) -> str:
    """The words `key`, with `values` filled in."""
    return TEXTS[key][locale].format(**values)
