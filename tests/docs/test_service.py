"""What docs/service.md has to be copied fits the program: its times, its limits, its command."""

from __future__ import annotations

import configparser
import re
from pathlib import Path

from llmlb.cli.usual_file import DEFAULT_FILE
from llmlb.config.document import parse_document
from llmlb.config.load import load_document
from llmlb.config.model import Server
from llmlb.gateway.gateway import EVICTED_SECS
from llmlb.web.server import SHUTDOWN_SECS
from tests.docs.blocks import blocks_of

FILE = Path(__file__).parents[2] / "docs" / "service.md"
BLOCKS = {block.language: block.text for block in blocks_of(FILE)}
DEFAULT = Server()


def unit() -> dict[str, str]:
    """What the unit says of the service, names in lower case."""
    parsed = configparser.ConfigParser(interpolation=None)
    parsed.read_string(BLOCKS["ini"])
    return dict(parsed["Service"])


def test_the_unit_lets_it_drain_and_starts_it_again_where_that_is_of_use() -> None:
    said = unit()
    assert float(said["timeoutstopsec"]) > DEFAULT.drain_secs + EVICTED_SECS + SHUTDOWN_SECS
    assert (said["restart"], said["restartpreventexitstatus"]) == ("on-failure", "2")
    assert f"`[server] drain_secs` ({DEFAULT.drain_secs:g})" in FILE.read_text(encoding="utf-8")


def test_what_it_writes_is_where_it_may_write() -> None:
    said = unit()
    program, *arguments = said["execstart"].split()
    assert arguments == ["serve"], "a file that is named has to be there, and at first none is"
    config = Path(said["workingdirectory"]) / DEFAULT_FILE
    assert config.parent == Path("/var/lib", said["statedirectory"])
    assert BLOCKS["sh"].count(f"sudo -u {said['user']} {program} ") == BLOCKS["sh"].count(f"--config {config}\n") == 2
    assert BLOCKS["text"].startswith(f"/var/log/{said['logsdirectory']}/")


def test_the_proxy_takes_what_the_gateway_takes_under_the_name_that_it_knows() -> None:
    proxy = dict(re.findall(r"^ +([a-z_]+) ([^;{]+);$", BLOCKS["nginx"], re.MULTILINE))
    assert int(proxy["client_max_body_size"].removesuffix("m")) * 1024**2 == DEFAULT.body_limit
    assert proxy["proxy_pass"] == f"http://{DEFAULT.host}:{DEFAULT.port}"
    document = parse_document(BLOCKS["toml"].encode(), "config.toml")
    assert load_document(document, Path("config.toml"), {}).config.server.allowed_hosts == (proxy["server_name"],)
