"""A node as llmlb knows it: whether it is there, what it serves, how it has behaved."""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable, Iterable

from llmlb.clock import Clock
from llmlb.config.model import NodeConfig
from llmlb.nodes.rolling_mean import RollingMean
from llmlb.scheduler.placement import Candidate
from llmlb.wire.call import ANY_MODEL

FIRST_PAUSE_SECS = 1.0
LONGEST_PAUSE_SECS = 15.0
MOST_REST_SECS = 60.0
RECENT_SECS = 300.0
"""Failures older than this no longer count against a node."""


class Health(enum.Enum):
    """Whether a node can take requests, apart from being busy."""

    PENDING = "pending"
    """It has not been asked yet."""
    ONLINE = "online"
    LOADING = "loading"
    """It answers, but says 503 to everything."""
    RESTING = "resting"
    """It said it was busy for others, or goes on computing after a hang-up: left alone for a while."""
    OFFLINE = "offline"


class Node:
    """One configured node. Written to by its probe and by the ends of its exchanges, read by everyone.

    `changed` is called after every change of health or models.
    """

    def __init__(self, config: NodeConfig, clock: Clock, changed: Callable[[Node], None]) -> None:
        self.config = config
        self.id = config.name
        self._clock = clock
        self._changed = changed
        self.health = Health.PENDING
        self.reason = ""
        self.since = clock.now()
        self.kind = ""
        """`ollama` or `openai`, once asked."""
        self.listed: tuple[str, ...] = ()
        self.loaded: frozenset[str] = frozenset()
        self.serves: frozenset[str] = frozenset()
        """Every name a client may use for a model here, `ANY_MODEL` included; empty until it has answered."""
        self.first_seen: dict[str, float] = {}
        """Every model name it ever served, with the Unix time of the first answer that had it."""
        self.rest_until = 0.0
        self.idle_since = clock.now()
        self._service = RollingMean()
        self._failures: deque[tuple[float, str]] = deque(maxlen=100)
        self._pause = 0.0
        self._busy_answers = 0

    @property
    def usable(self) -> bool:
        """Whether it may be given a request, if it has none."""
        return self.health is Health.ONLINE

    @property
    def hopeful(self) -> bool:
        """Whether a request may wait for it."""
        return self.health is not Health.OFFLINE

    @property
    def pause(self) -> float:
        """Seconds to wait before an offline node is asked again."""
        return self._pause

    def node_model(self, model: str) -> str:
        """What the node itself calls a model."""
        return self.config.aliases.get(model, model)

    def candidate(self, model: str) -> Candidate:
        """The node as the choice among idle ones sees it."""
        name = self.node_model(model)
        return Candidate(
            self.id,
            loaded=name in self.loaded or f"{name}:latest" in self.loaded,
            models=len(self.serves),
            failures=self._recent_failures(),
            mean_secs=self._service.value,
            idle_since=self.idle_since,
        )

    # What probes tell

    def found(self, kind: str, models: Iterable[str], loaded: Iterable[str] = ()) -> None:
        """It answered a probe. Configured models are taken instead of its own list; no `kind` means not known yet."""
        self.kind = kind
        self.listed = self.config.models or tuple(dict.fromkeys(models))
        self.loaded = frozenset(loaded)
        names = {*self.listed, ANY_MODEL}
        if kind == "ollama":
            names |= {name.removesuffix(":latest") for name in self.listed}
        # An alias stands for a model of the node: where that is missing, so is the alias.
        names |= {alias for alias, real in self.config.aliases.items() if real in names}
        serves = frozenset(names)
        for name in serves - {ANY_MODEL}:
            self.first_seen.setdefault(name, self._clock.wall())
        news = serves != self.serves
        self.serves = serves
        if self.health in {Health.PENDING, Health.OFFLINE, Health.LOADING}:
            self._become(Health.ONLINE, "")
        elif news:
            self._changed(self)

    def is_loading(self, reason: str) -> None:
        """It answered a probe with 503."""
        if self.config.models and not self.serves:
            self._know_configured()
        if self.health is not Health.RESTING:
            self._become(Health.LOADING, reason)

    def unreachable(self, reason: str) -> None:
        """It did not answer a probe while it had no request."""
        if self.config.models and not self.serves:
            self._know_configured()
        self._lengthen_pause()
        self._become(Health.OFFLINE, reason)

    # What exchanges tell

    def served(self, seconds: float) -> None:
        """It completed a reply."""
        self._service.add(seconds)
        self._pause = 0.0
        self._busy_answers = 0

    def failed(self, request: str, reason: str, *, gone: bool) -> None:
        """An exchange failed. `gone`: the connection is, too, so the node counts as offline until it answers."""
        self._failures.append((self._clock.now(), request))
        if gone:
            self._lengthen_pause()
            self._become(Health.OFFLINE, reason)

    def forgive(self, request: str) -> None:
        """The request failed elsewhere too: it was the request's fault, so ask the node again at once."""
        kept = [(at, who) for at, who in self._failures if who != request]
        if len(kept) != len(self._failures):
            self._failures = deque(kept, maxlen=self._failures.maxlen)
            self._pause = 0.0
            self._changed(self)

    def busy(self, reason: str, asked: float | None) -> None:
        """It is busy for others: it rests for the seconds it asked for, at most a minute, else for a growing pause.

        No seconds at all count as none asked for: else the request would come and go without end.
        """
        if not asked:
            asked = min(LONGEST_PAUSE_SECS, FIRST_PAUSE_SECS * 2**self._busy_answers)
            self._busy_answers = min(self._busy_answers + 1, 10)
        self.rest(reason, min(asked, MOST_REST_SECS))

    def rest(self, reason: str, seconds: float) -> None:
        """Leave it alone for so long."""
        self.rest_until = self._clock.now() + seconds
        self._become(Health.RESTING, reason)
        self._clock.call_at(self.rest_until, self._rested)

    def _rested(self) -> None:
        if self.health is not Health.RESTING:
            return
        if self._clock.now() >= self.rest_until:
            self._become(Health.ONLINE, "")
        else:  # told to rest for longer meanwhile, or a timer that came early
            self._clock.call_at(self.rest_until, self._rested)

    def _become(self, health: Health, reason: str) -> None:
        news = (health, reason) != (self.health, self.reason)
        if health is not self.health:
            self.since = self._clock.now()
        if health is Health.ONLINE:
            self.idle_since = self._clock.now()
        self.health, self.reason = health, reason
        if news:
            self._changed(self)

    def _know_configured(self) -> None:
        """What it serves is written down, so it is known even before it has answered."""
        self.serves = frozenset({*self.config.models, *self.config.aliases, ANY_MODEL})
        for name in self.serves - {ANY_MODEL}:
            self.first_seen.setdefault(name, self._clock.wall())

    def _lengthen_pause(self) -> None:
        self._pause = min(LONGEST_PAUSE_SECS, max(FIRST_PAUSE_SECS, 2 * self._pause))

    def _recent_failures(self) -> int:
        horizon = self._clock.now() - RECENT_SECS
        while self._failures and self._failures[0][0] < horizon:
            self._failures.popleft()
        return len(self._failures)
