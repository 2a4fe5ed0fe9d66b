"""`llmlb nodes` without a gateway, and what it says of one that cannot be asked."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import pytest

from llmlb.cli.edit_command import user
from llmlb.config.edit_file import ChangedMeanwhile, edit_file
from tests.unit.cli.conftest import Run
from tests.unit.cli.gateway_double import CAME, answering


@pytest.fixture
def run(run_llmlb: Run) -> Run:
    return partial(run_llmlb, "nodes")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text('[[nodes]]\nname = "gpu-1"\nurl = "http://a:1"\n')
    return path


def node(name: str, url: str, **more: Any) -> dict[str, Any]:
    usual = {"state": "idle", "since": 65.0, "kind": "ollama", "models": ["m"], "reason": ""}
    return {"name": name, "url": url, **usual, **more}


def seen(*nodes: dict[str, Any], configured: bool = True, refused: bool = False) -> dict[str, Any]:
    return {"configured": configured, "config_refused": refused, "nodes": list(nodes)}


# Without a gateway


def test_the_file_is_made_for_the_next_gateway(run: Run, tmp_path: Path) -> None:
    key = "sk-node-0123456789"
    said = run("add", "http://a:1", "--api-key-file", "-", given=f"{key}\n")
    assert (said.code, said.err) == (0, "")
    assert "No gateway is running" in said.out
    assert key not in said.out
    file = tmp_path / "config.toml"
    assert f'api_key = "{key}"' in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_node_is_drained_resumed_and_removed(run: Run, file: Path) -> None:
    before = file.read_text()
    assert "is not drained" in run("resume", "gpu-1").out
    assert run("drain", "gpu-1").code == 0
    assert "drain = true" in file.read_text()
    assert "drained already" in run("drain", "http://a:1/v1").out
    assert run("resume", "a:1", "--config", str(file)).code == 1, "its name is gpu-1"
    assert run("resume", "gpu-1").code == 0
    assert file.read_text() == before
    assert "No node is configured any more" in run("remove", "http://A:1").out
    assert file.read_text() == ""


def test_the_list_shows_the_file_and_says_that_nobody_runs(run: Run, file: Path) -> None:
    said = run("list")
    assert said.code == 1
    assert "no gateway is running" in said.err
    assert "http://a:1" in said.out
    said = run("list", "--json")
    assert (said.code, json.loads(said.out)["running"]) == (1, False)
    file.unlink()
    assert run("list").out == ""


def test_a_list_of_a_wrong_file_tells_what_is_wrong(run: Run, file: Path) -> None:
    file.write_text("x = 1\n")
    said = run("list")
    assert said.code == 2
    assert "Nothing was changed" not in said.err


def test_an_unknown_node_is_told_with_those_near(run: Run, file: Path) -> None:
    said = run("drain", "gpu-2")
    assert said.code == 1
    assert "did you mean gpu-1?" in said.err
    assert 'there is no node "zzz"' in run("drain", "zzz").err
    file.write_text("")
    assert run("drain", "x").code == 1


@pytest.mark.parametrize("text", ["nodes = 3\n", "nodes = [3]\n", '[[nodes]]\nurl = "::"\n'])
def test_a_file_that_is_wrong_is_left_alone(run: Run, file: Path, text: str) -> None:
    file.write_text(text)
    said = run("drain", "gpu-1")
    assert said.code in {1, 2}
    assert file.read_text() == text


def test_a_form_that_only_its_author_can_change_is_left_alone(run: Run, file: Path) -> None:
    file.write_text('nodes = [{ url = "http://a:1" }]\n')
    monkey = pytest.MonkeyPatch()
    with monkey.context() as patch:
        patch.setattr("llmlb.config.edit.written", lambda _: "?")
        said = run("drain", "a:1")
    assert (said.code, "only you can edit" in said.err) == (1, True)


def test_a_file_that_changed_meanwhile_or_cannot_be_written_is_told(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> NoReturn:
        raise ChangedMeanwhile

    monkeypatch.setattr("llmlb.cli.edit_command.edit_file", fails)
    said = run("add", "http://b")
    assert (said.code, "please try again" in said.err) == (1, True)
    monkeypatch.setattr("llmlb.cli.edit_command.edit_file", edit_file)
    said = run("add", "http://b", "--config", str(file.parent / "missing" / "config.toml"))
    assert (said.code, "cannot be written" in said.err) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ([], 2),
        (["add"], 2),
        (["add", "http://b", "--alias", "x"], 2),
        (["add", "http://b", "--alias", "x=y", "--model", "z"], 2),
        (["add", "ftp://b"], 2),
        (["add", "http://localhost:8080"], 2),
        (["add", "http://b", "--api-key-file", "missing"], 1),
        (["add", "http://b", "--api-key-file", "-"], 1),
        (["add", "http://b", "--api-key-file", "latin"], 1),
    ],
)
def test_what_is_wrong_changes_nothing(run: Run, file: Path, arguments: list[str], code: int) -> None:
    (file.parent / "latin").write_bytes(b"\xff")
    before = file.read_text()
    said = run(*arguments)
    assert (said.code, bool(said.err)) == (code, True)
    assert file.read_text() == before


@pytest.mark.parametrize("lang", ["C.UTF-8", "ja_JP.UTF-8"])
def test_it_speaks_the_language_of_the_terminal(run: Run, tmp_path: Path, lang: str) -> None:
    ours = lang == "C.UTF-8"
    words = "own address" if ours else "自身のアドレス"
    assert words in run("add", "http://localhost:8080", lang=lang).err
    assert not (tmp_path / "config.toml").exists()
    words = "No gateway is running" if ours else "動作中のゲートウェイはありません"
    assert words in run("add", "http://a:1", lang=lang).out
    assert ("options" if ours else "オプション") in run("add", "--help", lang=lang).out


def test_a_certificate_is_found_from_the_directory_of_the_file(run: Run, file: Path, tmp_path: Path) -> None:
    folder = tmp_path / "etc"
    folder.mkdir()
    said = run("add", "https://b", "--ca-file", "ca.pem", "--config", str(folder / "config.toml"))
    assert (said.code, f"{tmp_path}/ca.pem" in said.err) == (2, True)
    assert f"{tmp_path}/ca.pem" not in run("add", "https://b", "--ca-file", "ca.pem").err


# With one


def test_what_the_gateway_says_is_said(run: Run, file: Path, tmp_path: Path) -> None:
    with answering(tmp_path, nodes=seen(), reload={**CAME, "restart": ["server.port"]}) as asked:
        said = run("add", "http://b")
    assert asked == ["GET /nodes", f"POST /reload?by={user()}"]
    assert "has applied it" in said.out
    assert "server.port" in said.out
    with answering(tmp_path, nodes=seen(), reload={**CAME, "stopping": True}):
        assert "is stopping" in run("drain", "b:80").out
    with answering(tmp_path, nodes=seen(), reload={**CAME, "problems": [{"en": "bad thing", "ja": "x"}]}):
        said = run("resume", "b:80")
    assert (said.code, "bad thing" in said.err) == (1, True)


def test_what_was_found_without_being_configured_is_written_down(run: Run, tmp_path: Path) -> None:
    found = seen(node("ollama", "http://127.0.0.1:11434"), node("vllm", "http://127.0.0.1:8000"), configured=False)
    with answering(tmp_path, nodes=found, reload=CAME):
        said = run("add", "http://127.0.0.1:8000", "--name", "mine")
    assert "Also wrote down" in said.out
    text = (tmp_path / "config.toml").read_text()
    assert [line for line in text.splitlines() if line.startswith("name")] == ['name = "ollama"', 'name = "mine"']


def test_a_gateway_that_cannot_be_asked_notices_by_itself(run: Run, file: Path, tmp_path: Path) -> None:
    with answering(tmp_path):
        said = run("add", "http://b")
        assert (said.code, "notices the change by itself" in said.out) == (0, True)
        said = run("list")
        assert (said.code, "cannot be asked (HTTP 500)" in said.err) == (1, True)
    with answering(tmp_path, nodes=""):
        assert "no gateway is running" in run("list").err
    (tmp_path / "config.toml.sock").unlink()
    (tmp_path / "config.toml.sock").symlink_to("config.toml.sock")
    assert "cannot be asked" in run("list").err


def test_states_and_reasons_are_in_the_words_of_the_page(run: Run, file: Path, tmp_path: Path) -> None:
    gone = node("a", "http://a:1", state="offline", reason="connection refused")
    with answering(tmp_path, nodes=seen(gone)):
        assert "offline" in run("list").out
        said = run("list", lang="ja_JP.UTF-8").out
    assert "オフライン" in said
    assert "接続を拒否されました" in said


def test_the_list_is_what_the_gateway_sees(run: Run, file: Path, tmp_path: Path) -> None:
    long = node("n" * 60, "http://" + "h" * 60, reason="why", since=90000.0)
    with answering(tmp_path, nodes=seen(node("a", "http://a:1"), long, refused=True)):
        said = run("list")
        plain = json.loads(run("list", "--json").out)
    assert said.code == 0
    assert "1 min" in said.out
    assert "1 d" in said.out
    assert "n" * 60 not in said.out
    assert "http://" + "h" * 60 in said.out
    assert "former configuration still applies" in said.err
    assert plain["running"] is True
    with answering(tmp_path, nodes=seen()):
        assert "There are no nodes" in run("list").out
