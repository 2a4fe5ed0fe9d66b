"""The wheel, installed where no checkout is, serves its page: nothing the program needs was left behind."""

from __future__ import annotations

import importlib.metadata
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from packaging.requirements import Requirement

import llmlb

ROOT = Path(__file__).parents[2]
PATIENCE = 20.0
CONFIG = """
[[nodes]]
name = "nobody"
url = "http://127.0.0.1:9"
models = ["m"]
"""
# What one file of the page can name another by: HTML attributes, JavaScript imports, CSS.
REFERENCE = re.compile(
    r"""(?:\b(?:src|href)\s*=\s*|\b(?:from|import)\s*\(?\s*|@import\s*|url\(\s*)["']?([^"'\s>)]+\.\w+)"""
)


def run(*command: str | Path, cwd: Path) -> None:
    """Run a command to its end; its output is in the failure."""
    environment = plain_environment()
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def plain_environment() -> dict[str, str]:
    """Nothing that could lead a child back to the checkout."""
    strangers = ("PYTHON", "COVERAGE", "COV_", "VIRTUAL_ENV", "LLMLB_")
    return {name: value for name, value in os.environ.items() if not name.startswith(strangers)}


def runtime_packages() -> Iterator[importlib.metadata.Distribution]:
    """The packages of the runtime lock that this machine needs, as they are installed here."""
    for line in (ROOT / "requirements" / "runtime.txt").read_text(encoding="utf-8").splitlines():
        if line and line[0] not in " #":
            requirement = Requirement(line.rstrip(" \\"))
            if requirement.marker is None or requirement.marker.evaluate():
                yield importlib.metadata.distribution(requirement.name)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built the way a release is: the wheel from the sdist, by the pinned backend, without a network."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT, cwd=out)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with the wheel and the runtime lock in it, and nothing else.

    The locked packages are linked from the environment of the tests, where pip checked their hashes: a
    second download would prove no more.
    """
    home = tmp_path_factory.mktemp("elsewhere")
    run(sys.executable, "-m", "venv", "--without-pip", home / "venv", cwd=home)
    (site,) = home.glob("venv/lib/python3*/site-packages")
    for package in runtime_packages():
        tops = {file.parts[0] for file in package.files or ()}
        for top in tops - {"..", "__pycache__"}:
            (site / top).symlink_to(Path(str(package.locate_file(top))).resolve())
    interpreter = home / "venv" / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", interpreter)
    run(*pip, "install", "--no-index", "--no-deps", wheel, cwd=home)
    run(*pip, "check", cwd=home)
    return interpreter


def test_carries_the_version_of_the_package(wheel: Path) -> None:
    assert wheel.name == f"llmlb-{llmlb.__version__}-py3-none-any.whl"


def test_the_command_has_the_name_of_the_package(python: Path, tmp_path: Path) -> None:
    said = subprocess.run(
        [python.with_name("llmlb"), "--help"],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
        env=plain_environment(),
    )
    assert said.stdout.startswith("usage: llmlb ")
    assert "python -m" not in said.stdout


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def fetch(url: str) -> str:
    """The body of a 200."""
    with urllib.request.urlopen(url, timeout=PATIENCE) as answer:
        assert answer.status == 200
        body: bytes = answer.read()
        return body.decode("utf-8", errors="replace")


def first_page(url: str, server: subprocess.Popen[bytes], log: Path) -> str:
    """The page, as soon as the server listens."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return fetch(url)
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError):
                raise
        assert server.poll() is None, log.read_text(encoding="utf-8")
        assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
        time.sleep(0.05)


def page_and_all_it_names(home: str, page: str) -> dict[str, str]:
    """Every file of this server that the page, or a file it names, refers to."""
    loaded = {home: page}
    unread = [home]
    while unread:
        at = unread.pop()
        for reference in REFERENCE.findall(loaded[at]):
            target = urljoin(at, reference)
            if urlsplit(target).netloc == urlsplit(home).netloc and target not in loaded:
                loaded[target] = fetch(target)
                unread.append(target)
    return loaded


def test_serves_its_page_and_stops_when_told(python: Path, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG, encoding="utf-8")
    port = free_port()
    home = f"http://127.0.0.1:{port}/"
    log = tmp_path / "log"
    with log.open("wb") as sink:
        server = subprocess.Popen(
            [python, "-m", "llmlb", "serve", "--config", "config.toml"],
            cwd=tmp_path,
            env=plain_environment() | {"LLMLB_SERVER_PORT": str(port)},
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
        )
    try:
        loaded = page_and_all_it_names(home, first_page(home, server, log))
        assert {".css", ".js"} <= {Path(urlsplit(url).path).suffix for url in loaded}, sorted(loaded)
        assert all(loaded.values())
        server.send_signal(signal.SIGTERM)
        assert server.wait(PATIENCE) == 0, log.read_text(encoding="utf-8")
    finally:
        server.kill()
        server.wait()
