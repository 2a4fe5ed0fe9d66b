"""`llmlb keys` without a gateway, and what it says of one that answers."""

from __future__ import annotations

import hashlib
import json
import tomllib
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from llmlb.cli.edit_command import user
from tests.unit.cli.conftest import Run
from tests.unit.cli.gateway_double import CAME, answering

FILE = """# ours
[[api_keys]]
name = "alice"
key = "sk-open" # hers
weight = 2

[[api_keys]]
name = "batch"
key_sha256 = "{}"
""".format("1" * 64)


@pytest.fixture
def run(run_llmlb: Run) -> Run:
    return partial(run_llmlb, "keys")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(FILE)
    return path


def entries(file: Path) -> dict[str, dict[str, Any]]:
    return {entry["name"]: entry for entry in tomllib.loads(file.read_text()).get("api_keys", [])}


def sha256(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def test_the_first_key_makes_the_file_and_is_all_there_is_on_standard_output(run: Run, tmp_path: Path) -> None:
    said = run("add", "alice", "--weight", "2", "--max-waiting", "5")
    file = tmp_path / "config.toml"
    key = said.out.removesuffix("\n")
    assert (said.code, key.split()) == (0, [key])
    assert key.startswith("sk-llmlb-")
    assert entries(file) == {"alice": {"name": "alice", "key_sha256": sha256(key), "weight": 2, "max_waiting": 5}}
    assert key not in file.read_text()
    assert key not in said.err
    for words in (
        "Made config.toml",
        "the first key",
        "Authorization: Bearer",
        "only this once",
        "No gateway is running",
    ):
        assert words in said.err
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_second_key_closes_nothing_and_says_so_to_nobody(run: Run, file: Path) -> None:
    said = run("add", "carol")
    assert "first" not in said.err
    assert file.read_text().startswith(FILE)
    assert entries(file)["carol"] == {"name": "carol", "key_sha256": sha256(said.out.strip())}


@pytest.mark.parametrize("name", ["alice", "batch"])
def test_a_key_is_rotated_under_its_name(run: Run, file: Path, name: str) -> None:
    before = entries(file)[name]
    said = run("rotate", name)
    assert (said.code, "passes no more" in said.err) == (0, True)
    now = entries(file)[name]
    assert now.pop("key_sha256") == sha256(said.out.strip())
    assert "key" not in now
    assert now == {field: value for field, value in before.items() if not field.startswith("key")}
    assert "disabled" not in said.err


def test_a_disabled_key_stays_so_when_it_is_rotated(run: Run, file: Path) -> None:
    run("disable", "alice")
    said = run("rotate", "alice")
    assert "alice is disabled still" in said.err
    assert entries(file)["alice"]["disabled"] is True


def test_a_key_is_disabled_enabled_and_removed(run: Run, file: Path) -> None:
    assert "alice is not disabled" in run("enable", "alice").out
    said = run("disable", "alice")
    assert (said.code, "let in no more" in said.out, "No key is enabled" in said.out) == (0, True, False)
    assert "disabled already" in run("disable", "alice").out
    assert "No key is enabled" in run("disable", "batch").out
    assert "let in again" in run("enable", "alice").out
    assert "No key is enabled" in run("remove", "alice").out, "the one that is left is disabled"
    said = run("remove", "batch")
    assert "everyone who reaches the gateway may use it" in said.out
    assert entries(file) == {}
    assert file.read_text().strip(), "an empty file would be taken for one that is just being written"


@pytest.mark.parametrize("action", ["remove", "disable"])
def test_what_it_means_that_no_key_is_left_is_said_only_if_the_gateway_takes_it(
    run: Run, file: Path, tmp_path: Path, action: str
) -> None:
    file.write_text(FILE.rpartition("\n[[")[0])
    with answering(tmp_path, reload={**CAME, "problems": [{"en": "bad thing", "ja": "x"}]}):
        said = run(action, "alice")
    assert (said.code, said.out.count("\n")) == (1, 1)
    assert "bad thing" in said.err


def test_the_last_key_of_an_open_host_is_not_removed(run: Run, file: Path) -> None:
    file.write_text('[server]\nhost = "0.0.0.0"\n\n[[api_keys]]\nname = "a"\nkey = "k"\n')
    before = file.read_text()
    said = run("remove", "a")
    assert said.code == 2
    assert "Configure [[api_keys]]" in said.err
    assert "Nothing was changed" in said.err
    assert file.read_text() == before


def test_a_default_is_told_as_people_write_it(run: Run, file: Path) -> None:
    assert "batch: weight 1 -> 2\n" in run("set", "batch", "--weight", "2").out


def test_what_a_key_gets_is_changed(run: Run, file: Path) -> None:
    said = run("set", "alice", "--weight", "0.5", "--max-waiting", "3")
    assert "alice: weight 2 -> 0.5, max_waiting 0 -> 3" in said.out
    assert file.read_text() == FILE.replace("weight = 2\n", "weight = 0.5\nmax_waiting = 3\n")
    assert "has that already" in run("set", "alice", "--weight", "0.5").out
    said = run("set", "alice")
    assert (said.code, "--weight or --max-waiting" in said.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "required"),
        (["add"], 2, "required"),
        (["add", "alice"], 1, "there is a key alice already"),
        (["add", ""], 2, "1 to 64 printable characters"),
        (["add", " a"], 2, "without spaces around it"),
        (["add", "a\nb\x1b[31m"], 2, "1 to 64 printable characters"),
        (["add", "a\u202eb"], 2, "1 to 64 printable characters"),
        (["add", "x" * 65], 2, "1 to 64 printable characters"),
        (["add", "x", "--weight", "0"], 2, "0.01 to 100"),
        (["add", "x", "--weight", "nan"], 2, "0.01 to 100"),
        (["add", "x", "--max-waiting", "-1"], 2, "0 to 10000"),
        (["add", "x", "--max-waiting", "1.5"], 2, "0 to 10000"),
        (["rotate", "alic"], 1, "did you mean alice?"),
        (["remove", "zzz\n\x1b"], 1, r'there is no key "zzz\n'),
        (["disable", "ALICE"], 1, "did you mean alice?"),
        (["set", "zzz", "--weight", "2"], 1, 'there is no key "zzz"'),
        (["add", "x", "--config", "missing/config.toml"], 1, "cannot be written"),
    ],
)
def test_what_is_wrong_changes_nothing_and_shows_no_key(
    run: Run, file: Path, arguments: list[str], code: int, words: str
) -> None:
    said = run(*arguments)
    assert (said.code, said.out) == (code, "")
    assert words in said.err
    assert said.err.isprintable() or set(filter(lambda char: not char.isprintable(), said.err)) == {"\n"}
    assert file.read_text() == FILE


@pytest.mark.parametrize(
    "arguments", [["set", "--weight", "2"], ["disable"], ["enable"], ["rotate"], ["remove"]], ids=lambda given: given[0]
)
@pytest.mark.parametrize("there_is_a_file", [True, False])
def test_where_there_are_no_keys_none_is_found(
    run: Run, tmp_path: Path, arguments: list[str], there_is_a_file: bool
) -> None:
    file = tmp_path / "config.toml"
    if there_is_a_file:
        file.write_text("[queue]\n")
    said = run(*arguments, "alice")
    assert (said.code, said.out) == (1, "")
    assert said.err == 'llmlb: there is no key "alice" in config.toml.\n'
    assert file.exists() == there_is_a_file


@pytest.mark.parametrize("name", ['"', "'", "a = 1", "]]", "\\", "#", "日本 語", "<b>", "-- "[:-1] + "x", "a.b"])
def test_a_strange_name_is_only_a_name(run: Run, file: Path, name: str) -> None:
    assert run("add", "--", name).code == 0
    assert list(entries(file)) == ["alice", "batch", name]
    assert run("rotate", "--", name).code == 0
    assert run("set", "--weight", "3", "--", name).code == 0
    assert run("list").out.count(name) == 1
    assert run("remove", "--", name).code == 0
    assert file.read_text() == FILE


@pytest.mark.parametrize("text", ["api_keys = 3\n", '[[api_keys]]\nname = "alice"\n', "x ="])
def test_a_file_that_is_wrong_is_left_alone(run: Run, file: Path, text: str) -> None:
    file.write_text(text)
    said = run("add", "x")
    assert (said.code, said.out) == (2, "")
    assert file.read_text() == text


def test_the_list_shows_the_file_where_nobody_runs(run: Run, file: Path) -> None:
    run("disable", "batch")
    said = run("list")
    assert said.code == 0
    assert said.err == "llmlb: no gateway is running with config.toml. This is what the file says.\n"
    assert [line.split() for line in said.out.splitlines()] == [
        ["NAME", "STATE", "WEIGHT", "MAX", "WAITING"],
        ["alice", "enabled", "2", "-"],
        ["batch", "disabled", "1", "-"],
    ]
    plain = json.loads(run("list", "--json").out)
    assert (plain["running"], [key["disabled"] for key in plain["keys"]]) == (False, [False, True])
    assert "sk-open" not in said.out + json.dumps(plain)
    file.unlink()
    assert "everyone who reaches the gateway" in run("list").out
    assert run("list").err == "llmlb: no gateway is running with config.toml.\n"
    said = run("list", "--config", "mistyped.toml")
    assert (said.code, said.out, "mistyped.toml: there is no such file." in said.err) == (2, "", True)
    file.write_text("x = 1\n")
    assert run("list").code == 2


def test_the_list_is_what_the_gateway_knows(run: Run, file: Path, tmp_path: Path) -> None:
    key = {"weight": 1.5, "max_waiting": 9, "disabled": False, "waiting": 3, "in_service": 1, "requests": 42}
    known = [{"name": "n" * 60, **key}, {"name": "山田", **key, "disabled": True, "max_waiting": 0}]
    with answering(tmp_path, keys={"config_refused": True, "keys": known}):
        said = run("list", lang="ja_JP.UTF-8")
        plain = json.loads(run("list", "--json").out)
    lines = said.out.splitlines()
    assert lines[1].split() == ["n" * 60, "有効", "1.5", "9", "3", "1", "42"]
    assert lines[2].split() == ["山田", "無効", "1.5", "-", "3", "1", "42"]
    assert "以前の設定のまま" in said.err
    assert (plain["running"], plain["keys"]) == (True, known)


def test_the_gateway_is_found_through_a_link_to_its_file(run: Run, file: Path, tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "llmlb.toml").symlink_to(file)
    with answering(tmp_path, reload=CAME):
        assert "has applied it" in run("disable", "batch", "--config", "etc/llmlb.toml").out
    assert entries(file)["batch"]["disabled"] is True


def test_of_a_gateway_that_cannot_be_asked_it_is_not_known_whether_it_runs(
    run: Run, file: Path, tmp_path: Path
) -> None:
    with answering(tmp_path):
        said = run("list", "--json")
    assert json.loads(said.out)["running"] is None
    assert "the gateway cannot be asked (HTTP 500)." in said.err


def test_the_gateway_is_told_who_asks_and_the_key_is_not_lost_when_it_refuses(
    run: Run, file: Path, tmp_path: Path
) -> None:
    with answering(tmp_path, reload=CAME) as asked:
        said = run("add", "x")
    assert asked == [f"POST /reload?by={user()}"]
    assert "has applied it" in said.err
    with answering(tmp_path, reload={**CAME, "problems": [{"en": "bad thing", "ja": "x"}]}):
        said = run("rotate", "x")
    assert (said.code, "bad thing" in said.err) == (1, True)
    assert entries(file)["x"]["key_sha256"] == sha256(said.out.strip())


@pytest.mark.parametrize("action", ["add", "rotate", "set", "disable", "enable", "remove"])
def test_it_speaks_japanese_on_a_japanese_terminal(run: Run, file: Path, action: str) -> None:
    name = "新人" if action == "add" else "alice"
    if action == "enable":
        run("disable", "alice")
    said = run(action, name, *(["--weight", "3"] if action == "set" else []), lang="ja_JP.UTF-8")
    assert said.code == 0
    assert name in said.out + said.err
    assert "動作中のゲートウェイはありません" in said.out + said.err
    assert "オプション" in run(action, "--help", lang="ja_JP.UTF-8").out
