"""Keys added to a file, given another secret, switched off and removed."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from llmlb.config.edit import CannotEdit, Draft
from llmlb.config.edit_file import edit_file
from llmlb.config.key_edits import NO_SETTINGS, KnownKey, add_key, new_key, remove_key, rotate_key, switch_key
from llmlb.config.values import UnknownKey

HASH = hashlib.sha256(b"new").hexdigest()

FILE = """# ours
[[api_keys]]
name = "alice"
key = "sk-open"  # in the open
weight = 2

# Of the batch jobs
[[api_keys]]
name = "batch"
key_sha256 = "{other}"  # hashed
""".format(other="1" * 64)


def test_a_new_key_is_long_random_and_can_be_told_as_ours() -> None:
    made = {new_key() for _ in range(100)}
    assert len(made) == 100
    for key in made:
        assert key.startswith("sk-llmlb-")
        assert len(key) >= len("sk-llmlb-") + 32
        assert key.isascii()
        assert key.replace("-", "").replace("_", "").isalnum()


def test_a_key_is_added_as_its_hash_behind_the_others() -> None:
    draft = add_key(Draft.of(FILE), "carol", "new", weight=2.0, max_waiting=0)
    added = f'\n[[api_keys]]\nname = "carol"\nkey_sha256 = "{HASH}"\nweight = 2\nmax_waiting = 0\n'
    assert draft.text == FILE + added
    assert add_key(Draft.of(""), "carol", "new").text == f'[[api_keys]]\nname = "carol"\nkey_sha256 = "{HASH}"\n'


def test_a_name_that_is_taken_is_not_taken_again() -> None:
    with pytest.raises(KnownKey):
        add_key(Draft.of(FILE), "alice", "new")


def test_a_key_gets_another_secret_and_keeps_the_rest() -> None:
    hashed = rotate_key(Draft.of(FILE), "batch", "new")
    assert hashed.text == FILE.replace("1" * 64, HASH)
    opened = rotate_key(Draft.of(FILE), "alice", "new")
    assert opened.text == FILE.replace('key = "sk-open"  # in the open\n', "").replace(
        "weight = 2\n", f'weight = 2\nkey_sha256 = "{HASH}"\n'
    )


def test_a_key_is_switched_off_and_on() -> None:
    draft = Draft.of(FILE)
    off = switch_key(draft, "alice", disabled=True)
    assert off.text == FILE.replace("weight = 2\n", "weight = 2\ndisabled = true\n")
    assert switch_key(off, "alice", disabled=True) is off
    assert switch_key(off, "alice", disabled=False).text == FILE
    assert switch_key(draft, "alice", disabled=False) is draft
    said = Draft.of(FILE + "disabled = false\n")
    assert switch_key(said, "batch", disabled=False) is said
    assert switch_key(said, "batch", disabled=True).text == FILE + "disabled = true\n"


def test_the_last_key_leaves_a_file_that_is_not_empty() -> None:
    draft = remove_key(Draft.of(FILE), "batch")
    assert draft.text == FILE.partition("\n# Of")[0]
    assert remove_key(draft, "alice").text == "# ours\n"
    alone = Draft.of('[[api_keys]]\nname = "a"\nkey = "k"\n')
    assert remove_key(alone, "a") == Draft(NO_SETTINGS, {})
    assert add_key(remove_key(alone, "a"), "b", "new").text.startswith(NO_SETTINGS)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_keys_in_one_array_stay_there(newline: str) -> None:
    text = newline.join(["api_keys = [", '  { name = "a", key = "k" }, # first', "]", ""])
    draft = add_key(Draft.of(text), "b", "new")
    assert [entry["name"] for entry in draft.data["api_keys"]] == ["a", "b"]
    assert "[[" not in draft.text
    rotated = rotate_key(draft, "a", "new 2")
    assert rotated.data["api_keys"][0].keys() == {"name", "key_sha256"}
    assert remove_key(switch_key(rotated, "b", disabled=True), "b").text.count("{") == 1
    assert rotated.text.count("\n") == rotated.text.count(newline)


@pytest.mark.parametrize("change", [rotate_key, remove_key])
def test_an_unknown_key_is_told_with_one_that_is_near(change: object) -> None:
    assert callable(change)
    arguments = ("new",) if change is rotate_key else ()
    with pytest.raises(UnknownKey) as error:
        change(Draft.of(FILE), "alic", *arguments)
    assert error.value.nearest == "alice"


@pytest.mark.parametrize("text", ["api_keys = 3\n", "api_keys = [3]\n"])
def test_what_is_no_list_of_keys_is_left_alone(text: str) -> None:
    with pytest.raises(CannotEdit):
        add_key(Draft.of(text), "a", "new")


def test_a_thousand_keys_are_edited_through_a_link(tmp_path: Path) -> None:
    real = tmp_path / "real.toml"
    real.write_text("".join(f'[[api_keys]]\nname = "k{n}"\nkey = "sk-{n}"\n\n' for n in range(1000)))
    link = tmp_path / "config.toml"
    link.symlink_to("real.toml")
    edited = edit_file(link, {}, lambda draft: rotate_key(add_key(draft, "new", "new"), "k500", "other"))
    assert len(edited.loaded.config.api_keys) == 1001
    assert link.is_symlink()
    assert edited.loaded.config.api_keys[500].key_sha256 == hashlib.sha256(b"other").hexdigest()
