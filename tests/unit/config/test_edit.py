"""Entries of a file, edited: what is not edited stays, to the byte."""

from __future__ import annotations

import pytest

from llmlb.config.edit import CannotEdit, Draft

NEW = {"name": "z", "url": "http://z:1", "models": ["a", "b"], "aliases": {"gpt-4o": "a", "x y": "b"}}
NEW_BLOCK = """\
[[nodes]]
name = "z"
url = "http://z:1"
models = ["a", "b"]
aliases = { gpt-4o = "a", "x y" = "b" }
"""

BLOCKS = """\
# all nodes
[[nodes]]
url = "http://a"  # the first
#name = "a"

# the second one
[[nodes]] # spare
url = "http://b"
drain = true
[nodes.aliases]
x = "y"

# how many
[queue]
max_size = 3
"""

INLINE = """\
nodes = [ # two
  {url="http://a"}, # the first
  # about b
  {url = "http://b", drain = true} # the second
]
[queue]
"""


def lines_without(text: str, *gone: int) -> str:
    """The text less these lines, counted from 1."""
    return "".join(line for number, line in enumerate(text.splitlines(keepends=True), 1) if number not in gone)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", NEW_BLOCK),
        ("# head\n", "# head\n\n" + NEW_BLOCK),
        ("[queue]\nmax_size = 1", "[queue]\nmax_size = 1\n\n" + NEW_BLOCK),
        ("[queue]\n\n\n", "[queue]\n\n\n" + NEW_BLOCK),
        (BLOCKS, BLOCKS.replace("# how many", NEW_BLOCK + "\n# how many")),
    ],
)
def test_a_node_is_added_as_a_table_after_the_others(before: str, after: str) -> None:
    assert Draft.of(before).add("nodes", NEW).text == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("nodes = []\n", 'nodes = [{ url = "u" }]\n'),
        ("nodes = [ # none\n]\n", 'nodes = [{ url = "u" } # none\n]\n'),
        ('nodes = [{url="a"}]\n', 'nodes = [{url="a"}, { url = "u" }]\n'),
        ('nodes = [{url="a"}, ]\n', 'nodes = [{url="a"}, { url = "u" }, ]\n'),
        (INLINE, INLINE.replace("} # the second", '}, # the second\n  { url = "u" },')),
        ('nodes = [\n\t{url="a"},\n]\n', 'nodes = [\n\t{url="a"},\n\t{ url = "u" },\n]\n'),
    ],
)
def test_a_node_is_added_to_an_array_in_its_own_style(before: str, after: str) -> None:
    assert Draft.of(before).add("nodes", {"url": "u"}).text == after


def test_line_ends_stay_those_of_the_file() -> None:
    before = BLOCKS.replace("\n", "\r\n")
    edited = Draft.of(before).add("nodes", NEW).set(("nodes", 0), "drain", True)
    assert edited.text == Draft.of(BLOCKS).add("nodes", NEW).set(("nodes", 0), "drain", True).text.replace("\n", "\r\n")


def test_a_removed_table_takes_its_comments_along_but_no_others() -> None:
    draft = Draft.of(BLOCKS)
    assert draft.remove("nodes", 0).text == BLOCKS.replace(
        '[[nodes]]\nurl = "http://a"  # the first\n#name = "a"\n', "", 1
    )
    assert draft.remove("nodes", 1).text == lines_without(BLOCKS, *range(6, 13))
    assert draft.remove("nodes", 1).remove("nodes", 0).text == "# all nodes\n\n# how many\n[queue]\nmax_size = 3\n"


def test_removing_what_was_added_gives_the_file_as_it_was() -> None:
    for text in (BLOCKS, "[queue]\nmax_size = 1\n", INLINE.replace("true} #", "true}, #")):
        added = Draft.of(text).add("nodes", NEW)
        assert added.remove("nodes", len(added.data["nodes"]) - 1).text == text


def test_elements_of_an_array_are_removed_with_their_comma() -> None:
    draft = Draft.of(INLINE)
    assert draft.remove("nodes", 0).text == lines_without(INLINE, 2)
    assert draft.remove("nodes", 1).text == lines_without(INLINE, 4)
    one_line = Draft.of('nodes = [{url="a"}, {url="b"}, {url="c"},]\n')
    assert one_line.remove("nodes", 0).text == 'nodes = [{url="b"}, {url="c"},]\n'
    assert one_line.remove("nodes", 1).text == 'nodes = [{url="a"}, {url="c"},]\n'
    assert one_line.remove("nodes", 2).text == 'nodes = [{url="a"}, {url="b"},]\n'
    assert one_line.remove("nodes", 2).remove("nodes", 1).remove("nodes", 0).text == "nodes = []\n"


def test_a_key_is_set_behind_the_last_one_of_its_own_table() -> None:
    set_twice = Draft.of(BLOCKS).set(("nodes", 0), "drain", True).set(("nodes", 1), "drain", False)
    assert set_twice.text == BLOCKS.replace("# the first\n", "# the first\ndrain = true\n").replace(
        'b"\ndrain = true', 'b"\ndrain = false'
    )
    indented = Draft.of('[[nodes]]\n  url = "a" # here').set(("nodes", 0), "drain", True)
    assert indented.text == '[[nodes]]\n  url = "a" # here\n  drain = true'
    assert Draft.of(INLINE).set(("nodes", 0), "drain", True).text == INLINE.replace(
        '"http://a"', '"http://a", drain = true'
    )


def test_a_key_is_taken_out_with_its_line_or_comma() -> None:
    assert Draft.of(BLOCKS).unset(("nodes", 1), "drain").text == lines_without(BLOCKS, 9)
    assert Draft.of(INLINE).unset(("nodes", 1), "drain").text == INLINE.replace(", drain = true", "")
    first = Draft.of('nodes = [{drain = true, url = "a"}]\n').unset(("nodes", 0), "drain")
    assert first.text == 'nodes = [{url = "a"}]\n'


@pytest.mark.parametrize("text", ["nodes = 3\n", "[nodes]\nurl = 1\n", "nodes = [1]\n"])
def test_what_is_no_array_of_tables_is_not_added_to(text: str) -> None:
    with pytest.raises(CannotEdit):
        Draft.of(text).add("nodes", NEW)


def test_an_edit_that_would_say_something_else_is_refused() -> None:
    comma_elsewhere = Draft.of('nodes = [\n{url="a"}\n,{url="b"}\n]\n')
    with pytest.raises(CannotEdit):
        comma_elsewhere.remove("nodes", 0)
    assert comma_elsewhere.add("nodes", {"url": "c"}).data["nodes"][-1] == {"url": "c"}


def test_an_entry_without_anything_gets_its_first_key() -> None:
    assert Draft.of("[[nodes]]\n").set(("nodes", 0), "drain", True).text == "[[nodes]]\ndrain = true\n"
    assert Draft.of("nodes = []\n").add("nodes", {}).text == "nodes = [{}]\n"
    assert Draft.of("nodes = [{}]\n").set(("nodes", 0), "drain", True).text == "nodes = [{drain = true}]\n"
    emptied = Draft.of("queue = {max_size = 3} # few\n").unset(("queue",), "max_size")
    assert emptied.text == "queue = {} # few\n"
    assert emptied.set(("queue",), "max_size", 4).text == "queue = {max_size = 4} # few\n"


def test_a_key_with_a_table_of_its_own_is_not_taken_out() -> None:
    with pytest.raises(CannotEdit):
        Draft.of('[[nodes]]\nurl = "a"\n[nodes.aliases]\nx = "y"\n').unset(("nodes", 0), "aliases")


def test_a_comment_above_the_second_node_goes_with_it() -> None:
    text = '# head\n[[nodes]]\nurl = "http://a"\n\n# the second\n[[nodes]]\nurl = "http://b"\n'
    assert Draft.of(text).remove("nodes", 1).text == '# head\n[[nodes]]\nurl = "http://a"\n'


TABLES = """\
# how many
[queue]
max_size = 3  # few

[[nodes]]
url = "http://a"
"""


@pytest.mark.parametrize(
    ("before", "key", "after"),
    [
        (TABLES, "max_size", TABLES.replace("3  # few", "200  # few")),
        (TABLES, "max_per_key", TABLES.replace("# few\n", "# few\nmax_per_key = 200\n")),
        ("", "max_size", "[queue]\nmax_size = 200\n"),
        ("[server]\nport = 1", "max_size", "[server]\nport = 1\n\n[queue]\nmax_size = 200\n"),
        ("[queue]\n", "max_size", "[queue]\nmax_size = 200\n"),
        ("queue = {max_size = 3}\n", "max_per_key", "queue = {max_size = 3, max_per_key = 200}\n"),
        ("queue.max_size = 3 # few\n", "max_per_key", "queue.max_size = 3 # few\nqueue.max_per_key = 200\n"),
        ("queue.max_size = 3", "max_size", "queue.max_size = 200"),
    ],
)
def test_a_key_of_a_table_is_set_where_its_author_would(before: str, key: str, after: str) -> None:
    edited = Draft.of(before).set(("queue",), key, 200)
    assert edited.text == after
    assert edited.data["queue"][key] == 200


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (TABLES, TABLES.replace("max_size = 3  # few\n", "")),
        ("[queue]\nmax_size = 3\ntimeout_secs = 4\n", "[queue]\ntimeout_secs = 4\n"),
        ("queue = {max_size = 3, max_per_key = 1}\n", "queue = {max_per_key = 1}\n"),
        ("queue.max_size = 3\nqueue.max_per_key = 1\n", "queue.max_per_key = 1\n"),
        ("queue.max_size = 3\n", ""),
    ],
)
def test_a_key_of_a_table_is_taken_out(before: str, after: str) -> None:
    assert Draft.of(before).unset(("queue",), "max_size").text == after


@pytest.mark.parametrize(
    "text",
    ["", "# only  \n", "[log]\n\n", "[server]\r\nport = 1\r\n", '[[nodes]]\nurl = "a"\n[nodes.aliases]\nx = "y"\n'],
)
def test_what_was_set_and_is_taken_out_again_leaves_nothing_behind(text: str) -> None:
    assert Draft.of(text).set(("queue",), "max_size", 3).unset(("queue",), "max_size").text == text.rstrip("\n") + (
        "\n" if text else ""
    )


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("[queue]\nmax_size = 3\n# of the server\n[server]\n", "# of the server\n[server]\n"),
        ("[log]\n\n[queue]\nmax_size = 3\n\n[server]\n", "[log]\n\n[server]\n"),
        ("[log]\n[queue]\nmax_size = 3\n[server]\n", "[log]\n[server]\n"),
        ("[log]\n  [queue]\n  max_size = 3", "[log]\n"),
    ],
)
def test_a_header_goes_with_the_last_that_was_under_it(before: str, after: str) -> None:
    assert Draft.of(before).unset(("queue",), "max_size").text == after


@pytest.mark.parametrize(
    "text",
    [
        "# how many\n[queue]\nmax_size = 3\n",
        "[queue]  # how many\nmax_size = 3\n",
        "[queue]\n# how many\n\nmax_size = 3\n",
        "[queue]\nmax_size = 3\n#timeout_secs = 4\n\n[server]\n",
        "[queue]\nmax_size = 3\n\n#timeout_secs = 4\n",
        "[queue]\nmax_size = 3\n[queue.more]\n",
    ],
)
def test_a_header_with_a_comment_of_its_own_stays(text: str) -> None:
    assert Draft.of(text).unset(("queue",), "max_size").text == text.replace("max_size = 3\n", "")


@pytest.mark.parametrize("text", ["queue = 3\n", "[[queue]]\nmax_size = 3\n"])
def test_a_key_of_what_is_no_table_is_not_set(text: str) -> None:
    with pytest.raises(CannotEdit):
        Draft.of(text).set(("queue",), "max_size", 200)


def test_many_values_are_set_as_one_by_one() -> None:
    text = '[queue]\nmax_size = 1 # few\n\n[[api_keys]]\nname = "a"\n\n[[api_keys]]\nname = "b"\nweight = 2'
    settings = [
        (("queue",), "max_size", 300),
        (("queue",), "timeout_secs", 30),
        (("api_keys", 1), "weight", 12.5),
        (("api_keys", 0), "weight", 3),
        (("fairness",), "cost", "tokens"),
        (("fairness",), "quantum", 5),
        (("queue",), "max_size", 7),
    ]
    one_by_one = Draft.of(text)
    for at, key, value in settings:
        one_by_one = one_by_one.set(at, key, value)
    at_once = Draft.of(text).set_all(settings)
    assert at_once == one_by_one
    assert at_once.text == (
        '[queue]\nmax_size = 7 # few\ntimeout_secs = 30\n\n[[api_keys]]\nname = "a"\nweight = 3\n\n'
        '[[api_keys]]\nname = "b"\nweight = 12.5\n\n[fairness]\ncost = "tokens"\nquantum = 5\n'
    )
    assert Draft.of(text).set_all([]) == Draft.of(text)
