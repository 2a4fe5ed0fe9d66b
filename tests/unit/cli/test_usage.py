"""Command lines that mean nothing."""

from __future__ import annotations

import pytest

from tests.unit.cli.conftest import Run

JAPANESE = "ja_JP.UTF-8"


@pytest.mark.parametrize(
    ("arguments", "english", "japanese"),
    [
        ([], "the following arguments are required: COMMAND", "COMMAND を指定してください。"),
        (["--frob", "keys", "list"], "unrecognized arguments: --frob", "この引数は使えません: --frob"),
        (["keys", "add"], "the following arguments are required: NAME", "NAME を指定してください。"),
        (["keys", "add", "my", "bot"], "unrecognized arguments: bot", "この引数は使えません: bot"),
        (["keys", "add", "a", "--max", "3"], "unrecognized arguments: --max 3", "この引数は使えません: --max 3"),
        (["keys", "add", "a", "--weight"], "argument --weight: expected one", "--weight には値が必要です。"),
        (["keys", "add", "a", "--weight", "0"], '--weight: "0": must be a number from 0.01', '--weight: "0": 0.01から'),
        (["status", "--json", "--watch"], "--watch: not allowed with argument --json", "--watch と --json は同時に"),
        (["status", "--json=1"], "--json: ignored explicit argument", "--json に値は付けられません。"),
        (["stauts"], "invalid choice: 'stauts' (choose from", "'stauts' はありません。次のどれかを指定してください: "),
        (["keys", "list", "\x1b[31m\n\udcff"], r"arguments: \x1b[31m\n\udcff", r"使えません: \x1b[31m\n\udcff"),
    ],
)
def test_what_is_wrong_is_said_in_one_last_line(
    run_llmlb: Run, arguments: list[str], english: str, japanese: str
) -> None:
    for said, words in ((run_llmlb(*arguments), english), (run_llmlb(*arguments, lang=JAPANESE), japanese)):
        assert (said.code, said.out) == (2, "")
        assert said.err.startswith("usage: ")
        assert said.err.splitlines()[-1].startswith("llmlb: ")
        assert words in said.err.splitlines()[-1]


def test_it_is_said_with_the_usage_of_the_command_that_was_meant(run_llmlb: Run) -> None:
    assert "keys add [-h] [--config FILE] [--weight W]" in run_llmlb("keys", "add", "my", "bot").err
    assert "status [-h] [--config FILE] [--watch | --json]" in run_llmlb("status", "--wacht").err


def test_where_a_command_is_missing_or_unknown_there_are_all_of_them(run_llmlb: Run) -> None:
    for arguments in ([], ["stauts"]):
        assert "show what the running gateway does, on one screen" in run_llmlb(*arguments).err
    for arguments in (["keys"], ["keys", "ad"]):
        assert "let a disabled key in again" in run_llmlb(*arguments).err
