"""The words of the operator's frame, of signing in, and of what is refused there, in Japanese and English."""

from __future__ import annotations

from typing import Any

from llmlb.messages import Locale

OPERATOR_TEXTS: dict[str, dict[Locale, str]] = {
    # The frame
    "nav_queue": {"ja": "キュー", "en": "Queue"},
    "nav_desk": {"ja": "運用デスク", "en": "Desk"},
    "nav_settings": {"ja": "設定", "en": "Settings"},
    "sign_out": {"ja": "サインアウト", "en": "Sign out"},
    # Signing in
    "sign_in_title": {"ja": "運用者のサインイン", "en": "Operator sign-in"},
    "sign_in_about": {
        "ja": "キーごとの利用状況、ノード、待機中のリクエストの確認と、設定の変更ができます。",
        "en": "See keys, nodes and waiting requests in detail, and change settings.",
    },
    "account": {"ja": "アカウント", "en": "Account"},
    "password": {"ja": "パスワード", "en": "Password"},
    "sign_in": {"ja": "サインイン", "en": "Sign in"},
    "wrong_password": {"ja": "パスワードが違います。", "en": "That is not the password."},
    "no_password_given": {"ja": "パスワードを入力してください。", "en": "Please enter the password."},
    "pause": {
        "ja": "間違いが続いたため、しばらく受け付けません。{secs}秒後にもう一度入力してください。",
        "en": "Too many wrong passwords. Please try again in {secs} s.",
    },
    "pace": {
        "ja": "サインインの試行が多すぎるため、いまは受け付けていません。{secs}秒後にもう一度入力してください。",
        "en": "Too many people are trying to sign in. Please try again in {secs} s.",
    },
    "forgot": {
        "ja": "パスワードを忘れたときは、llmlbが動いているマシンで次のコマンドを実行すると、付け直せます。",
        "en": "Forgotten it? Set another one on the machine that runs llmlb:",
    },
    # No password is set
    "off_title": {"ja": "運用者のページはまだ使えません", "en": "The operator's part is off"},
    "off_why": {
        "ja": "運用者のパスワードが設定されていません。",
        "en": "No operator's password has been set.",
    },
    "off_how": {
        "ja": "llmlbが動いているマシンで次のコマンドを実行し、パスワードを決めてください。すぐに使えるようになります。",
        "en": "Run this on the machine that runs llmlb, and choose a password. It takes effect at once.",
    },
    "off_named": {
        "ja": "FILE は、llmlbの起動時に指定した設定ファイルです。",
        "en": "FILE is the configuration file that llmlb was started with.",
    },
    "off_no_file": {
        "ja": "このゲートウェイは設定ファイルなしで動いているため、運用者のページはありません。"
        "llmlb serve で起動したゲートウェイで使えます。",
        "en": "This gateway runs without a configuration file, so it has no operator's part. "
        "One started by llmlb serve can have it.",
    },
    # What is refused
    "refused_400": {"ja": "受け付けられませんでした", "en": "Not understood"},
    "refused_408": {"ja": "受信が止まりました", "en": "Not all of it arrived"},
    "refused_413": {"ja": "大きすぎます", "en": "Too large"},
    "refused_other": {"ja": "受け付けられませんでした", "en": "Not accepted"},
    "refused_back": {"ja": "運用者のページに戻る", "en": "Back to the operator's page"},
    "nothing_done": {"ja": "何も変更していません。", "en": "Nothing was changed."},
    "other_origin": {
        "ja": "ほかのサイトのページから送られたため、受け付けませんでした。このゲートウェイの前にプロキシがある場合は、"
        "ブラウザーが送ったHostヘッダーをそのまま渡すよう設定してください。",
        "en": "It was sent by a page of another site. If there is a proxy in front of this gateway, it has to pass "
        "the Host header as the browser sent it.",
    },
    "other_session": {
        "ja": "このフォームは前のサインインのときに開いたものです。ページを開き直して、もう一度操作してください。",
        "en": "The form was opened before you last signed in. Open the page again and repeat what you did.",
    },
    "not_signed_in": {
        "ja": "サインインしていないか、サインインの期限が切れています。サインインして、もう一度操作してください。",
        "en": "You are not signed in, or have been for too long. Sign in and repeat what you did.",
    },
    "not_a_form": {
        "ja": "フォームとして送られていません（application/x-www-form-urlencoded だけを受け付けます）。",
        "en": "It was not sent as a form (application/x-www-form-urlencoded).",
    },
    "bad_form": {
        "ja": "フォームの内容を解釈できません（UTF-8で、項目は{most}個までです）。",
        "en": "The form could not be understood (it has to be UTF-8, with at most {most} fields).",
    },
    "long_password": {
        "ja": "パスワードが長すぎます（{most} バイトまで）。",
        "en": "The password is too long (at most {most} bytes).",
    },
}


def operator_text(locale: Locale, key: str, /, **values: Any) -> str:
    """The words `key` in `locale`, with `values` filled in. Raises KeyError for an unknown key."""
    return OPERATOR_TEXTS[key][locale].format(**values)
