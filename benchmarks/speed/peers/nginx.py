"""nginx, which has no queue: a node gets as many requests at a time as come, so that nothing is handed over."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import attrs

from benchmarks.speed.peers.peer import Command, Missing, Setup

CONFIG = """
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr error;
worker_rlimit_nofile 20000;

events {{
    worker_connections 19000;
}}

http {{
    access_log off;
    client_max_body_size 0;
    client_body_buffer_size 2m;
    keepalive_requests 100000000;
    keepalive_timeout 1h;
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;

    upstream nodes {{
        least_conn;
        keepalive 1024;
        keepalive_requests 100000000;
        keepalive_timeout 1h;
{servers}
    }}

    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location / {{
            proxy_pass http://nodes;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
            proxy_read_timeout 1h;
            proxy_send_timeout 1h;
        }}
    }}
}}
"""


@attrs.frozen
class Nginx:
    """Debian's package."""

    name: str = "nginx"
    kind: str = "nginx"
    probes: bool = False
    queues: bool = False

    def version(self) -> str:
        """Of the program. Raises Missing."""
        said = subprocess.run([self._program(), "-v"], capture_output=True, text=True, check=False).stderr
        return said.strip().partition("/")[2]

    def prepare(self, folder: Path, port: int, setup: Setup) -> Command:
        """One worker, and connections to nodes that are kept. Raises Missing."""
        servers = "\n".join(f"        server 127.0.0.1:{node};" for node in setup.ports)
        (folder / "nginx.conf").write_text(CONFIG.format(port=port, servers=servers), encoding="utf-8")
        return Command([self._program(), "-p", str(folder), "-c", "nginx.conf"])

    def _program(self) -> str:
        found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
        if found is None:
            raise Missing("nginx is not installed (Debian: apt-get install nginx-light)")
        return found
