"""The whole table, quickly: that every row runs and says what it must. What it measures then means little."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import fairness
from benchmarks.rows import TRACE


def test_quick_run_measures_every_row_and_writes_it_down(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "out.json"
    fairness.main(["--quick", "--json", str(file), "--plots", str(tmp_path / "plots")])
    written = json.loads(file.read_text(encoding="utf-8"))
    assert [row["row"] for row in written["rows"]] == [row.name for row in fairness.ROWS]
    printed = capsys.readouterr().out
    for row in written["rows"]:
        assert row["lines"], row["row"]
        assert row["title"] in printed
    assert len(list((tmp_path / "plots").glob("*.svg"))) == 4
    lines = {line["what"]: line for row in written["rows"] for line in row["lines"]}
    # What holds at any length:
    sure = [
        what for what in lines if what.startswith(("A B A B", "gap / bound", "place exact, by request", "idle node"))
    ]
    assert len(sure) >= 6
    for what in sure:
        assert lines[what]["met"], lines[what]


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
