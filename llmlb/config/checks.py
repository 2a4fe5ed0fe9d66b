"""Settings that are each right but do not go together, or not with this machine.

They look at the plain values, less those already refused, so that everything wrong is told at once.
"""

from __future__ import annotations

import hashlib
import ipaddress
import ssl
from collections.abc import Callable, Iterator
from os.path import isdir
from pathlib import Path as FilePath
from typing import Any

from llmlb.config.address import Address, is_loopback, parse_address
from llmlb.config.convert import Fault
from llmlb.config.model import Server
from llmlb.config.problems import Path

Entry = tuple[int, dict[str, Any]]
"""One of several tables: its index, and those of its values that are right by themselves."""

Note = tuple[Fault, dict[str, Any]]
"""A fault and the values in its text, by name; a value may be a path, which stands for that entry."""


def clashes(data: dict[str, Any], wrong: set[Path], directory: FilePath | None) -> Iterator[Note]:
    """Everything in `data` that does not go together. `wrong`: the places already refused.

    `directory` is where a relative path starts.
    """
    nodes, keys = _entries(data, "nodes", wrong), _entries(data, "api_keys", wrong)
    again = list(_same("nodes", nodes, "url", "same_url", _node_base))
    yield from again
    indexes = {fault.path[1] for fault, _ in again}
    named = [(index, node) for index, node in nodes if "name" in node or index not in indexes]
    yield from _same("nodes", named, "name", "same_name", _node_name)
    host, port = (_value(data, wrong, "server", name, getattr(Server(), name)) for name in ("host", "port"))
    for index, node in nodes:
        if "url" in node and _is_us(parse_address(node["url"]), host, port):
            yield Fault(("nodes", index, "url"), "own_address", node["url"]), {"host": host, "port": port}
        yield from _aliases(index, node)
        yield from _ca_file(index, node, directory)
    yield from _same("api_keys", keys, "name", "same_name", lambda entry: entry.get("name"))
    for index, entry in keys:
        yield from _one_key(index, entry, wrong)
    yield from _same("api_keys", keys, "key", "same_key", _digest)
    yield from _log_file(data, wrong, directory)
    yield from _anonymous(data, wrong)


def resolved(file: str, directory: FilePath | None) -> FilePath:
    """A path of the configuration; a relative one starts in `directory`, else in the working directory."""
    return FilePath(file) if directory is None else directory / file


def _entries(data: dict[str, Any], table: str, wrong: set[Path]) -> list[Entry]:
    given = data.get(table)
    if (table,) in wrong or not isinstance(given, list):
        return []
    refused = {path[:3] for path in wrong if path[0] == table}
    return [
        (index, {key: value for key, value in entry.items() if (table, index, key) not in refused})
        for index, entry in enumerate(given)
    ]


def _same(
    table: str, entries: list[Entry], key: str, reason: str, of: Callable[[dict[str, Any]], Any]
) -> Iterator[Note]:
    seen: dict[Any, int] = {}
    for index, entry in entries:
        value = of(entry)
        if value is None:
            continue
        first = seen.setdefault(value, index)
        if first != index:
            at = key if key in entry else "key_sha256" if table == "api_keys" else "url"
            yield Fault((table, index, at), reason, entry[at]), {"other": (table, first)}


def _node_name(node: dict[str, Any]) -> str | None:
    if "name" in node:
        return str(node["name"])
    return parse_address(node["url"]).netloc if "url" in node else None


def _node_base(node: dict[str, Any]) -> str | None:
    return parse_address(node["url"]).base if "url" in node else None


def _is_us(address: Address, host: str, port: int) -> bool:
    """Whether a gateway that listens at this host and port would be its own node."""
    if address.scheme != "http" or address.port != port:
        return False
    node, own = _plain_host(address.host), _plain_host(host)
    anywhere = {"0.0.0.0", "::"}
    if own in anywhere:
        return is_loopback(node) or node in anywhere
    either_loopback = "localhost" in (node, own) or node in anywhere
    return node == own or (either_loopback and is_loopback(own) and (node in anywhere or is_loopback(node)))


def _plain_host(host: str) -> str:
    """One way to write each host."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.removesuffix(".").lower()
        return "localhost" if is_loopback(name) else name
    return str(getattr(address, "ipv4_mapped", None) or address)


def _aliases(index: int, node: dict[str, Any]) -> Iterator[Note]:
    aliases: dict[str, str] = node.get("aliases") or {}
    models: list[str] = node.get("models") or []
    for alias, target in aliases.items():
        path = ("nodes", index, "aliases", alias)
        if alias in models or alias == target:
            yield Fault(path, "alias_shadows", target), {}
        elif models and target not in models:
            yield Fault(path, "alias_target", target), {"models": ", ".join(models[:20])}
        elif target in aliases:
            yield Fault(path, "alias_chain", target), {}


def _ca_file(index: int, node: dict[str, Any], directory: FilePath | None) -> Iterator[Note]:
    file = node.get("ca_file")
    if not file:
        return
    path = ("nodes", index, "ca_file")
    if "url" in node and parse_address(node["url"]).scheme != "https":
        yield Fault(path, "ca_file_http", file), {}
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(resolved(file, directory))
    except ssl.SSLError:
        yield Fault(path, "ca_file_unfit", file), {}
    except OSError as error:
        yield Fault(path, "ca_file_missing", file), {"cause": error.strerror or type(error).__name__}


def _one_key(index: int, entry: dict[str, Any], wrong: set[Path]) -> Iterator[Note]:
    if {("api_keys", index, "key"), ("api_keys", index, "key_sha256")} & wrong:
        return
    given = [name for name in ("key", "key_sha256") if entry.get(name)]
    if len(given) == 2:
        yield Fault(("api_keys", index, "key_sha256"), "both_keys", entry["key_sha256"]), {}
    elif not given:
        yield Fault(("api_keys", index), "no_key"), {}


def _digest(entry: dict[str, Any]) -> str | None:
    if entry.get("key"):
        return hashlib.sha256(entry["key"].encode()).hexdigest()
    return str(entry["key_sha256"]).lower() if entry.get("key_sha256") else None


def _log_file(data: dict[str, Any], wrong: set[Path], directory: FilePath | None) -> Iterator[Note]:
    file = _value(data, wrong, "log", "file", "")
    if file:
        path = resolved(file, directory)
        if isdir(path) or not isdir(path.parent):  # Path.is_dir raises for a name that is too long
            yield Fault(("log", "file"), "log_file", file), {}


def _anonymous(data: dict[str, Any], wrong: set[Path]) -> Iterator[Note]:
    host = _value(data, wrong, "server", "host", Server().host)
    allowed = ("server", "allow_anonymous") in wrong or _value(data, wrong, "server", "allow_anonymous", False)
    if not data.get("api_keys") and not allowed and not is_loopback(host):
        yield Fault(("server", "host"), "anonymous", host), {}


def _value(data: dict[str, Any], wrong: set[Path], table: str, key: str, default: Any) -> Any:
    given = data.get(table)
    if not isinstance(given, dict) or (table, key) in wrong:
        return default
    return given.get(key, default)
