"""Settings that do not go together."""

from __future__ import annotations

import hashlib
import ssl
from pathlib import Path

import pytest

from llmlb.config.document import parse_document
from llmlb.config.load import load_document
from llmlb.config.problems import ConfigError, Problem


def found(text: str, environ: dict[str, str] | None = None, path: Path | None = None) -> list[Problem]:
    """The problems of a text; none when it is right."""
    try:
        load_document(parse_document(text.encode(), "c.toml"), path, environ or {})
    except ConfigError as error:
        return list(error.problems)
    return []


def reasons(text: str, environ: dict[str, str] | None = None, path: Path | None = None) -> list[str]:
    return [problem.reason for problem in found(text, environ, path)]


def node(**settings: str) -> str:
    return "[[nodes]]\n" + "".join(f"{key} = {value}\n" for key, value in settings.items())


def key(**settings: str) -> str:
    return "[[api_keys]]\n" + "".join(f"{key} = {value}\n" for key, value in settings.items())


@pytest.mark.parametrize("url", ["http://h:80", "http://H/", "http://h/v1", "HTTP://h:80/v1/"])
def test_a_node_is_listed_once(url: str) -> None:
    (problem,) = found(node(url='"http://h"') + node(url=f'"{url}"'))
    assert (problem.reason, problem.line) == ("same_url", 4)
    assert problem.text("en").endswith("the same node as [[nodes]] #1 (c.toml:1); list each node once.")


@pytest.mark.parametrize("url", ["https://h", "http://h:81", "http://h/x", "http://h2", "http://h/v1/v1"])
def test_another_address_is_another_node(url: str) -> None:
    assert reasons(node(url='"http://h"', name='"a"') + node(url=f'"{url}"', name='"b"')) == []


def test_node_names_are_unique() -> None:
    (problem,) = found(node(url='"http://a"', name='"n"') + node(url='"http://b"', name='"n"'))
    assert (problem.reason, problem.line, problem.given) == ("same_name", 6, '"n"')


def test_a_given_name_clashes_with_a_default_one() -> None:
    assert reasons(node(url='"http://a:1"') + node(url='"http://b"', name='"a:1"')) == ["same_name"]
    assert reasons(node(url='"http://a:1/x"') + node(url='"http://a:1/y"')) == ["same_name"]


def test_an_alias_stands_for_a_model() -> None:
    assert reasons(node(url='"http://a"', models='["m"]', aliases='{ x = "m" }')) == []
    assert reasons(node(url='"http://a"', aliases='{ x = "unknown yet" }')) == []
    (problem,) = found(node(url='"http://a"', models='["m", "n"]', aliases='{ x = "o" }'))
    assert (problem.reason, problem.line, problem.key, problem.given) == ("alias_target", 4, "aliases.x", '"o"')
    assert problem.text("en").endswith("one of this node's models: m, n.")


def test_an_alias_is_no_model_and_stands_for_no_alias() -> None:
    assert reasons(node(url='"http://a"', models='["m", "n"]', aliases='{ n = "m" }')) == ["alias_shadows"]
    assert reasons(node(url='"http://a"', aliases='{ n = "n" }')) == ["alias_shadows"]
    assert reasons(node(url='"http://a"', aliases='{ a = "b", b = "c" }')) == ["alias_chain"]


def test_ca_file_holds_certificates(tmp_path: Path) -> None:
    config = tmp_path / "c.toml"
    (tmp_path / "no.pem").write_text("nothing of the kind")
    https = '"https://a"'
    assert reasons(node(url=https, ca_file='"gone.pem"'), path=config) == ["ca_file_missing"]
    assert reasons(node(url=https, ca_file='"no.pem"'), path=config) == ["ca_file_unfit"]
    bundle = ssl.get_default_verify_paths().cafile
    if bundle:
        (tmp_path / "ca.pem").write_bytes(Path(bundle).read_bytes())
        assert reasons(node(url=https, ca_file='"ca.pem"'), path=config) == []
        assert reasons(node(url='"http://a"', ca_file='"ca.pem"'), path=config) == ["ca_file_http"]


def test_key_names_and_keys_are_unique() -> None:
    assert reasons(key(name='"a"', key='"k"') + key(name='"a"', key='"l"')) == ["same_name"]
    (problem,) = found(key(name='"a"', key='"k"') + key(name='"b"', key='"k"'))
    assert (problem.reason, problem.line, problem.given) == ("same_key", 6, "***")
    digest = hashlib.sha256(b"k").hexdigest().upper()
    (problem,) = found(key(name='"a"', key='"k"') + key(name='"b"', key_sha256=f'"{digest}"'))
    assert (problem.reason, problem.line, problem.given) == ("same_key", 6, "***")


def test_a_key_is_given_exactly_one_way() -> None:
    digest = '"' + "a" * 64 + '"'
    assert reasons(key(name='"a"', key='"k"', key_sha256=digest)) == ["both_keys"]
    assert reasons(key(name='"a"', key='"k"', key_sha256='""')) == []
    assert reasons(key(name='"a"')) == ["no_key"]
    assert reasons(key(name='"a"', key='""')) == ["no_key"]
    assert reasons(key(name='"a"', key="1")) == ["unfit"]


def test_a_broken_entry_is_still_compared_by_what_is_right_in_it() -> None:
    text = node(url='"http://a"', name='"n"') + node(url='"ftp://b"', name='"n"')
    assert reasons(text) == ["unfit", "same_name"]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.1", "gateway.example", "::ffff:10.0.0.1"])
def test_an_open_host_needs_keys_or_a_word_that_none_are_meant(host: str) -> None:
    open_host = f'[server]\nhost = "{host}"\n'
    (problem,) = found(open_host)
    assert (problem.reason, problem.line) == ("anonymous", 2)
    assert "allow_anonymous" in problem.text("ja")
    assert reasons(open_host + "allow_anonymous = true\n") == []
    assert reasons(open_host, {"LLMLB_SERVER_ALLOW_ANONYMOUS": "1"}) == []
    assert reasons(open_host + key(name='"a"', key='"k"')) == []
    assert reasons(open_host, {"LLMLB_SERVER_HOST": "127.0.0.1"}) == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", "localhost", "LOCALHOST", "x.localhost"]
)
def test_a_loopback_host_needs_nothing(host: str) -> None:
    assert reasons(f'[server]\nhost = "{host}"\n') == []


def test_an_open_host_in_a_variable_is_that_variables_fault() -> None:
    (problem,) = found("", {"LLMLB_SERVER_HOST": "0.0.0.0"})
    assert problem.text("en").startswith('LLMLB_SERVER_HOST="0.0.0.0": other machines can reach this address.')


def test_the_log_goes_into_a_directory_that_exists(tmp_path: Path) -> None:
    for file in (str(tmp_path), str(tmp_path / "no" / "x.log"), "x" * 300 + "/y"):
        assert reasons(f'[log]\nfile = "{file}"\n', path=tmp_path / "c.toml") == ["log_file"]
    assert reasons('[log]\nfile = "x.log"\n', path=tmp_path / "c.toml") == []


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:8080"),
        ("127.0.0.1", "http://localhost:8080/v1"),
        ("127.0.0.1", "http://[::ffff:127.0.0.1]:8080"),
        ("localhost", "http://[::1]:8080"),
        ("0.0.0.0", "http://127.0.0.1:8080"),
        ("::", "http://LOCALHOST.:8080"),
        ("gpu.example", "http://GPU.example.:8080"),
        ("192.0.2.1", "http://192.0.2.1:8080"),
        ("127.0.0.1", "http://0.0.0.0:8080"),
    ],
)
def test_the_gateway_is_not_its_own_node(host: str, url: str) -> None:
    server = f'[server]\nallow_anonymous = true\nhost = "{host}"\n'
    (problem,) = found(server + node(url=f'"{url}"'))
    assert (problem.reason, problem.line) == ("own_address", 5)
    assert f"{host}:8080" in problem.text("ja")
    assert found(server + node(url=f'"{url.replace("8080", "8081")}"')) == []
    (problem,) = found(server + node(url=f'"{url.replace("8080", "9")}"'), {"LLMLB_SERVER_PORT": "9"})
    assert problem.reason == "own_address"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.2:8080"),
        ("127.0.0.1", "http://[::1]:8080"),
        ("127.0.0.1", "https://127.0.0.1:8080"),
        ("192.0.2.1", "http://127.0.0.1:8080"),
        ("0.0.0.0", "http://192.0.2.1:8080"),
    ],
)
def test_another_address_with_the_same_port_is_another_server(host: str, url: str) -> None:
    assert found(f'[server]\nallow_anonymous = true\nhost = "{host}"\n' + node(url=f'"{url}"')) == []
