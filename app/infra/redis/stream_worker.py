"""An arq worker that is handed its jobs by a stream's consumer group instead of polling a sorted set."""

import asyncio
import math
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final, final
from uuid import uuid4

import structlog
from arq import Retry, Worker
from arq.cron import CronJob
from arq.typing import WorkerCoroutine
from arq.utils import timestamp_ms
from arq.worker import Function, RetryJob
from redis.exceptions import ReadOnlyError, ResponseError

from app.domain.backoff import Backoff
from app.infra.redis.best_effort import AWAY
from app.infra.redis.stream import Entry, StreamRedis
from app.infra.traces import continued

log = structlog.get_logger(__name__)

_BLOCK_MS: Final = 500
_PROMOTE_SECONDS: Final = 0.25
_FORGET_SECONDS: Final = 60.0
_SILENT_MS: Final = 3_600_000
_BACKOFF: Final = Backoff(first=0.05, longest=5)
"""Of a reader whose Redis is away."""
_RETRY: Final = Backoff(first=1, longest=60)
"""Of a job that broke."""
_SETTLE_SECONDS: Final = 3.0
"""How long jobs that were cancelled may take to give back what they hold, before they are cancelled once more."""


@dataclass(slots=True)
class _Held:
    """A job that runs here: the entry that stands for it now, and the score that arq was told at its start.

    ``cancelled_at`` is when it was last told to make room for another's job, by the monotonic clock.
    """

    entry: Entry
    score: int
    cancelled_at: float = -math.inf


@final
class StreamWorker(Worker):
    """arq's registry, context, retries, cron and health check over a ``StreamRedis``.

    A job is delivered again until it returns. ``Retry`` brings it back when it says; any other exception brings it back
    after 1, 2, 4 and so on up to 60 s, for ever: how often is enough is for the row to say. What arq itself refuses (an
    unknown function, an unreadable or expired payload) is dropped, and the sweep makes good. A cron job waits for its
    next time.

    A worker that falls silent for ``visibility_seconds`` loses its entries to others. It is not told to stop its jobs:
    a lost entry only means that its acknowledgement is refused; whether a job may go on is for the row's lease to say.
    No state of Redis ends the worker: it tries again, at the latest every 5 s, while its jobs go on.

    Where an owner's job waits while another owner runs two more, the latter's youngest is cancelled as at the worker's
    end, and waits for its turn again (``on_preemption``).

    Jobs find the worker in ``ctx["worker"]``; its ``stopping`` is set before the first of them is cancelled.
    """

    stopping: str | None
    """Why the worker is ending; None while it is not."""

    def __init__(
        self,
        functions: Sequence[Function | WorkerCoroutine],
        *,
        redis: StreamRedis,
        queue_name: str,
        max_jobs: int,
        shutdown_wait_seconds: float,
        cron_jobs: Sequence[CronJob] = (),
        ctx: dict[str, Any] | None = None,
        visibility_seconds: float = 15,
        health_check_interval: float = 60,
        handle_signals: bool = False,
        on_preemption: Callable[[], object] = lambda: None,
    ) -> None:
        self.stopping = None
        super().__init__(
            functions,
            queue_name=queue_name,
            cron_jobs=cron_jobs,
            redis_pool=redis,
            handle_signals=handle_signals,
            max_jobs=max_jobs,
            keep_result=0,
            max_tries=2**31,
            health_check_interval=health_check_interval,
            ctx=dict(ctx or {}),
            job_serializer=redis.job_serializer,
            job_deserializer=redis.job_deserializer,
        )
        # Deadlines are ours. arq knows "none" when it runs a job, but its constructor and its types do not.
        self.job_timeout_s = None  # type: ignore[assignment]
        self.functions = {
            name: function if isinstance(function, CronJob) else replace(function, coroutine=self._repeated(function))
            for name, function in self.functions.items()
        }
        self.ctx.update(redis=redis, worker=self)
        self.consumer: Final = f"{socket.gethostname()}-{os.getpid()}-{uuid4().hex[:8]}"
        self._redis: Final = redis
        self._visibility_ms: Final = int(visibility_seconds * 1000)
        self._shutdown_wait_seconds: Final = shutdown_wait_seconds
        self._on_preemption: Final = on_preemption
        self._held: dict[str, _Held] = {}  # By job id, from its start until it is settled.
        self._due: dict[str, float] = {}
        self._failures = 0
        self._paused = False
        self._ended = asyncio.Event()
        self._stop: asyncio.Task[None] | None = None

    async def main(self) -> None:
        """Run until ``stop``."""
        log.info("worker reads its queue", queue=self.queue_name, consumer=self.consumer, slots=self.max_jobs)
        while not self._ended.is_set():
            await self._poll_iteration()
        await self._leave()

    def pause(self) -> None:
        """Pick no more jobs until ``resume``; running ones go on, and keep their entries."""
        self._paused = True

    def resume(self) -> None:
        """Pick jobs again."""
        self._paused = False

    async def stop(self, reason: str) -> None:
        """Pick no more jobs, let running ones end for ``shutdown_wait_seconds``, then cancel them and give them back.

        What is given back is delivered to another worker at once. Returns when the worker has ended; may be called
        again, by another too.
        """
        if self._stop is None:
            self.stopping = reason
            self.allow_pick_jobs = False
            self._stop = asyncio.create_task(self._wind_up())
        await asyncio.shield(self._stop)
        if self.main_task is not None:
            await asyncio.wait([self.main_task])

    def handle_sig(self, signum: signal.Signals) -> None:
        """End as ``stop`` does; arq registers this where signals are to be handled."""
        self._signalled = asyncio.create_task(self.stop(signum.name))

    async def close(self) -> None:
        """End the worker; the connections belong to who made them."""
        await self.stop("closed")

    async def _wind_up(self) -> None:
        log.info("worker stops", queue=self.queue_name, reason=self.stopping, running=len(self.tasks))
        self._due.pop("renew", None)  # So that nobody counts on our slots.
        if self.tasks and self._shutdown_wait_seconds:
            await asyncio.wait(self.tasks.values(), timeout=self._shutdown_wait_seconds)
        for _ in range(2):  # The second is for who lost the first: some libraries swallow a cancellation.
            for job in self.job_tasks.values():
                job.cancel()
            if self.tasks:
                await asyncio.wait(self.tasks.values(), timeout=_SETTLE_SECONDS)
        if self.tasks:
            log.warning("jobs do not end, the worker ends without them", queue=self.queue_name, entries=[*self.tasks])
        self._ended.set()

    async def _leave(self) -> None:
        """Take back the announcement of our slots; where that fails it expires by itself."""
        try:
            async with asyncio.timeout(1):
                await self._redis.renew(self.queue_name, self.consumer, slots=0, valid_ms=0, entries=[])
                await self._redis.forget(self.queue_name, self.consumer, _SILENT_MS)
        except AWAY as error:
            log.warning("redis is away", what="worker", fault=repr(error))

    def _repeated(self, function: Function) -> WorkerCoroutine:
        """Make a function's unexpected exceptions a retry, and give it back unbegun once the worker is stopping."""
        carry_out: Callable[..., Awaitable[Any]] = function.coroutine

        async def repeated(ctx: dict[Any, Any], *args: Any, **kwargs: Any) -> Any:
            if self.stopping is not None:
                raise RetryJob
            try:
                return await carry_out(ctx, *args, **kwargs)
            except (Retry, RetryJob):
                raise
            except Exception as error:
                delay = _RETRY.delay(ctx["job_try"] - 1)
                log.exception("job broke, it will be run again", job=ctx["job_id"], seconds=delay.total_seconds())
                raise Retry(delay) from error

        return repeated

    async def _poll_iteration(self) -> None:
        """Do what is due and take what there is, for about half a second; whatever Redis answers, go on."""
        try:
            await self._keep_up()
            if self.allow_pick_jobs and not self._paused and self.job_counter < self.max_jobs:
                for entry in await self._take(self.max_jobs - self.job_counter):
                    await self._begin(entry)
            else:
                await self._idle(_BLOCK_MS / 1000)
        except Exception as error:  # noqa: BLE001 - a reader that ends for any fault would take all its jobs with it
            await self._endure(error)
        else:
            if self._failures:
                log.info("redis is back", what="worker", queue=self.queue_name)
            self._failures = 0

    async def _endure(self, error: Exception) -> None:
        if isinstance(error, ResponseError) and "NOGROUP" in str(error):
            log.warning("redis was emptied, the queue begins anew", queue=self.queue_name)
        elif not self._failures:
            log.warning(
                "redis is away, jobs go on", queue=self.queue_name, fault=repr(error), exc_info=_unexpected(error)
            )
        if isinstance(error, ReadOnlyError):  # This was the primary before a failover: look up who is now.
            await self._redis.connection_pool.disconnect(inuse_connections=False)
        self._due.clear()  # Whatever it lost (the group, our slots, a renewal) comes before the next read.
        pause = _BACKOFF.seconds(self._failures)
        self._failures += 1
        await self._idle(pause)

    def _every(self, what: str, seconds: float) -> bool:
        now = time.monotonic()
        if now < self._due.get(what, 0):
            return False
        self._due[what] = now + seconds
        return True

    async def _keep_up(self) -> None:
        if self._every("forget", _FORGET_SECONDS):
            await self._redis.ensure_group(self.queue_name)
            await self._redis.forget(self.queue_name, "", _SILENT_MS)
        if self._every("renew", self._visibility_ms / 3000):
            await self._renew()
        if self._every("promote", _PROMOTE_SECONDS):
            entry = await self._redis.promote(self.queue_name, self.consumer)
            if entry and self.stopping is None and not self._paused:  # Else nothing would begin here in its place.
                self._preempt(entry)
        if self.allow_pick_jobs:
            await self.heart_beat()

    async def _renew(self) -> None:
        jobs = {held.entry.id: job_id for job_id, held in self._held.items()}
        slots = self.max_jobs if self.stopping is None else 0
        lost = await self._redis.renew(
            self.queue_name, self.consumer, slots=slots, valid_ms=self._visibility_ms, entries=list(jobs)
        )
        for entry in lost:
            if jobs[entry] in self._held:  # Not settled in the meantime.
                log.warning("the queue gave this job away, it goes on here", job=jobs[entry], entry=entry)

    def _preempt(self, entry: str) -> None:
        """Cancel this entry's job; asked until it is settled, cancel once more what swallowed that."""
        now = time.monotonic()
        for job_id, held in self._held.items():
            job = self.job_tasks.get(job_id)
            if held.entry.id != entry or job is None or now - held.cancelled_at < _SETTLE_SECONDS:
                continue
            if held.cancelled_at < 0:
                log.info("the job gives its slot to an owner with fewer", job=job_id, entry=entry)
                self._on_preemption()
            held.cancelled_at = now
            job.cancel()

    async def _take(self, free: int) -> list[Entry]:
        if self._every("claim", self._visibility_ms / 15_000) and (
            entries := await self._redis.take_over(self.queue_name, self.consumer, free, self._visibility_ms)
        ):
            return entries
        return await self._redis.read(self.queue_name, self.consumer, free, _BLOCK_MS)

    async def _begin(self, entry: Entry) -> None:
        if self.stopping is not None:  # It came while we were told to stop.
            await self._redis.settle(self.queue_name, self.consumer, entry, delay_ms=0)
        elif held := self._held.get(entry.job_id):  # Redis lost the first; this one stands for the job now.
            held.entry = entry
        else:
            held = self._held[entry.job_id] = _Held(entry, timestamp_ms())
            self.job_counter += 1
            with continued(entry.traceparent):  # A task begins in the context in which it is made.
                task = self.tasks[entry.id] = asyncio.create_task(self.run_job(entry.job_id, held.score))
            task.add_done_callback(partial(self._on_end, entry, held))

    def _on_end(self, begun: Entry, held: _Held, task: asyncio.Task[None]) -> None:
        self.job_counter -= 1
        self.tasks.pop(begun.id, None)
        if self._held.get(begun.job_id) is held:  # No longer renewed, it is delivered again in a while.
            del self._held[begun.job_id]
        if not task.cancelled() and (error := task.exception()):
            log.warning("job not settled, it will be delivered again", job=begun.job_id, fault=repr(error))

    async def _idle(self, seconds: float) -> None:
        """Wait for so long, but not beyond the end of a job or of the worker."""
        if self.tasks:
            await asyncio.wait(self.tasks.values(), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        else:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._ended.wait()

    async def finish_job(
        self,
        job_id: str,
        finish: bool,
        result_data: bytes | None,  # noqa: ARG002 - arq's signature; results are not kept
        result_timeout_s: float | None,  # noqa: ARG002 - as above
        keep_result_forever: bool,  # noqa: ARG002 - as above
        incr_score: int | None,
        keep_in_progress: float | None,
    ) -> None:
        """Settle a job that returned or that is to run again; arq calls this."""
        held = self._held.pop(job_id, None)
        if held is None:
            return
        delay = 0 if incr_score is None else max(0, incr_score - (timestamp_ms() - held.score))
        await self._settle(held.entry, None if finish else delay, int((keep_in_progress or 0) * 1000))

    async def finish_failed_job(self, job_id: str, result_data: bytes | None) -> None:  # noqa: ARG002 - see above
        """Drop a job that cannot be run; arq calls this."""
        held = self._held.pop(job_id, None)
        if held is not None:
            await self._settle(held.entry, None, 0)

    async def _settle(self, entry: Entry, delay_ms: int | None, keep_mark_ms: int) -> None:
        try:
            settled = await self._redis.settle(
                self.queue_name, self.consumer, entry, delay_ms=delay_ms, keep_mark_ms=keep_mark_ms
            )
        except AWAY as error:
            log.warning("job not settled, it will be delivered again", job=entry.job_id, fault=repr(error))
        else:
            if not settled:
                log.info("the queue gave this job away, its end here changes nothing there", job=entry.job_id)


def _unexpected(error: Exception) -> Exception | None:
    return None if isinstance(error, AWAY) else error
