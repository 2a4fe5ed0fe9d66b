"""What the documents say of the program is so: links lead somewhere, names exist, tables are complete."""

from __future__ import annotations

import re
from inspect import signature
from itertools import takewhile
from pathlib import Path

import pytest

from llmlb import __version__, errors
from llmlb.app import LOOK_AGAIN_SECS
from llmlb.config.environment import variable_of
from llmlb.config.model import ENTRIES, TABLES
from llmlb.config.settings import settings_of
from llmlb.nodes.discovery import places
from llmlb.nodes.states import STATES
from llmlb.scheduler.placement import ALIKE, NOISE_SECS
from llmlb.web.faults import FAULTS
from llmlb.wire.endpoints import ENDPOINTS

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "llmlb"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
TEXTS = {file.relative_to(ROOT).as_posix(): file.read_text(encoding="utf-8") for file in DOCUMENTS}
API, OPERATING, ARCHITECTURE = (TEXTS[name] for name in ("docs/api.md", "docs/operating.md", "ARCHITECTURE.md"))

LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"")
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)

KEYS = {key for model in (TABLES | ENTRIES).values() for key in settings_of(model)}
VARIABLES = {variable_of(table, key) for table, model in TABLES.items() for key in settings_of(model)}

every_document = pytest.mark.parametrize("name", TEXTS)


def links(text: str) -> list[str]:
    """Where a document leads, outside of its code."""
    return [first or second for first, second in LINK.findall(CODE.sub("", text))]


def anchors(text: str) -> set[str]:
    """What headings can be linked to, in the way of GitHub."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def table(text: str, first_heading: str) -> list[list[str]]:
    """The rows, as cells, of the table whose first column has this heading."""
    lines = iter(text.splitlines())
    heading = next(line for line in lines if line.startswith(f"| {first_heading} |"))
    next(lines)
    rows = [re.split(r"\s*\|\s*", row.strip())[1:-1] for row in takewhile(lambda line: line.startswith("|"), lines)]
    assert {len(row) for row in rows} == {heading.count("|") - 1}
    return rows


@every_document
def test_links_lead_somewhere(name: str) -> None:
    missing = []
    for link in links(TEXTS[name]):
        if re.match(r"https?://", link):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        if not target.exists() or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            missing.append(link)
    assert missing == []


def test_links_are_looked_for_where_they_are() -> None:
    assert links('[a](b.md) <img src="c.png"> `[d](e.md)`\n```text\n[f](g.md)\n```') == ["b.md", "c.png"]
    assert anchors("# A heading, with `code`\n```sh\n# none\n```") == {"a-heading-with-code"}


def test_every_document_can_be_reached_from_the_readme() -> None:
    reached, unread = {"README.md"}, ["README.md"]
    while unread:
        at = unread.pop()
        for link in links(TEXTS[at]):
            target = ((ROOT / at).parent / link.partition("#")[0]).resolve()
            if target.is_relative_to(ROOT) and (near := target.relative_to(ROOT).as_posix()) in TEXTS.keys() - reached:
                reached.add(near)
                unread.append(near)
    assert sorted(TEXTS.keys() - reached) == []


@every_document
def test_settings_that_are_mentioned_exist(name: str) -> None:
    text = re.sub(r"LLMLB_<\w+>_<\w+>|`tests/\S+`", "", TEXTS[name])
    assert set(re.findall(r"\bLLMLB_[A-Z_]+\b(?!\*)", text)) - VARIABLES - {"LLMLB_"} == set()
    named = set(re.findall(r"\[\[?(\w+)\]\]? (\w+)`", text))
    assert {(t, key) for t, key in named if key not in settings_of((TABLES | ENTRIES)[t])} == set()
    assert set(re.findall(r"\b[a-z_]+_secs\b", text)) - KEYS - {"waited_secs"} == set()
    settings = set(re.findall(r"`(max_\w+|\w+_limit|waiting_bytes|enable_\w+|drain_\w+)`", text))
    assert settings - KEYS - {"max_tokens"} == set()


def test_every_route_is_documented_as_it_is() -> None:
    listed = [
        (f"`POST {e.path}`", "multipart" if e.multipart else "JSON", "required" if e.model_required else "optional")
        for e in ENDPOINTS
    ]
    assert [tuple(row) for row in table(API, "route")][: len(listed)] == listed


def test_every_error_is_documented_as_it_is() -> None:
    def retry(kind: type[errors.Refusal], should_retry: bool) -> str:
        if hasattr(kind, "retry_after") or "retry_after" in signature(kind).parameters:
            return "`Retry-After`"
        return "" if should_retry else "`x-should-retry: false`"

    real = {
        (str(f.status), f"`{f.type}`", f"`{f.code}`" if f.code else "null", retry(kind, f.should_retry))
        for kind, f in FAULTS.items()
    }
    real.add(("500", "`server_error`", "`internal_error`", ""))  # the outermost guard's, which is no refusal
    assert {(s, t, c, r) for s, t, c, r, _ in table(API, "status")} == real


def test_what_the_headers_table_of_the_api_names_is_in_the_code() -> None:
    code = "".join(file.read_text(encoding="utf-8") for file in (PACKAGE / "web").glob("*.py"))
    for header, *_ in table(API, "header of the response"):
        assert header.strip("`").partition(":")[0] in code, header


def test_the_six_numbers_are_those_that_are_told() -> None:
    code = (PACKAGE / "web" / "stats.py").read_text(encoding="utf-8")
    assert [row[0].strip("`") for row in table(API, "field")] == re.findall(r'^ +"(\w+)":', code, re.MULTILINE)


def test_every_state_of_a_node_is_documented() -> None:
    assert {row[0] for row in table(OPERATING, "state")} == set(STATES)


def test_figures_in_the_documents_are_those_of_the_code() -> None:
    assert f"every {LOOK_AGAIN_SECS:g} seconds" in OPERATING
    assert f"within a factor of {ALIKE:g} or a difference of {NOISE_SECS:g} seconds" in OPERATING
    for name in ("docs/quickstart.md", "docs/quickstart.en.md", "docs/operating.md"):
        for place in places(own_port=8080):
            assert re.search(rf"{place.title}[\s（(]+{place.port}".replace(" ", r"\s"), TEXTS[name]), (name, place)


def test_every_layer_and_every_name_of_the_architecture_exists() -> None:
    folders = {path.stem for path in PACKAGE.iterdir() if not path.name.startswith("_")} - {"testing", "static"}
    picture = ARCHITECTURE.split("```")[1]
    named = {word for line in picture.splitlines()[1:] for word in re.findall(r"[a-z_]+", line[:28])}
    assert folders - named == set()
    code = "\n".join(file.read_text(encoding="utf-8") for file in PACKAGE.rglob("*.py"))
    for name in re.findall(r"`([A-Z]\w+)", ARCHITECTURE):
        assert re.search(rf"^\s*(class {name}\b|{name}\b.*=)", code, re.MULTILINE), name


def test_every_module_of_the_scheduler_has_its_place_in_the_architecture() -> None:
    (paragraph,) = re.findall(r"## The scheduler\n(.*?)\n## ", ARCHITECTURE, re.DOTALL)
    modules = {path.stem for path in (PACKAGE / "scheduler").glob("[a-z]*.py")}
    assert modules - set(re.findall(r"`(\w+)`", paragraph)) == set()


def test_the_changelog_tells_of_this_version() -> None:
    assert f"## {__version__}" in TEXTS["CHANGELOG.md"]
