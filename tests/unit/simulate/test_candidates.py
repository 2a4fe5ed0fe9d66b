from __future__ import annotations

from pathlib import Path

import pytest

from llmlb.config.problems import ConfigError
from llmlb.simulate.candidates import candidates, read_changes
from llmlb.simulate.flaws import InputError


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "now.toml"
    path.write_text("[queue]\nmax_size = 50\n", encoding="utf-8")
    return path


def test_each_set_is_one_more_configuration_beside_the_plain_one(file: Path) -> None:
    changes = read_changes([["queue.max_size=7", "fairness.cost=tokens"], ["queue.when_full=push_out"]])
    found, _ = candidates([file], changes, {}, fifo=True, default_name="defaults")
    assert [one.name for one in found] == [
        "now.toml",
        "max_size=7 cost=tokens",
        "when_full=push_out",
        "fifo",
    ]
    assert [(one.config.queue.max_size, one.config.queue.enable_fairness) for one in found] == [
        (50, True),
        (7, True),
        (50, True),
        (50, False),
    ]
    assert [one.config.fairness.cost for one in found] == ["seconds", "tokens", "seconds", "seconds"]
    assert found[2].config.queue.when_full == "push_out"


def test_of_several_files_each_has_its_changes_under_its_own_name(file: Path) -> None:
    found, _ = candidates([file, None, file], [], {}, fifo=True, default_name="the defaults")
    assert [one.name for one in found] == [
        "now.toml",
        "now.toml: fifo",
        "the defaults",
        "the defaults: fifo",
        "now.toml (2)",
        "now.toml: fifo (2)",
    ]
    assert found[2].config.queue.max_size == 100


def test_the_environment_wins_over_the_file_and_a_set_over_both(file: Path) -> None:
    environ = {"LLMLB_QUEUE_MAX_SIZE": "20", "LLMLB_PORT": "tcp://x"}
    found, notices = candidates([file], read_changes([["queue.max_size=3"]]), environ, fifo=False, default_name="d")
    assert [one.config.queue.max_size for one in found] == [20, 3]
    assert [notice.variable for notice in notices] == ["LLMLB_PORT"]


def test_what_only_a_gateway_needs_may_be_missing(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text(
        '[log]\nfile = "/nowhere/llmlb.log"\n[[nodes]]\nurl = "https://a:1"\nca_file = "/nowhere/ca.pem"\n',
        encoding="utf-8",
    )
    environ = {"LLMLB_LOG_FILE": "/nowhere/else/llmlb.log"}
    (one,), _ = candidates([file], [], environ, fifo=False, default_name="d")
    assert [node.name for node in one.config.nodes] == ["a:1"]


def test_the_problems_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.toml").write_text("[queue]\nmax_size = 0\n", encoding="utf-8")
    changes = read_changes([["queue.timeout_secs=5"]])
    with pytest.raises(ConfigError) as caught:
        candidates([tmp_path / "a.toml", tmp_path / "b.toml"], changes, {}, fifo=True, default_name="d")
    assert [(problem.file[-6:], problem.line) for problem in caught.value.problems] == [("a.toml", 2), ("b.toml", 2)]


def test_a_change_to_what_is_no_table_is_a_problem_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "c.toml"
    file.write_text("nodes = 3\n[queue]\n", encoding="utf-8")
    with pytest.raises(ConfigError):
        candidates([file], [], {}, fifo=False, default_name="d")


def test_a_set_must_be_a_setting_and_its_value_allowed() -> None:
    with pytest.raises(InputError) as caught:
        read_changes([["queue.max_size=lots", "queue.maxsize=3"], ["max_size"], ["queue.max_size"]])
    assert [flaw.text("en") for flaw in caught.value.flaws] == [
        '--set: queue.max_size = "lots": must be a whole number from 1 to 10000.',
        '--set: "queue.maxsize=3": not a setting; did you mean queue.max_size?',
        '--set: "max_size": not a setting; did you mean queue.max_size?',
        '--set: "queue.max_size": not a setting; must be TABLE.KEY=VALUE, such as queue.max_size=200.',
    ]
    assert caught.value.flaws[0].text("ja") == (
        '--set: queue.max_size = "lots": 1から10000までの整数を指定してください。'
    )
