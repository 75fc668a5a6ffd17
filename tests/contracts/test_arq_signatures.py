"""What StreamWorker and StreamRedis take over from arq must stay as it was when they did (arq 0.28)."""

import inspect
from typing import Any

import arq
import pytest
from arq.connections import ArqRedis
from arq.cron import CronJob
from arq.worker import Function, RetryJob, Worker

from app.infra.redis.stream import StreamRedis
from app.infra.redis.stream_worker import StreamWorker

OVERRIDDEN = {
    Worker.main: [],
    Worker.close: [],
    Worker._poll_iteration: [],
    Worker.handle_sig: ["signum"],
    Worker.finish_job: [
        "job_id",
        "finish",
        "result_data",
        "result_timeout_s",
        "keep_result_forever",
        "incr_score",
        "keep_in_progress",
    ],
    Worker.finish_failed_job: ["job_id", "result_data"],
}
CALLED = {Worker.run_job: ["job_id", "score"], Worker.heart_beat: [], Worker.async_run: []}


def test_arq_is_the_release_that_was_read() -> None:
    assert arq.VERSION.startswith("0.28")


@pytest.mark.parametrize(
    ("method", "parameters"), (OVERRIDDEN | CALLED).items(), ids=lambda x: getattr(x, "__name__", "")
)
def test_what_the_worker_builds_on_has_the_signature_it_was_written_for(method: Any, parameters: list[str]) -> None:
    assert list(inspect.signature(method).parameters) == ["self", *parameters]
    assert inspect.iscoroutinefunction(method) or method is Worker.handle_sig


@pytest.mark.parametrize("name", [method.__name__ for method in OVERRIDDEN])
def test_what_the_worker_overrides_takes_what_arq_hands_it(name: str) -> None:
    theirs, ours = (list(inspect.signature(getattr(cls, name)).parameters) for cls in (Worker, StreamWorker))
    assert ours == theirs


def test_enqueueing_takes_all_that_arqs_takes() -> None:
    theirs, ours = (inspect.signature(cls.enqueue_job).parameters for cls in (ArqRedis, StreamRedis))
    assert [name for name in theirs if name not in ours] == []


def test_the_attributes_that_the_worker_reads_are_there() -> None:
    source = inspect.getsource(Worker.__init__)
    for attribute in (
        "tasks",
        "job_tasks",
        "job_counter",
        "allow_pick_jobs",
        "job_timeout_s",
        "functions",
        "main_task",
    ):
        assert f"self.{attribute}" in source
    assert {"name", "coroutine", "timeout_s", "max_tries"} <= set(Function.__dataclass_fields__)
    assert {"name", "coroutine"} <= set(CronJob.__dataclass_fields__)
    assert issubclass(RetryJob, RuntimeError)
