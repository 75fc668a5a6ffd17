"""Where a trace is carried, and what of it is never told."""

import asyncio
import json
import subprocess
import sys
from typing import Any

import pytest
from arq import Retry, func
from pydantic import ValidationError

from app.domain.user import UserId
from app.domain.video import new_video_id
from app.infra.redis.queue import VIDEO_QUEUE, ArqJobQueue
from app.infra.redis.stream import StreamRedis
from app.infra.redis.stream_worker import StreamWorker
from app.infra.traces import continued, current_traceparent
from app.settings import TraceSettings
from tests.parts.otlp import collecting
from tests.parts.waiting import until

OWNER = UserId("11111111-1111-4111-8111-111111111111")
ONE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
OTHER = "00-ffffffffffffffffffffffffffffffff-b7ad6b7169203331-00"


async def carried(redis: StreamRedis, queue: str = "q") -> dict[str, str | None]:
    """Return each job's trace, as an operator reads it."""
    found: Any = await redis.hgetall(f"{queue}:jobs")  # type: ignore[misc] # redis-py types both clients as one
    return {job.decode(): json.loads(record).get("trace") for job, record in found.items()}


def test_a_continued_trace_is_current_within_its_block_alone():
    with continued(ONE):
        assert current_traceparent() == ONE
        with continued(None):
            assert current_traceparent() is None
    assert current_traceparent() is None


@pytest.mark.parametrize(
    "malformed",
    [
        "",
        "00",
        ONE.upper(),
        ONE.replace("00-", "ff-", 1),
        f"{ONE}-more",
        f"00-{'0' * 32}-b7ad6b7169203331-01",
        "x" * 600,
    ],
)
def test_a_malformed_traceparent_starts_no_trace(malformed: str):
    with continued(malformed):
        assert current_traceparent() is None


async def test_a_video_is_queued_in_the_trace_of_its_request_or_in_the_one_that_its_row_names(redis: StreamRedis):
    queue, first, second = ArqJobQueue(redis), new_video_id(), new_video_id()
    with continued(ONE):
        await queue.process_video(first, OWNER)
        await queue.process_video(second, OWNER, OTHER)
        assert current_traceparent() == ONE
    assert await carried(redis, VIDEO_QUEUE) == {first: ONE, second: OTHER}


async def test_a_job_carries_its_trace_through_waiting_room_retry_and_take_over_until_the_job_is_done(
    redis: StreamRedis,
):
    for number in range(4):  # The window of an idle queue is two, so two of them wait.
        await redis.enqueue_job("work", _job_id=str(number), _traceparent=ONE[:-1] + str(number))
    assert await redis.enqueue_job("work", _job_id="0", _traceparent=OTHER) is None
    seen: dict[str, list[str | None]] = {}

    async def work(ctx: dict[str, Any]) -> None:
        tries = seen.setdefault(ctx["job_id"], [])
        tries.append(current_traceparent())
        if len(tries) == 1:
            raise Retry(0.01)

    worker = StreamWorker([func(work, name="work")], redis=redis, queue_name="q", max_jobs=1, shutdown_wait_seconds=0)
    running = asyncio.create_task(worker.main())
    await until(lambda: len(seen) == 4 and all(len(tries) == 2 for tries in seen.values()))
    await worker.stop("the test ends")
    await running
    # Its flags are passed on as they came: 2 says that the trace's id is random (Trace Context, level 2).
    assert seen == {job: [f"{ONE[:-2]}0{job}"] * 2 for job in ("0", "1", "2", "3")}
    assert not await redis.exists("q:jobs")


async def test_a_job_without_a_trace_has_none_of_another(redis: StreamRedis):
    with continued(ONE):
        await redis.enqueue_job("work", _job_id="j")
    assert await carried(redis) == {"j": None}
    seen: list[str | None] = []

    async def work(ctx: dict[str, Any]) -> None:
        seen.append(current_traceparent())

    worker = StreamWorker([func(work, name="work")], redis=redis, queue_name="q", max_jobs=1, shutdown_wait_seconds=0)
    with continued(OTHER):
        running = asyncio.create_task(worker.main())
    await until(lambda: seen)
    await worker.stop("the test ends")
    await running
    assert seen == [None]


@pytest.mark.parametrize(
    "wrong", [{"otlp_endpoint": "collector:4318"}, {"otlp_endpoint": "ftp://collector"}, {"trace_ratio": 1.5}]
)
def test_an_endpoint_is_a_url_and_a_ratio_is_a_share(wrong: dict[str, Any]):
    with pytest.raises(ValidationError):
        TraceSettings(**wrong)


def test_an_empty_endpoint_is_none(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FIAPX_OTLP_ENDPOINT", "")
    assert TraceSettings().otlp_endpoint is None


_PROGRAM = """
import sys, structlog
from app.infra.logs import set_up_logs
from app.infra.traces import current_traceparent, span, tracing
from app.settings import TraceSettings
set_up_logs("info")
endpoint, ratio = sys.argv[1] or None, float(sys.argv[2])
with tracing(TraceSettings(otlp_endpoint=endpoint, trace_ratio=ratio), "a service"):
    try:
        with span("outer", attributes={"fiapx.attempt": 7}), span("inner"):
            structlog.get_logger().info("inside", traceparent=current_traceparent())
            raise ValueError("ana@example.com cannot be reached")
    except ValueError:
        structlog.get_logger().info("outside")
print("sdk" if "opentelemetry.sdk" in sys.modules else "no sdk")
"""


async def said(endpoint: str, ratio: float = 1) -> tuple[list[dict[str, Any]], str]:
    command = [sys.executable, "-c", _PROGRAM, endpoint, str(ratio)]
    run = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in run.stderr.splitlines()], run.stdout.strip()


async def test_spans_are_sent_with_their_errors_types_and_not_with_their_words():
    async with collecting() as collector:
        (inside, outside), _ = await said(collector.endpoint)
    outer, inner = sorted(collector.spans, key=lambda span: span.name, reverse=True)
    assert (outer.service, outer.parent, inner.parent) == ("a service", "", outer.id)
    assert (outer.attributes, outer.failed, inner.failed) == ({"fiapx.attempt": "7"}, True, True)
    assert "ValueError" in inner.text
    assert "example.com" not in outer.text + inner.text
    assert (inside["trace_id"], inside["span_id"]) == (inner.trace_id, inner.id)
    assert inside["traceparent"] == f"00-{inner.trace_id}-{inner.id}-03"  # Sampled, and its id is random.
    assert not {"trace_id", "span_id"} & set(outside)


async def test_a_trace_that_is_not_sampled_has_an_id_and_sends_nothing():
    async with collecting() as collector:
        (inside, _), _ = await said(collector.endpoint, ratio=0)
    assert collector.spans == []
    assert inside["traceparent"] == f"00-{inside['trace_id']}-{inside['traceparent'].split('-')[2]}-02"
    assert "span_id" not in inside


async def test_without_an_endpoint_there_is_an_id_and_the_sdk_is_not_even_loaded():
    (inside, _), loaded = await said("")
    assert loaded == "no sdk"
    assert inside["traceparent"].endswith("-00")
    assert int(inside["trace_id"], 16)
    assert "span_id" not in inside


@pytest.mark.slow
async def test_a_collector_that_hangs_does_not_keep_a_process_from_ending():
    taken = asyncio.Event()

    async def never_answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await taken.wait()
        writer.close()

    server = await asyncio.start_server(never_answer, "127.0.0.1", 0)
    began = asyncio.get_running_loop().time()
    await said(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    assert asyncio.get_running_loop().time() - began < 15
    taken.set()
    server.close()
    await server.wait_closed()
