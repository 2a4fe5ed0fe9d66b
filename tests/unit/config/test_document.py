"""Files that cannot be read, and texts that are not TOML: one plain line each, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmlb.config.document import LARGEST, Document, parse_document, read_document
from llmlb.config.problems import ConfigError, Problem
from llmlb.config.report import describe_problems


def refused(raw: bytes | Path) -> Problem:
    with pytest.raises(ConfigError) as caught:
        read_document(raw) if isinstance(raw, Path) else parse_document(raw, "c.toml")
    (problem,) = caught.value.problems
    assert "\n" not in describe_problems([problem], "ja")
    return problem


def test_a_missing_file(tmp_path: Path) -> None:
    path = tmp_path / "gone.toml"
    assert refused(path).text("en") == f"{path}: there is no such file."
    assert refused(path).text("ja") == f"{path}: ファイルがありません。"
    assert refused(Path(__file__) / "c.toml").reason == "no_file"
    assert refused(Path("c\0.toml")).reason == "no_file"


def test_a_directory(tmp_path: Path) -> None:
    assert refused(tmp_path).text("en") == f"{tmp_path}: this is a directory, not a file."


def test_a_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root, who may read everything, it can only be pretended."""

    def no(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", no)
    assert refused(tmp_path / "c.toml").text("en") == f"{tmp_path}/c.toml: no permission to read this file."


def test_a_name_that_is_too_long() -> None:
    assert refused(Path("x" * 5000)).text("en").endswith(": this file cannot be read: File name too long.")


def test_a_file_without_end() -> None:
    assert refused(Path("/dev/zero")).reason == "too_long"


def test_the_largest_file(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_bytes(b"#" * LARGEST)
    assert read_document(path).data == {}
    path.write_bytes(b"#" * (LARGEST + 1))
    assert refused(path).text("en") == f"{path}: this file is too large (the limit is {LARGEST} bytes)."


def test_bytes_that_are_not_utf8() -> None:
    problem = refused("[server]\n# 日本語\n".encode("shift_jis"))
    assert problem.text("en") == "c.toml:2: not UTF-8 (at byte 11); save the file as UTF-8."


def test_a_byte_order_mark_and_windows_line_ends_do_not_matter() -> None:
    document = parse_document(b"\xef\xbb\xbf[queue]\r\n\r\nmax_size = 1\r\n", "c.toml")
    assert document.data == {"queue": {"max_size": 1}}
    assert document.line(("queue", "max_size")) == 3


def test_values_are_plain() -> None:
    data = parse_document(b'a = 1\nb = 0.5\nc = true\nd = "x"\ne = [{f = "y"}]\n', "c.toml").data
    assert [type(value) for value in data.values()] == [int, float, bool, str, list]
    assert {type(key) for key in data} == {str}
    assert (type(data["e"][0]), type(data["e"][0]["f"])) == (dict, str)


def test_the_line_of_what_is_missing_is_that_of_what_is_around_it() -> None:
    document = parse_document(b"\n[[nodes]]\n[server]\n", "c.toml")
    assert document.line(("nodes", 0, "url")) == 2
    assert document.line(("queue", "max_size")) is None
    assert Document().line(("server", "host")) is None


@pytest.mark.parametrize(
    ("text", "reason", "line", "column"),
    [
        ("[queue]\nmax_size = many\n", "syntax_value", 2, 12),
        ("a = \n", "syntax_value", 1, 5),
        ("a = True\n", "syntax_value", 1, 5),
        ("a = 01\n", "syntax_value", 1, 7),
        ("a = 1979-99-99\n", "syntax_value", 1, 15),
        ('a = "x\nb = 1\n', "syntax_line", 1, 7),
        ("[queue\n", "syntax_line", 1, 7),
        ("a = [1 2]\n", "syntax_character", 1, 8),
        ("[a] x\n", "syntax_character", 1, 5),
        ("a = 1 b = 2\n", "syntax_character", 1, 7),
        ('a = "\\q"\n', "syntax_character", 1, 7),
        ('a = "\x01"\n', "syntax_character", 1, 6),
        ("\n= 1\n", "syntax_key", 2, 1),
        ("[]\n", "syntax_key", 1, 2),
        ("\na = [1,\n\n", "syntax_end", 2, None),
        ('\n\na = """x\n', "syntax_end", 3, None),
        ("port 8080\n", "syntax", 1, None),
        ("a = 1\nb = 2\na = 3\n", "syntax_twice", 3, None),
        ("[a]\n[b]\n[a]\nx = 1\n", "syntax_twice", 3, None),
        ("[[a]]\n[a]\n", "syntax_twice", 2, None),
        ("[a]\n[[a]]\n", "syntax_twice", 2, None),
        ("a = { b = 1 }\n[a]\n", "syntax_twice", 2, None),
        ("a = { b = 1, b = 2 }\n", "syntax_twice", 1, None),
        ("a.b = 1\na = 2\n", "syntax_twice", 2, None),
        ("[a]\nb.c = 1\n[a.b]\n", "syntax_twice", 3, None),
        ("\na = " + "[" * 3000, "syntax_deep", 2, None),
        ("\n" + "a." * 3000 + "a = 1", "syntax_deep", 2, None),
    ],
)
def test_what_is_not_toml_is_placed(text: str, reason: str, line: int | None, column: int | None) -> None:
    problem = refused(text.encode())
    assert (problem.reason, problem.line) == (reason, line)
    if column is not None:
        assert problem.column == column
        assert problem.text("en").startswith(f"c.toml:{line}:{column}: not valid TOML: ")


def test_a_text_that_is_too_deep_for_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its limit counts values and keys apart, so the two together can still exhaust the stack."""

    def deep(_: str) -> None:
        raise RecursionError

    monkeypatch.setattr("tomlkit.parse", deep)
    assert refused(b"").text("en") == "c.toml: nested too deeply."


def test_a_text_that_the_parser_trips_over(monkeypatch: pytest.MonkeyPatch) -> None:
    def trip(_: str) -> None:
        raise KeyError("sk-hidden")

    monkeypatch.setattr("tomlkit.parse", trip)
    assert refused(b"").text("en") == "c.toml: not valid TOML; a line is a key = value, or a [table]."


def test_lines_are_those_of_an_editor() -> None:
    """Some characters end a line for Python's splitlines and for nobody else."""
    problem = refused('a = "\u2028\x85"\n# \u2028\nb = 1 c\n'.encode())
    assert (problem.line, problem.column) == (3, 7)


def test_what_comes_first_is_named_when_something_is_given_twice() -> None:
    assert refused(b"\na = 1\na = 2\n").text("en").endswith("given twice (first on line 2).")


def test_no_text_of_the_file_is_quoted() -> None:
    for text in ('[[api_keys]]\n"sk-hidden" = 1\n"sk-hidden" = 2\n', "sk-hidden 3\n", 'key = "sk-hidden\n'):
        problem = refused(text.encode())
        assert "hidden" not in problem.text("en") + problem.text("ja") + repr(problem)
