"""What can be wrong with a configuration, in words."""

from __future__ import annotations

from typing import Any

from llmlb.messages import Locale

TEXTS: dict[str, dict[Locale, str]] = {
    # The file
    "unsettled": {
        "ja": "書き込みが続いています。書き込みが終わると読み込みます。",
        "en": "somebody keeps writing this file. It is read as soon as it stands still.",
    },
    "emptied": {
        "ja": "ファイルが空になっています。保存に失敗した可能性があるため、APIキーは有効なままです。"
        "本当にすべての設定を消す場合は、コメントを1行書いてください。",
        "en": "the file has become empty, as after a save that failed, so the API keys still hold. If it is meant to "
        "have no settings, put a comment into it.",
    },
    "no_file": {"ja": "ファイルがありません。", "en": "there is no such file."},
    "directory": {"ja": "ファイルではなくディレクトリです。", "en": "this is a directory, not a file."},
    "forbidden": {"ja": "ファイルを読む権限がありません。", "en": "no permission to read this file."},
    "unreadable": {"ja": "ファイルを読めません: {cause}。", "en": "this file cannot be read: {cause}."},
    "too_long": {
        "ja": "ファイルが大きすぎます（上限 {limit} バイト）。",
        "en": "this file is too large (the limit is {limit} bytes).",
    },
    "not_utf8": {
        "ja": "UTF-8ではありません（{offset}バイト目）。UTF-8で保存してください。",
        "en": "not UTF-8 (at byte {offset}); save the file as UTF-8.",
    },
    # Writing it
    "write_forbidden": {"ja": "権限がありません", "en": "no permission"},
    "write_nowhere": {"ja": "ディレクトリがありません", "en": "there is no such directory"},
    "write_read_only": {"ja": "読み取り専用のファイルシステムです", "en": "the file system is read-only"},
    "write_full": {"ja": "ディスクに空きがありません", "en": "the disk is full"},
    "write_mounted": {
        "ja": "ファイルだけがマウントされています。ファイルのあるディレクトリごとマウントしてください",
        "en": "the file is mounted by itself; mount its directory instead",
    },
    # TOML
    "syntax": {
        "ja": "TOMLとして正しくありません。各行は「キー = 値」か「[テーブル]」です。",
        "en": "not valid TOML; a line is a key = value, or a [table].",
    },
    "syntax_character": {
        "ja": "TOMLとして正しくありません: ここに {character} は書けません。",
        "en": "not valid TOML: {character} cannot stand here.",
    },
    "syntax_line": {
        "ja": 'TOMLとして正しくありません: 行が途中で終わっています（閉じていない " や ] がありませんか？）。',
        "en": 'not valid TOML: the line ends too early (a " or ] that is missing?).',
    },
    "syntax_end": {
        "ja": "TOMLとして正しくありません: ここで始まるものが、ファイルの最後まで閉じられていません。",
        "en": "not valid TOML: what begins here is not closed before the file ends.",
    },
    "syntax_value": {
        "ja": 'TOMLとして正しくありません: 値が正しくありません（文字列は " で囲みます）。',
        "en": 'not valid TOML: this is no value (a text needs " around it).',
    },
    "syntax_key": {
        "ja": "TOMLとして正しくありません: 名前がありません。",
        "en": "not valid TOML: a name is missing.",
    },
    "syntax_twice": {
        "ja": "TOMLとして正しくありません: 同じキーかテーブルが2回あります（1回目は{first}行目）。",
        "en": "not valid TOML: the same key or table is given twice (first on line {first}).",
    },
    "syntax_deep": {
        "ja": "入れ子が深すぎます。",
        "en": "nested too deeply.",
    },
    # Settings
    "unfit": {"ja": "{allowed}を指定してください。", "en": "must be {allowed}."},
    "missing": {"ja": "必須です。{allowed}を指定してください。", "en": "missing; must be {allowed}."},
    "unknown_key": {
        "ja": "このキーはありません。使えるキー: {known}。",
        "en": "unknown key. Known here: {known}.",
    },
    "unknown_key_near": {
        "ja": "このキーはありません。{nearest} のことですか？ 使えるキー: {known}。",
        "en": "unknown key; did you mean {nearest}? Known here: {known}.",
    },
    "unknown_table": {
        "ja": "この名前のテーブルやキーはありません。使えるもの: {known}。",
        "en": "unknown table or key. Known here: {known}.",
    },
    "unknown_table_near": {
        "ja": "この名前のテーブルやキーはありません。{nearest} のことですか？ 使えるもの: {known}。",
        "en": "unknown table or key; did you mean {nearest}? Known here: {known}.",
    },
    "not_a_table": {
        "ja": "テーブル [{table}] として書いてください。",
        "en": "must be a table, written as [{table}].",
    },
    "not_entries": {
        "ja": "テーブルの配列 [[{table}]] として書いてください。",
        "en": "must be an array of tables, each written as [[{table}]].",
    },
    # Settings that do not go together
    "same_name": {
        "ja": "{other} と同じ名前です。名前は重複できません。",
        "en": "the same name as {other}; names must be unique.",
    },
    "same_url": {
        "ja": "{other} と同じノードです。1つのノードは1回だけ書いてください。",
        "en": "the same node as {other}; list each node once.",
    },
    "own_address": {
        "ja": "このゲートウェイ自身のアドレスです（[server] {host}:{port}）。LLMサーバーのURLを指定してください。",
        "en": "this is the gateway's own address ([server] {host}:{port}); give the URL of an LLM server.",
    },
    "same_key": {
        "ja": "{other} と同じキーです。キーは重複できません。",
        "en": "the same key as {other}; keys must be unique.",
    },
    "both_keys": {
        "ja": "key と key_sha256 はどちらか一方だけを指定してください。",
        "en": "give exactly one of key and key_sha256, not both.",
    },
    "no_key": {
        "ja": "key か key_sha256 のどちらか一方を指定してください。",
        "en": "give exactly one of key and key_sha256.",
    },
    "alias_shadows": {
        "ja": "この別名は、このノードのモデルと同じ名前です。モデルにない名前を使ってください。",
        "en": "this alias is the name of one of the node's models; use a name that is none.",
    },
    "alias_target": {
        "ja": "別名の先は、このノードのモデル（models）のどれかにしてください: {models}。",
        "en": "an alias must stand for one of this node's models: {models}.",
    },
    "alias_chain": {
        "ja": "別名の先に別名は指定できません。ノードでのモデル名を指定してください。",
        "en": "an alias must stand for the node's own name of a model, not for an alias.",
    },
    "ca_file_missing": {
        "ja": "読める証明書ファイルを指定してください: {cause}。",
        "en": "must be a file of certificates that can be read: {cause}.",
    },
    "ca_file_unfit": {
        "ja": "PEM形式の証明書が入ったファイルを指定してください。",
        "en": "must be a file that holds certificates in PEM form.",
    },
    "ca_file_http": {
        "ja": "ca_file は url が https のときだけ指定できます。",
        "en": "ca_file goes with an https url only.",
    },
    "log_file": {
        "ja": "書き込めるディレクトリにあるファイルのパスを指定してください。",
        "en": "must be the path of a file in a directory that exists, and not a directory itself.",
    },
    "anonymous": {
        "ja": "このマシン以外から使えるアドレスです。[[api_keys]] を設定するか、127.0.0.1 のような"
        "ループバックアドレスにするか、[server] allow_anonymous = true を指定してください。",
        "en": "other machines can reach this address. Configure [[api_keys]], or use a loopback address such as "
        "127.0.0.1, or set [server] allow_anonymous = true.",
    },
    "anonymous_still": {
        "ja": "ゲートウェイは、再起動するまで {host} で待ち受けています。[[api_keys]] がなくなると、"
        "ほかのマシンからも誰でも使えてしまいます。キーを残すか、[server] allow_anonymous = true を指定してください。",
        "en": "the gateway listens on {host} until it is restarted, and without [[api_keys]] anybody on other machines "
        "could use it. Keep a key, or set [server] allow_anonymous = true.",
    },
    # Not refused
    "unknown_variable": {
        "ja": "この環境変数は設定ではないため、無視します。",
        "en": "not a setting, so this variable is ignored.",
    },
    "unknown_variable_near": {
        "ja": "この環境変数は設定ではないため、無視します。{nearest} のことですか？",
        "en": "not a setting, so this variable is ignored; did you mean {nearest}?",
    },
    # Around several problems
    "heading": {
        "ja": "設定に問題が{count}件あります。",
        "en": "The configuration has {count} problems.",
    },
}


def say(locale: Locale, key: str, /, **values: Any) -> str:
    """The sentence `key` in `locale`, with `values` filled in. Raises KeyError for an unknown key."""
    return TEXTS[key][locale].format(**values)
