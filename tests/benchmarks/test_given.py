"""Options with which nothing could be measured, or kept, are refused at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import fairness
from benchmarks.chaos import __main__ as chaos_command
from benchmarks.speed import __main__ as speed_command


@pytest.mark.parametrize("given", ["0", "-5", "nan", "inf", "soon"])
def test_chaos_of_no_time_at_all_holds_no_rules(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        chaos_command.main(["--seconds", given])
    assert ended.value.code == 2
    assert "must be a number of seconds above 0" in capsys.readouterr().err


@pytest.mark.parametrize("given", ["0", "-1", "1.5", "\u00b2"])
def test_no_rounds_meet_no_goals(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        speed_command.main(["--quick", "--only", "footprint", "--peers", "direct", "--rounds", given])
    assert ended.value.code == 2
    assert "must be a whole number from 1" in capsys.readouterr().err


def test_results_that_could_not_be_written_are_not_measured(capsys: pytest.CaptureFixture[str]) -> None:
    for main in (fairness.main, speed_command.main):
        with pytest.raises(SystemExit) as ended:
            main(["--quick", "--json", "/nowhere/all.json"])
        assert ended.value.code == 2
        assert "must be the path of a file in a directory that exists" in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, "", "no JSON", "[]", '{"samples": [{}]}', "\udcff"])
def test_results_that_cannot_be_read_are_not_shown(
    content: str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "all.json"
    if content is not None:
        file.write_text(content, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(SystemExit) as ended:
        speed_command.main(["--from", str(file)])
    assert ended.value.code == 2
    assert "must be a file that --json has written" in capsys.readouterr().err
