"""Every word of the page, in Japanese and English."""

from __future__ import annotations

import re
from typing import Any

from llmlb.messages import Locale

PAGE_TEXTS: dict[str, dict[Locale, str]] = {
    "queue": {"ja": "キュー状態", "en": "Queue"},
    "title": {
        "ja": "待機 {waiting} · 処理 {processing} — llmlb",
        "en": "{waiting} waiting · {processing} in service — llmlb",
    },
    "waiting": {"ja": "待機中", "en": "Waiting"},
    "waiting_unit": {"ja": "件", "en": ""},
    "waiting_of": {"ja": "最大{max_size}件", "en": "of at most {max_size}"},
    "processing": {"ja": "処理中", "en": "In service"},
    "processing_of": {"ja": "件 / ノード{nodes}台", "en": "of {nodes} nodes"},
    "processing_of_one": {"ja": "件 / ノード1台", "en": "of 1 node"},
    "no_nodes_yet": {"ja": "ここにノードが並びます。", "en": "Nodes will appear here."},
    "nodes_more": {
        "ja": "ほかに{count}台あります（注意が必要なノードを先に表示しています）。",
        "en": "{count} more; those that may need attention are shown first.",
    },
    "nodes_by_state": {"ja": "状態ごとのノード数", "en": "Nodes by state"},
    "processing_by_node": {"ja": "ノードごとの処理中", "en": "In service by node"},
    "in_service": {"ja": "処理中のリクエスト: {count}件", "en": "Requests in service: {count}"},
    "avg_wait": {"ja": "平均待機時間", "en": "Mean wait"},
    "avg_process": {"ja": "平均処理時間", "en": "Mean service time"},
    "past_hour": {"ja": "過去1時間", "en": "past hour"},
    "past_hour_title": {"ja": "過去1時間", "en": "The past hour"},
    "page_about": {
        "ja": "セルフホストLLMのための公平なキュー",
        "en": "A fair queue in front of self-hosted LLM nodes",
    },
    "places": {"ja": "ページ", "en": "Pages"},
    "operator": {"ja": "運用者向け", "en": "Operator"},
    "other_language": {"ja": "English", "en": "日本語"},
    # The past hour drawn
    "chart_queue": {"ja": "待機中と処理中", "en": "Waiting and in service"},
    "chart_waits": {"ja": "待機時間", "en": "How long requests waited"},
    "chart_outcomes": {"ja": "結果", "en": "Outcomes"},
    "chart_period": {"ja": "30秒ごと", "en": "per half minute"},
    "chart_nothing": {"ja": "まだデータがありません", "en": "Nothing yet"},
    "chart_gap": {"ja": "記録なし", "en": "no data"},
    "chart_summary": {"ja": "{title}、過去1時間。{words}", "en": "{title}, past hour. {words}"},
    "said_waiting": {"ja": "待機中（最大）", "en": "Waiting, at most"},
    "said_in_service": {"ja": "処理中（平均）", "en": "In service, mean"},
    "said_p50": {"ja": "半数（p50）", "en": "Half (p50)"},
    "said_p90": {"ja": "9割（p90）", "en": "9 in 10 (p90)"},
    "said_within": {"ja": "{wait}以内", "en": "≤ {wait}"},
    "said_peak": {"ja": "ピーク {wait}、{ago}", "en": "peak {wait}, {ago}"},
    "said_served": {"ja": "完了", "en": "Served"},
    "said_cancelled": {"ja": "クライアントが切断", "en": "Left by the client"},
    "said_rejected": {"ja": "満杯による拒否", "en": "Refused, queue full"},
    "said_timed_out": {"ja": "時間切れ", "en": "Timed out waiting"},
    "said_failed": {"ja": "失敗", "en": "Failed"},
    "said_note": {"ja": "（{note}）", "en": " ({note})"},
    "ago": {"ja": "{age}前", "en": "{age} ago"},
    "just_now": {"ja": "たった今", "en": "just now"},
    "and": {"ja": "、", "en": ", "},
    "hour_ago": {"ja": "1時間前", "en": "1 h ago"},
    "now": {"ja": "現在", "en": "now"},
    # The connection
    "link_snapshot": {"ja": "読み込み時点の表示", "en": "As of loading"},
    "link_live": {"ja": "ライブ", "en": "Live"},
    "link_lost": {
        "ja": "接続が切れました（最終更新 {time}）。再接続しています…",
        "en": "Connection lost (last update {time}). Reconnecting…",
    },
    "link_full": {
        "ja": "同時に開けるページ数の上限です（最終更新 {time}）。空くのを待っています…",
        "en": "Too many pages are open (last update {time}). Waiting for room…",
    },
    "reload": {"ja": "再読み込み", "en": "Reload"},
    # States of a node
    "state_pending": {"ja": "確認中", "en": "Checking"},
    "state_idle": {"ja": "空き", "en": "Free"},
    "state_busy": {"ja": "処理中", "en": "In service"},
    "state_loading": {"ja": "モデル読み込み中", "en": "Loading"},
    "state_resting": {"ja": "休止中", "en": "Resting"},
    "state_draining": {"ja": "切り離し中", "en": "Draining"},
    "state_offline": {"ja": "オフライン", "en": "Offline"},
    # Times
    "days": {"ja": "日", "en": "d"},
    "hours": {"ja": "時間", "en": "h"},
    "minutes": {"ja": "分", "en": "min"},
    "seconds": {"ja": "秒", "en": "s"},
    # What is going on, and what to do
    "calm": {"ja": "順調です。", "en": "All is well."},
    "calm_advice": {"ja": "リクエストはすぐに処理されます。", "en": "Requests are served at once."},
    "working": {"ja": "順調です。", "en": "All is well."},
    "working_advice": {
        "ja": "空いているノードはありません。次のリクエストは順番を待ちます。",
        "en": "No node is free. The next request waits its turn.",
    },
    "crowded": {"ja": "順番待ちがあります。", "en": "Requests are waiting."},
    "crowded_advice": {
        "ja": "空いているノードはありません。新しいリクエストは順番を待ちます。",
        "en": "No node is free. New requests wait their turn.",
    },
    "other_model": {"ja": "順調です。", "en": "All is well."},
    "other_model_advice": {
        "ja": "待機中のリクエストは、空いているノードにはないモデルを待っています。",
        "en": "Those waiting need a model that no free node has.",
    },
    "draining": {"ja": "停止処理中です。", "en": "Shutting down."},
    "draining_advice": {
        "ja": "受け付け済みのリクエストを終えてから停止します。新しいリクエストは受け付けません。",
        "en": "Requests already accepted are being finished; new ones are not accepted.",
    },
    "no_node": {"ja": "ノードがありません。", "en": "There is no node."},
    "no_node_advice": {
        "ja": "このマシンで Ollama、LM Studio、vLLM、llama.cpp のいずれかを起動すると自動的に見つかります。"
        "ほかのマシンのノードは config.toml の [[nodes]] に書いてください。",
        "en": "Start Ollama, LM Studio, vLLM or llama.cpp on this machine; it is found automatically. "
        "List nodes on other machines as [[nodes]] in config.toml.",
    },
    "getting_ready": {"ja": "ノードの準備ができるのを待っています。", "en": "Waiting for a node to be ready."},
    "getting_ready_advice": {
        "ja": "モデル読み込み中や休止中のノードは自動的に確認します。それまでリクエストは順番を待ちます。",
        "en": "Nodes that are loading or resting are asked again automatically. Until then requests wait their turn.",
    },
    "checking": {"ja": "ノードを確認しています。", "en": "Checking the nodes."},
    "checking_advice": {
        "ja": "応答があり次第、リクエストを送ります。",
        "en": "Requests are sent as soon as one answers.",
    },
    "all_offline": {"ja": "すべてのノードがオフラインです。", "en": "All nodes are offline."},
    "all_offline_advice": {
        "ja": "ノードのサーバーが動いているか、config.toml の url が正しいかを確認してください。"
        "復帰は自動的に検出されます。",
        "en": "Check that their servers are running and that each url in config.toml is right. "
        "A node that comes back is noticed automatically.",
    },
    "no_usable": {"ja": "使えるノードがありません。", "en": "No node can be used."},
    "no_usable_advice": {
        "ja": "切り離し中のノードを戻すか、オフラインのノードを復旧するか、ノードを追加してください。",
        "en": "Resume a node that is draining, bring one back that is offline, or add one.",
    },
    "full": {"ja": "キューが満杯です。", "en": "The queue is full."},
    "full_advice": {
        "ja": "新しいリクエストは429で拒否されます。"
        "続くようなら、ノードを増やすか [queue] max_size を見直してください。",
        "en": "New requests are refused with 429. If this lasts, add a node or reconsider [queue] max_size.",
    },
    "no_room": {"ja": "大きなリクエストを待たせる余裕がありません。", "en": "There is no room for large requests."},
    "no_room_advice": {
        "ja": "待機中のリクエストの本文が [server] waiting_bytes に達し、大きなリクエストは429で拒否されます。"
        "続くようなら、ノードを増やすか waiting_bytes を見直してください。",
        "en": "Bodies that wait take all of [server] waiting_bytes, and large requests are refused with 429. "
        "If this lasts, add a node or reconsider waiting_bytes.",
    },
    "some_offline": {"ja": "オフラインのノード: {names}", "en": "Offline: {names}"},
    "some_offline_advice": {
        "ja": "サーバーが動いているか確認してください。復帰は自動的に検出されます。",
        "en": "Check whether the server is running. A node that comes back is noticed automatically.",
    },
    "config_refused": {"ja": "設定ファイルに問題があります。", "en": "The configuration file has problems."},
    "config_refused_advice": {
        "ja": "変更前の設定のまま動作しています。llmlb check かログで問題を確認し、修正してください。"
        "修正したファイルは自動的に読み込まれます。",
        "en": "The former settings still apply. llmlb check or the log tells what is wrong; correct it. "
        "The corrected file is read automatically.",
    },
    "nodes_draining": {"ja": "切り離し中のノード: {names}", "en": "Draining: {names}"},
    "nodes_draining_advice": {
        "ja": "新しいリクエストは送りません。処理中のリクエストは最後まで処理します。",
        "en": "Given no new requests; what is in service there is finished.",
    },
    "and_more": {"ja": "ほか{count}台", "en": "{count} more"},
}

_REASONS = {
    "connection refused": "接続を拒否されました",
    "connecting timed out": "接続がタイムアウトしました",
    "TLS failed": "TLS接続に失敗しました",
    "cannot connect": "接続できません",
    "host name not resolved": "ホスト名を解決できません",
    "connection reset in mid-reply": "応答の途中で接続がリセットされました",
    "connection reset before a reply": "応答の前に接続がリセットされました",
    "connection closed in mid-reply": "応答の途中で接続が切れました",
    "connection closed before a reply": "応答の前に接続が切れました",
    "no sign of life in mid-reply": "応答の途中でノードと通信できなくなりました",
    "no sign of life before a reply": "応答の前にノードと通信できなくなりました",
    "unreadable reply": "応答を解釈できません",
    "empty reply": "応答が空でした",
    "silent for": "応答がありません",
    "no answer to a probe in time": "確認への応答がありません",
    "no list of models": "モデルの一覧を取得できません",
    "the list of models is too long": "モデルの一覧が長すぎます",
    "probe failed": "確認に失敗しました",
    "HTTP 503 to a probe": "確認にHTTP 503を返しました",
    "may still be computing what was hung up on": "打ち切ったリクエストの計算を続けている可能性があります",
    "drained by the operator": "運用者が切り離しました",
    "removed: finishing what it has": "設定から外されました。処理中のリクエストを終えています",
    "its former address has to finish first": "変更前のアドレスでの処理が終わるのを待っています",
}
"""How what the log says of a node begins, and the Japanese for it. `HTTP 429` and the like stand for themselves."""

_FAILING = re.compile(r"failed (\d+) times in a row: ")


def reason_text(locale: Locale, reason: str) -> str:
    """What the log says of a node's state, in the language of the page. What has no translation stays as it is."""
    if locale != "ja":
        return reason
    if failing := _FAILING.match(reason):
        return f"{failing[1]}回続けて失敗しました: {reason_text(locale, reason[failing.end() :])}"
    for begins, words in _REASONS.items():
        if reason.startswith(begins):
            detail = reason.removeprefix(begins).removeprefix(":").strip()
            return f"{words}（{detail}）" if detail else words
    return reason


def page_text(locale: Locale, key: str, /, **values: Any) -> str:
    """The words `key` of the page in `locale`, with `values` filled in. Raises KeyError for an unknown key."""
    return PAGE_TEXTS[key][locale].format(**values)
