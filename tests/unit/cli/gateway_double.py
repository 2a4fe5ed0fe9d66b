"""Something that answers on the socket of a configuration file as a running gateway does."""

from __future__ import annotations

import http.server
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CAME = {"stopping": False, "problems": [], "changed": [], "restart": []}
"""Its answer to /reload when it has taken the file."""


@contextmanager
def answering(tmp_path: Path, **answers: Any) -> Iterator[list[str]]:
    """Something on the socket of `config.toml` that gives these answers; what it was asked."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            asked.append(f"{self.command} {self.path}")
            content = answers.get(self.path.strip("/").partition("?")[0])
            if content is None:
                self.send_error(500)
            elif content == "":
                return
            else:
                self.send_response(200)
                self.end_headers()
                self.wfile.write(json.dumps(content).encode())

        do_GET = do_POST = answer  # noqa: N815 - their names are the library's

        def log_message(self, *_: object) -> None:
            """Say nothing."""

        def address_string(self) -> str:
            return ""

    (tmp_path / "config.toml.sock").unlink(missing_ok=True)
    with socketserver.UnixStreamServer(str(tmp_path / "config.toml.sock"), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield asked
        finally:
            server.shutdown()
            thread.join()
