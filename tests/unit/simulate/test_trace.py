from __future__ import annotations

from pathlib import Path

import pytest

from llmlb.simulate import reading
from llmlb.simulate.flaws import MOST_SHOWN, InputError, describe_flaws
from llmlb.simulate.job import Job
from llmlb.simulate.trace import Pace, Recorded, read_trace
from llmlb.simulate.workload import Arrival

HEADER = "arrival_s,prompt_tokens,output_tokens\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "t.csv"


def read(file: Path, text: str | bytes) -> Recorded:
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_trace(file, Pace())


def flaws(file: Path, text: str | bytes) -> list[str]:
    """What is wrong, in English, without the path."""
    with pytest.raises(InputError) as caught:
        read(file, text)
    return [flaw.text("en").removeprefix(str(file)) for flaw in caught.value.flaws]


def test_a_row_is_a_request_that_takes_as_long_as_its_tokens(file: Path) -> None:
    recorded = read(file, HEADER + "0.5,1000,80\n2.5,0,0\n")
    assert recorded.arrivals == (
        Arrival(0.0, Job("", "", 0.2 + 0.5 + 2.0, 4000, 1080)),
        Arrival(2.0, Job("", "", 0.2, 0, 0)),
    )
    assert (recorded.keyed, recorded.late) == (False, 0)


def test_what_a_token_takes_can_be_told(file: Path) -> None:
    file.write_text(HEADER + "0,100,30\n")
    (arrival,) = read_trace(file, Pace(1.0, 50.0, 10.0)).arrivals
    assert arrival.job.secs == 1.0 + 2.0 + 3.0


def test_keys_models_and_service_times_are_taken_and_other_columns_ignored(file: Path) -> None:
    recorded = read(file, "KEY,service_s, arrival_s ,x,model\nalice,2.5,0,,llama3:8b\n,1,1,a,\n")
    assert recorded.keyed
    assert [arrival.job for arrival in recorded.arrivals] == [Job("alice", "llama3:8b", 2.5), Job("", "", 1.0)]


def test_a_byte_order_mark_crlf_quotes_and_blank_lines_are_no_problem(file: Path) -> None:
    recorded = read(file, '\ufeffarrival_s,service_s,key\r\n0,1,"a, b"\r\n\r\n , ,\r\n5,2,c\r\n')
    assert [(arrival.at, arrival.job.key) for arrival in recorded.arrivals] == [(0.0, "a, b"), (5.0, "c")]


def test_arrivals_out_of_order_are_sorted_and_counted(file: Path) -> None:
    recorded = read(file, "arrival_s,service_s,key\n100,1,a\n90,1,b\n110,1,c\n90,1,d\n")
    assert [(arrival.at, arrival.job.key) for arrival in recorded.arrivals] == [
        (0, "b"),
        (0, "d"),
        (10, "a"),
        (20, "c"),
    ]
    assert recorded.late == 2


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("-1,5,5", ':2: arrival_s = "-1": must be a number from 0 to 10000000000.'),
        ("nan,5,5", ':2: arrival_s = "nan": must be a number from 0 to 10000000000.'),
        ("inf,5,5", ':2: arrival_s = "inf": must be a number from 0 to 10000000000.'),
        ("1e11,5,5", ':2: arrival_s = "1e11": must be a number from 0 to 10000000000.'),
        (",5,5", ':2: arrival_s = "": must be a number from 0 to 10000000000.'),
        ("0,1.5,5", ':2: prompt_tokens = "1.5": must be a whole number from 0 to 100000000.'),
        ("0,5,-3", ':2: output_tokens = "-3": must be a whole number from 0 to 100000000.'),
        ("0,5,99999999999", ':2: output_tokens = "99999999999": must be a whole number from 0 to 100000000.'),
        ("0,5," + "9" * 100, f':2: output_tokens = "{"9" * 80}…": must be a whole number from 0 to 100000000.'),
        ("0,5,\x1b[2J", ':2: output_tokens = "\\u001b[2J": must be a whole number from 0 to 100000000.'),
        ("0,5", ":2: there must be a value for each column of the header: 3, not 2."),
        ("0,5,5,5", ":2: there must be a value for each column of the header: 3, not 4."),
    ],
)
def test_a_bad_row_is_told_with_its_line_column_value_and_what_is_allowed(file: Path, row: str, said: str) -> None:
    assert flaws(file, HEADER + row + "\n") == [said]


def test_bad_names_and_service_times_are_told(file: Path) -> None:
    said = flaws(file, f"arrival_s,service_s,key,model\n0,-1,{'k' * 65},{'m' * 257}\n")
    assert [line.split(" = ")[0] for line in said] == [":2: service_s", ":2: key", ":2: model"]
    assert said[1].endswith("must be a name of 1 to 64 printable characters, without spaces around it.")


def test_all_bad_rows_are_told_at_once_and_at_most_twenty_shown(file: Path) -> None:
    file.write_text(HEADER + "x,1,1\n" * 30)
    with pytest.raises(InputError) as caught:
        read_trace(file, Pace())
    for language, heading, rest in (
        ("en", "The input has 30 problems.", "  and 10 more"),
        ("ja", "入力に問題が30件あります。", "  ほか10件"),
    ):
        lines = describe_flaws(caught.value.flaws, language).split("\n")  # type: ignore[arg-type]
        assert (lines[0], lines[-1], len(lines)) == (heading, rest, MOST_SHOWN + 2)
        assert lines[1].startswith(f'  {file}:2: arrival_s = "x": ')


def test_a_file_of_another_kind_is_given_up_on_early(file: Path) -> None:
    assert len(flaws(file, HEADER + "x,1,1\n" * 5000)) == 1000


def test_a_row_after_a_quoted_line_end_is_told_with_its_own_line(file: Path) -> None:
    assert flaws(file, 'arrival_s,service_s,note\n0,1,"a\nb"\nx,1,c\n')[0].startswith(':4: arrival_s = "x"')


def test_a_quote_that_is_not_closed_is_told_where_it_begins(file: Path) -> None:
    assert flaws(file, HEADER + '0,1,1\n1,"1,1\n2,1,1\n') == [
        ':3: not valid CSV from here on (a " that is not closed?).'
    ]


def test_arrivals_in_another_unit_than_seconds_are_refused(file: Path) -> None:
    assert flaws(file, "arrival_s,service_s\n0,1\n20000000,1\n") == [
        ": the first and the last arrival are more than 10000000 s apart; arrivals must be in seconds."
    ]


def test_a_header_must_be_there_and_whole(file: Path) -> None:
    assert flaws(file, "") == [": this file is empty."]
    assert flaws(file, "\n\n") == [": this file is empty."]
    assert flaws(file, HEADER) == [": only a header, and no row with a request."]
    known = "Columns known here: arrival_s, prompt_tokens, output_tokens, service_s, key, model."
    assert flaws(file, "0.5,100,30\n") == [f":1: the header lacks arrival_s, prompt_tokens, output_tokens. {known}"]
    assert flaws(file, "arrival_s,prompt_tokens\n0,1\n") == [f":1: the header lacks output_tokens. {known}"]
    for other in (";", "\t"):
        assert flaws(file, HEADER.replace(",", other) + "0\n") == [":1: columns must be separated by commas."]
    assert flaws(file, "arrival_s,service_s,arrival_s\n0,1,2\n") == [":1: arrival_s: this column is there twice."]


def test_a_file_in_another_encoding_is_told_with_its_line(file: Path) -> None:
    assert flaws(file, HEADER.encode() + "0,1,1\n名前".encode("shift_jis")) == [
        ":3: not UTF-8 (at byte 44); save the file as UTF-8."
    ]
    assert flaws(file, HEADER.encode("utf-16"))[0].startswith(":1: not UTF-8")


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    def said(path: Path) -> str:
        with pytest.raises(InputError) as caught:
            read_trace(path, Pace())
        return caught.value.flaws[0].text("en").rpartition(": ")[2]

    assert said(tmp_path / "none.csv") == "there is no such file."
    assert said(tmp_path) == "this is a directory, not a file."
    assert said(Path("/proc/self/mem")).startswith(("Input/output error", "Invalid argument"))
    assert said(Path("a\0b")) == "there is no such file."
    assert said(tmp_path / ("x" * 300)).endswith(".")


def test_of_what_never_ends_no_more_is_read_than_may_be(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content = HEADER.encode() + b"0,1,1\n"
    monkeypatch.setattr(reading, "LARGEST", len(content))
    assert len(read(file, content).arrivals) == 1
    assert flaws(file, content + b"1") == [f": this file is too large (the limit is {len(content)} bytes)."]
