"""A node as llmlb knows it: whether it is there, what it serves, how it has behaved."""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable, Iterable

from llmlb.clock import Clock
from llmlb.config.model import NodeConfig
from llmlb.nodes.rolling_mean import RollingMean
from llmlb.scheduler.placement import Candidate
from llmlb.telemetry.hour_count import HourCount
from llmlb.wire.call import ANY_MODEL

FIRST_PAUSE_SECS = 1.0
LONGEST_PAUSE_SECS = 15.0
MOST_REST_SECS = 60.0
RECENT_SECS = 300.0
"""Failures older than this no longer count against a node."""
MOST_FORGIVEN = 3
"""Requests in a row whose failure is put down to them because another node failed them, too: both may be unwell."""
MOST_SEEN = 10_000
"""Model names remembered of one node: one that makes up new names must not fill the memory."""


class Health(enum.Enum):
    """Whether a node can take requests, apart from being busy."""

    PENDING = "pending"
    """It has not been asked yet."""
    ONLINE = "online"
    LOADING = "loading"
    """It answers, but says 503 to everything."""
    RESTING = "resting"
    """It is busy for others, goes on computing after a hang-up, or keeps failing: left alone for a while."""
    OFFLINE = "offline"


class Node:
    """One configured node. Written to by its probe and by the ends of its exchanges, read by everyone.

    `changed` is called after every change of health, models or configuration. `id` stays as long as the node does,
    unlike its name; no other node has it. The address stays, too: at another one it is another node.
    """

    def __init__(
        self, config: NodeConfig, clock: Clock, changed: Callable[[Node], None], id: str | None = None
    ) -> None:
        self.config = config
        self.id = id or config.name
        self._clock = clock
        self._changed = changed
        self.health = Health.PENDING
        self.reason = ""
        self.since = clock.now()
        self.kind = ""
        """What kind of server it is, once asked; see `llmlb.nodes.kinds`."""
        self.leaving = False
        """Whether it is no longer configured: it finishes what it has."""
        self.blocked = False
        """Whether it waits for a node that may be the same machine to finish what it has."""
        self._told: tuple[str, ...] = ()
        self.listed: tuple[str, ...] = ()
        self.loaded: frozenset[str] = frozenset()
        self.serves: frozenset[str] = frozenset()
        """Every name a client may use for a model here, `ANY_MODEL` included; empty until it has answered."""
        self.ready: frozenset[str] = frozenset()
        """Those of them whose models are known to be in memory."""
        self.first_seen: dict[str, float] = {}
        """Every model name it ever served, with the Unix time of the first answer that had it."""
        self.rest_until = 0.0
        self.computes_until = 0.0
        """Until when it may be at work on something that was hung up on."""
        self.idle_since = clock.now()
        self._service = RollingMean()
        self._failures: deque[tuple[float, str]] = deque(maxlen=100)
        self._failures_in_all = HourCount(clock)
        self._pause = 0.0
        self._busy_answers = 0
        self._failed_in_a_row = self._forgiven_in_a_row = 0
        self._rests_for_failing = False

    @property
    def name(self) -> str:
        """What it is called where people read it."""
        return self.config.name

    @property
    def state(self) -> str:
        """How it is apart from being busy, in the words of logs; idle and busy are both `online`."""
        return "draining" if self.draining else "pending" if self.blocked else self.health.value

    @property
    def why(self) -> str:
        """Why it is in that state, in a few words; may be empty."""
        if self.leaving:
            return "removed: finishing what it has"
        if self.config.drain:
            return "drained by the operator"
        return "its former address has to finish first" if self.blocked else self.reason

    @property
    def draining(self) -> bool:
        """Whether it is to take no new requests, however it is."""
        return self.config.drain or self.leaving

    @property
    def usable(self) -> bool:
        """Whether it may be given a request, if it has none."""
        return self.health is Health.ONLINE and not self.draining and not self.blocked

    @property
    def hopeful(self) -> bool:
        """Whether a request may wait for it."""
        return self.health is not Health.OFFLINE and not self.draining

    @property
    def computing(self) -> bool:
        """Whether it may be at work on something that was hung up on."""
        return self._clock.now() < self.computes_until

    @property
    def pause(self) -> float:
        """Seconds to wait before an offline node is asked again."""
        return self._pause

    def node_model(self, model: str) -> str:
        """What the node itself calls a model."""
        return self.config.aliases.get(model, model)

    def candidate(self, model: str) -> Candidate:
        """The node as the choice among idle ones sees it."""
        return Candidate(
            self.id,
            model in self.ready,
            len(self.serves),
            self._recent_failures() if self._failures else 0,
            self._service.value,
            self.idle_since,
        )

    def failures_past_hour(self) -> int:
        """Exchanges that failed here in the past hour, those put down to the request as well."""
        return self._failures_in_all.total()

    @property
    def failures_ever(self) -> int:
        """As `failures_past_hour`, since it was added."""
        return self._failures_in_all.ever

    # What the operator tells

    def configure(self, config: NodeConfig) -> None:
        """Its configuration has changed, or it is configured again. The address is the same."""
        before, names = self.draining, (self.config.models, self.config.aliases)
        self.config, self.leaving = config, False
        if self.serves:
            self._serve(self._names())
            if not self.listed and names[0]:  # what was written down is not, and it has told nothing yet
                self._serve(frozenset())
        if names != (config.models, config.aliases):
            self.first_seen = {name: at for name, at in self.first_seen.items() if name in self.serves}
        if before != self.draining:
            self.since = self._clock.now()
        self._changed(self)

    def leave(self) -> None:
        """It is no longer configured."""
        if not self.draining:
            self.since = self._clock.now()
        self.leaving = True
        self._changed(self)

    def unblock(self) -> None:
        """The node it had to wait for has finished."""
        self.blocked = False
        self._changed(self)

    # What probes tell

    def found(self, kind: str, models: Iterable[str], loaded: Iterable[str] = ()) -> None:
        """It answered a probe. Configured models are taken instead of its own list; no `kind` means not known yet."""
        said = kind, tuple(dict.fromkeys(models)), frozenset(loaded)
        news = False
        if not self.serves or said != (self.kind, self._told, self.loaded):
            self.kind, self._told, self.loaded = said
            news = self._serve(self._names())
        if self.health in {Health.PENDING, Health.OFFLINE, Health.LOADING}:
            if self.computing:
                self._rest_while_computing()
            else:
                self._become(Health.ONLINE, "")
        elif news:
            self._changed(self)

    def is_loading(self, reason: str) -> None:
        """It answered a probe with 503."""
        news = self._know_configured()
        if self.health is not Health.RESTING:
            self._become(Health.LOADING, reason, news=news)
        elif news:
            self._changed(self)

    def unreachable(self, reason: str) -> None:
        """It did not answer a probe while it had no request."""
        news = self._know_configured()
        self._lengthen_pause()
        self._become(Health.OFFLINE, reason, news=news)

    # What exchanges tell

    def served(self, seconds: float) -> None:
        """It completed a reply."""
        self._service.add(seconds)
        self._pause = 0.0
        self._busy_answers = self._failed_in_a_row = self._forgiven_in_a_row = 0

    def failed(self, request: str, reason: str, *, gone: bool) -> None:
        """An exchange failed. `gone`: the connection is, too, so the node counts as offline until it answers.

        One that is there but fails again and again, whatever it says to probes, rests: it is tried with one request
        after each pause. Not after a first failure, which may be the request's fault.
        """
        self._failures.append((self._clock.now(), request))
        self._failures_in_all.add()
        self._failed_in_a_row += 1
        if gone:
            self._lengthen_pause()
            self._become(Health.OFFLINE, reason)
        elif self._failed_in_a_row > 1 and self.health is Health.ONLINE:
            self._lengthen_pause()
            self.rest(f"failed {self._failed_in_a_row} times in a row: {reason}", self._pause)
            self._rests_for_failing = True

    def forgive(self, request: str) -> None:
        """The request failed elsewhere too: it was the request's fault, so ask the node again at once.

        Not for ever: where several nodes are unwell every request fails on more than one of them.
        """
        kept = [(at, who) for at, who in self._failures if who != request]
        forgiven = len(self._failures) - len(kept)
        if not forgiven or self._forgiven_in_a_row >= MOST_FORGIVEN:
            return
        self._forgiven_in_a_row += 1
        self._failures = deque(kept, maxlen=self._failures.maxlen)
        self._failed_in_a_row = max(0, self._failed_in_a_row - forgiven)
        self._pause = 0.0
        if self.health is Health.RESTING and self._rests_for_failing:
            self.rest_until = self._clock.now()
            self._rested()
        else:
            self._changed(self)

    def busy(self, reason: str, asked: float | None) -> None:
        """It is busy for others: it rests for the seconds it asked for, at most a minute, else for a growing pause.

        No seconds at all count as none asked for: else the request would come and go without end.
        """
        if not asked:
            asked = min(LONGEST_PAUSE_SECS, FIRST_PAUSE_SECS * 2**self._busy_answers)
            self._busy_answers = min(self._busy_answers + 1, 10)
        self.rest(reason, min(asked, MOST_REST_SECS))

    def hung_up(self) -> None:
        """We hung up on a request that it had. Some go on computing, and say nothing of it."""
        if secs := self.config.drain_after_cancel_secs:
            self.computes_until = self._clock.now() + secs
            if self.health is Health.ONLINE:
                self._rest_while_computing()

    def rest(self, reason: str, seconds: float) -> None:
        """Leave it alone for so long."""
        self.rest_until = self._clock.now() + seconds
        self._rests_for_failing = False
        self._become(Health.RESTING, reason)
        self._clock.call_at(self.rest_until, self._rested)

    def _rest_while_computing(self) -> None:
        self.rest("may still be computing what was hung up on", self.computes_until - self._clock.now())

    def _rested(self) -> None:
        if self.health is not Health.RESTING:
            return
        if self._clock.now() >= self.rest_until:
            self._become(Health.ONLINE, "")
        else:  # told to rest for longer meanwhile, or a timer that came early
            self._clock.call_at(self.rest_until, self._rested)

    def _become(self, health: Health, reason: str, *, news: bool = False) -> None:
        news = news or (health, reason) != (self.health, self.reason)
        if health is not self.health:
            self.since = self._clock.now()
        if health is Health.ONLINE:
            self.idle_since = self._clock.now()
        self.health, self.reason = health, reason
        if news:
            self._changed(self)

    def _know_configured(self) -> bool:
        """What it serves may be written down, so that it is known even before it has answered. Whether that is news."""
        return bool(self.config.models) and not self.serves and self._serve(self._names())

    def _serve(self, names: frozenset[str]) -> bool:
        """It serves these from now on. Whether they are others; what is the same stays the same object."""
        news = names != self.serves
        if news:
            self.serves = names
        aliases, loaded = self.config.aliases, self.loaded
        ready = frozenset(
            name
            for name in (names if loaded else ())
            if (real := aliases.get(name, name)) in loaded or f"{real}:latest" in loaded
        )
        if ready != self.ready:
            self.ready = ready
        return news

    def _names(self) -> frozenset[str]:
        """Every name a client may use here, by what is configured and what the node has told; they are seen now."""
        self.listed = self.config.models or self._told
        names = {*self.listed, ANY_MODEL}
        if self.kind == "ollama":
            names |= {name.removesuffix(":latest") for name in self.listed}
        # An alias stands for a model of the node: where that is missing, so is the alias.
        names |= {alias for alias, real in self.config.aliases.items() if real in names}
        for name in names - {ANY_MODEL}:
            self.first_seen.setdefault(name, self._clock.wall())
        if len(self.first_seen) > MOST_SEEN + len(names):
            gone = [name for name in self.first_seen if name not in names]
            for name in gone[: len(self.first_seen) - MOST_SEEN]:
                del self.first_seen[name]
        return frozenset(names)

    def _lengthen_pause(self) -> None:
        self._pause = min(LONGEST_PAUSE_SECS, max(FIRST_PAUSE_SECS, 2 * self._pause))

    def _recent_failures(self) -> int:
        horizon = self._clock.now() - RECENT_SECS
        while self._failures and self._failures[0][0] < horizon:
            self._failures.popleft()
        return len(self._failures)
