"""HAProxy, the practical limit: one queue in front of nodes that take one request at a time."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import attrs

from benchmarks.speed.peers.peer import Command, Missing, Setup

CONFIG = """
global
    nbthread 1
    maxconn 20000
    no strict-limits
    tune.bufsize 16384

defaults
    mode http
    option http-no-delay
    option abortonclose
    option http-keep-alive
    http-reuse always
    retries 0
    timeout connect 10s
    timeout client 1h
    timeout server 1h
    timeout queue 1h
    timeout http-keep-alive 1h

frontend clients
    bind 127.0.0.1:{port} backlog 4096
    maxconn 20000
    default_backend nodes

backend nodes
    balance leastconn
    fullconn 20000
{servers}
"""


@attrs.frozen
class Haproxy:
    """Debian's package."""

    name: str = "haproxy"
    kind: str = "haproxy"
    probes: bool = False
    queues: bool = True

    def version(self) -> str:
        """Of the program. Raises Missing."""
        said = subprocess.run([self._program(), "-v"], capture_output=True, text=True, check=False).stdout
        return said.split()[2].partition("-")[0]

    def prepare(self, folder: Path, port: int, setup: Setup) -> Command:
        """A server with `maxconn 1` for each node. Raises Missing."""
        lines = [f"    server node{number} 127.0.0.1:{node} maxconn 1" for number, node in enumerate(setup.ports)]
        text = CONFIG.format(port=port, servers="\n".join(lines))
        (folder / "haproxy.cfg").write_text(text, encoding="utf-8")
        return Command([self._program(), "-db", "-q", "-f", "haproxy.cfg"])

    def _program(self) -> str:
        found = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin")
        if found is None:
            raise Missing("haproxy is not installed (Debian: apt-get install haproxy)")
        return found
