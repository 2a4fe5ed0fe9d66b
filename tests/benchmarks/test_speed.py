"""The measuring itself, quickly: that each measure is taken and says what it found, which then means little."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks.speed import pictures
from benchmarks.speed.__main__ import main
from benchmarks.speed.peers import PEERS
from benchmarks.speed.peers.peer import Missing, Setup
from benchmarks.speed.samples import Found, Samples


def there(name: str) -> bool:
    """Whether a peer is installed here."""
    try:
        PEERS[name].version()
    except Missing:
        return False
    return True


def measured(tmp_path: Path, *arguments: str) -> list[dict[str, Any]]:
    """What was found, when there was nothing wrong with it."""
    file = tmp_path / "out.json"
    main(["--quick", "--rounds", "1", "--json", str(file), *arguments])
    written = json.loads(file.read_text(encoding="utf-8"))
    assert written["problems"] == []
    samples: list[dict[str, Any]] = written["samples"]
    assert [one for one in samples if one.get("errors")] == []
    return samples


def test_a_request_is_measured_through_every_peer(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    peers = ["llmlb", "minimal", "direct", *(name for name in ("haproxy", "nginx") if there(name))]
    found = measured(tmp_path, "--only", "requests", "--peers", *peers)
    assert {one["peer"] for one in found} == set(peers)
    assert all(one["values"]["rps"] > 0 for one in found)
    assert all(("cpu_us" in one["values"]) is (one["peer"] != "direct") for one in found)
    assert "processor time per request, 16 connections, by minimal's" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("name", "figures"),
    [
        ("handover", {"gap_us", "gap99_us", "busy", "most"}),
        ("streaming", {"cpu_ms", "chunks", "delay_p50_ms", "delay_p90_ms", "delay_p99_ms"}),
        ("waiting", {"kib", "idle", "arrival_us", "failed"}),
        ("refusals", {"cpu_us", "per_core", "rps"}),
    ],
)
def test_a_measure_is_taken_of_llmlb(name: str, figures: set[str], tmp_path: Path) -> None:
    found = measured(tmp_path, "--only", name, "--peers", "llmlb")
    assert {frozenset(one["values"]) for one in found} == {frozenset(figures)}
    assert all(one["values"].get("most", 1) == 1 for one in found)
    assert all(one["values"].get("failed", 0) == 0 for one in found)


def test_a_peer_that_is_not_there_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["--quick", "--rounds", "1", "--only", "footprint", "--peers", "direct", "--beside", str(tmp_path)])
    assert f"not measured: {tmp_path} is no checkout of llmlb" in capsys.readouterr().out


def test_the_pictures_are_drawn_of_what_there_is(tmp_path: Path) -> None:
    made = Samples()
    for number, cost in enumerate((100.0, 120.0)):
        made.add("requests", "llmlb", number, [Found("16 connections", {"cpu_us": cost})])
        made.add("requests", "minimal", number, [Found("16 connections", {"cpu_us": 2 * cost})])
        made.add("growth", "llmlb", number, [Found("1 node", {"cpu_us": cost}), Found("1,000 nodes", {"cpu_us": cost})])
    written = pictures.draw(made, tmp_path)
    assert [path.name for path in written] == [
        "speed-peers.svg",
        "speed-peers.ja.svg",
        "speed-growth.svg",
        "speed-growth.ja.svg",
    ]
    bars, _, curves, _ = ("".join(ElementTree.parse(path).getroot().itertext()) for path in written)
    assert "aiohttp proxy" in bars
    assert "220" in bars
    assert "Added latency" not in bars
    assert "1,000" in curves


def test_a_peer_that_does_not_start_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    package = tmp_path / "llmlb"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text("raise SystemExit('no such thing')")
    code = main(["--quick", "--rounds", "1", "--only", "footprint", "--peers", "direct", "--beside", str(tmp_path)])
    assert code == 1
    assert "the peer ended with 1: no such thing" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["llmlb", "minimal", "haproxy", "nginx"])
def test_every_peer_is_told_its_port_and_its_nodes(name: str, tmp_path: Path) -> None:
    if not there(name) and not os.environ.get("CI"):
        pytest.skip(f"{name} is not installed")
    command = PEERS[name].prepare(tmp_path, 18080, Setup(ports=(18081, 18082)))
    assert command is not None
    told = " ".join(command.arguments) + "".join(path.read_text(encoding="utf-8") for path in tmp_path.iterdir())
    assert all(str(port) in told for port in (18080, 18081, 18082))


@pytest.mark.parametrize("other", [["--quick"], ["--only", "latency"], ["--from", "out.json"]])
def test_only_a_full_measurement_is_kept(other: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--write", *other])
    assert "--write" in capsys.readouterr().err
