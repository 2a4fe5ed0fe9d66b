"""A file and an environment become a configuration, or everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llmlb.config.load import load
from llmlb.config.model import TABLES, Config, KeyConfig, NodeConfig, Queue
from llmlb.config.problems import ConfigError, Problem
from llmlb.config.settings import settings_of

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Puts a text into a file."""

    def put(text: str) -> Path:
        path = tmp_path / "config.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return put


def problems(path: Path | None, environ: dict[str, str] | None = None) -> tuple[Problem, ...]:
    with pytest.raises(ConfigError) as caught:
        load(path, environ or {})
    return caught.value.problems


def only(path: Path | None, environ: dict[str, str] | None = None) -> Problem:
    found = problems(path, environ)
    assert len(found) == 1, [problem.text("en") for problem in found]
    return found[0]


def test_without_a_file_everything_has_its_default() -> None:
    loaded = load(None, {})
    assert loaded.config == Config()
    assert loaded.path is None
    assert set(loaded.sources.values()) == {"default"}


def test_an_empty_file_is_the_defaults(write: Write) -> None:
    path = write("")
    assert load(path, {}).config == Config()
    assert load(path, {}).path == path


ARGON2 = "$argon2id$v=19$m=65536,t=3,p=4$xis3nQqJ77ggrHK98NFQqw$urDAYIq2F8bcsFg9Mb6PovhWO20fMKZ3lBwZwOxBT2Y"
OTHER_VALUES: dict[str, tuple[str, Any]] = {
    "server.host": ('"::1"', "::1"),
    "server.port": ("0", 0),
    "server.locale": ('"en"', "en"),
    "server.drain_secs": ("0", 0.0),
    "server.body_limit": ("1024", 1024),
    "server.waiting_bytes": ("2048", 2048),
    "server.allow_anonymous": ("true", True),
    "server.max_connections": ("50", 50),
    "server.allowed_hosts": ('["gpu.example"]', ("gpu.example",)),
    "server.cors_origins": ('["https://chat.example"]', ("https://chat.example",)),
    "server.metrics_token": ('"t-1"', "t-1"),
    "queue.max_size": ("200", 200),
    "queue.timeout_secs": ("120", 120),
    "queue.enable_fairness": ("false", False),
    "queue.max_per_key": ("7", 7),
    "queue.when_full": ('"push_out"', "push_out"),
    "fairness.cost": ('"tokens"', "tokens"),
    "fairness.quantum": ("2", 2.0),
    "fairness.default_service_secs": ("2.5", 2.5),
    "health.interval_secs": ("0.1", 0.1),
    "health.timeout_secs": ("60", 60.0),
    "upstream.connect_timeout_secs": ("1", 1.0),
    "upstream.first_byte_timeout_secs": ("2", 2.0),
    "upstream.reply_timeout_secs": ("3", 3.0),
    "upstream.idle_timeout_secs": ("4.25", 4.25),
    "upstream.write_timeout_secs": ("5", 5.0),
    "upstream.max_attempts": ("1", 1),
    "upstream.pass_headers": ('["X-Tenant", "x-tenant", "X-Other"]', ("x-tenant", "x-other")),
    "operator.password_hash": (f'"{ARGON2}"', ARGON2),
    "operator.session_secs": ("3600", 3600),
    "log.level": ('"debug"', "debug"),
    "log.format": ('"json"', "json"),
    "log.file": ('"/dev/null"', "/dev/null"),
}
IN_A_VARIABLE = {
    "upstream.pass_headers": "X-Tenant, x-other",
    "server.allowed_hosts": "gpu.example",
    "server.cors_origins": "https://chat.example",
}


def value_of(config: Config, name: str) -> Any:
    table, key = name.split(".")
    return getattr(getattr(config, table), key)


def test_every_setting_is_tried() -> None:
    assert set(OTHER_VALUES) == {f"{table}.{key}" for table, model in TABLES.items() for key in settings_of(model)}


@pytest.mark.parametrize("name", OTHER_VALUES)
def test_a_setting_in_the_file_counts(name: str, write: Write) -> None:
    text, value = OTHER_VALUES[name]
    table, key = name.split(".")
    path = write(f"[{table}]\n{key} = {text}\n")
    loaded = load(path, {})
    found = value_of(loaded.config, name)
    assert (found, type(found)) == (value, type(value))
    assert value != value_of(Config(), name), "this test must give something else than the default"
    assert loaded.sources[name] == f"{path}:2"


@pytest.mark.parametrize("name", OTHER_VALUES)
def test_a_variable_wins_over_the_file(name: str, write: Write) -> None:
    text, value = OTHER_VALUES[name]
    table, key = name.split(".")
    variable = f"LLMLB_{table}_{key}".upper()
    loaded = load(write(""), {variable: IN_A_VARIABLE.get(name, text.strip('"'))})
    found = value_of(loaded.config, name)
    assert (found, type(found)) == (value, type(value))
    assert loaded.sources[name] == variable


def test_the_variables_of_the_quickstart() -> None:
    config = load(None, {"LLMLB_QUEUE_MAX_SIZE": "200", "LLMLB_QUEUE_TIMEOUT_SECS": "120"}).config
    assert config.queue == Queue(max_size=200, timeout_secs=120)


def test_nodes_and_keys(write: Write) -> None:
    path = write(
        """
        [[nodes]]
        url = "https://GPU-1.example/x/v1/"
        name = "gpu"
        models = ["m"]
        aliases = { "gpt-4o" = "m" }
        api_key = "sk-node"
        drain_after_cancel_secs = 3
        [[nodes]]
        url = "http://127.0.0.1:11434"
        [[api_keys]]
        name = "alice"
        key = "sk-alice"
        weight = 2
        [[api_keys]]
        name = "bob"
        key_sha256 = "AB00000000000000000000000000000000000000000000000000000000000000"
        """
    )
    config = load(path, {}).config
    assert config.nodes == (
        NodeConfig(
            url="https://GPU-1.example/x/v1/",
            name="gpu",
            models=("m",),
            aliases={"gpt-4o": "m"},
            api_key="sk-node",
            drain_after_cancel_secs=3.0,
        ),
        NodeConfig(url="http://127.0.0.1:11434", name="127.0.0.1:11434"),
    )
    assert [node.base for node in config.nodes] == ["https://gpu-1.example:443/x", "http://127.0.0.1:11434"]
    assert config.api_keys == (
        KeyConfig(name="alice", key="sk-alice", weight=2.0),
        KeyConfig(name="bob", key_sha256="ab" + 62 * "0"),
    )
    assert load(path, {}).sources["nodes"] == f"{path}:2"


def test_secrets_are_in_no_repr(write: Write) -> None:
    path = write(
        '[[nodes]]\nurl = "http://h"\napi_key = "hidden-1"\n[[api_keys]]\nname = "a"\nkey = "hidden-2"\n'
        f'[[api_keys]]\nname = "b"\nkey_sha256 = "{"c0ffee" * 10}abcd"\n'
    )
    said = repr(load(path, {}))
    assert "hidden" not in said
    assert "c0ffee" not in said


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("server.port", '"8080"'),
        ("server.port", "8080.0"),
        ("server.port", "65536"),
        ("server.port", "-1"),
        ("server.host", '""'),
        ("server.host", '"0"'),
        ("server.host", '"[::1]"'),
        ("server.host", '"a b"'),
        ("server.locale", '"fr"'),
        ("server.drain_secs", "3601"),
        ("server.drain_secs", "nan"),
        ("server.drain_secs", "inf"),
        ("server.drain_secs", "true"),
        ("server.body_limit", "1023"),
        ("server.allow_anonymous", "1"),
        ("server.allow_anonymous", '"true"'),
        ("queue.max_size", "0"),
        ("queue.max_size", "10001"),
        ("queue.max_size", "true"),
        ("queue.max_size", "1979-05-27"),
        ("queue.max_size", "[1]"),
        ("queue.timeout_secs", "0"),
        ("queue.timeout_secs", "3601"),
        ("queue.timeout_secs", "60.0"),
        ("queue.enable_fairness", "0"),
        ("queue.max_per_key", "-1"),
        ("fairness.default_service_secs", "0"),
        ("health.interval_secs", "0"),
        ("upstream.idle_timeout_secs", "86401"),
        ("upstream.max_attempts", "0"),
        ("upstream.max_attempts", "1.5"),
        ("upstream.pass_headers", '"x-tenant"'),
        ("log.level", '"INFO"'),
        ("log.level", "3"),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_allowed(setting: str, value: str, write: Write) -> None:
    table, key = setting.split(".")
    path = write(f"\n[{table}]\n# comment\n{key} = {value}\n")
    problem = only(path)
    assert (problem.file, problem.line) == (str(path), 4)
    assert (problem.table, problem.key) == (table, key)
    for locale in ("ja", "en"):
        text = problem.text(locale)
        assert f"{path}:4: [{table}] {key} = " in text
        assert settings_of(TABLES[table])[key].rule.allowed(locale) in text


def test_the_whole_line_of_a_problem(write: Write) -> None:
    path = write('[queue]\nmax_size = "many"\n')
    problem = only(path)
    assert problem.text("en") == f'{path}:2: [queue] max_size = "many": must be a whole number from 1 to 10000.'
    assert problem.text("ja") == f'{path}:2: [queue] max_size = "many": 1から10000までの整数を指定してください。'


def test_every_problem_is_told_at_once_in_the_order_of_the_file(write: Write) -> None:
    path = write(
        """[server]
port = "x"
[queue]
max_sise = 1
timeout_secs = 0
[[nodes]]
name = "n"
[[nodes]]
url = "http://h"
name = "n"
[[api_keys]]
weight = 0
[quee]
"""
    )
    found = problems(path, {"LLMLB_QUEUE_MAX_SIZE": "0"})
    assert [(problem.line, problem.reason) for problem in found] == [
        (2, "unfit"),
        (4, "unknown_key_near"),
        (5, "unfit"),
        (6, "missing"),
        (10, "same_name"),
        (11, "missing"),
        (11, "no_key"),
        (12, "unfit"),
        (13, "unknown_table_near"),
        (None, "unfit"),
    ]


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("[queue]\nmax_sise = 1\n", "max_size"),
        ("[queue]\nmax-size = 1\n", "max_size"),
        ("[queue]\nMAX_SIZE = 1\n", "max_size"),
        ("[queue]\nbody_limit = 1\n", "[server] body_limit"),
        ("\nmax_size = 1\n", "[queue] max_size"),
        ("\n[que]\n", "[queue]"),
        ("\n[[node]]\n", "[[nodes]]"),
        ("[queue]\nzzz = 1\n", None),
        ("\n[zzz]\n", None),
    ],
)
def test_an_unknown_name_is_refused_with_the_nearest(text: str, nearest: str | None, write: Write) -> None:
    problem = only(write(text))
    assert problem.line == 2
    assert problem.values["nearest"] == nearest
    assert ("did you mean" in problem.text("en")) == (nearest is not None)
    if nearest:
        assert f"did you mean {nearest}?" in problem.text("en")
        assert f"{nearest} のことですか？" in problem.text("ja")
    assert "Known here: " in problem.text("en")


def test_a_derived_attribute_is_no_setting(write: Write) -> None:
    assert only(write('[[nodes]]\nurl = "http://h"\naddress = 1\n')).reason == "unknown_key"


@pytest.mark.parametrize("text", ["queue = 3\n", "queue = []\n", "[[queue]]\n", 'queue = "x"\n'])
def test_something_else_where_a_table_belongs(text: str, write: Write) -> None:
    problem = only(write(text))
    assert (problem.reason, problem.table, problem.line) == ("not_a_table", "queue", 1)
    assert "[queue]" in problem.text("en")


@pytest.mark.parametrize("text", ["nodes = 3\n", "[nodes]\n", "nodes = [1]\n", 'nodes = ["http://h"]\n'])
def test_something_else_where_several_tables_belong(text: str, write: Write) -> None:
    problem = only(write(text))
    assert (problem.reason, problem.table) == ("not_entries", "nodes")
    assert "[[nodes]]" in problem.text("en")


def test_a_wrong_item_of_an_array_has_its_own_line(write: Write) -> None:
    path = write('[[nodes]]\nurl = "http://h"\nmodels = [\n  "good",\n  "",\n  3,\n]\n')
    assert [(p.line, p.key, p.given) for p in problems(path)] == [(5, "models[1]", '""'), (6, "models[2]", "3")]


def test_inline_tables_have_their_lines(write: Write) -> None:
    path = write('nodes = [\n  { url = "http://h" },\n  { url = "ftp://h" },\n]\nqueue.max_size = 0\n')
    assert [(p.line, p.entry, p.key) for p in problems(path)] == [(3, 2, "url"), (5, None, "max_size")]


def test_a_bad_variable_is_named(write: Write) -> None:
    problem = only(write(""), {"LLMLB_QUEUE_MAX_SIZE": "lots"})
    assert problem.text("en") == 'LLMLB_QUEUE_MAX_SIZE="lots": must be a whole number from 1 to 10000.'
    assert problem.text("ja") == 'LLMLB_QUEUE_MAX_SIZE="lots": 1から10000までの整数を指定してください。'
    assert (problem.table, problem.key, problem.line) == ("queue", "max_size", None)


def test_a_wrong_value_in_the_file_is_told_although_a_variable_wins(write: Write) -> None:
    assert only(write("[queue]\nmax_size = 0\n"), {"LLMLB_QUEUE_MAX_SIZE": "5"}).line == 2


def test_foreign_variables_are_ignored_with_a_warning() -> None:
    environ = {"LLMLB_PORT": "tcp://10.0.0.1:8080", "LLMLB_PORT_8080_TCP_ADDR": "10.0.0.1", "PATH": "/bin"}
    loaded = load(None, environ | {"LLMLB_QUEUE_MAXSIZE": "hidden"})
    assert loaded.config == Config()
    assert loaded.warnings == (
        "LLMLB_PORT: not a setting, so this variable is ignored; did you mean LLMLB_SERVER_PORT?",
        "LLMLB_PORT_8080_TCP_ADDR: not a setting, so this variable is ignored.",
        "LLMLB_QUEUE_MAXSIZE: not a setting, so this variable is ignored; did you mean LLMLB_QUEUE_MAX_SIZE?",
    )


def test_relative_paths_start_at_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "etc").mkdir()
    path = tmp_path / "etc" / "config.toml"
    path.write_text('[log]\nfile = "a.log"\n')
    assert load(path, {}).config.log.file == str(tmp_path / "etc" / "a.log")
    monkeypatch.chdir(tmp_path)
    assert load(Path("etc/config.toml"), {}).config.log.file == str(tmp_path / "etc" / "a.log")
    assert load(path, {"LLMLB_LOG_FILE": "b.log"}).config.log.file == str(tmp_path / "b.log")


def test_a_path_that_starts_in_a_directory_that_is_gone_is_a_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(ConfigError) as refused:
        load(None, {"LLMLB_LOG_FILE": "b.log"})
    assert refused.value.problems[0].text("en").startswith('LLMLB_LOG_FILE="b.log": must be the path of a file')


def test_the_error_itself_lists_the_problems(write: Write) -> None:
    with pytest.raises(ConfigError, match=r"max_size = 0: must be a whole number"):
        load(write("[queue]\nmax_size = 0\n"), {})


@pytest.mark.parametrize(
    "origin",
    ["chat.example", "https://Chat.example", "https://chat.example/", "https://chat.example:443", "http://a b", "*"],
)
def test_an_origin_that_no_browser_would_send_is_refused(origin: str, write: Write) -> None:
    with pytest.raises(ConfigError, match="an origin as browsers send it"):
        load(write(f'[server]\ncors_origins = ["{origin}"]\n'), {})
