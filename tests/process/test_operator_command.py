"""`llmlb operator` beside a running gateway, and on a terminal."""

from __future__ import annotations

import asyncio
import os
import pty
import subprocess
import sys
from pathlib import Path

from llmlb.testing import eventually
from tests.integration.browsing import PASSWORD, PASSWORD_HASH
from tests.process.caller import Reply, request_bytes
from tests.process.commands import command
from tests.process.conftest import Serve
from tests.process.program import ROOT, START_SECS, Gateway

ON_A_TERMINAL = """
import os, sys
os.login_tty(int(sys.argv[1]))
os.execv(sys.executable, [sys.executable, "-m", "llmlb", "operator", "set-password"])
"""


async def sign_in(gateway: Gateway, password: str) -> Reply:
    """The answer to a password."""
    caller = await gateway.connect()
    headers = [("Content-Type", "application/x-www-form-urlencoded"), ("Connection", "close")]
    await caller.send(request_bytes(f"password={password}".encode(), path="/operator/sign-in", headers=headers))
    return await caller.reply()


def password_in(folder: Path, password: str) -> str:
    (folder / "secret").write_text(password + "\n")
    return "secret"


def on_a_terminal(folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """The command, and the terminal it asks on."""
    ours, its = pty.openpty()
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("LLMLB_", "LC_", "LANG"))}
    process = subprocess.Popen(
        [sys.executable, "-c", ON_A_TERMINAL, str(its)],
        cwd=folder,
        env=environ | {"LANG": "C.UTF-8", "PYTHONPATH": str(ROOT)},
        pass_fds=(its,),
    )
    os.close(its)
    return process, ours


async def test_a_password_lets_in_at_once_and_another_one_signs_out(serve: Serve) -> None:
    gateway = await serve()
    folder = gateway.folder
    page = (await gateway.get("/operator", [("Accept-Language", "en")])).body.decode()
    assert "llmlb operator set-password</code>" in page

    for password, words in ((PASSWORD, "is set in config.toml"), ("battery staple", "is changed")):
        secret = password_in(folder, password)
        done = await command(folder, "operator", "set-password", "--password-file", secret)
        assert (done.returncode, done.stderr) == (0, "")
        assert words in done.stdout
        assert "The running gateway has applied it." in done.stdout
        reply = await sign_in(gateway, password.replace(" ", "+"))
        assert reply.status == 303

    cookie = reply.headers["set-cookie"].partition(";")[0]
    assert (await gateway.get("/operator/sign-in", [("Cookie", cookie)])).status == 303
    done = await command(folder, "operator", "clear-password")
    assert "page is off" in done.stdout
    assert (await gateway.get("/operator/sign-in", [("Cookie", cookie)])).status == 200
    assert (await sign_in(gateway, "battery+staple")).status == 403
    assert "argon2" not in gateway.err
    assert "battery" not in gateway.err


async def test_a_password_held_by_the_environment_is_one(serve: Serve) -> None:
    gateway = await serve(env={"LLMLB_OPERATOR_PASSWORD_HASH": PASSWORD_HASH})
    assert (await sign_in(gateway, PASSWORD.replace(" ", "+"))).status == 303
    secret = password_in(gateway.folder, "battery staple")
    assert (await command(gateway.folder, "operator", "set-password", "--password-file", secret)).returncode == 0
    assert (await sign_in(gateway, "battery+staple")).status == 403, "the variable wins"
    assert PASSWORD_HASH not in gateway.err


async def test_on_a_terminal_it_is_asked_for_twice_and_not_shown(tmp_path: Path) -> None:
    process, ours = on_a_terminal(tmp_path)
    seen = b""

    def read() -> None:
        nonlocal seen
        seen += os.read(ours, 4096)

    loop = asyncio.get_running_loop()
    loop.add_reader(ours, read)
    try:
        await eventually(lambda: b"New password" in seen, "it asks", START_SECS)
        os.write(ours, PASSWORD.encode() + b"\n")
        await eventually(lambda: b"again" in seen, "it asks again", START_SECS)
        os.write(ours, PASSWORD.encode() + b"\n")
        await eventually(lambda: b"Sign in at /operator" in seen, "it is done", START_SECS)
        assert b"correct" not in seen
        assert await asyncio.to_thread(process.wait, START_SECS) == 0
        assert "$argon2id$" in (tmp_path / "config.toml").read_text()
    finally:
        loop.remove_reader(ours)
        os.close(ours)
        process.kill()
        process.wait()
