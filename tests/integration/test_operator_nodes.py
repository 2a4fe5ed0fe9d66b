"""Nodes drained and resumed on the operator's page: in the file, and at once."""

# ruff: noqa: ASYNC240 - one small file

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llmlb.config.model import NodeConfig
from llmlb.testing import ScriptedNode, eventually
from tests.integration.bench import bench, config
from tests.integration.browsing import OPERATOR as OPERATOR_CONFIG
from tests.integration.browsing import Browser, signed_in
from tests.integration.tuning import FILE, Seen, Tuning, tuning

Lines = Callable[[], list[dict[str, Any]]]
DRAIN, RESUME = "/operator/nodes/drain", "/operator/nodes/resume"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


@pytest.fixture(autouse=True)
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server of this machine is taken for a node."""
    monkeypatch.setattr("llmlb.app.places", lambda _: ())


async def send(desk: Tuning, path: str, node: str) -> str:
    """Send the form of a node; what the desk says then."""
    await desk.browser.get()
    came = await desk.browser.post(path, {"node": node})
    assert (came.status, came.headers["Location"]) == (303, "/operator#nodes")
    return Seen(await desk.browser.get()).text


@pytest.mark.parametrize("by", ["name", "url"])
async def test_a_node_is_drained_and_resumed_and_the_file_is_as_before(
    file: Path, node: ScriptedNode, log: Lines, by: str
) -> None:
    text = FILE + f'\n[[nodes]]\nname = "gpu-1" # the big one\nurl = "{node.url}"\n'
    async with tuning(file, text) as desk:
        gateway = desk.gateway
        await eventually(lambda: gateway.states == {"gpu-1": "idle"}, "the node has answered")
        given = "gpu-1" if by == "name" else node.url
        assert "gpu-1 gets no new requests. What it has in service is finished." in await send(desk, DRAIN, given)
        assert gateway.states == {"gpu-1": "draining"}
        assert file.read_text() == text + "drain = true\n"
        assert "gpu-1 gets no new requests" not in Seen(await desk.browser.get()).text, "it is told once"
        assert "gpu-1 is drained already." in await send(desk, DRAIN, given)
        assert "gpu-1 gets requests again." in await send(desk, RESUME, given)
        await eventually(lambda: gateway.states == {"gpu-1": "idle"}, "it is in use again")
        assert file.read_text() == text
        assert "gpu-1 is not drained." in await send(desk, RESUME, given)
        applied = [line for line in log() if line["event"] == "configuration applied" and line["changed"]]
        assert [(line["by"], line["values"]) for line in applied] == [
            ("operator at 127.0.0.1", {"nodes.gpu-1.drain": "false -> true"}),
            ("operator at 127.0.0.1", {"nodes.gpu-1.drain": "true -> false"}),
        ]


async def test_what_was_found_by_itself_is_written_down(file: Path, node: ScriptedNode) -> None:
    async with tuning(file) as desk:
        gateway = desk.gateway
        gateway.gateway.fleet.add(NodeConfig(name="ollama", url=node.url))
        gateway.gateway.fleet.add(NodeConfig(name="vllm", url="http://127.0.0.1:9"))
        await eventually(lambda: gateway.states["ollama"] == "idle", "the node has answered")
        assert "ollama is not drained." in await send(desk, RESUME, "ollama")
        assert file.read_text() == FILE, "nothing is written for nothing"
        told = await send(desk, DRAIN, "ollama")
        assert "would be gone otherwise: ollama, vllm" in told
        assert gateway.states["ollama"] == "draining"
        assert [(entry.name, entry.drain) for entry in gateway.gateway.config.nodes] == [
            ("ollama", True), ("vllm", False),
        ]  # fmt: skip


async def test_a_node_that_is_not_there_is_told(file: Path) -> None:
    async with tuning(file) as desk:
        for node in ("gpu-9", "", "<b>x</b>\n" * 100):
            assert "There is no node" in await send(desk, DRAIN, node)
        assert "<b>x" not in (await desk.browser.get()).body.decode()
        assert file.read_text() == FILE


async def test_a_file_with_problems_or_that_cannot_be_written_is_told(file: Path) -> None:
    text = FILE + '\n[[nodes]]\nname = "gpu-1"\nurl = "http://127.0.0.1:9"\n'
    async with tuning(file, text) as desk:
        with pytest.MonkeyPatch.context() as patch:

            def read_only(*_: Any, **__: Any) -> Any:
                raise OSError(30, "Read-only file system")

            patch.setattr("llmlb.config.edit_file.tempfile.mkstemp", read_only)
            assert "The file cannot be written (the file system is read-only)." in await send(desk, DRAIN, "gpu-1")
        assert file.read_text() == text
        file.write_text(text + "max = 3\n")
        told = await send(desk, DRAIN, "gpu-1")
        assert "The configuration file has problems." in told
        assert "[[nodes]] #1 max" in told
        assert desk.gateway.states == {"gpu-1": "offline"} or desk.gateway.states == {"gpu-1": "pending"}


async def test_only_the_operator_drains(file: Path) -> None:
    text = FILE + '\n[[nodes]]\nname = "gpu-1"\nurl = "http://127.0.0.1:9"\n'
    async with tuning(file, text) as desk:
        assert (await Browser(desk.gateway).post(DRAIN, {"node": "gpu-1"})).status == 403
        assert (await desk.browser.post(DRAIN, {"node": "gpu-1", "csrf": "guessed"})).status == 403
        assert (await desk.browser.get(DRAIN)).status == 405
        assert file.read_text() == text


async def test_without_a_configuration_file_it_says_so() -> None:
    async with bench(config(operator=OPERATOR_CONFIG)) as gateway:
        browser = await signed_in(gateway)
        await browser.get()
        await browser.post(DRAIN, {"node": "gpu-1"})
        assert "runs without a configuration file" in Seen(await browser.get()).text
