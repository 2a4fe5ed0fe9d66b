"""What `llmlb simulate --help` says."""

from __future__ import annotations

from llmlb.messages import Locale

TEXTS: dict[str, dict[Locale, str]] = {
    "simulate": {
        "ja": "設定を負荷に対して仮想時間で試し、キーごとの結果を表示します",
        "en": "try configurations on a workload in virtual time, and show what each key gets",
    },
    "about": {
        "ja": "本物のキューとスケジューラを仮想時間で動かし、設定を本番の前に試します。\n"
        "ノードもネットワークも使いません。",
        "en": "Runs the real queue and scheduler in virtual time, so that settings can be tried\n"
        "before they are deployed. Needs neither nodes nor network.",
    },
    "examples": {
        "ja": "例:\n"
        '  {prog} --mix "alice: rate=0.2, mean=3" --mix "batch: closed=8, mean=18" --compare fifo\n'
        "  {prog} --trace trace.csv --nodes 6 --load 0.9 --set queue.when_full=push_out\n"
        "  {prog} --history llmlb.log --config now.toml --config next.toml --plot next.svg",
        "en": "examples:\n"
        '  {prog} --mix "alice: rate=0.2, mean=3" --mix "batch: closed=8, mean=18" --compare fifo\n'
        "  {prog} --trace trace.csv --nodes 6 --load 0.9 --set queue.when_full=push_out\n"
        "  {prog} --history llmlb.log --config now.toml --config next.toml --plot next.svg",
    },
    "usage": {
        "ja": "{prog} [オプション] (--trace FILE.csv | --history FILE | --mix SPEC ...)",
        "en": "{prog} [options] (--trace FILE.csv | --history FILE | --mix SPEC ...)",
    },
    "of_configurations": {"ja": "比べる設定", "en": "configurations to compare"},
    "of_workload": {"ja": "負荷（どれか1種類）", "en": "workload (one of them)"},
    "of_trace": {"ja": "トレースと記録の使い方", "en": "how a trace or history is used"},
    "of_nodes": {"ja": "ノード（省略時: 設定の [[nodes]]、なければ1台）", "en": "nodes (default: [[nodes]], else one)"},
    "of_output": {"ja": "出力", "en": "output"},
    "config": {
        "ja": "設定ファイル。複数指定できます（省略時: ./config.toml があればそれ、なければ既定値）",
        "en": "configuration file; may be repeated (default: ./config.toml if there is one, else the defaults)",
    },
    "set": {
        "ja": "この値に変えた設定も並べて試します。複数指定すると、それぞれを別の設定として試します",
        "en": "also try the configuration with these settings changed; each --set is one more configuration",
    },
    "compare": {
        "ja": "fifo: 到着順（enable_fairness = false）とも比べます",
        "en": "fifo: also try strict order of arrival (enable_fairness = false)",
    },
    "trace": {
        "ja": "CSVファイル。列は arrival_s、prompt_tokens、output_tokens（または service_s）、任意で key、model",
        "en": "CSV file with columns arrival_s, prompt_tokens, output_tokens (or service_s), and optionally key, model",
    },
    "history": {
        "ja": "llmlbのJSON形式のログ。リクエストを記録どおりに再現します",
        "en": "JSON log of llmlb's own: its requests come again as they came",
    },
    "mix": {
        "ja": "合成した負荷。「名前: 項目=値, ...」の形で、複数指定できます。rate（1秒あたり）、"
        "closed（常にこの数を要求）、burst と every（秒）のどれかと、"
        "任意で mean、cv、cap（処理時間、秒）、model、keys、patience、start、stop、"
        "tokens_per_sec",
        "en": 'made-up load, "NAME: field=value, ..."; may be repeated. One of rate (per second), '
        "closed (always so many), burst with every (seconds); "
        "and optionally mean, cv, cap (of service, seconds), model, keys, patience, start, "
        "stop, tokens_per_sec",
    },
    "for": {"ja": "合成した負荷の長さ、秒（既定 {default}）", "en": "length of a mix, seconds (default {default})"},
    "seed": {"ja": "乱数のシード（既定 {default}）", "en": "seed of everything drawn (default {default})"},
    "retries": {
        "ja": "429を受けたクライアントが、Retry-Afterどおりに再試行する回数（既定 0）",
        "en": "how often a client that got 429 comes back, each time when told (default 0)",
    },
    "keys": {
        "ja": "列 key のないトレースを分けるキーの数（既定 {default}）",
        "en": "keys among which a trace without a key column is divided (default {default})",
    },
    "zipf": {
        "ja": "その偏り。0ならすべて同じ割合です（既定 {default}）",
        "en": "how unevenly: Zipf's exponent, 0 is evenly (default {default})",
    },
    "load": {
        "ja": "ノードの処理能力に対するこの負荷まで間引きます（例 0.9）",
        "en": "leave out requests, drawn, down to this load of the nodes (such as 0.9)",
    },
    "overhead": {
        "ja": "service_s のないリクエストの処理時間 = これ（秒、既定 {default}）",
        "en": "without service_s a request takes this many seconds (default {default}) ...",
    },
    "prompt_rate": {
        "ja": "＋ prompt_tokens ÷ これ（既定 {default}）",
        "en": "... + prompt_tokens / this (default {default}) ...",
    },
    "output_rate": {
        "ja": "＋ output_tokens ÷ これ（既定 {default}）",
        "en": "... + output_tokens / this (default {default})",
    },
    "nodes": {"ja": "同じノードの台数", "en": "so many equal nodes"},
    "node": {
        "ja": "ノード1台。「名前: models=a b, speed=1.5」の形で、複数指定できます",
        "en": 'one node, "NAME: models=a b, speed=1.5"; may be repeated',
    },
    "plot": {
        "ja": "待機時間と取り分の推移をSVGで描きます",
        "en": "draw waits and shares over time, as SVG",
    },
    "json": {"ja": "すべての数値をJSONで書きます", "en": "write every number, as JSON"},
    "cannot_write": {"ja": "{file} に書き込めません（{problem}）。", "en": "{file} cannot be written ({problem})."},
    "defaults": {"ja": "既定の設定", "en": "the defaults"},
    "running": {"ja": "{name} を実行しています", "en": "running {name}"},
}
