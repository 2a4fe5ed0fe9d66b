"""What `llmlb operator` says."""

from __future__ import annotations

from typing import Any

from llmlb.messages import Locale

TEXTS: dict[str, dict[Locale, str]] = {
    # Help
    "operator": {
        "ja": "運用者のページのパスワードを設定します",
        "en": "set the password of the operator's page",
    },
    "about": {
        "ja": "運用者のページ（/operator）のパスワードを決めます。設定ファイルにはハッシュだけを書き込み、"
        "動作中のゲートウェイに反映させます。",
        "en": "Sets the password of the operator's page (/operator). Only its hash is written to the configuration "
        "file; the running gateway applies it.",
    },
    "set-password": {
        "ja": "パスワードを設定・変更します（サインイン中の人はサインアウトされます）",
        "en": "set or change the password; everybody who is signed in is signed out",
    },
    "clear-password": {
        "ja": "パスワードを消して、運用者のページを使えなくします",
        "en": "turn the operator's page off by taking the password away",
    },
    "password_file": {
        "ja": "パスワードの入ったファイル（- は標準入力。省略時は画面で尋ねます）",
        "en": "file with the password (- is standard input; default: you are asked for it)",
    },
    # Asking
    "new": {"ja": "新しいパスワード（{least}文字以上、表示されません）: ", "en": "New password ({least} or more): "},
    "again": {"ja": "もう一度: ", "en": "The same again: "},
    # What was done
    "set": {
        "ja": "運用者のパスワードを {file} に設定しました（書き込んだのはハッシュだけです）。"
        "/operator でサインインできます。",
        "en": "The operator's password is set in {file} (only its hash is written). Sign in at /operator.",
    },
    "changed": {
        "ja": "運用者のパスワードを変更しました（{file}）。サインインしていた人はサインアウトされます。",
        "en": "The operator's password is changed ({file}). Everybody who was signed in is signed out.",
    },
    "cleared": {
        "ja": "運用者のパスワードを {file} から消しました。運用者のページは使えなくなります。",
        "en": "The operator's password is no longer in {file}. The operator's page is off.",
    },
    "none": {
        "ja": "{file} にパスワードは設定されていません。何も変更していません。",
        "en": "No password is set in {file}. Nothing was changed.",
    },
    "variable_wins": {
        "ja": "環境変数 {variable} が設定されています。この変数のあるところで起動したゲートウェイでは、"
        "ファイルではなく変数の値が使われます。",
        "en": "the variable {variable} is set. A gateway that is started with it uses its value and not the file's.",
    },
    # What could not be done
    "no_terminal": {
        "ja": "ターミナルがないため、パスワードを尋ねられません。"
        "--password-file FILE（標準入力なら -）で指定してください。",
        "en": "there is no terminal to ask for the password. Use --password-file FILE (- is standard input).",
    },
    "not_given": {
        "ja": "パスワードが入力されませんでした。何も変更していません。",
        "en": "no password was given. Nothing was changed.",
    },
    "not_same": {
        "ja": "2回の入力が一致しません。何も変更していません。",
        "en": "the two are not the same. Nothing was changed.",
    },
    "too_short": {
        "ja": "パスワードが短すぎます（{least}文字以上にしてください）。何も変更していません。",
        "en": "the password is too short (at least {least} characters). Nothing was changed.",
    },
    "too_long": {
        "ja": "パスワードが長すぎます（{most}バイトまで）。何も変更していません。",
        "en": "the password is too long (at most {most} bytes). Nothing was changed.",
    },
    "not_typed": {
        "ja": "パスワードに、ブラウザーでは入力できない文字（改行や制御文字）があります。何も変更していません。",
        "en": "the password has characters that cannot be typed in a browser, such as line ends. Nothing was changed.",
    },
}


def say(locale: Locale, key: str, /, **values: Any) -> str:
    """The sentence `key`, with `values` filled in."""
    return TEXTS[key][locale].format(**values)
