"""What one seed stands for: every request, every change of weather at a node, every act of the operator."""

from __future__ import annotations

from random import Random
from typing import TypeVar

import attrs

T = TypeVar("T")

CHAT, COMPLETIONS, MESSAGES = "/v1/chat/completions", "/v1/completions", "/v1/messages"
RESPONSES, EMBEDDINGS, SPEECH = "/v1/responses", "/v1/embeddings", "/v1/audio/transcriptions"
STREAMED = (CHAT, COMPLETIONS, MESSAGES, RESPONSES)
FEED = "/api/queue/events"

PATHS = {CHAT: 60, COMPLETIONS: 10, MESSAGES: 12, RESPONSES: 6, EMBEDDINGS: 8, SPEECH: 4}
MODELS = {"m": 56, "a": 12, "b": 10, "gpt-x": 8, "solo": 8, "nobody-has-it": 2, "extra": 4}
KEYS = {"one": 30, "two": 20, "three": 20, "four": 10, "five": 10, "six": 7, "wrong": 3}
SIZES = {(50, 300): 60, (300, 20_000): 26, (20_000, 300_000): 10, (300_000, 1_000_000): 4}
FLAWS = {"": 96, "no json": 1, "no model": 1, "compressed": 1, "other path": 1}
LEAVES = {
    "stay": 560, "slow": 30, "stall": 14, "sending": 30, "sent": 30, "waiting": 110, "granted": 70, "head": 30,
    "middle": 60, "almost": 26, "upload": 40,
}  # fmt: skip
WEATHER = {
    "gone": 14, "restart": 12, "deaf": 8, "flaky": 24, "loading": 10, "narrow": 16, "listless": 8, "changed": 8,
}  # fmt: skip
LOOKS = (
    "/", "/v1/models", "/v1/models/m", "/api/queue/stats", "/healthz", "/readyz", "/health", "/metrics", FEED, FEED,
)  # fmt: skip
RATES = (8.0, 20.0, 40.0, 80.0)
"""Requests a second; five nodes do some fifty in good weather."""
BURST = 70
EDITS = {
    "queue": 16, "weights": 10, "fairness": 8, "limits": 6, "drain": 12, "resume": 12, "add": 10, "remove": 10,
    "rename": 8, "readdress": 8, "models": 6, "key": 6, "broken": 10, "halved": 6, "touch": 4, "storm": 6,
    "command": 6,
}  # fmt: skip


@attrs.frozen
class Leave:
    """How a client behaves: when it leaves, in which way, and after how long (seconds, or a share of the body)."""

    when: str
    how: str
    after: float


@attrs.frozen
class Ask:
    """One request. `huge`: its reply is larger than what sockets hold; `language`: of the error texts."""

    id: str
    key: str
    path: str
    model: str
    stream: bool
    size: int
    flaw: str
    huge: bool
    leave: Leave


@attrs.frozen
class Session:
    """A client that connects at `at` seconds and asks these one after another, on one connection while that lasts."""

    at: float
    asks: tuple[Ask, ...]


@attrs.frozen
class Look:
    """Somebody looks at `path` at `at` seconds, and stays for `secs` if it is a stream."""

    at: float
    path: str
    secs: float


@attrs.frozen
class Weather:
    """From `at` on a node behaves like this for `secs`."""

    at: float
    kind: str
    secs: float


@attrs.frozen
class Freeze:
    """From `at` on no time passes for the gateway for `secs`: then everything that came meanwhile is there at once."""

    at: float
    secs: float


@attrs.frozen
class Edit:
    """Something the operator does. `dice` decides the details, `way` how the file is written and the gateway told."""

    at: float
    kind: str
    way: str
    dice: int


@attrs.frozen
class Script:
    """Everything that will be done."""

    sessions: tuple[Session, ...]
    looks: tuple[Look, ...]
    weather: dict[str, tuple[Weather, ...]]
    freezes: tuple[Freeze, ...]
    edits: tuple[Edit, ...]


def draw(seed: int, part: int, seconds: float, nodes: tuple[str, ...]) -> Script:
    """The script of part number `part` of a run with this seed."""
    name = f"{seed}.{part}"
    return Script(
        sessions=_sessions(name, Random(f"{name} arrivals"), seconds),
        looks=_looks(Random(f"{name} looks"), seconds),
        weather={node: _weather(Random(f"{name} {node}"), seconds) for node in nodes},
        freezes=_freezes(Random(f"{name} freezes"), seconds),
        edits=_edits(Random(f"{name} operator"), seconds),
    )


def pick(random: Random, chances: dict[T, int]) -> T:
    """One of the keys, by the weights."""
    return random.choices(list(chances), list(chances.values()))[0]


def _sessions(name: str, random: Random, seconds: float) -> tuple[Session, ...]:
    sessions: list[Session] = []
    at = phase_ends = rate = 0.0
    while at < seconds:
        if at >= phase_ends:
            rate = random.choice(RATES)
            phase_ends = at + random.uniform(2, 6)
            if random.random() < 0.4:
                burst = (at + random.uniform(0, 0.05) for _ in range(BURST))
                sessions += [_session(f"{name}-b{len(sessions)}-{n}", at) for n, at in enumerate(burst)]
        sessions.append(_session(f"{name}-{len(sessions)}", at))
        at += random.expovariate(rate)
    return tuple(sorted(sessions, key=lambda session: session.at))


def _session(name: str, at: float) -> Session:
    random = Random(name)
    count = random.choice((1, 1, 1, 2, 4))
    return Session(at, tuple(_ask(f"{name}.{n}", Random(f"{name}.{n}")) for n in range(count)))


def _ask(id: str, random: Random) -> Ask:
    path = pick(random, PATHS)
    leave = _leave(random)
    return Ask(
        id=id,
        key=pick(random, KEYS),
        path=path,
        model=pick(random, MODELS),
        stream=path in STREAMED and random.random() < 0.6,
        size=random.randint(*pick(random, SIZES)),
        flaw=pick(random, FLAWS),
        huge=leave.when == "stall" or random.random() < 0.004,
        leave=leave,
    )


def _leave(random: Random) -> Leave:
    when = pick(random, LEAVES)
    how = random.choice(("close", "close", "reset", "half"))
    match when:
        case "waiting":
            after = random.expovariate(1 / 0.3)
        case "stall":
            after = random.uniform(0.5, 5)
        case _:
            after = random.random()
    return Leave(when, how, after)


def _looks(random: Random, seconds: float) -> tuple[Look, ...]:
    looks: list[Look] = []
    at = random.expovariate(2)
    while at < seconds:
        looks.append(Look(at, random.choice(LOOKS), random.uniform(0, 5)))
        at += random.expovariate(2)
    return tuple(looks)


def _weather(random: Random, seconds: float) -> tuple[Weather, ...]:
    spells: list[Weather] = []
    at = random.expovariate(1 / 6)
    while at < seconds:
        spell = Weather(at, pick(random, WEATHER), random.uniform(0.3, 4))
        spells.append(spell)
        at += spell.secs + random.expovariate(1 / 10)
    return tuple(spells)


def _freezes(random: Random, seconds: float) -> tuple[Freeze, ...]:
    freezes: list[Freeze] = []
    at = random.expovariate(1 / 5)
    while at < seconds:
        freezes.append(Freeze(at, random.uniform(0.02, 0.6)))
        at += 1 + random.expovariate(1 / 5)
    return tuple(freezes)


def _edits(random: Random, seconds: float) -> tuple[Edit, ...]:
    edits: list[Edit] = []
    at = random.expovariate(1 / 2)
    while at < seconds:
        way = random.choice(("in place, HUP", "in place", "renamed, HUP", "renamed", "in place, HUP"))
        edits.append(Edit(at, pick(random, EDITS), way, random.getrandbits(32)))
        at += random.expovariate(1 / 2.5)
    return tuple(edits)
