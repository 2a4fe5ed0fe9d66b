"""Whatever the file and the environment hold: a configuration or its problems, and never a secret in a message."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from llmlb.config.changes import changes
from llmlb.config.document import parse_document
from llmlb.config.load import Loaded, load_document
from llmlb.config.model import ENTRIES, TABLES, Config
from llmlb.config.problems import ConfigError
from llmlb.config.report import describe_problems
from llmlb.config.settings import settings_of
from llmlb.messages import Locale
from tests.unit.config.test_load import OTHER_VALUES

SECRET = "Zq9-hidden"
LOCALES: tuple[Locale, ...] = ("ja", "en")
NAMES = sorted({name for model in (*TABLES.values(), *ENTRIES.values()) for name in settings_of(model)})
FRAGMENTS = [
    *(f"[{name}]\n" for name in TABLES), *(f"[[{name}]]\n" for name in ENTRIES), *(f"{name} = " for name in NAMES),
    "1", "0.5", "true", '"x"', "[", "]", "{", "}", ",", "\n", "#", '"""', "'", "\\", "nan", "-inf", "1979-05-27",
    "[nodes.aliases]\n", "[server.x]\n", "nodes = ", "api_keys = ", "x.y = 3\n", '"http://h:1/v1"\n', "\ufeff", "\x00",
    "9" * 30, "\x85", "0x" + "f" * 5000, "9" * 5000, "[" * 50, "{a=" * 20,
]  # fmt: skip

scalars = (
    st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.datetimes()
    | st.dates()
    | st.sampled_from(["http://127.0.0.1:1", "0.0.0.0", "x", 1, 100, 0.5])
)
names = st.sampled_from(NAMES) | st.text(min_size=1)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3), max_leaves=6
)
tables = st.dictionaries(names, values, max_size=5)
documents = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(TABLES, tables | values),
        **dict.fromkeys(ENTRIES, st.lists(tables, max_size=3) | values),
    },
) | st.dictionaries(names, values)


def dumped(data: dict[str, Any]) -> bytes:
    """The document as a file. What tomlkit cannot write is left to the tests of raw text."""
    try:
        return tomlkit.dumps(data).encode("utf-8", "replace")
    except (ValueError, TypeError):
        return b""


def outcome(raw: bytes, environ: dict[str, str] | None = None) -> Loaded | ConfigError:
    """What comes of a file: both are fine, everything else is raised."""
    try:
        return load_document(parse_document(raw, "config.toml"), Path("config.toml"), environ or {})
    except ConfigError as error:
        refused = error
    assert refused.problems
    lines = [problem.text(locale) for problem in refused.problems for locale in LOCALES]
    assert all(line.isprintable() for line in lines), "a line of the file must not become lines of the log"
    assert "\n".join(lines).encode()
    return refused


def everything_said(result: Loaded | ConfigError) -> str:
    """All that a message, a log line or a traceback could show of an outcome."""
    if isinstance(result, Loaded):
        return repr(result) + str(result.warnings)
    said = [repr(result), str(result), repr(result.problems), repr(result.problems[0].path)]
    return "\n".join([*said, describe_problems(result.problems, "ja"), describe_problems(result.problems, "en")])


@given(st.binary())
def test_any_bytes(raw: bytes) -> None:
    outcome(raw)


@given(st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=3)).map("".join))
def test_any_text_that_is_almost_a_configuration(text: str) -> None:
    outcome(text.encode("utf-8", "replace"))


@given(documents)
def test_any_toml(data: dict[str, Any]) -> None:
    outcome(dumped(data))


VARIABLES = sorted(f"LLMLB_{table}_{name}".upper() for table, model in TABLES.items() for name in settings_of(model))
variables = st.dictionaries(
    st.sampled_from([*VARIABLES, "LLMLB_PORT", "LLMLB_NODES_URL", "LLMLB_"])
    | st.text(min_size=1).map("LLMLB_".__add__),
    st.text(st.characters(codec=None))
    | scalars.map(str)
    | st.sampled_from(["", " ", "a,b", "tcp://10.0.0.1:80", "1e3"]),
)


@given(variables)
def test_any_environment(environ: dict[str, str]) -> None:
    result = outcome(b"", environ)
    if isinstance(result, Loaded):
        assert all(line.isprintable() for line in result.warnings)


@given(documents, variables)
def test_any_toml_in_any_environment(data: dict[str, Any], environ: dict[str, str]) -> None:
    outcome(dumped(data), environ)


sound_nodes = st.lists(
    st.fixed_dictionaries(
        {"url": st.sampled_from([f"http://10.0.0.{number}:1/v1" for number in range(4)])},
        optional={
            "name": st.sampled_from(["a", "b", "<b>", "\u65e5"]), "drain": st.booleans(), "api_key": st.just(SECRET),
            "models": st.lists(st.sampled_from(["m", "n:latest"]), unique=True, max_size=2),
        },
    ),
    max_size=3, unique_by=(lambda node: node["url"], lambda node: node.get("name", node["url"])),
)  # fmt: skip
sound_keys = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["x", "y", "z"]), "key": st.integers(0, 9).map(lambda n: f"{SECRET}-{n}")},
        optional={"weight": st.integers(1, 9)},
    ),
    max_size=3, unique_by=(lambda key: key["name"], lambda key: key["key"]),
)  # fmt: skip
sound_settings = st.sets(st.sampled_from([name for name in OTHER_VALUES if name != "server.host"]))


@st.composite
def sound(draw: st.DrawFn) -> bytes:
    """A file that is right, whatever it is."""
    file = tomlkit.document()
    for name in sorted(draw(sound_settings)):
        table, key = name.split(".")
        file.setdefault(table, tomlkit.table())[key] = tomlkit.value(OTHER_VALUES[name][0])
    entries = {"nodes": draw(sound_nodes), "api_keys": draw(sound_keys)}
    return (tomlkit.dumps(file) + tomlkit.dumps({name: found for name, found in entries.items() if found})).encode()


@given(st.lists(sound() | documents.map(dumped), min_size=2, max_size=4))
def test_a_file_may_change_into_any_other(files: list[bytes]) -> None:
    """What differs is told without a value, and there is always something to tell it of."""
    now = Config()
    for raw in files:
        result = outcome(raw)
        if isinstance(result, ConfigError):
            continue
        said = changes(now, result.config)
        assert not said or now != result.config
        assert changes(result.config, result.config) == ()
        assert SECRET not in str(said)
        now = result.config


@given(sound())
def test_a_file_that_is_right_is_taken(raw: bytes) -> None:
    result = outcome(raw)
    assert isinstance(result, Loaded), (raw, result)


secrets = st.sampled_from([
    SECRET, f"sk-{SECRET}", f"{SECRET}\n", f" {SECRET}", f"{SECRET}é", f"http://{SECRET}@h:1", [SECRET], {"x": SECRET},
    [[SECRET]], {SECRET: 1}, [{"key": SECRET}], SECRET * 200,
])  # fmt: skip
addresses = st.sampled_from([
    f"http://user:{SECRET}@h:1/v1", f"user:{SECRET}@h", f"http://{SECRET}@", f"http://h/?key={SECRET}",
    f"http://h/#{SECRET}", f"http://a:pa?ss{SECRET}@h", f"http://a:{SECRET}/@h", f"ftp://a:{SECRET}@h@i",
    f"https://:{SECRET}@[::1", f"http://\n:{SECRET}@h",
])  # fmt: skip
nodes = st.fixed_dictionaries(
    {"url": addresses | st.just("http://h:1")}, optional={"api_key": secrets, "name": st.just("n")}
)
keys = st.fixed_dictionaries(
    {},
    optional={
        "name": st.just("n"), "key": secrets, "key_sha256": secrets | st.just(SECRET.encode().hex().ljust(64, "0")),
        "Key": secrets, "api_key": secrets, SECRET: st.just(1), "weight": st.just(0),
    },
)  # fmt: skip


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "nodes": st.lists(nodes, max_size=3) | secrets,
            "api_keys": st.lists(keys, max_size=3) | secrets | st.dictionaries(st.just(SECRET), st.text()),
            "api_key": secrets,
            "server": st.fixed_dictionaries({}, optional={"api_key": secrets, "key": secrets}),
        },
    )
)
def test_no_secret_is_ever_shown(data: dict[str, Any]) -> None:
    said = everything_said(outcome(dumped(data)))
    assert SECRET not in said
    assert SECRET.encode().hex() not in said


@given(keys, st.integers(0, 400), st.sampled_from(['"', "]", "=", "\n", "\x01", "key = 1\n", "\\q"]))
def test_no_secret_is_shown_by_a_text_that_is_no_toml(entry: dict[str, Any], at: int, dirt: str) -> None:
    text = dumped({"api_keys": [entry]}).decode()
    at = min(at, len(text))
    assert SECRET not in everything_said(outcome((text[:at] + dirt + text[at:]).encode()))
