"""What operators see of a worker."""

import asyncio
import errno
import socket
from pathlib import Path

import httpx
import pytest
from arq import Retry
from starlette.applications import Starlette
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from app.domain.user import pseudonym
from app.domain.video import ProcessingStatus, new_video_id
from app.infra.worker_metrics import WorkerMetrics
from app.server.own_port import about_worker, answering
from app.usecases.worker_health import WorkerHealth
from devserver.ports import free_pair
from jobs.process_video import process_video
from tests.jobs.test_process_video import ctx, uploaded_file
from tests.parts.waiting import until
from tests.usecases.world import World


async def test_attempts_their_ends_frames_and_bytes_are_counted(world: World, tmp_path: Path, samples: Path):
    metrics = WorkerMetrics()
    (tmp_path / "cut.mp4").write_bytes((samples / "bikes.mp4").read_bytes()[:300_000])
    whole, cut = await uploaded_file(world, samples / "bikes.mp4"), await uploaded_file(world, tmp_path / "cut.mp4")
    for video in (whole, cut):
        await process_video(ctx(world, tmp_path, metrics=metrics), video)
    archive = (await world.row(whole)).archive
    assert archive is not None
    text = metrics.text().decode()
    for line in (
        "fiapx_attempts_total 2.0",
        "fiapx_lease_takeovers_total 0.0",
        'fiapx_attempts_ended_total{outcome="completed"} 1.0',
        'fiapx_attempts_ended_total{outcome="failed"} 1.0',
        'fiapx_videos_failed_total{code="CORRUPT_VIDEO"} 1.0',
        f"fiapx_frames_total {archive.frame_count:.1f}",
        f"fiapx_archive_bytes_total {float(archive.size_bytes)}",
        "fiapx_attempt_seconds_count 2.0",
    ):
        assert line in text


async def test_a_lease_that_ran_out_and_a_fault_are_counted(world: World, tmp_path: Path, samples: Path):
    metrics = WorkerMetrics()
    video = await uploaded_file(world, samples / "bikes.mp4")
    await world.claimed(video)
    world.clock.advance(16)  # Its holder died.
    world.storage.away = True
    with pytest.raises(Retry):
        await process_video(ctx(world, tmp_path, metrics=metrics), video)
    text = metrics.text().decode()
    assert "fiapx_lease_takeovers_total 1.0" in text
    assert 'fiapx_attempts_ended_total{outcome="fault"} 1.0' in text
    world.storage.away = False
    world.clock.advance(60)
    await process_video(ctx(world, tmp_path, metrics=metrics), video)  # It was given back, so nobody died.
    assert "fiapx_lease_takeovers_total 1.0" in metrics.text().decode()


@pytest.mark.slow
async def test_a_video_whose_workers_died_too_often_is_counted_as_failed(world: World, tmp_path: Path, samples: Path):
    metrics = WorkerMetrics()
    video = await uploaded_file(world, samples / "bikes.mp4")
    for _ in range(3):
        await world.claimed(video)
        world.clock.advance(16)
    for _ in range(2):  # The second delivery finds nothing to do.
        await process_video(ctx(world, tmp_path, metrics=metrics), video)
    assert (await world.row(video)).status is ProcessingStatus.FAILED
    assert 'fiapx_videos_failed_total{code="WORKER_LOST"} 1.0' in metrics.text().decode()


def about(metrics: WorkerMetrics) -> Starlette:
    return about_worker(metrics.text, WorkerHealth("this one"))


async def test_a_port_that_is_taken_ends_no_work():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        async with answering(about(WorkerMetrics()), "127.0.0.1", taken.getsockname()[1]):
            pass


async def test_a_worker_answers_on_a_port_of_its_own_and_without_one_not_at_all():
    metrics, port = WorkerMetrics(), free_pair()
    async with (
        answering(about(metrics), "127.0.0.1", port),
        httpx.AsyncClient(trust_env=False) as client,
    ):
        transport = httpx.AsyncHTTPTransport(retries=20)
        async with httpx.AsyncClient(transport=transport) as patient:
            assert (await patient.get(f"http://127.0.0.1:{port}/livez")).status_code == 200
        assert "fiapx_attempts_total 0.0" in (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    async with (
        answering(about(metrics), "127.0.0.1", None),
        httpx.AsyncClient(trust_env=False) as client,
    ):
        with pytest.raises(httpx.ConnectError):
            await client.get(f"http://127.0.0.1:{port}/livez")


async def test_a_worker_that_is_unfit_says_so_and_lives_until_it_has_ended():
    metrics, health, port = WorkerMetrics(), WorkerHealth("this one"), free_pair()
    metrics.tell_of(health)
    told = []
    async with (
        answering(about_worker(metrics.text, health), "127.0.0.1", port),
        httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(retries=20), base_url=f"http://127.0.0.1:{port}"
        ) as client,
    ):
        for videos in (0, 2, 3):
            for _ in range(videos):
                health.broke(new_video_id())
            states = [(await client.get(path)).status_code for path in ("/livez", "/readyz")]
            told.append((states, "fiapx_worker_unfit 1.0" in (await client.get("/metrics")).text))
            assert f"fiapx_worker_broken_in_a_row {float(videos)}" in (await client.get("/metrics")).text
            health.worked()
    assert told == [([200, 200], False), ([200, 200], False), ([200, 503], True)]


@pytest.mark.slow
async def test_who_asks_and_does_not_read_the_answer_keeps_no_worker_from_its_end():
    metrics, port, loop = WorkerMetrics(), free_pair(), asyncio.get_running_loop()
    for number in range(3):
        metrics.failures.labels(f"{number}" * 5_000_000).inc()  # More than both ends keep for each other.
    with socket.socket() as silent:
        silent.settimeout(0)
        async with (
            asyncio.timeout(30),
            answering(about(metrics), "127.0.0.1", port),
        ):
            await until(lambda: silent.connect_ex(("127.0.0.1", port)) in {0, errno.EISCONN})
            await loop.sock_sendall(silent, b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert (await loop.sock_recv(silent, 15)) == b"HTTP/1.1 200 OK"
            told_to_end = loop.time()
        assert loop.time() - told_to_end < 15


async def test_lines_of_an_attempt_name_video_attempt_and_user(world: World, tmp_path: Path, samples: Path):
    video = await uploaded_file(world, samples / "bikes.mp4")
    with capture_logs([merge_contextvars]) as lines:
        await process_video(ctx(world, tmp_path), video)
    owner = (await world.row(video)).owner
    assert {"attempt started", "attempt completed"} <= {line["event"] for line in lines}
    for line in lines:
        assert (line["video"], line["attempt"], line["user"]) == (video, 1, pseudonym(owner))
    assert owner not in repr(lines)
