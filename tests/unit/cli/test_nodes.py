"""`llmlb nodes` without a gateway: what it writes, what it says, its exit codes."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from llmlb.cli import main
from llmlb.cli.nodes_list import since

URL = "http://192.0.2.1:1"
LATER = "No gateway is running with this file; it takes effect when one starts.\n"

Ran = tuple[int, str, str]
Run = Callable[..., Ran]


@pytest.fixture
def run(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run `llmlb nodes` in a directory of its own: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def to_its_end(*arguments: str, language: str = "C") -> Ran:
        monkeypatch.setenv("LC_ALL", language)
        code = main(["nodes", *arguments])
        said = capsys.readouterr()
        return code, said.out, said.err

    return to_its_end


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file they edit unless told otherwise: not there yet."""
    return tmp_path / "config.toml"


def test_the_first_node_makes_the_file(run: Run, file: Path) -> None:
    file.with_name("key").write_text("sk-node\n")
    options = ("--name", "g", "--model", "a", "--model", "b", "--alias", "gpt=a", "--api-key-file", "key")
    assert run("add", URL, *options) == (0, f"Made config.toml, with g ({URL}).\n{LATER}", "")
    assert file.read_text() == (
        f'[[nodes]]\nname = "g"\nurl = "{URL}"\nmodels = ["a", "b"]\naliases = {{ gpt = "a" }}\napi_key = "sk-node"\n'
    )
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_key_may_come_on_standard_input(run: Run, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("sk-typed\n"))
    assert run("add", URL, "--api-key-file", "-")[0] == 0
    assert 'api_key = "sk-typed"' in file.read_text()


def test_a_certificate_is_found_from_where_the_file_is(run: Run, tmp_path: Path) -> None:
    certificates = Path(__file__).parents[2] / "integration" / "tls"
    ca_file = next(path for path in sorted(certificates.iterdir()) if b"BEGIN CERTIFICATE" in path.read_bytes())
    (tmp_path / "ca.pem").write_bytes(ca_file.read_bytes())
    (tmp_path / "etc").mkdir()
    assert run("add", "https://h:1", "--ca-file", "ca.pem", "--config", "etc/llmlb.toml")[0] == 0
    assert f'ca_file = "{tmp_path / "ca.pem"}"' in (tmp_path / "etc" / "llmlb.toml").read_text()
    assert run("add", "https://h:1", "--ca-file", "ca.pem")[0] == 0
    assert 'ca_file = "ca.pem"' in (tmp_path / "config.toml").read_text()


def test_without_a_gateway_the_file_is_shown(run: Run, file: Path) -> None:
    assert run("list") == (1, "", "llmlb: no gateway is running with this file.\n")
    file.write_text(f'[[nodes]]\nurl = "{URL}"\nname = "g"\nmodels = ["a", "b"]\napi_key = "sk-node"\ndrain = true\n')
    code, out, err = run("list", language="ja_JP.UTF-8")
    assert (code, err) == (1, "llmlb: このファイルで動作中のゲートウェイはありません。\n")
    assert out.splitlines()[-1].split() == ["g", "draining", "a,", "b", URL]
    code, out, _ = run("list", "--json")
    nodes = [{"name": "g", "url": URL, "models": ["a", "b"], "drain": True}]
    assert (code, json.loads(out)) == (1, {"running": False, "nodes": nodes})


def test_a_node_is_drained_and_resumed_by_name_or_url(run: Run, file: Path) -> None:
    text = f'[[nodes]]\nurl = "{URL}/v1" # here\n'
    file.write_text(text)
    assert run("resume", URL)[:2] == (0, "192.0.2.1:1 is not drained.\n")
    assert run("drain", URL)[:2] == (
        0, f"192.0.2.1:1 gets no new requests. What it has in service is finished.\n{LATER}"
    )  # fmt: skip
    assert file.read_text() == text + "drain = true\n"
    assert run("drain", "192.0.2.1:1", language="ja") == (0, "192.0.2.1:1 はすでに drain されています。\n", "")
    assert run("resume", "192.0.2.1:1")[0] == 0
    assert file.read_text() == text


def test_the_last_node_removed_means_that_nodes_are_looked_for(run: Run, file: Path) -> None:
    file.write_text(f'[queue]\n\n[[nodes]]\nurl = "{URL}"\n')
    code, out, _ = run("remove", URL)
    assert code == 0
    assert "looks for servers on this machine" in out
    assert file.read_text() == "[queue]\n"


def test_a_node_that_is_not_there_is_told_with_those_that_are(run: Run, file: Path) -> None:
    file.write_text(f'[[nodes]]\nname = "gpu-1"\nurl = "{URL}"\n')
    assert run("drain", "gpu1") == (
        1, "", 'llmlb: there is no node "gpu1" in config.toml; did you mean gpu-1?\nNodes: gpu-1\n'
    )  # fmt: skip
    code, _, err = run("remove", "x\n", language="ja")
    assert (code, err) == (1, 'llmlb: "x\\n" というノードは config.toml にありません。\nノード: gpu-1\n')


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("add", URL + "/v1"), 2, "the same node as"),
        (("add", "ftp://h"), 2, "must be an http or https URL"),
        (("add", "http://localhost:8080"), 2, "the gateway's own address"),
        (("add", "http://h", "--name", ""), 2, "must be a name"),
        (("add", "http://h", "--alias", "x"), 2, '--alias "x": must be ALIAS=MODEL'),
        (("add", "http://h", "--api-key-file", "none"), 1, "the file none with the API key cannot be read"),
        (("add", "http://h", "--api-key-file", "/dev/null"), 1, "is empty"),
        (("add", "http://h", "--api-key-file", "/bin/sh"), 1, "not UTF-8"),
        (("add", "http://h", "--config", "no/such/config.toml"), 1, "cannot be written"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    run: Run, file: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    file.write_text(f'[[nodes]]\nurl = "{URL}"\n')
    came, out, err = run(*arguments)
    assert (came, out) == (code, "")
    assert said in err
    assert "Traceback" not in err
    assert file.read_text() == f'[[nodes]]\nurl = "{URL}"\n'


def test_a_file_in_a_form_that_only_its_author_can_edit_is_left_alone(run: Run, file: Path) -> None:
    text = f'nodes = [\n{{url="{URL}"}}\n,{{url="http://h"}}\n]\n'
    file.write_text(text)
    code, _, err = run("remove", URL)
    assert code == 1
    assert "only you can edit" in err
    assert file.read_text() == text


@pytest.mark.parametrize("action", [(), ("fly",), ("add",), ("drain",)])
def test_wrong_usage_is_exit_2(run: Run, action: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(*action)
    assert ended.value.code == 2


def test_how_long_is_told_in_the_largest_unit() -> None:
    assert [since(seconds, "en") for seconds in (0.4, 59, 61, 7300, 200_000)] == ["0 s", "59 s", "1 min", "2 h", "2 d"]
    assert since(7300, "ja") == "2時間"
