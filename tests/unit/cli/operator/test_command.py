"""`llmlb operator` without a gateway: what it asks, refuses and writes."""

from __future__ import annotations

import io
import tomllib
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from llmlb.cli import main
from llmlb.cli.operator.texts import TEXTS
from llmlb.config.password import is_password
from tests.unit.cli.conftest import Run, Said

PASSWORD = "correct horse"


class Terminal(io.StringIO):
    """Standard input that somebody sits at."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the command in a directory of its own. `typed`: what is answered when it asks; `given`: standard input."""
    monkeypatch.chdir(tmp_path)
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr("llmlb.config.password._HASHER", quick)
    for name in ("LC_ALL", "LC_MESSAGES", "LANGUAGE", "LLMLB_OPERATOR_PASSWORD_HASH"):
        monkeypatch.delenv(name, raising=False)

    def one(*arguments: str, lang: str = "C.UTF-8", given: str = "", typed: list[str] | None = None) -> Said:
        answers = iter(typed or [])

        def ask(prompt: str) -> str:
            print(prompt)
            answer = next(answers, None)
            if answer is None:
                raise EOFError
            return answer

        monkeypatch.setenv("LANG", lang)
        monkeypatch.setattr("sys.stdin", io.StringIO(given) if typed is None else Terminal())
        monkeypatch.setattr("getpass.getpass", ask)
        try:
            code = main(["operator", *arguments])
        except SystemExit as end:
            code = int(str(end.code))
        return Said(code, *capsys.readouterr())

    return one


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text("# ours\n[operator]  # the desk\nsession_secs = 600\n")
    return path


def held(file: Path) -> str:
    """The hash in the file."""
    return str(tomllib.loads(file.read_text())["operator"]["password_hash"])


def test_a_password_typed_twice_is_written_as_a_hash_beside_what_was_there(run: Run, file: Path) -> None:
    said = run("set-password", typed=[PASSWORD, PASSWORD])
    assert (said.code, said.err) == (0, "")
    assert "The operator's password is set in config.toml" in said.out
    assert "No gateway is running with this file" in said.out
    assert is_password(held(file), PASSWORD)
    assert PASSWORD not in file.read_text() + said.out
    assert "# ours\n[operator]  # the desk\nsession_secs = 600\n" in file.read_text()


def test_a_file_that_is_not_there_is_made_for_its_owner_only(run: Run, tmp_path: Path) -> None:
    assert run("set-password", "--config", "new.toml", typed=[PASSWORD, PASSWORD]).code == 0
    assert is_password(held(tmp_path / "new.toml"), PASSWORD)
    assert (tmp_path / "new.toml").stat().st_mode & 0o777 == 0o600


def test_another_password_takes_the_place_of_the_first(run: Run, file: Path) -> None:
    run("set-password", typed=[PASSWORD, PASSWORD])
    said = run("set-password", typed=["battery staple"] * 2)
    assert "is changed" in said.out
    assert "signed out" in said.out
    assert is_password(held(file), "battery staple")
    assert not is_password(held(file), PASSWORD)


@pytest.mark.parametrize(("text", "password"), [(f"{PASSWORD}\n", PASSWORD), ("  two spaces  \r\n", "  two spaces  ")])
def test_a_password_from_a_file_or_standard_input_is_its_line(
    run: Run, file: Path, tmp_path: Path, text: str, password: str
) -> None:
    (tmp_path / "secret").write_text(text, newline="")
    assert run("set-password", "--password-file", "secret").code == 0
    assert is_password(held(file), password)
    assert run("set-password", "--password-file", "-", given=text).code == 0
    assert is_password(held(file), password)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["short12", "short12"], "too short (at least 8 characters)"),
        (["", ""], "no password was given"),
        ([], "no password was given"),
        ([PASSWORD], "no password was given"),
        ([PASSWORD, PASSWORD + " "], "not the same"),
        (["p" * 1025] * 2, "too long (at most 1,024 bytes)"),
        (["あ" * 342] * 2, "too long"),
        (["tab\tinside it"] * 2, "cannot be typed"),
        (["no unicode \udcff"] * 2, "cannot be typed"),
    ],
)
def test_a_password_that_is_no_protection_or_no_password_is_refused(
    run: Run, file: Path, typed: list[str], words: str
) -> None:
    before = file.read_text()
    said = run("set-password", typed=typed)
    assert said.code == 1
    assert words in said.err
    assert "Nothing was changed." in said.err
    assert file.read_text() == before


def test_characters_count_and_not_bytes(run: Run, file: Path) -> None:
    assert "too short" in run("set-password", typed=["馬と電池正しい"] * 2).err
    assert run("set-password", typed=["馬と電池　正しい"] * 2).code == 0


def test_without_a_terminal_it_asks_for_a_file(run: Run, file: Path) -> None:
    said = run("set-password", given=PASSWORD)
    assert said.code == 2
    assert "--password-file" in said.err
    said = run("set-password", "--password-file", "missing")
    assert said.code == 1
    assert "missing cannot be read" in said.err
    said = run("set-password", "--password-file", "-", given="one line\nand another\n")
    assert "cannot be typed" in said.err


def test_the_password_is_taken_away(run: Run, file: Path) -> None:
    run("set-password", typed=[PASSWORD, PASSWORD])
    said = run("clear-password")
    assert (said.code, said.err) == (0, "")
    assert "page is off" in said.out
    assert held(file) == ""


def test_where_there_is_none_nothing_is_taken_away(run: Run, file: Path, tmp_path: Path) -> None:
    before = file.read_text()
    for name in ("config.toml", "missing.toml"):
        said = run("clear-password", "--config", name)
        assert said.code == 0
        assert f"No password is set in {name}. Nothing was changed." in said.out
    assert file.read_text() == before
    assert not (tmp_path / "missing.toml").exists()


def test_a_variable_that_wins_over_the_file_is_named(run: Run, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run("set-password", typed=[PASSWORD, PASSWORD])
    monkeypatch.setenv("LLMLB_OPERATOR_PASSWORD_HASH", held(file))
    for arguments in (["set-password", "--password-file", "-"], ["clear-password"], ["clear-password"]):
        said = run(*arguments, given="battery staple")
        assert said.code == 0
        assert "LLMLB_OPERATOR_PASSWORD_HASH is set" in said.err
        assert "argon2" not in said.err + said.out


def test_a_file_with_problems_is_left_alone(run: Run, file: Path) -> None:
    file.write_text("[operator]\nsession_secs = 1\n")
    said = run("set-password", typed=[PASSWORD, PASSWORD])
    assert said.code == 2
    assert "session_secs" in said.err
    assert file.read_text() == "[operator]\nsession_secs = 1\n"
    file.write_text("operator = 3\n")
    assert run("set-password", typed=[PASSWORD, PASSWORD]).code == 2


def test_it_speaks_japanese(run: Run, file: Path) -> None:
    said = run("set-password", lang="ja_JP.UTF-8", typed=[PASSWORD, PASSWORD])
    assert "新しいパスワード（8文字以上、表示されません）: " in said.out
    assert "運用者のパスワードを config.toml に設定しました" in said.out
    assert "パスワードが短すぎます" in run("set-password", lang="ja_JP.UTF-8", typed=["1"]).err
    for arguments in (["--help"], ["set-password", "--help"], ["clear-password", "--help"]):
        said = run(*arguments, lang="ja_JP.UTF-8")
        assert said.code == 0
        assert "パスワード" in said.out


def test_every_sentence_is_in_both_languages() -> None:
    assert all(set(sentence) == {"ja", "en"} for sentence in TEXTS.values())
