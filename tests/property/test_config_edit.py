"""Edits of any file: only the lines of what is edited change, whatever stands around them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from llmlb.config.edit import Draft

NOISE = ["", "# comment [[nodes]] = 1\n", "\n", "\n\n", "# a\n# b\n\n", "\n# attached\n", " \t\n"]
OTHERS = ["[queue]\nmax_size = 3 # more\n", '[log]\nlevel = "info"\n', '[[api_keys]]\nname = """k\n[[nodes]]"""\n']


def node_lines(draw: st.DrawFn, number: int) -> list[str]:
    lines = [f'url = "http://n{number}:1" # url {number}', 'models = [\'m\', \n  "x\\"#" ]']
    lines += [f'name = "n{number}"'] if draw(st.booleans()) else []
    lines += [draw(st.sampled_from(["drain = true", "drain=false # no"]))] if draw(st.booleans()) else []
    return list(draw(st.permutations(lines)))


@st.composite
def files(draw: st.DrawFn) -> str:
    noise = st.sampled_from(NOISE)
    count = draw(st.integers(0, 4))
    if draw(st.booleans()):  # an array
        between = st.sampled_from([" ", "", "\n  ", " # c\n\t", "\n # d\n "])
        elements = "".join(
            f"{draw(between)}{{ url = 'http://n{number}:1'{draw(st.sampled_from(['', ', drain = true']))} }}"
            + ("," if number < count - 1 or draw(st.booleans()) else "")
            for number in range(count)
        )
        text = draw(noise) + f"nodes = [{elements}{draw(between)}]\n"
        return text + "".join(draw(noise) + other for other in draw(st.permutations(OTHERS)))
    blocks = ["[[nodes]]\n" + "".join(line + "\n" for line in node_lines(draw, number)) for number in range(count)]
    for number in range(count):
        if draw(st.booleans()):
            blocks[number] += draw(noise) + f'[nodes.aliases]\nalias-{number} = "m"\n'
    for other in OTHERS[: draw(st.integers(0, 3))]:
        blocks.insert(draw(st.integers(0, len(blocks))), other)
    text = "".join(draw(noise) + block for block in blocks) + draw(noise)
    text = text.removesuffix("\n") if draw(st.booleans()) else text
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text


def contains_in_order(whole: list[str], part: list[str]) -> bool:
    rest = iter(whole)
    return all(line in rest for line in part)


def lines(text: str) -> list[str]:
    """What is on the lines, less the blank ones."""
    return [line.strip() for line in text.splitlines() if line.strip()]


def squeezed(text: str) -> str:
    """The text less blanks, line ends and commas."""
    return "".join(text.replace(",", " ").split())


@given(files())
def test_adding_puts_the_node_in_and_leaves_everything_else(text: str) -> None:
    added = squeezed(Draft.of(text).add("nodes", {"name": "new", "url": "http://new:1"}).text)
    pairs = 'name="new"url="http://new:1"'
    block = f"{{{pairs}}}" if f"{{{pairs}}}" in added else f"[[nodes]]{pairs}"
    assert added.count(block) == 1
    assert added.replace(block, "") == squeezed(text)


@given(files(), st.data())
def test_draining_and_resuming_gives_the_same_bytes(text: str, data: st.DataObject) -> None:
    draft = Draft.of(text)
    plain = [index for index, node in enumerate(draft.data.get("nodes", [])) if "drain" not in node]
    if not plain:
        return
    index = data.draw(st.sampled_from(plain))
    drained = draft.set(("nodes", index), "drain", True)
    assert len(drained.text.splitlines()) - len(text.splitlines()) in (0, 1)
    assert drained.unset(("nodes", index), "drain").text.rstrip("\r\n") == text.rstrip("\r\n")


@given(files(), st.data())
def test_removing_takes_lines_away_and_changes_none(text: str, data: st.DataObject) -> None:
    draft = Draft.of(text)
    if not draft.data.get("nodes"):
        return
    index = data.draw(st.integers(0, len(draft.data["nodes"]) - 1))
    removed = draft.remove("nodes", index)
    assert f"n{index}:1" not in removed.text
    if "nodes = [" not in text:
        assert contains_in_order(lines(text), lines(removed.text))
        assert all(
            other in removed.text.replace("\r\n", "\n") for other in OTHERS if other in text.replace("\r\n", "\n")
        )
