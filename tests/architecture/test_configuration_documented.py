"""config.example.toml and docs/configuration.md say what the model says: no more, no less, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import attrs
import pytest
import tomlkit

from llmlb.config.document import parse_document
from llmlb.config.environment import variable_of
from llmlb.config.load import Loaded, load, load_document
from llmlb.config.model import ENTRIES, TABLES, Config
from llmlb.config.problems import ConfigError
from llmlb.config.report import describe_problems
from llmlb.config.rules import Choice, Number, Whole
from llmlb.config.settings import Setting, settings_of

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config.example.toml"
DOCUMENTATION = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")

MODELS = TABLES | ENTRIES
SETTINGS = [(table, key) for table, model in MODELS.items() for key in settings_of(model)]


def setting(table: str, key: str) -> Setting:
    return settings_of(MODELS[table])[key]


def default(table: str, key: str) -> Any:
    """The default as a value; NOTHING when there is none, None when it is derived from the url."""
    given: Any = attrs.fields_dict(MODELS[table])[key].default
    if isinstance(given, attrs.Factory):  # type: ignore[arg-type]
        return None if given.takes_self else given.factory()
    return given


def written(value: Any) -> str:
    """A default as the documentation has it."""
    if value is attrs.NOTHING:
        return "required"
    if value is None:
        return "host:port of `url"
    return "{}" if value == {} else tomlkit.item(list(value) if isinstance(value, tuple) else value).as_string()


def parsed(text: str) -> Loaded:
    return load_document(parse_document(text.encode(), "config.toml"), None, {})


def uncommented() -> str:
    """The example with the entries that are only shown: a `#` right before a name or a bracket."""
    return re.sub(r"^#(?=[a-z\[])", "", EXAMPLE.read_text(encoding="utf-8"), flags=re.MULTILINE)


def test_the_example_is_the_defaults() -> None:
    assert load(EXAMPLE, {}).config == Config()


def test_the_example_sets_everything_that_is_set_once() -> None:
    data = tomlkit.parse(EXAMPLE.read_text(encoding="utf-8")).unwrap()
    assert {table: list(keys) for table, keys in data.items()} == {
        table: list(settings_of(model)) for table, model in TABLES.items()
    }


def test_the_example_shows_every_key_of_an_entry() -> None:
    data = tomlkit.parse(uncommented()).unwrap()
    for table, model in ENTRIES.items():
        assert {key for entry in data[table] for key in entry} == set(settings_of(model))


def test_the_entries_of_the_example_are_right_and_show_their_defaults() -> None:
    config = parsed(uncommented()).config
    (node,) = config.nodes
    shown = {key: getattr(node, key) for key in settings_of(type(node))}
    assert shown == {**shown, **{key: default("nodes", key) for key in shown if key not in ("url", "name")}}
    assert node.name == node.address.netloc
    assert [key.name for key in config.api_keys] == ["alice", "bob"]
    assert {key.weight for key in config.api_keys} == {default("api_keys", "weight")}


@pytest.mark.parametrize(("table", "key"), SETTINGS)
def test_the_example_explains_every_setting(table: str, key: str) -> None:
    about = setting(table, key)
    section = re.split(rf"^#?\[+{table}\]+$", EXAMPLE.read_text(encoding="utf-8"), maxsplit=1, flags=re.MULTILINE)[1]
    before = re.split(rf"^#?{key} = ", section, maxsplit=1, flags=re.MULTILINE)[0].split("\n\n")[-1]
    assert f"# {about.ja}\n# {about.en}\n" in before
    if isinstance(about.rule, Whole | Number | Choice):
        assert f"# {about.rule.allowed('ja')} / {about.rule.allowed('en')}\n" in before


def documented() -> dict[tuple[str, str], list[str]]:
    """The rows of the documentation's tables, by table and key."""
    rows = {}
    for table, section in re.findall(r"^## `\[+(\w+)\]+`\n(.*?)(?=^## |\Z)", DOCUMENTATION, re.MULTILINE | re.DOTALL):
        for line in re.findall(r"^\| `(.*) \|$", section, re.MULTILINE):
            key, *cells = re.split(r"`? \| ", line)
            rows[table, key] = [cell.removeprefix("`") for cell in cells]
    return rows


def test_the_documentation_has_every_setting_and_no_other() -> None:
    assert list(documented()) == SETTINGS


@pytest.mark.parametrize(("table", "key"), SETTINGS)
def test_the_documentation_says_what_the_model_says(table: str, key: str) -> None:
    about = setting(table, key)
    row = [
        written(default(table, key)),
        about.rule.allowed("en"),
        *([variable_of(table, key)] if table in TABLES else []),
        about.en,
    ]
    assert documented()[table, key] == row


def test_the_documentation_says_of_every_table_that_it_has_variables() -> None:
    (tables,) = re.findall(r"Each setting of (.*?)\shas\s+one", DOCUMENTATION, re.DOTALL)
    assert re.findall(r"`\[(\w+)\]`", tables) == list(TABLES)


def test_every_variable_in_the_documentation_exists() -> None:
    known = {variable_of(table, key) for table, key in SETTINGS if table in TABLES}
    for text in (DOCUMENTATION, EXAMPLE.read_text(encoding="utf-8")):
        assert set(re.findall(r"\bLLMLB_[A-Z]\w*", text)) <= known


@pytest.mark.parametrize("block", re.findall(r"```toml\n(.*?)```", DOCUMENTATION, re.DOTALL))
def test_every_example_in_the_documentation_is_right(block: str) -> None:
    assert parsed(block).config != Config()


def test_the_problems_shown_in_the_documentation_are_what_is_printed() -> None:
    (shown,) = re.findall(r"```text\n(.*?)\n```", DOCUMENTATION, re.DOTALL)
    document = parse_document(b"[queue]\nmax_size = 0\ntimeout = 30\n", "config.toml")
    with pytest.raises(ConfigError) as caught:
        load_document(document, None, {"LLMLB_SERVER_PORT": "http"})
    assert describe_problems(caught.value.problems, "en") == shown


def test_every_setting_is_explained_in_both_languages() -> None:
    for table, key in SETTINGS:
        about = setting(table, key)
        assert about.en.isascii()
        assert not about.ja.isascii()
        assert about.en.endswith(".")
        assert about.ja.endswith("。")
        assert about.meaning("ja") == about.ja
        assert about.meaning("en") == about.en
