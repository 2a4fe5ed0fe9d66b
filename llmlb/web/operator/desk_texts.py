"""Every word of the operator's desk, in Japanese and English. Names of states are those of the public page."""

from __future__ import annotations

from typing import Any

from llmlb.messages import Locale

DESK_TEXTS: dict[str, dict[Locale, str]] = {
    "desk": {"ja": "運用デスク", "en": "Desk"},
    "title": {
        "ja": "待機 {waiting} · 処理 {processing} — 運用デスク — llmlb",
        "en": "{waiting} waiting · {processing} in service — Desk — llmlb",
    },
    "sections": {"ja": "このページの内容", "en": "On this page"},
    "requests": {"ja": "リクエスト", "en": "Requests"},
    "keys": {"ja": "APIキー", "en": "Keys"},
    "nodes": {"ja": "ノード", "en": "Nodes"},
    "past_hour": {"ja": "過去1時間", "en": "past hour"},
    "total_waiting": {"ja": "待機中", "en": "Waiting"},
    "total_running": {"ja": "処理中", "en": "In service"},
    "total_wait": {"ja": "平均待機時間", "en": "Mean wait"},
    "total_refused": {"ja": "拒否・時間切れ", "en": "Refused, timed out"},
    # Finding a request
    "find": {"ja": "リクエストを探す", "en": "Find a request"},
    "find_hint": {"ja": "ID、キー、モデルの一部", "en": "Part of an id, a key or a model"},
    "find_do": {"ja": "探す", "en": "Find"},
    "find_clear": {"ja": "すべて表示", "en": "Show all"},
    "found": {"ja": "「{find}」に当てはまるもの: {count}件", "en": "{count} for “{find}”"},
    "found_none": {
        "ja": "「{find}」に当てはまるリクエストは、いま待機も処理もされていません。"
        "終わったリクエストがどうなったかは、ログのそのIDの行に残っています。",
        "en": "No request for “{find}” is waiting or in service now. "
        "What became of one that is over stands in the log, on the line with its id.",
    },
    # In service
    "running": {"ja": "処理中", "en": "In service"},
    "running_none": {"ja": "処理中のリクエストはありません。", "en": "No request is in service."},
    "node": {"ja": "ノード", "en": "Node"},
    "key": {"ja": "キー", "en": "Key"},
    "model": {"ja": "モデル", "en": "Model"},
    "id": {"ja": "リクエストID", "en": "Request id"},
    "stage": {"ja": "段階", "en": "Stage"},
    "for": {"ja": "経過", "en": "For"},
    "stage_serving": {"ja": "応答待ち", "en": "Awaiting reply"},
    "stage_relaying": {"ja": "応答中", "en": "Replying"},
    "stage_delivering": {"ja": "クライアントへ送信中", "en": "Client reading"},
    "attempt": {"ja": "{count}回目", "en": "attempt {count}"},
    # Waiting
    "waiting": {"ja": "待機中", "en": "Waiting"},
    "waiting_none": {"ja": "待機中のリクエストはありません。", "en": "Nobody is waiting."},
    "order_fair": {
        "ja": "処理される順に並んでいます。キーは重みに応じて交代し、同じキーの中では先着順です。"
        "順番は、同じノードを待つリクエストの中で数えています。",
        "en": "In the order of service: keys take turns by weight; within a key, first come, first served. "
        "A place is counted among those who wait for the same nodes.",
    },
    "order_arrival": {
        "ja": "処理される順に並んでいます。公平なキューは無効で、到着順です。"
        "順番は、同じノードを待つリクエストの中で数えています。",
        "en": "In the order of service. Fairness is off: first come, first served. "
        "A place is counted among those who wait for the same nodes.",
    },
    "place": {"ja": "順番", "en": "Place"},
    "waited": {"ja": "待ち", "en": "Waited"},
    "expected": {"ja": "あと（予測）", "en": "Expected"},
    "told": {"ja": "受付時の案内", "en": "Was told"},
    "timeout_in": {"ja": "打ち切りまで", "en": "Gives up in"},
    "told_place": {"ja": "{position}番目", "en": "no. {position}"},
    "told_place_and_wait": {"ja": "{position}番目・{wait}", "en": "no. {position}, {wait}"},
    "about": {"ja": "約{time}", "en": "about {time}"},
    "unknown": {"ja": "—", "en": "—"},
    "no_key": {"ja": "（キーなし）", "en": "(no key)"},
    "any_model": {"ja": "（指定なし）", "en": "(any)"},
    "more_requests": {"ja": "ほかに{count}件あります。", "en": "and {count} more"},
    # Why it waits
    "why": {"ja": "なぜ待っているか", "en": "Why is it waiting?"},
    "before_none": {
        "ja": "次の番です。先に並んでいるリクエストはありません。",
        "en": "It is next: nobody is before it.",
    },
    "before_nowhere": {
        "ja": "処理できるノードがいまないため、順番は決まっていません。",
        "en": "It has no place in line: no node that is there can serve it.",
    },
    "before_one": {"ja": "先に1件あります（{keys}）。", "en": "1 request is before it, of {keys}."},
    "before_many": {"ja": "先に{count}件あります（{keys}）。", "en": "{count} requests are before it: {keys}."},
    "late": {
        "ja": "いまの予測では、順番が来る前に打ち切られます。",
        "en": "As expected now, it gives up before its turn.",
    },
    "before_key": {"ja": "{key} が {count}件", "en": "{count} of {key}"},
    "before_other_keys": {"ja": "ほかのキーが{count}件", "en": "{count} of other keys"},
    "able_none": {
        "ja": "{model} を処理できるノードは、いまありません。戻るのを待っています。",
        "en": "No node that can serve {model} is there now. It waits for one to come back.",
    },
    "able_one": {"ja": "{model} を処理できるノードは1台です。", "en": "1 node can serve {model}."},
    "able_many": {
        "ja": "{model} を処理できるノードは{count}台です。",
        "en": "{count} nodes can serve {model}.",
    },
    "able_any": {"ja": "任意のモデル", "en": "any model"},
    "able_busy_with": {"ja": "{key} のリクエストを処理中（{time}）", "en": "busy with a request of {key} for {time}"},
    "able_busy": {"ja": "処理中（{time}）", "en": "busy for {time}"},
    "able_idle": {"ja": "空き", "en": "free"},
    "able_pending": {"ja": "確認中（{time}）", "en": "being checked for {time}"},
    "able_loading": {"ja": "モデルを読み込み中（{time}）", "en": "loading for {time}"},
    "able_resting": {"ja": "休止中（{time}）", "en": "resting for {time}"},
    "able_draining": {"ja": "切り離し中（{time}）", "en": "draining for {time}"},
    "able_offline": {"ja": "オフライン（{time}）", "en": "offline for {time}"},
    "able_reason": {"ja": "。理由: {reason}", "en": ": {reason}"},
    "able_tried": {
        "ja": "。このリクエストに一度失敗したため、もう送りません",
        "en": "; it failed this request before and is not asked again",
    },
    "able_had": {"ja": "。いまはこのモデルがありません", "en": "; it does not have the model any more"},
    "able_may": {"ja": "。どのモデルがあるかはまだわかりません", "en": "; what models it has is not known yet"},
    "able_more": {"ja": "ほか{count}台", "en": "{count} more"},
    # Keys
    "keys_none": {
        "ja": "まだ誰も使っていません。キーは llmlb keys add NAME で作れます。",
        "en": "Nobody has used the gateway yet. Make a key with llmlb keys add NAME.",
    },
    "key_name": {"ja": "キー", "en": "Key"},
    "weight": {"ja": "重み", "en": "Weight"},
    "share": {"ja": "ノード時間の割合", "en": "Share of node time"},
    "share_note": {
        "ja": "棒は、過去5分間に各キーが使ったノード時間の割合です。",
        "en": "The bars are of the nodes' time in the past five minutes.",
    },
    "share_due": {"ja": "縦の印は、重みから見た取り分です。", "en": "The mark is what a key's weight is due."},
    "share_scale": {"ja": "棒の右端が {whole} にあたります。", "en": "A whole bar is {whole}."},
    "unfair": {
        "ja": "公平なキューは無効で、到着順に処理するため、重みは使われません。",
        "en": "Fairness is off: weights do not count.",
    },
    "share_text": {"ja": "{share}（取り分 {due}）", "en": "{share} (due {due})"},
    "share_only": {"ja": "{share}", "en": "{share}"},
    "debt": {"ja": "負債", "en": "Debt"},
    "debt_note": {
        "ja": "「負債」は、利用がいちばん少ないキーに比べて、先に使った分です。多いほど順番が後になります。",
        "en": "“Debt” is how far a key is ahead of the least served one: the more, the later its turn.",
    },
    "wait_p50_p90": {"ja": "待機 p50 / p90", "en": "Wait p50 / p90"},
    "requests_count": {"ja": "リクエスト", "en": "Requests"},
    "served": {"ja": "完了", "en": "Served"},
    "count_served": {"ja": "完了 {count}", "en": "{count} served"},
    "count_rejected": {"ja": "拒否 {count}", "en": "{count} refused"},
    "count_timed_out": {"ja": "時間切れ {count}", "en": "{count} timed out"},
    "count_cancelled": {"ja": "切断 {count}", "en": "{count} left"},
    "count_failed": {"ja": "失敗 {count}", "en": "{count} failed"},
    "tokens": {"ja": "トークン", "en": "Tokens"},
    "node_time": {"ja": "ノード時間", "en": "Node time"},
    "key_disabled": {"ja": "無効", "en": "disabled"},
    "key_unconfigured": {"ja": "未登録", "en": "not configured"},
    "key_max_waiting": {"ja": "待機は{count}件まで", "en": "at most {count} waiting"},
    "keys_more": {"ja": "ほかに{count}個のキーがあります。", "en": "and {count} more"},
    "debt_request": {"ja": "{count}件", "en": "{count} req."},
    "debt_tokens": {"ja": "{count} トークン", "en": "{count} tokens"},
    "debt_token": {"ja": "1 トークン", "en": "1 token"},
    # Nodes
    "nodes_none": {
        "ja": "ノードがありません。llmlb nodes add URL で追加できます。",
        "en": "There is no node. Add one with llmlb nodes add URL.",
    },
    "nodes_more": {
        "ja": "ほかに{count}台あります（注意が必要なノードを先に表示しています）。",
        "en": "and {count} more; those that may need attention are shown first.",
    },
    "node_serves": {"ja": "{key} のリクエスト {id}", "en": "request {id} of {key}"},
    "node_found": {"ja": "自動検出", "en": "found by itself"},
    "kind_unknown": {"ja": "種類は不明", "en": "kind unknown"},
    "url": {"ja": "アドレス", "en": "Address"},
    "models": {"ja": "モデル", "en": "Models"},
    "models_none": {"ja": "モデルはまだわかりません", "en": "models not known yet"},
    "models_more": {"ja": "ほか {count}", "en": "{count} more"},
    "service_p50_p90": {"ja": "処理 p50 / p90", "en": "Service p50 / p90"},
    "service_mean": {"ja": "処理 平均", "en": "Service mean"},
    "failures": {"ja": "失敗", "en": "Failures"},
    "history": {"ja": "過去1時間の状態", "en": "States, past hour"},
    "history_none": {"ja": "記録はまだありません。", "en": "No history yet."},
    "history_share": {"ja": "{label} {percent}", "en": "{label} {percent}"},
    "legend": {"ja": "色の意味", "en": "What the colours mean"},
    "legend_missing": {"ja": "記録なし", "en": "Not looked at"},
    "drain": {"ja": "切り離す", "en": "Drain"},
    "resume": {"ja": "戻す", "en": "Resume"},
    "drain_about": {
        "ja": "切り離すと新しいリクエストを送らなくなり、処理中のものは最後まで処理します。",
        "en": "A drained node gets no new requests, and finishes what it has.",
    },
    # Punctuation
    "list_separator": {"ja": "、", "en": ", "},
    "sentence_gap": {"ja": "", "en": " "},
    "percent": {"ja": "{value}%", "en": "{value}%"},
}


def desk_text(locale: Locale, key: str, /, **values: Any) -> str:
    """The words `key` of the desk in `locale`, with `values` filled in. Raises KeyError for an unknown key."""
    return DESK_TEXTS[key][locale].format(**values)
