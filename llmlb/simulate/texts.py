"""What a simulation says: what is wrong with its input, and the words of its report and picture."""

from __future__ import annotations

from typing import Any

from llmlb.messages import Locale

TEXTS: dict[str, dict[Locale, str]] = {
    # Files
    "no_file": {"ja": "ファイルがありません。", "en": "there is no such file."},
    "directory": {"ja": "ファイルではなくディレクトリです。", "en": "this is a directory, not a file."},
    "forbidden": {"ja": "ファイルを読む権限がありません。", "en": "no permission to read this file."},
    "unreadable": {"ja": "ファイルを読めません: {cause}。", "en": "this file cannot be read: {cause}."},
    "too_large": {
        "ja": "ファイルが大きすぎます（上限 {limit:,} バイト）。",
        "en": "this file is too large (the limit is {limit:,} bytes).",
    },
    "not_utf8": {
        "ja": "UTF-8ではありません（{offset}バイト目）。UTF-8で保存してください。",
        "en": "not UTF-8 (at byte {offset}); save the file as UTF-8.",
    },
    "empty": {"ja": "ファイルが空です。", "en": "this file is empty."},
    "no_rows": {
        "ja": "見出しの行だけで、リクエストの行がありません。",
        "en": "only a header, and no row with a request.",
    },
    "not_csv": {
        "ja": 'CSVとして正しくありません（閉じていない " がありませんか？）。',
        "en": 'not valid CSV from here on (a " that is not closed?).',
    },
    "missing_columns": {
        "ja": "見出しの行に列 {missing} がありません。使える列: {columns}。",
        "en": "the header lacks {missing}. Columns known here: {columns}.",
    },
    "no_commas": {
        "ja": "列をコンマ（,）で区切ってください。",
        "en": "columns must be separated by commas.",
    },
    "column_twice": {"ja": "この列が2回あります。", "en": "this column is there twice."},
    "wrong_width": {
        "ja": "値の数が見出しの列の数と違います（{wanted}個のはずが{count}個）。",
        "en": "there must be a value for each column of the header: {wanted}, not {count}.",
    },
    "too_long": {
        "ja": "最初と最後の到着が{most}秒より離れています。到着時刻は秒で指定してください。",
        "en": "the first and the last arrival are more than {most} s apart; arrivals must be in seconds.",
    },
    "no_requests": {
        "ja": 'リクエストの行がありません。[log] format = "json" のログを指定してください。',
        "en": 'no line of a request in it; give a log written with [log] format = "json".',
    },
    "no_services": {
        "ja": "ノードに届いたリクエストが1件もないため、処理時間がわかりません。",
        "en": "no request in it reached a node, so nothing is known of how long they take.",
    },
    "not_a_time": {"ja": "ISO 8601の日時を指定してください。", "en": "must be a date and time of ISO 8601."},
    "not_a_text": {"ja": "文字列を指定してください。", "en": "must be a text."},
    "not_an_outcome": {
        "ja": "served、rejected、timed_out、cancelled、failed のいずれかを指定してください。",
        "en": "must be one of served, rejected, timed_out, cancelled, failed.",
    },
    # Values
    "unfit": {"ja": "{allowed}を指定してください。", "en": "must be {allowed}."},
    "unfit_name": {
        "ja": "「名前: 項目=値, ...」の形で指定してください。名前は{allowed}です。",
        "en": 'must be "NAME: field=value, ...", with {allowed}.',
    },
    "unknown_field": {"ja": "この項目はありません。使える項目: {known}。", "en": "unknown field. Known here: {known}."},
    "unknown_field_near": {
        "ja": "この項目はありません。{nearest} のことですか？ 使える項目: {known}。",
        "en": "unknown field; did you mean {nearest}? Known here: {known}.",
    },
    "field_twice": {"ja": "この項目が2回あります。", "en": "this field is given twice."},
    "name_twice": {"ja": "この名前が2回あります。", "en": "this name is given twice."},
    "mix_kind": {
        "ja": "rate、closed、burst（every と一緒に）のうち、ちょうど1つを指定してください。",
        "en": "needs exactly one of rate, closed, and burst together with every.",
    },
    "too_many": {
        "ja": "リクエストが{most}件を超えます。rate や --for を小さくしてください。",
        "en": "more than {most} requests; lower the rate or --for.",
    },
    "nothing_asked": {
        "ja": "この長さの間に1件もリクエストが来ません。",
        "en": "not one request comes in this time.",
    },
    "all_drained": {
        "ja": "すべてのノードが drain = true です。--nodes か --node でノードを指定してください。",
        "en": "all of them have drain = true; give nodes with --nodes or --node.",
    },
    "too_light": {
        "ja": "全部でもノード{nodes}台に対する負荷は {offered} です。ノードを減らすか、小さい値を指定してください。",
        "en": "all of it makes a load of {offered} (nodes: {nodes}); take fewer nodes, or a lower load.",
    },
    "nothing_left": {
        "ja": "1件も残りません。大きい値を指定してください。",
        "en": "nothing is left; give a higher load.",
    },
    "load_of_a_mix": {
        "ja": "--mix では使えません。rate で負荷を決めてください。",
        "en": "not for a --mix; its rates make its load.",
    },
    "only_for": {"ja": "{what} でだけ使えます。", "en": "only for a {what}."},
    "one_workload": {
        "ja": "--trace、--history、--mix のうち、ちょうど1つを指定してください。",
        "en": "give exactly one of --trace, --history, --mix.",
    },
    "nodes_twice": {
        "ja": "--nodes と --node はどちらか一方だけを指定してください。",
        "en": "give --nodes or --node, not both.",
    },
    "not_a_setting": {
        "ja": "設定ではありません。「テーブル.キー=値」の形で、例えば queue.max_size=200 と指定してください。",
        "en": "not a setting; must be TABLE.KEY=VALUE, such as queue.max_size=200.",
    },
    "not_a_setting_near": {
        "ja": "設定ではありません。{nearest} のことですか？",
        "en": "not a setting; did you mean {nearest}?",
    },
    "no_folder": {
        "ja": "書き込めるディレクトリにあるファイルのパスを指定してください。",
        "en": "must be the path of a file in a directory that exists.",
    },
    "taken": {
        "ja": "ほかに読み書きするファイルとは別のファイルを指定してください。",
        "en": "must be another file than those that are read, and than the other that is written.",
    },
    "flaws": {"ja": "入力に問題が{count}件あります。", "en": "The input has {count} problems."},
    "more_flaws": {"ja": "ほか{count}件", "en": "and {count} more"},
    # The report
    "workload": {
        "ja": "負荷: {source}、{length}、リクエスト {requests}件、キー {keys}個。シード {seed}。",
        "en": "Workload: {source}, {length}. Requests: {requests}. Keys: {keys}. Seed: {seed}.",
    },
    "workload_closed": {
        "ja": "負荷: {source}、{length}、決まった時刻に来るリクエスト {requests}件、"
        "常に要求するクライアント {closed}個、キー {keys}個。シード {seed}。",
        "en": "Workload: {source}, {length}. Requests at set times: {requests}. "
        "Clients that always want more: {closed}. Keys: {keys}. Seed: {seed}.",
    },
    "nodes": {"ja": "ノード: {nodes}。", "en": "Nodes: {nodes}."},
    "nodes_of": {"ja": "{name} のノード: {nodes}。", "en": "Nodes of {name}: {nodes}."},
    "load": {"ja": "負荷率 {load}。", "en": "Load: {load}."},
    "a_mix": {"ja": "指定した構成", "en": "the given mix"},
    "minutes": {"ja": "{minutes}分", "en": "{minutes} min"},
    "seconds": {"ja": "{seconds}秒", "en": "{seconds} s"},
    "sorted": {
        "ja": "到着順ではなかった行を並べ替えました: {count}行。",
        "en": "Rows out of the order of arrival, now sorted: {count}.",
    },
    "skipped": {
        "ja": "リクエストではない行を読み飛ばしました: {count}行。",
        "en": "Lines skipped because they hold no request: {count}.",
    },
    "unserved": {
        "ja": "{name}: モデル {models} を処理できるノードがありません（404になります）。",
        "en": "{name}: no node serves {models} (answered with 404).",
    },
    "key": {"ja": "キー", "en": "key"},
    "configuration": {"ja": "設定", "en": "configuration"},
    "asked": {"ja": "件数", "en": "asked"},
    "served": {"ja": "完了", "en": "served"},
    "full": {"ja": "429", "en": "429"},
    "late": {"ja": "504", "en": "504"},
    "p50": {"ja": "待機p50", "en": "wait p50"},
    "p90": {"ja": "p90", "en": "p90"},
    "p99": {"ja": "p99秒", "en": "p99 s"},
    "share": {"ja": "取り分", "en": "share"},
    "fair": {"ja": "公平な取り分", "en": "fair"},
    "others": {"ja": "ほか{count}個", "en": "{count} more"},
    "all": {"ja": "合計", "en": "all"},
    "no_key": {"ja": "（キーなし）", "en": "(no key)"},
    "wait_p50": {"ja": "待機p50（秒）", "en": "wait p50, s"},
    "wait_p90": {"ja": "待機p90（秒）", "en": "wait p90, s"},
    "wait_p99": {"ja": "待機p99（秒）", "en": "wait p99, s"},
    "overall": {"ja": "全体", "en": "overall"},
    "cancelled": {"ja": "クライアントが切断", "en": "client left"},
    "failed": {"ja": "失敗", "en": "failed"},
    "utilisation": {"ja": "ノードの稼働率", "en": "nodes in use"},
    "jain_mean": {"ja": "Jain指数（5分ごと）の平均", "en": "Jain index of 5 minutes, mean"},
    "jain_worst": {"ja": "Jain指数（5分ごと）の最低", "en": "Jain index of 5 minutes, worst"},
    "gap": {"ja": "最大の差（ノード秒）", "en": "largest gap, node-seconds"},
    "bound": {"ja": "差の上限（ノード秒）", "en": "its bound, node-seconds"},
    "estimates": {"ja": "見積もりのある待機", "en": "waits with an estimate"},
    "estimate_error": {"ja": "見積もりの誤差（中央値）", "en": "estimate off by, median"},
    "estimate_miss": {"ja": "見積もりの誤差（平均、秒）", "en": "estimate off by, mean s"},
    "estimate_bias": {"ja": "実際 - 見積もり（平均、秒）", "en": "wait - estimate, mean s"},
    "below": {"ja": "見積もりより短かった待機", "en": "waits shorter than told"},
    "promises": {"ja": "Retry-After付きの429", "en": "429 with Retry-After"},
    "kept": {"ja": "Retry-Afterどおりに空きあり", "en": "Retry-After kept"},
    # The picture
    "plot_waits": {"ja": "待機時間（到着した時刻ごとの中央値、秒）", "en": "wait by time of arrival, median, s"},
    "plot_shares": {"ja": "ノード時間の割合（%）", "en": "share of node time, %"},
    "plot_time": {"ja": "時刻（分）", "en": "time, min"},
    "plot_time_secs": {"ja": "時刻（秒）", "en": "time, s"},
    "plot_title": {"ja": "キーごとの待機時間とノード時間", "en": "Waits and node time by key"},
}


def say(locale: Locale, key: str, /, **values: Any) -> str:
    """The sentence `key` in `locale`, with `values` filled in. Raises KeyError for an unknown key."""
    return TEXTS[key][locale].format(**values)
