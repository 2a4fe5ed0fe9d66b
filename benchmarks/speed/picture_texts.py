"""The words of the pictures, English and Japanese."""

from __future__ import annotations

from llmlb.messages import Locale

TEXTS: dict[str, dict[Locale, str]] = {
    "peers": {
        "en": "llmlb beside its peers: medians, with the range of all rounds; shorter is better",
        "ja": "llmlbと他のプログラムとの比較（中央値と全ラウンドの範囲、短いほどよい）",
    },
    "growth": {
        "en": "What more of everything costs llmlb: medians, with the range of all rounds",
        "ja": "規模とllmlbのコスト（中央値と全ラウンドの範囲）",
    },
    "cost": {"en": "Processor time per request, µs", "ja": "1リクエストのCPU時間（µs）"},
    "cost_note": {"en": "16 connections, 4 nodes", "ja": "16接続、ノード4台"},
    "small": {"en": "Added latency, ms", "ja": "増える遅延（ミリ秒）"},
    "small_note": {"en": "300 B, one connection", "ja": "300バイト、1接続"},
    "large": {"en": "Added latency, ms", "ja": "増える遅延（ミリ秒）"},
    "large_note": {"en": "1 MiB, one connection", "ja": "1 MiB、1接続"},
    "gap": {"en": "Hand-over gap, µs", "ja": "次のリクエストを渡すまで（µs）"},
    "gap_note": {"en": "64 clients, 4 nodes, 20 ms each", "ja": "64クライアント、ノード4台、処理20ミリ秒"},
    "events": {"en": "Processor time per 1,000 events, ms", "ja": "1,000イベントのCPU時間（ミリ秒）"},
    "events_note": {"en": "16 streams, an event every 10 ms", "ja": "16ストリーム、10ミリ秒ごとに1イベント"},
    "waits": {"en": "Memory of one that waits, KiB", "ja": "待機1件のメモリ（KiB）"},
    "waits_note": {"en": "10,000 waiting", "ja": "10,000件が待機"},
    "ready": {"en": "Start to first answer, s", "ja": "起動から最初の応答まで（秒）"},
    "ready_note": {"en": "4 nodes", "ja": "ノード4台"},
    "idle": {"en": "Memory when idle, MiB", "ja": "アイドル時のメモリ（MiB）"},
    "idle_note": {"en": "4 nodes", "ja": "ノード4台"},
    "by_nodes": {"en": "Processor time per request by nodes, µs", "ja": "ノード数と1リクエストのCPU時間（µs）"},
    "by_keys": {"en": "Processor time per request by API keys, µs", "ja": "APIキー数と1リクエストのCPU時間（µs）"},
    "by_waiting": {"en": "Memory of one that waits, by how many wait, KiB", "ja": "待機数と待機1件のメモリ（KiB）"},
    "by_connections": {
        "en": "Processor time per request by connections, µs",
        "ja": "接続数と1リクエストのCPU時間（µs）",
    },
}


def say(locale: Locale, key: str) -> str:
    """The text with this name."""
    return TEXTS[key][locale]
