"""Edits of a configuration's text: what is not changed stays as it is, to the byte."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from llmlb.config.edit import CannotEdit, Draft, written_key

ENTRY = {"name": "new", "url": "http://new:1", "aliases": {"a b": "m"}, "models": ["m"]}


def draft(text: str) -> Draft:
    return Draft.of(text)


# Random documents

line_ends = st.sampled_from(["\n", "\r\n"])
comments = st.sampled_from(["", "# about this", "", "  # 日本語のメモ", "#[[nodes]]", "\t", "# url = 'x'"])
urls = st.integers(1, 9).map(lambda n: f"http://10.0.0.{n}:8000")
extra = st.lists(
    st.sampled_from(
        ['models = ["a", "b"] # two', "drain = true", 'api_key = """sk\n[[nodes]]\n"""', "aliases = { x = 'a' }",
         'ca_file = "x]#"', 'models = [\n  "a", # [[nodes]]\n  "b",\n]', 'aliases."y" = "b"']
    ),
    unique_by=lambda line: line.split()[0].split(".")[0],
    max_size=3,
)  # fmt: skip


@st.composite
def blocks(draw: st.DrawFn) -> str:
    """A file with [[nodes]] and other tables among comments and blank lines."""
    lines: list[str] = []
    for table in draw(st.lists(st.sampled_from(["node", "node", "queue", "keys"]), min_size=1, max_size=5)):
        lines += draw(st.lists(comments, max_size=3))
        if table == "queue":
            if "[queue]" in lines:
                continue
            lines += ["[queue]", "max_size = 3  # enough"]
        elif table == "keys":
            lines += ["[[api_keys]]", 'name = "k"']
        else:
            indent = draw(st.sampled_from(["", "  "]))
            lines += [f"{indent}[[nodes]]  # {len(lines)}", f'{indent}url = "{draw(urls)}"']
            lines += draw(st.lists(comments, max_size=1)) + [indent + line for line in draw(extra)]
    lines += draw(st.lists(comments, max_size=2))
    return ("\n".join(lines) + draw(st.sampled_from(["", "\n"]))).replace("\n", draw(line_ends))


@st.composite
def inline(draw: st.DrawFn) -> str:
    """A file with `nodes = [{...}]` in one of the ways to write that."""
    items = [f'{{ url = "{url}"{", drain = true" if draw(st.booleans()) else ""} }}' for url in draw(st.lists(urls))]
    comma = draw(st.sampled_from(["", ","])) if items else ""
    body = draw(
        st.sampled_from(
            [
                ", ".join(items) + comma,
                "\n  " + ", # one\n  ".join(items) + comma + " # last\n",
                "\n".join(["", *items[:1], ""]),
            ]
        )
    )
    return f"# top\nnodes = [{body}] # nodes\n\n[queue]\nmax_size = 3\n".replace("\n", draw(line_ends))


texts = blocks() | inline()


def is_subsequence(less: list[str], more: list[str]) -> bool:
    rest = iter(more)
    return all(line in rest for line in less)


@given(texts)
def test_adding_keeps_every_line(text: str) -> None:
    before = draft(text)
    after = before.add("nodes", ENTRY)
    assert after.data["nodes"] == [*before.data.get("nodes", []), ENTRY]
    if "nodes = [" in text:
        assert after.text.startswith(text[: text.index("[", text.index("nodes ="))])
        assert after.text.endswith(text[text.index("] # nodes") :])
    else:
        whole = text.endswith("\n")  # else the last line perhaps gets its end
        assert is_subsequence(text.splitlines(keepends=whole), after.text.splitlines(keepends=whole))


@given(texts, st.data())
def test_setting_and_unsetting_change_one_place(text: str, data: st.DataObject) -> None:
    before = draft(text)
    count = len(before.data.get("nodes", []))
    assume(count)
    index = data.draw(st.integers(0, count - 1))
    drained = before.set("nodes", index, "drain", True)
    assert [node.get("drain") for node in drained.data["nodes"]].count(True) >= 1
    old, new = text.splitlines(), drained.text.splitlines()
    if "nodes = [" not in text:
        differ = [line for line in new if line not in old]
        assert {line.strip() for line in differ} <= {"drain = true"}
        assert len(new) - len(old) in {0, 1}
    undone = drained.unset("nodes", index, "drain")
    assert "drain" not in undone.data["nodes"][index]
    if "drain" not in before.data["nodes"][index] and text.endswith("\n"):
        assert undone.text == text


@given(texts, st.data())
def test_removing_takes_only_what_belongs_to_the_entry(text: str, data: st.DataObject) -> None:
    before = draft(text)
    count = len(before.data.get("nodes", []))
    assume(count)
    index = data.draw(st.integers(0, count - 1))
    after = before.remove("nodes", index)
    left = [node for number, node in enumerate(before.data["nodes"]) if number != index]
    assert after.data.get("nodes", []) == left
    if "nodes = [" not in text and text.endswith("\n"):
        assert is_subsequence(after.text.splitlines(keepends=True), text.splitlines(keepends=True))


@given(blocks())
def test_what_was_added_can_be_removed_and_nothing_is_left_of_it(text: str) -> None:
    assume(text.endswith("\n"))
    before = draft(text)
    count = len(before.data.get("nodes", []))
    again = before.add("nodes", ENTRY).remove("nodes", count)
    assert again.data == before.data
    assert [line for line in again.text.splitlines() if line.strip()] == [
        line for line in text.splitlines() if line.strip()
    ]


# Single cases


def test_a_node_in_an_empty_file() -> None:
    assert draft("").add("nodes", {"url": "http://a"}).text == '[[nodes]]\nurl = "http://a"\n'


def test_a_node_among_others_stays_with_them() -> None:
    first, rest = '[[nodes]]\nurl = "http://a"\n# its comment\n\n', "# about the queue\n[queue]\nmax_size = 1\n"
    after = draft(first + rest).add("nodes", {"url": "http://b"})
    assert after.text == first + '[[nodes]]\nurl = "http://b"\n\n' + rest


def test_a_comment_above_a_node_goes_with_it() -> None:
    text = '# head\n[[nodes]]\nurl = "http://a"\n\n# the second\n[[nodes]]\nurl = "http://b"\n'
    assert draft(text).remove("nodes", 1).text == '# head\n[[nodes]]\nurl = "http://a"\n'


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("nodes = []\n", "nodes = [{ url = \"http://b\" }]\n"),
        ("nodes = [{url='http://a'}]\n", "nodes = [{url='http://a'}, { url = \"http://b\" }]\n"),
        ("nodes = [\n {url='http://a'} # x\n]\n", "nodes = [\n {url='http://a'}, # x\n { url = \"http://b\" },\n]\n"),
    ],
)  # fmt: skip
def test_an_array_keeps_its_form(text: str, after: str) -> None:
    assert draft(text).add("nodes", {"url": "http://b"}).text == after


@pytest.mark.parametrize(
    ("text", "index", "after"),
    [
        ("nodes = [{url='a'}, {url='b'}]", 0, "nodes = [{url='b'}]"),
        ("nodes = [{url='a'}, {url='b'}]", 1, "nodes = [{url='a'}]"),
        ("nodes = [{url='a'},]", 0, "nodes = []"),
        ("nodes = [\n {url='a'}, # x\n {url='b'}\n]", 0, "nodes = [\n {url='b'}\n]"),
    ],
)
def test_an_element_of_an_array_goes_with_its_comma(text: str, index: int, after: str) -> None:
    assert draft(text).remove("nodes", index).text == after


def test_a_value_that_is_there_is_replaced_where_it_is() -> None:
    text = "[[nodes]]\nurl = 'a'\ndrain = false # for now\n"
    assert draft(text).set("nodes", 0, "drain", True).text == "[[nodes]]\nurl = 'a'\ndrain = true # for now\n"


def test_keys_that_need_quotes_get_them() -> None:
    assert (written_key("a-b"), written_key("a b"), written_key("")) == ("a-b", '"a b"', '""')


def test_empty_tables_and_entries() -> None:
    after = draft("[[nodes]]\n").set("nodes", 0, "drain", True)
    assert after.text == "[[nodes]]\ndrain = true\n"
    assert draft("nodes = []\n").add("nodes", {}).text == "nodes = [{}]\n"
    with pytest.raises(CannotEdit):
        draft("nodes = [{}]\n").set("nodes", 0, "drain", True)


@pytest.mark.parametrize("text", ["nodes = 3\n", "nodes = [3]\n", "[nodes]\nx = 1\n"])
def test_what_is_no_list_of_tables_is_left_alone(text: str) -> None:
    with pytest.raises(CannotEdit):
        draft(text).add("nodes", ENTRY)


def test_a_key_that_stands_in_several_places_is_left_alone() -> None:
    with pytest.raises(CannotEdit):
        draft('[[nodes]]\nurl = "a"\n[nodes.aliases]\nx = "y"\n').unset("nodes", 0, "aliases")


def test_a_node_with_tables_of_its_own_is_removed_with_them() -> None:
    text = '[[nodes]]\nurl = "a"\n[nodes.aliases]\nx = "y"\n\n[queue]\nmax_size = 1\n'
    assert draft(text).remove("nodes", 0).text == "[queue]\nmax_size = 1\n"
