"""An arq client whose ready jobs travel on a Redis stream, with a consumer group and a fair waiting room."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, final
from uuid import uuid4

from arq.connections import ArqRedis
from arq.constants import in_progress_key_prefix, job_key_prefix, retry_key_prefix
from arq.jobs import Job, serialize_job
from arq.utils import timestamp_ms, to_ms, to_unix_ms
from redis.asyncio import ConnectionPool
from redis.exceptions import ResponseError

from app.infra.redis.connection import connection_pool
from app.infra.redis.scripts import (
    BIND,
    DEPTH,
    ENQUEUE,
    FORGET,
    GROUP,
    KNOWN,
    PROMOTE,
    RENEW,
    SETTLE,
    WORKERS,
    queue_keys,
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One delivery of one job. ``id`` is the stream's entry id.

    ``traceparent`` names the trace that the job belongs to, if any (W3C Trace Context).
    """

    id: str
    job_id: str
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class QueueDepth:
    """How much there is to do, each job once.

    ``admitted`` run or are next, so far as the window goes; ``waiting`` are more than that, ``deferred`` are due later.
    """

    admitted: int
    waiting: int
    deferred: int


_Delivered = tuple[bytes, dict[bytes, bytes]]
"""An entry's id and its fields."""


def _to_json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


@final
class StreamRedis(ArqRedis):
    """An ``ArqRedis`` whose queues are streams: what arq enqueues with it, a ``StreamWorker`` carries out.

    Jobs are JSON, never pickle: who can write to Redis must not be able to run code. A job counts as queued while it
    can really be delivered, so an entry that vanished never blocks its id. Results are not kept. All methods raise
    what redis-py raises.
    """

    def __init__(self, connection_pool: ConnectionPool) -> None:
        super().__init__(connection_pool, job_serializer=_to_json, job_deserializer=json.loads)
        self._enqueue = self.register_script(ENQUEUE)
        self._bind = self.register_script(BIND)
        self._promote = self.register_script(PROMOTE)
        self._renew = self.register_script(RENEW)
        self._settle = self.register_script(SETTLE)
        self._depth = self.register_script(DEPTH)
        self._known = self.register_script(KNOWN)
        self._workers = self.register_script(WORKERS)
        self._forget = self.register_script(FORGET)

    async def enqueue_job(
        self,
        function: str,
        *args: Any,
        _job_id: str | None = None,
        _queue_name: str | None = None,
        _defer_until: datetime | None = None,
        _defer_by: float | timedelta | None = None,
        _expires: float | timedelta | None = None,
        _job_try: int | None = None,
        _owner: str = "",
        _traceparent: str | None = None,
        **kwargs: Any,
    ) -> Job | None:
        """Enqueue as arq does, None meaning that the job is queued or running already; ``_owner`` waits fairly.

        ``_traceparent`` is carried by every entry that stands for the job.
        ``_expires`` counts from when the job is due; asking again for a job that still waits begins it anew.
        """
        queue, job_id, now = _queue_name or self.default_queue_name, _job_id or uuid4().hex, timestamp_ms()
        delay = max(0, to_unix_ms(_defer_until) - now) if _defer_until else to_ms(_defer_by) or 0
        expiry = delay + (to_ms(_expires) or self.expires_extra_ms)
        payload = serialize_job(function, args, kwargs, _job_try, now, serializer=self.job_serializer)
        added = await self._enqueue(
            keys=[*queue_keys(queue), job_key_prefix + job_id, in_progress_key_prefix + job_id],
            args=[job_id, payload, expiry, delay, _owner, _traceparent or ""],
        )
        return Job(job_id, self, queue, self.job_deserializer) if added else None

    async def depth(self, queue: str) -> QueueDepth:
        """Count a queue's jobs, as autoscalers should."""
        return QueueDepth(*await self._depth(keys=queue_keys(queue)))

    async def known(self, queue: str, jobs: Collection[str]) -> set[str]:
        """Return which of these jobs wait, run or are deferred."""
        return {job.decode() for job in await self._known(keys=queue_keys(queue), args=[*jobs])}

    async def workers(self, queue: str) -> list[tuple[str, int, int]]:
        """Return of each worker that lives its name, its slots and how many jobs it has."""
        found = await self._workers(keys=queue_keys(queue))
        return sorted((name.decode(), slots, running) for name, slots, running in found)

    async def ensure_group(self, queue: str) -> None:
        """Create the stream and its consumer group where they are missing; it delivers from the very first entry."""
        try:
            await self.xgroup_create(queue_keys(queue)[2], GROUP, id="0", mkstream=True)
        except ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise

    async def read(self, queue: str, consumer: str, count: int, block_ms: int) -> list[Entry]:
        """Take up to so many jobs; wait for the first at most so long."""
        stream = queue_keys(queue)[2]
        answer = await self.xreadgroup(GROUP, consumer, {stream: ">"}, count=count, block=block_ms)
        return await self._jobs_of(queue, consumer, answer[0][1] if answer else [])

    async def take_over(self, queue: str, consumer: str, count: int, idle_ms: int) -> list[Entry]:
        """Take over up to so many jobs whose holder has been silent for that long."""
        stream = queue_keys(queue)[2]
        taken: list[_Delivered] = []
        cursor = b"0-0"
        while len(taken) < count:  # One call looks at ten entries for each one wanted, the live ones included.
            cursor, found, *_ = await self.xautoclaim(
                stream, GROUP, consumer, min_idle_time=idle_ms, start_id=cursor, count=count - len(taken)
            )
            taken += found
            if cursor == b"0-0":
                break
        return await self._jobs_of(queue, consumer, taken)

    async def _jobs_of(self, queue: str, consumer: str, delivered: list[_Delivered]) -> list[Entry]:
        """Decide which job each entry stands for; one for which there is none is gone then."""
        if not delivered:
            return []
        named = [part for entry, fields in delivered for part in (entry, fields.get(b"id", b""))]
        bound = await self._bind(keys=queue_keys(queue), args=[consumer, *named])
        return [Entry(entry.decode(), job.decode(), trace.decode() or None) for entry, job, trace in bound]

    async def promote(self, queue: str, consumer: str) -> str | None:
        """Make deferred jobs ready that are due, and admit what fits.

        Returns the id of the entry whose job this consumer has to give back for an owner who runs fewer, if any.
        """
        entry = await self._promote(keys=queue_keys(queue), args=[consumer])
        return entry.decode() if entry else None

    async def renew(self, queue: str, consumer: str, *, slots: int, valid_ms: int, entries: list[str]) -> set[str]:
        """Announce this worker's slots (0: it leaves), keep its entries from being taken over, give those it lost."""
        lost = await self._renew(keys=queue_keys(queue), args=[consumer, slots, valid_ms, *entries])
        return {entry.decode() for entry in lost}

    async def settle(
        self, queue: str, consumer: str, entry: Entry, *, delay_ms: int | None, keep_mark_ms: int = 0
    ) -> bool:
        """Acknowledge an entry and delete it with its job (``delay_ms`` None), or deliver the job again after a delay.

        False where the entry belongs to another by now, and then nothing is changed. ``keep_mark_ms`` refuses the same
        job id for so long, as arq does for a cron job that several workers enqueue.
        """
        prefixes = (job_key_prefix, in_progress_key_prefix, retry_key_prefix)
        done = await self._settle(
            keys=[*queue_keys(queue), *(prefix + entry.job_id for prefix in prefixes)],
            args=[consumer, entry.id, entry.job_id, -1 if delay_ms is None else delay_ms, keep_mark_ms],
        )
        return bool(done)

    async def forget(self, queue: str, consumer: str, silent_ms: int) -> None:
        """Remove this consumer and those silent for so long from the group, except who still holds entries."""
        await self._forget(keys=queue_keys(queue), args=[consumer, silent_ms])


def connect(url: str) -> StreamRedis:
    """Make a client of this Redis; it connects with its first command, so Redis may be away. ``aclose`` ends it."""
    redis = StreamRedis(connection_pool(url))
    redis.auto_close_connection_pool = True
    return redis
