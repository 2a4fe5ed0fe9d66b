"""`llmlb config` without a gateway, and what it says of one that answers."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from llmlb.config.values import all_settings
from tests.unit.cli.conftest import Run
from tests.unit.cli.gateway_double import CAME, answering

FILE = """# ours
[queue]
max_size = 50    # few

[server]
metrics_token = "a-secret"
"""


@pytest.fixture
def run(run_llmlb: Run) -> Run:
    return partial(run_llmlb, "config")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(FILE)
    return path


def test_a_setting_is_changed_where_it_stands(run: Run, file: Path) -> None:
    said = run("set", "queue.max_size", "200")
    assert (said.code, said.err) == (0, "")
    assert "queue.max_size: 50 -> 200 (config.toml:3)\n" in said.out
    assert "No gateway is running" in said.out
    assert file.read_text() == FILE.replace("50", "200")
    assert "is 200 already (config.toml:3)" in run("set", "queue.max_size", "200").out
    assert "50 (default)" not in run("set", "queue.timeout_secs", "5").out
    assert "timeout_secs = 5" in file.read_text()
    said = run("set", "queue.max_size", "300", lang="ja_JP.UTF-8")
    assert "queue.max_size: 200 -> 300（config.toml:3）" in said.out


def test_the_file_is_made_where_there_is_none(run: Run, tmp_path: Path) -> None:
    assert "60 (default) -> 5 (config.toml:2)" in run("set", "queue.timeout_secs", "5").out
    assert (tmp_path / "config.toml").read_text() == "[queue]\ntimeout_secs = 5\n"


def test_a_setting_goes_back_to_its_default(run: Run, file: Path) -> None:
    said = run("unset", "queue.max_size")
    assert "queue.max_size: 50 -> 100 (default) (config.toml)" in said.out
    assert file.read_text() == FILE.replace("max_size = 50    # few\n", "")
    said = run("unset", "queue.max_size")
    assert (said.code, "its default is 100" in said.out) == (0, True)


@pytest.mark.parametrize(
    ("name", "text", "line"),
    [
        ("queue.enable_fairness", "off", "enable_fairness = false"),
        ("queue.when_full", "push_out", 'when_full = "push_out"'),
        ("fairness.quantum", "2.5", "quantum = 2.5"),
        ("server.cors_origins", "https://a.example, https://b.example", '["https://a.example", "https://b.example"]'),
        ("server.cors_origins", "", "cors_origins = []"),
        ("server.host", "::1", 'host = "::1"'),
    ],
)
def test_a_value_is_typed_as_in_a_variable(run: Run, file: Path, name: str, text: str, line: str) -> None:
    assert run("set", name, text).code == 0
    assert line in file.read_text()
    said = run("get", name)
    assert said.out.strip().replace("false", "off") == text.replace(", ", ",")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["set", "queue.max_size", "0"], "a whole number from 1 to 10000"),
        (["set", "queue.max_size", "1.5"], 'queue.max_size = "1.5"'),
        (["set", "queue.max_size", ""], "a whole number"),
        (["set", "fairness.quantum", "-1"], "from 0 to 1000000"),
        (["set", "log.level", "deubg\n\x1b"], '"debug", "info"'),
        (["set", "queue.maxsize", "3"], "did you mean queue.max_size?"),
        (["set", "max_size", "3"], "did you mean queue.max_size?"),
        (["get", "zzzz\x1b"], "llmlb config list shows all"),
        (["unset", "queue"], "there is no setting"),
        (["set", "nodes.a.drain", "true"], "llmlb nodes"),
        (["set", "api_keys.alice.weight", "2"], "llmlb keys"),
        (["set", "server.host", "0.0.0.0"], "other machines can reach this address"),
        (["set", "server.metrics_token", "in-the-open"], "llmlb config set server.metrics_token -"),
        (["set", "queue.max_size"], "required"),
    ],
)
def test_what_is_wrong_changes_nothing(run: Run, file: Path, arguments: list[str], words: str) -> None:
    said = run(*arguments)
    assert (said.code, said.out) == (2, "")
    assert words in said.err
    assert "\x1b" not in said.err
    assert "in-the-open" not in said.err
    assert file.read_text() == FILE


def test_a_secret_comes_by_standard_input_and_is_never_shown(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = run("set", "server.metrics_token", "-", given="token-2\n")
    assert "server.metrics_token: *** -> *** (config.toml:6)" in said.out
    assert '"token-2"' in file.read_text()
    assert run("get", "server.metrics_token").out == "***\n"
    assert "token-2" not in run("list").out + run("list", "--json").out
    said = run("set", "server.metrics_token", "-", given="with a space\n")
    assert (said.code, "with a space" in said.err) == (2, False)
    assert run("set", "server.metrics_token", "-", given="\n").code == 1
    monkeypatch.setattr("getpass.getpass", lambda prompt: " typed ")
    assert run("set", "server.metrics_token", "-", terminal=True).code == 0
    assert '"typed"' in file.read_text()
    assert '*** -> "" (default)' in run("unset", "server.metrics_token").out


def test_what_is_wrong_in_the_file_can_be_set_right(run: Run, file: Path) -> None:
    file.write_text('[queue]\nmax_size = "many"\n')
    assert run("get", "queue.max_size").code == 2
    assert 'queue.max_size: "many" -> 7' in run("set", "queue.max_size", "7").out
    file.write_text("queue = 3\n")
    assert run("set", "queue.max_size", "7").code == 2
    assert file.read_text() == "queue = 3\n"


def test_what_a_variable_holds_is_not_written(run: Run, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLMLB_QUEUE_MAX_SIZE", "7")
    said = run("set", "queue.max_size", "9")
    assert (said.code, "LLMLB_QUEUE_MAX_SIZE wins over the file" in said.err) == (2, True)
    assert file.read_text() == FILE
    assert run("get", "queue.max_size").out == "7\n"
    assert "LLMLB_QUEUE_MAX_SIZE" in run("list").out
    assert "LLMLB_QUEUE_MAX_SIZE wins" in run("unset", "queue.max_size").out
    assert "max_size" not in file.read_text()


def test_only_the_variables_of_a_running_gateway_count(
    run: Run, file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LLMLB_QUEUE_TIMEOUT_SECS", "7")
    held = {"queue.max_size": {"variable": "LLMLB_QUEUE_MAX_SIZE", "value": 44}}
    held["server.metrics_token"] = {"variable": "LLMLB_SERVER_METRICS_TOKEN", "value": "***"}
    with answering(tmp_path, settings={"held": held}, reload={**CAME, "restart": ["queue.x"]}) as asked:
        said = run("set", "queue.max_size", "9", lang="ja_JP.UTF-8")
        assert (said.code, "動作中のゲートウェイでは環境変数 LLMLB_QUEUE_MAX_SIZE" in said.err) == (2, True)
        assert asked == ["GET /settings"]
        assert run("get", "queue.max_size").out == "44\n"
        assert run("get", "server.metrics_token").out == "***\n"
        assert run("get", "queue.timeout_secs").out == "60\n"
        said = run("set", "queue.timeout_secs", "9")
    assert said.code == 0
    assert "The running gateway has applied it." in said.out
    assert "only after a restart: queue.x" in said.out


def test_the_list_has_every_setting_with_its_source(run: Run, file: Path) -> None:
    said = run("list")
    lines = [line.split() for line in said.out.splitlines()]
    assert [line[0] for line in lines[1:]] == list(all_settings())
    assert ["queue.max_size", "50", "config.toml:3"] in lines
    assert ["server.metrics_token", "***", "config.toml:6"] in lines
    assert ["server.port", "8080", "default"] in lines
    assert "既定値" in run("list", lang="ja_JP.UTF-8").out
    plain = {one["name"]: one for one in json.loads(run("list", "--json").out)["settings"]}
    assert plain["queue.max_size"]["value"] == 50
    assert plain["queue.max_size"]["default"] == 100
    assert plain["queue.max_size"]["source"] == "config.toml:3"
    assert plain["server.metrics_token"]["value"] == "***"
    assert plain["operator.password_hash"]["value"] == ""
    file.unlink()
    assert "default" in run("list").out


def test_another_file_that_is_not_there_is_told_and_not_taken_for_the_defaults(run: Run) -> None:
    for arguments in (["list"], ["get", "queue.max_size"]):
        said = run(*arguments, "--config", "mistyped.toml")
        assert (said.code, said.out, "mistyped.toml: there is no such file." in said.err) == (2, "", True)
