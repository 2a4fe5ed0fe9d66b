"""The whole table, quickly: that every row runs and says what it must. What it measures then means little."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import fairness
from benchmarks.rows import TRACE

SURE = {"order": "A B A B", "bound": "gap / bound", "place": "place exact, by request", "stranded": "idle node"}
"""By row, how the lines begin that are met at any length."""


@pytest.mark.parametrize("name", [row.name for row in fairness.ROWS])
def test_every_row_is_measured_and_written_down(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "out.json"
    fairness.main(["--quick", "--only", name, "--json", str(file)])
    (row,) = json.loads(file.read_text(encoding="utf-8"))["rows"]
    assert row["row"] == name
    assert row["lines"]
    assert row["title"] in capsys.readouterr().out
    if name in SURE:
        sure = [line for line in row["lines"] if line["what"].startswith(SURE[name])]
        assert sure
        assert all(line["met"] for line in sure), sure


def test_the_pictures_are_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fairness.main(["--quick", "--only", "order", "--plots", str(tmp_path)])
    pictures = list(tmp_path.glob("*.svg"))
    assert len(pictures) == 4
    printed = capsys.readouterr().out
    assert all(str(picture) in printed for picture in pictures)


def test_rows_that_need_a_trace_say_so_where_there_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert fairness.main(["--quick", "--only", "late", "--trace", "nowhere.csv"]) == 0
    assert "not measured: nowhere.csv is not there" in capsys.readouterr().out


@pytest.mark.skipif(not TRACE.exists(), reason="the recorded trace does not lie beside this checkout")
def test_rows_that_need_a_trace_are_measured_where_there_is_one(capsys: pytest.CaptureFixture[str]) -> None:
    fairness.main(["--quick", "--only", "late"])
    assert "not measured" not in capsys.readouterr().out


@pytest.mark.parametrize("other", [["--quick"], ["--only", "order"]])
def test_only_a_full_measurement_is_kept(other: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        fairness.main(["--write", *other])
    assert "--write" in capsys.readouterr().err
