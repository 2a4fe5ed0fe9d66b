"""Every word of the page of settings, and of what comes of a change, in Japanese and English."""

from __future__ import annotations

from typing import Any

from llmlb.messages import Locale

SETTINGS_TEXTS: dict[str, dict[Locale, str]] = {
    "set_title": {"ja": "設定", "en": "Settings"},
    "set_about": {
        "ja": "変更はまず差分として表示され、確認すると {file} に書き込まれて、すぐに反映されます。"
        "コメントと順序はそのまま残ります。",
        "en": "Changes are shown as a difference first. Once you confirm them they are written to {file}, comments and "
        "order kept, and apply at once.",
    },
    # Settings
    "table_queue": {"ja": "キュー", "en": "Queue"},
    "table_fairness": {"ja": "公平さ", "en": "Fairness"},
    "table_api_keys": {"ja": "APIキー", "en": "API keys"},
    "queue.max_size": {"ja": "待機できる数", "en": "Most that may wait"},
    "queue.timeout_secs": {"ja": "待つ時間の上限", "en": "Longest wait"},
    "queue.enable_fairness": {"ja": "順番の決め方", "en": "Order of service"},
    "queue.max_per_key": {"ja": "キーごとの待機数の上限", "en": "Most that one key may have waiting"},
    "queue.when_full": {"ja": "満杯のとき拒否する相手", "en": "Whom a full queue refuses"},
    "fairness.cost": {"ja": "取り分の数え方", "en": "What a share is counted in"},
    "fairness.quantum": {"ja": "交代の単位", "en": "Quantum"},
    "fairness.default_service_secs": {"ja": "実績がないときの処理時間", "en": "Service time before any is known"},
    # What they do, where the words of the file would not be understood beside those of the page
    "about.queue.enable_fairness": {
        "ja": "APIキーの間で順番を公平に回すか、届いた順に処理するか。",
        "en": "Whether API keys take fair turns, or requests are served as they come.",
    },
    "about.queue.when_full": {
        "ja": "キューが満杯のとき、新しく来たリクエストを拒否するか、待機が最も多いキーに場所を譲らせるか。",
        "en": "Whether a full queue turns the newcomer away, or has the key with most waiting make room.",
    },
    "about.fairness.quantum": {
        "ja": "キーどうしの差がこの値の半分以内なら、順番に交代します（単位は取り分と同じ）。"
        "0なら最近のリクエストの平均を使います。",
        "en": "Keys less than half of it apart, in what a share is counted in, take simple turns. 0 is the mean of "
        "recent requests.",
    },
    "of_key.weight": {"ja": "重み", "en": "Weight"},
    "of_key.max_waiting": {"ja": "待機数の上限", "en": "Most waiting"},
    "of_key.disabled": {"ja": "利用", "en": "Access"},
    "choice.queue.enable_fairness.true": {"ja": "公平に交代", "en": "Fair turns between keys"},
    "choice.queue.enable_fairness.false": {"ja": "到着順", "en": "Order of arrival"},
    "choice.queue.when_full.refuse": {"ja": "新しく来たリクエスト", "en": "The newcomer"},
    "choice.queue.when_full.push_out": {
        "ja": "待機が最も多いキーの最後のリクエスト",
        "en": "The newest of the key with most waiting",
    },
    "choice.fairness.cost.seconds": {"ja": "ノードの処理時間", "en": "Node time"},
    "choice.fairness.cost.request": {"ja": "リクエスト数", "en": "Requests"},
    "choice.fairness.cost.tokens": {"ja": "トークン数", "en": "Tokens"},
    "choice.disabled.false": {"ja": "有効", "en": "Allowed"},
    "choice.disabled.true": {"ja": "無効", "en": "Disabled"},
    "unit_seconds": {"ja": "秒", "en": "s"},
    "default": {"ja": "既定値: {value}", "en": "default: {value}"},
    "locked": {
        "ja": "環境変数 {variable} で固定されています。変更するには、変数を外して再起動してください。",
        "en": "Held by the environment variable {variable}. To change it here, unset that and restart.",
    },
    # Keys
    "keys_about": {
        "ja": "重み2のキーは、重み1のキーの2倍の取り分を得ます。"
        "待機数の上限が0なら、上の「キーごとの待機数の上限」に従います。",
        "en": "A key of weight 2 gets twice the share of a key of weight 1. With 0 for most waiting, what is set above "
        "for all keys applies.",
    },
    "keys_none": {
        "ja": "APIキーは設定されていません。llmlb keys add 名前 で追加できます。",
        "en": "No API keys are configured. llmlb keys add NAME adds one.",
    },
    "keys_not_found": {"ja": "その名前のキーはありません。", "en": "No key has that in its name."},
    "key_name": {"ja": "名前", "en": "Name"},
    "key_find": {"ja": "名前で探す", "en": "Find by name"},
    "key_find_do": {"ja": "探す", "en": "Find"},
    "key_found": {"ja": "{count}件", "en": "{count} keys"},
    "key_found_one": {"ja": "1件", "en": "1 key"},
    "keys_more": {
        "ja": "ほかに{count}件あります。名前で探してください。",
        "en": "{count} more. Find them by name.",
    },
    "of_key_label": {"ja": "{key} の{label}", "en": "{label} of {key}"},
    # Sending
    "set_send": {"ja": "変更を確認する", "en": "Review changes"},
    "set_touched": {"ja": "{count}か所を変更中", "en": "{count} changed"},
    "set_touched_none": {"ja": "変更はありません", "en": "Nothing changed yet"},
    "set_again": {"ja": "ファイルをもう一度読む", "en": "Read the file again"},
    # What is wrong
    "wrong_one": {"ja": "確認が必要な値があります。", "en": "One value needs another look."},
    "wrong_some": {"ja": "確認が必要な値が{count}か所あります。", "en": "{count} values need another look."},
    "wrong_nothing": {
        "ja": "まだ何も変更していません。",
        "en": "Nothing has been changed yet.",
    },
    "too_many": {
        "ja": "一度に変更できるのは{most}か所までです。分けて送信してください。",
        "en": "At most {most} values can be changed at once. Please send them in parts.",
    },
    "wrong_unfit": {"ja": "{allowed}を指定してください。", "en": "Must be {allowed}."},
    "wrong_locked": {
        "ja": "環境変数 {variable} で固定されているため、ここでは変更できません。",
        "en": "Held by the variable {variable}, so it cannot be changed here.",
    },
    "wrong_strange": {
        "ja": "ファイルからなくなったキーへの変更が{count}件ありました。その変更は取り除きました。",
        "en": "Left out, because their keys are no longer in the file: {count} of the changes.",
    },
    "same": {"ja": "変更はありません。", "en": "Nothing was changed."},
    "same_advice": {
        "ja": "どの値も現在と同じなので、ファイルには書き込んでいません。",
        "en": "Every value is what it is already, so the file was not written.",
    },
    "conflict": {
        "ja": "この画面を開いている間に、設定ファイルが変更されました。",
        "en": "The file was changed meanwhile.",
    },
    "conflict_advice": {
        "ja": "何も上書きしていません。入力した値は残してあります。現在の値を確かめて、もう一度送信してください。",
        "en": "Nothing was overwritten, and what you typed is still here. Compare it with the present values, and send "
        "it again.",
    },
    "now_is": {"ja": "現在の値: {value}", "en": "Now: {value}"},
    "overtaken": {
        "ja": "その間に {was} から {now} に変更されました。",
        "en": "Changed from {was} to {now} meanwhile.",
    },
    "broken": {"ja": "設定ファイルに問題があります。", "en": "The configuration file has problems."},
    "broken_advice": {
        "ja": "直すまで、ここからは変更できません。ゲートウェイは変更前の設定のまま動いています。",
        "en": "Until they are mended nothing can be changed here. The gateway goes on with its former settings.",
    },
    "clash": {"ja": "この変更はできません。", "en": "This cannot be done."},
    "clash_advice": {
        "ja": "ほかの設定と合わないため、何も書き込んでいません。",
        "en": "It does not go with other settings. Nothing was written.",
    },
    "cannot_edit": {
        "ja": "ファイルが、ここから編集できない書き方になっています。",
        "en": "The file is written in a form that only its author can edit.",
    },
    "cannot_edit_advice": {
        "ja": "何も書き込んでいません。{file} を手で編集してください。保存すると自動的に反映されます。",
        "en": "Nothing was written. Please edit {file} by hand; once saved it is applied by itself.",
    },
    "cannot_write": {"ja": "ファイルに書き込めません（{problem}）。", "en": "The file cannot be written ({problem})."},
    "cannot_write_advice": {
        "ja": "{file} は元のままです。書き込めるようにしてから、もう一度送信してください。",
        "en": "{file} is as it was. Make room or give permission, then send it again.",
    },
    "not_taken": {
        "ja": "書き込みましたが、ゲートウェイが受け付けませんでした。",
        "en": "Written, but the gateway has refused the file.",
    },
    "not_taken_advice": {
        "ja": "変更前の設定のまま動いています。次の問題を直してください。",
        "en": "It goes on with its former settings. Please mend this:",
    },
    "stopping": {"ja": "書き込みました。", "en": "Written."},
    "stopping_advice": {
        "ja": "ゲートウェイは停止処理中です。次の起動時に反映されます。",
        "en": "The gateway is shutting down; the changes apply when it is started again.",
    },
    "no_file": {
        "ja": "このゲートウェイは設定ファイルなしで動いています。",
        "en": "This gateway runs without a configuration file.",
    },
    "no_file_advice": {
        "ja": "ここから変更するには、llmlb serve --config FILE で起動してください。",
        "en": "To change settings here, start it with llmlb serve --config FILE.",
    },
    # Done
    "done": {"ja": "反映しました。", "en": "Applied."},
    "done_created": {"ja": "{file} を作成し、反映しました。", "en": "Made {file}, and applied it."},
    # The difference
    "diff_title": {"ja": "変更の確認", "en": "Review the changes"},
    "diff_about": {
        "ja": "まだ何も変更していません。内容に問題がなければ、書き込んで反映してください。",
        "en": "Nothing has been changed yet. If this is what you want, write and apply it.",
    },
    "diff_setting": {"ja": "設定", "en": "Setting"},
    "diff_from": {"ja": "変更前", "en": "From"},
    "diff_to": {"ja": "変更後", "en": "To"},
    "diff_default": {"ja": "既定値", "en": "the default"},
    "diff_apply": {"ja": "書き込んで反映する", "en": "Write and apply"},
    "diff_back": {"ja": "戻って直す", "en": "Back to the form"},
    "diff_cancel": {"ja": "やめる", "en": "Discard"},
    "diff_effects": {"ja": "反映すると", "en": "What this does"},
    # What a change does
    "does_fewer": {
        "ja": "いま{waiting}件が待機中です。待機中のリクエストは取り消されませんが、{to}件を下回るまで、"
        "新しいリクエストは429で拒否されます。",
        "en": "{waiting} requests wait now. None of them is turned out, but newcomers are refused with 429 until fewer "
        "than {to} wait.",
    },
    "does_connections": {
        "ja": "同時接続数の上限（[server] max_connections）が{limit}なので、それより多くは待機できません。",
        "en": "[server] max_connections allows {limit} connections, so no more than that can wait.",
    },
    "does_timeout": {
        "ja": "いま待機中のリクエストは、これまでの上限（{was}秒）のまま待ちます。",
        "en": "Requests that wait now keep the former limit of {was} s.",
    },
    "does_per_key": {
        "ja": "いま待機中のリクエストは取り消されません。上限は新しいリクエストから適用されます。",
        "en": "Requests that wait now stay. The limit holds for new ones.",
    },
    "does_push_out": {
        "ja": "キューが満杯になると、待機が最も多いキーの最後のリクエストが、"
        "待っている途中で429で拒否されることがあります。",
        "en": "When the queue is full, requests of the key that has most waiting may be refused with 429 after they "
        "have waited.",
    },
    "does_arrival": {
        "ja": "順番は到着順になります。1つのキーが大量に送ると、ほかのキーはそのすべての後ろで待ちます。"
        "重みは意味を持たなくなります。",
        "en": "Requests are served in order of arrival: if one key sends very many, all others wait behind them. "
        "Weights mean nothing then.",
    },
    "does_level": {
        "ja": "各キーのこれまでの使用量はリセットされ、すべてのキーが同じ条件から始まります。"
        "待機中のリクエストも並べ直されます。",
        "en": "What keys have had so far is forgotten, and all start level. Those who wait are put into the new order.",
    },
    "does_weight": {
        "ja": "重みは、いま待機中のリクエストの順番にもすぐ反映されます。",
        "en": "Weights apply at once, to requests that wait now as well.",
    },
    "does_weight_nothing": {
        "ja": "到着順なので、重みに効果はありません。",
        "en": "Service is in order of arrival, so weights have no effect.",
    },
    "does_disable": {
        "ja": "無効にするキー（{names}）の新しいリクエストは401で拒否されます。"
        "待機中と処理中のものは最後まで続けます。",
        "en": "New requests of the disabled keys ({names}) are refused with 401. What waits or is in service is "
        "finished.",
    },
    "does_disable_all": {
        "ja": "有効なAPIキーが1つもなくなり、誰もゲートウェイを使えなくなります。",
        "en": "No API key is left that may use the gateway: nobody can.",
    },
    "and_more": {"ja": "ほか{count}件", "en": "{count} more"},
    # Trying it first
    "try_title": {"ja": "先に試す", "en": "Try it first"},
    "try_about": {
        "ja": "実際に流れたリクエストの記録を、現在の設定と新しい設定で再生して、待ち時間と取り分を比べられます。",
        "en": "Replay what really happened under the present settings and the new ones, and compare waits and shares.",
    },
    "try_no_history": {
        "ja": "記録を残すには [log] file を設定してください。"
        "標準エラー出力のログ（JSON）を保存したファイルも使えます。",
        "en": "To have a history, set [log] file. A file with the JSON log from standard error will do as well.",
    },
    "try_do": {"ja": "最新の記録で試す", "en": "Try it on the latest log"},
    "try_result": {"ja": "試した結果", "en": "What came of it"},
    "try_busy": {
        "ja": "いま別の設定を試しています。終わってから、もう一度試してください。",
        "en": "Something else is being tried. Please try again when that is done.",
    },
    "try_long": {
        "ja": "30秒では終わりませんでした。上のコマンドで試してください。",
        "en": "It was not done in 30 s. Please use the command above.",
    },
    "try_no_log": {"ja": "記録を読めません。", "en": "The log cannot be read."},
    "try_empty": {
        "ja": "記録にまだリクエストがありません。リクエストが処理されてから試してください。",
        "en": "No request has been logged yet. Please try again when some have been served.",
    },
    "try_failed": {"ja": "試せませんでした。", "en": "It could not be tried."},
    "try_only_keys": {
        "ja": "キーごとの設定は --set では試せません。"
        "変更した設定ファイルをもう1つ用意し、--config を2回指定してください。",
        "en": "What belongs to a key cannot be tried with --set. Make a second file with the change, and give --config "
        "twice.",
    },
    # The last changes
    "log_title": {"ja": "最近の変更", "en": "Recent changes"},
    "log_none": {
        "ja": "起動してから、設定は変更されていません。",
        "en": "No settings have been changed since the gateway was started.",
    },
    "log_earlier": {"ja": "以前の変更（{count}件）", "en": "Earlier changes ({count})"},
    "log_when": {"ja": "日時", "en": "When"},
    "log_who": {"ja": "誰が", "en": "Who"},
    "log_what": {"ja": "変更", "en": "What"},
    "by_operator": {"ja": "運用者のページ（{who}）", "en": "operator's page, from {who}"},
    "by_command": {"ja": "コマンド（{who}）", "en": "command by {who}"},
    "by_signal": {"ja": "SIGHUP", "en": "SIGHUP"},
    "by_file": {"ja": "ファイルの編集", "en": "edit of the file"},
    # Nodes
    "node_drained": {
        "ja": "{name} を切り離しました。新しいリクエストは渡しません。処理中のものは最後まで続けます。",
        "en": "{name} gets no new requests. What it has in service is finished.",
    },
    "node_drained_before": {"ja": "{name} はすでに切り離されています。", "en": "{name} is drained already."},
    "node_resumed": {"ja": "{name} を元に戻しました。", "en": "{name} gets requests again."},
    "node_resumed_before": {"ja": "{name} は切り離されていません。", "en": "{name} is not drained."},
    "node_unknown": {"ja": "{name} というノードはありません。", "en": "There is no node {name}."},
    "node_unknown_advice": {
        "ja": "設定から外されたか、名前が変わったようです。何も変更していません。",
        "en": "It has been removed or renamed, it seems. Nothing was changed.",
    },
    "node_kept": {
        "ja": "自動で見つかっていたノードも設定ファイルに書き込みました（書かないと探さなくなるため）: {names}",
        "en": "What had been found by itself was written down too, for it would be gone otherwise: {names}",
    },
    "node_conflict": {
        "ja": "操作している間に、設定ファイルが変更されました。",
        "en": "The file was changed meanwhile.",
    },
    "node_conflict_advice": {
        "ja": "何も上書きしていません。もう一度操作してください。",
        "en": "Nothing was overwritten. Please do it again.",
    },
}


def settings_text(locale: Locale, key: str, /, **values: Any) -> str:
    """The words `key` in `locale`, with `values` filled in. Raises KeyError for an unknown key."""
    return SETTINGS_TEXTS[key][locale].format(**values)
