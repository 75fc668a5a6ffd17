"""What KEDA, the horizontal pod autoscaler and a kubelet make of a ScaledObject, with processes in the place of pods.

Redis is asked in KEDA's own words (kedacore/keda: pkg/scalers/redis_streams_scaler.go and redis_scaler.go), zero and
one are KEDA's to decide (pkg/scaling/executor/scale_scaledobjects.go), and more than one the autoscaler's
(kubernetes/kubernetes: pkg/controller/podautoscaler/horizontal.go and replica_calculator.go).
"""

import asyncio
import math
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from redis.asyncio import Redis
from redis.exceptions import RedisError

SYNC_SECONDS = 15
"""How often the controller manager looks at each autoscaler, unless it is told otherwise."""
TOLERANCE = 0.1
LIST_LENGTH = """
    local listName = KEYS[1]
    local listType = redis.call('type', listName).ok
    if listType == 'zset' then
        return redis.call('zcard', listName)
    elseif listType == 'set' then
        return redis.call('scard', listName)
    elseif listType == 'hash' then
        return redis.call('hlen', listName)
    elseif listType == 'list' or listType == 'none' then
        return redis.call('llen', listName)
    else
        return redis.error_reply('ERR unsupported key type: ' .. listType)
    end
"""

Start = Callable[[], Coroutine[Any, Any, asyncio.subprocess.Process]]


@dataclass(frozen=True)
class Trigger:
    """One of the two scalers of KEDA that know Redis."""

    kind: str
    key: str
    target: int
    activation: int

    @classmethod
    def of(cls, trigger: Mapping[str, Any]) -> Self:
        kind, metadata = trigger["type"], trigger["metadata"]
        assert trigger.get("metricType", "AverageValue") == "AverageValue", trigger
        if kind == "redis":
            activation = int(metadata.get("activationListLength", 0))
            return cls(kind, metadata["listName"], int(metadata.get("listLength", 5)), activation)
        assert kind == "redis-streams", trigger
        assert "consumerGroup" not in metadata, "with a group it is XPENDING or the lag, which no test here speaks"
        activation = int(metadata.get("activationLagCount", 0))
        return cls(kind, metadata["stream"], int(metadata.get("streamLength", 5)), activation)

    async def value(self, redis: Redis) -> int | None:
        """None is what KEDA makes of an error."""
        try:
            if self.kind == "redis-streams":
                return int(await redis.xlen(self.key))
            return int(await redis.eval(LIST_LENGTH, 1, self.key))  # type: ignore[misc]  # redis-py types both clients as one
        except (RedisError, OSError):
            return None

    def replicas(self, value: int, now: int) -> int:
        """How many the autoscaler finds right, where there are ``now``: AverageValue, with its tolerance."""
        if abs(1 - value / (self.target * now)) <= TOLERANCE:
            return now
        return math.ceil(value / self.target)


@dataclass(frozen=True)
class Direction:
    """How fast the autoscaler may go one way: a behavior's ``scaleUp`` or ``scaleDown``, with Kubernetes' defaults."""

    window_seconds: float
    policies: Sequence[Mapping[str, Any]]
    select: str

    @classmethod
    def of(cls, rules: Mapping[str, Any], window: float, policies: Sequence[Mapping[str, Any]]) -> Self:
        return cls(
            rules.get("stabilizationWindowSeconds", window),
            rules.get("policies") or policies,
            rules.get("selectPolicy", "Max"),
        )

    def step(self, replicas: int, change: Callable[[float], int]) -> int:
        """How many may come or go now, where ``change`` is that of the replicas within so many seconds."""
        if self.select == "Disabled":
            return 0
        steps = []
        for policy in self.policies:
            changed = change(policy["periodSeconds"])
            value: int = policy["value"]
            whole = math.ceil((replicas - changed) * value / 100) if policy["type"] == "Percent" else value
            steps.append(whole - abs(changed))
        return max(0, min(steps) if self.select == "Min" else max(steps))


PERCENT = {"type": "Percent", "value": 100, "periodSeconds": 15}
PODS = {"type": "Pods", "value": 4, "periodSeconds": 15}


@dataclass(frozen=True)
class Rules:
    """A ScaledObject's spec with the defaults of KEDA and Kubernetes."""

    triggers: Sequence[Trigger]
    polling_seconds: float
    cooldown_seconds: float
    least: int
    most: int
    up: Direction
    down: Direction

    @classmethod
    def of(cls, scaled_object: Mapping[str, Any]) -> Self:
        spec = scaled_object["spec"]
        advanced = spec.get("advanced", {})
        assert not {"fallback", "idleReplicaCount"} & spec.keys(), "not spoken here"
        assert "scalingModifiers" not in advanced, "not spoken here"
        behavior = advanced.get("horizontalPodAutoscalerConfig", {}).get("behavior", {})
        return cls(
            [Trigger.of(trigger) for trigger in spec["triggers"]],
            spec.get("pollingInterval", 30),
            spec.get("cooldownPeriod", 300),
            spec.get("minReplicaCount", 0),
            spec.get("maxReplicaCount", 100),
            Direction.of(behavior.get("scaleUp", {}), 0, [PERCENT, PODS]),
            Direction.of(behavior.get("scaleDown", {}), 300, [PERCENT]),
        )


class Deployment:
    """Replicas of a worker. Who is told to stop gets SIGTERM and a grace, and SIGKILL after it, as from a kubelet.

    Who is ending is no replica any more. The oldest are told first: Kubernetes knows nothing of work in hand, and they
    are the likeliest to have some.
    """

    def __init__(self, start: Start, grace_seconds: float) -> None:
        self._start = start
        self._grace_seconds = grace_seconds
        self.replicas: list[asyncio.subprocess.Process] = []
        self.ended: list[int] = []
        """The exit codes of those that were told to stop; -9 is one that had to be killed."""
        self._ending: set[asyncio.Task[None]] = set()

    async def scale(self, replicas: int) -> None:
        while len(self.replicas) < replicas:
            self.replicas.append(await self._start())
        while len(self.replicas) > replicas:
            self.stop(self.replicas[0])

    def stop(self, replica: asyncio.subprocess.Process) -> None:
        self.replicas.remove(replica)
        if replica.returncode is None:
            replica.terminate()
        self._ending.add(asyncio.create_task(self._end(replica)))

    async def _end(self, replica: asyncio.subprocess.Process) -> None:
        try:
            async with asyncio.timeout(self._grace_seconds):
                await replica.wait()
        except TimeoutError:
            replica.kill()
        self.ended.append(await replica.wait())

    async def all_ended(self) -> None:
        """Wait for those that were told to stop."""
        await asyncio.gather(*self._ending)


@dataclass(frozen=True)
class Look:
    """What the triggers gave at a time (of ``time.time``), and how many replicas were decided on then."""

    at: float
    replicas: int
    values: Mapping[str, int | None]


@dataclass
class Autoscaler:
    """Scales a deployment by the rules, as if time went ``speed`` times as fast: a test has no minutes to wait.

    Only the autoscalers' own times are shortened, never those of the workers or of their jobs.
    """

    rules: Rules
    deployment: Deployment
    redis: Redis
    speed: float
    looks: list[Look] = field(default_factory=list)
    _active_at: float = -math.inf
    _wanted: list[tuple[float, int]] = field(default_factory=list)
    _changes: list[tuple[float, int]] = field(default_factory=list)

    async def run(self) -> None:
        """Go on until cancelled."""
        poll_at = sync_at = self._now()
        while True:
            if self._now() >= poll_at:
                poll_at = self._now() + self.rules.polling_seconds
                await self._look(self._active)
            if self._now() >= sync_at:
                sync_at = self._now() + SYNC_SECONDS
                await self._look(self._right)
            await asyncio.sleep(max(0.0, min(poll_at, sync_at) - self._now()) / self.speed)

    def _now(self) -> float:
        """Give the seconds of the cluster, not of the test."""
        return time.monotonic() * self.speed

    async def _look(self, decide: Callable[[int, list[int | None]], int]) -> None:
        values = [await trigger.value(self.redis) for trigger in self.rules.triggers]
        now = len(self.deployment.replicas)
        replicas = decide(now, values)
        seen = {trigger.key: value for trigger, value in zip(self.rules.triggers, values, strict=True)}
        self.looks.append(Look(time.time(), replicas, seen))
        await self.deployment.scale(replicas)

    def _active(self, now: int, values: list[int | None]) -> int:
        """Decide as KEDA does: from zero as soon as a trigger is active, to zero long after the last one was."""
        rules, failed = self.rules, None in values
        if any(
            value is not None and value > trigger.activation
            for trigger, value in zip(rules.triggers, values, strict=True)
        ):
            if now == 0:
                self._active_at = self._now()
                return max(rules.least, 1)
            if not failed:
                self._active_at = self._now()
        elif not failed:
            if now > 0 and rules.least == 0 and self._now() > self._active_at + rules.cooldown_seconds:
                return 0
            return max(now, rules.least)
        return now

    def _right(self, now: int, values: list[int | None]) -> int:
        """Decide as the autoscaler does: the most that a trigger asks for, in the pace that the rules allow."""
        if now == 0:
            return 0
        right = [
            trigger.replicas(value, now)
            for trigger, value in zip(self.rules.triggers, values, strict=True)
            if value is not None
        ]
        if not right or (len(right) < len(values) and max(right) < now):
            return now
        self._wanted.append((self._now(), max(right)))
        most = max(self._lately(self.rules.down.window_seconds))
        least = min(self._lately(self.rules.up.window_seconds))
        wanted = now
        if least > now:
            wanted = min(least, now + self.rules.up.step(now, lambda seconds: self._change(seconds, 1)))
        elif most < now:
            wanted = max(most, now - self.rules.down.step(now, lambda seconds: self._change(seconds, -1)))
        wanted = min(max(wanted, self.rules.least, 1), self.rules.most)
        self._changes.append((self._now(), wanted - now))
        return wanted

    def _lately(self, seconds: float) -> list[int]:
        """Give what was wanted now and in so many seconds before."""
        return [self._wanted[-1][1], *(wanted for at, wanted in self._wanted if at > self._now() - seconds)]

    def _change(self, seconds: float, sign: int) -> int:
        """How many came, or how many went (as a negative number), in so many seconds."""
        return sum(change for at, change in self._changes if at > self._now() - seconds and sign * change > 0)
