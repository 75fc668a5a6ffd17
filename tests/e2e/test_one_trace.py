"""One video, one trace: from the client's request through API, stream, row and worker to the mail, on real parts."""

import asyncio
import email
import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from email import policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import redis
from sqlalchemy import text

from app.domain.user import pseudonym
from app.infra.redis.queue import VIDEO_QUEUE
from app.infra.redis.scripts import queue_keys
from app.infra.sql.engine import engine_for
from app.infra.sql.migrate import migrate
from devserver.ports import free_pair
from tests.parts.known_secrets import remember
from tests.parts.otlp import SeenSpan, collecting
from tests.parts.stores import S3Part, SmtpSinkPart
from tests.parts.waiting import until

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery"
FILE_NAME = "aniversario-da-marta.mp4"
BROKEN = b"\x00\x00\x00\x20ftypisom" + bytes(range(256)) * 8
TRACE, CLIENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


class Deployment:
    """The service's processes on the stores of a test, each with a log of its own."""

    def __init__(self, environment: dict[str, str], folder: Path, mail: Path) -> None:
        self.environment, self.folder, self.mail = environment, folder, mail
        self.url = f"http://127.0.0.1:{environment['FIAPX_PORT']}"
        self.database = environment["FIAPX_DATABASE_URL"]
        self._running: list[subprocess.Popen[bytes]] = []

    def start(self, command: str) -> None:
        with (self.folder / f"{command}.log").open("ab") as log:
            arguments = [sys.executable, "-m", "app.cli", command]
            environment = os.environ | self.environment
            self._running.append(subprocess.Popen(arguments, cwd=ROOT, env=environment, stdout=log, stderr=log))

    def end(self) -> None:
        """End all of them, in good order: so they send what they still hold."""
        for process in self._running:
            process.send_signal(signal.SIGTERM)
        assert {process.wait(20) for process in self._running} <= {0, -signal.SIGTERM}
        self._running.clear()

    def lines(self, command: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / f"{command}.log").read_text().splitlines()]

    async def traceparents(self, table: str) -> list[str]:
        engine = engine_for(self.database)
        async with engine.connect() as connection:
            rows = await connection.execute(text(f"SELECT traceparent FROM {table}"))
            found = list(rows.scalars())
        await engine.dispose()
        return found

    async def mail_to(self, address: str) -> EmailMessage:
        def arrived() -> list[Path]:
            return [mail for mail in self.mail.rglob("*.eml") if address.encode() in mail.read_bytes()]

        await until(arrived, 60)
        return email.message_from_bytes(arrived()[0].read_bytes(), policy=policy.default)


@pytest.fixture
async def deployment(
    redis_url: str, s3: S3Part, bucket: str, smtp_sink: SmtpSinkPart, tmp_path: Path
) -> AsyncIterator[Callable[..., Deployment]]:
    made: list[Deployment] = []
    database = f"sqlite+aiosqlite:///{tmp_path}/fiapx.db"
    await migrate(database)

    def deployed(**settings: str) -> Deployment:
        keys = secrets.token_hex(32), secrets.token_hex(32)
        remember(*keys)
        environment = {
            "FIAPX_DATABASE_URL": database,
            "FIAPX_REDIS_URL": redis_url,
            "FIAPX_S3_URL": s3.url,
            "FIAPX_S3_BUCKET": bucket,
            "FIAPX_S3_ACCESS_KEY": s3.access_key,
            "FIAPX_S3_SECRET_KEY": s3.secret_key,
            "FIAPX_SMTP_URL": smtp_sink.url,
            "FIAPX_VERIFY_EMAIL": "false",
            "FIAPX_JWT_SECRET": keys[0],
            "FIAPX_LINK_SECRET": keys[1],
            "FIAPX_WORK_DIR": str(tmp_path),
            "FIAPX_PORT": str(free_pair()),
            "NO_PROXY": "127.0.0.1",
        }
        made.append(Deployment(environment | settings, tmp_path, smtp_sink.folder))
        return made[-1]

    yield deployed
    for one in made:
        one.end()


async def uploaded(url: str, traceparent: str | None) -> tuple[dict[str, Any], str, str]:
    """Send a broken video as a new user; give who that is, the video's id and all that is secret or personal."""
    address = f"{uuid4().hex}@example.com"
    async with httpx.AsyncClient(base_url=url, timeout=30, trust_env=False) as client:

        async def ready() -> bool:
            try:
                return (await client.get("/readyz")).status_code == 200
            except httpx.TransportError:
                return False

        await until(ready, 60)
        account = {"name": "Marta", "email": address, "password": PASSWORD}
        user = (await client.post("/auth/register", json=account)).raise_for_status().json()
        token = (await client.post("/auth/login", json=account)).raise_for_status().json()["access_token"]
        headers = {"Authorization": f"Bearer {token}", "X-Request-Id": "request-of-marta"}
        if traceparent is not None:
            headers["traceparent"] = traceparent
        answer = await client.post("/videos/upload", files={"file": (FILE_NAME, BROKEN)}, headers=headers)
        assert answer.status_code == 202, answer.text
        return user, answer.json()["id"], token


JOBS = queue_keys(VIDEO_QUEUE)[5]


def jobs(redis_url: str) -> dict[str, dict[str, str]]:
    with redis.Redis.from_url(redis_url) as operator:
        found: Any = operator.hgetall(JOBS)
    return {job.decode(): json.loads(told) for job, told in found.items()}


async def followed(run: Deployment, redis_url: str, traceparent: str | None) -> tuple[str, str]:
    """See that one trace goes all the way; give its id, and the span of the attempt as its mail has it."""
    run.start("api")
    user, video, token = await uploaded(run.url, traceparent)

    waiting = jobs(redis_url)  # No worker runs yet.
    assert list(waiting) == [video]
    _, trace_id, _, flags = waiting[video]["trace"].split("-")
    assert (await run.traceparents("video_processings"))[0].split("-")[1] == trace_id
    (queued,) = [line for line in run.lines("api") if line["event"] == "video queued"]
    assert queued["request_id"] == "request-of-marta"
    assert (queued["trace_id"], queued["video"], queued["user"]) == (trace_id, video, pseudonym(user["id"]))

    run.start("worker")
    mail = await run.mail_to(user["email"])
    assert (await run.traceparents("notifications"))[0].split("-")[1] == trace_id
    assert mail["traceparent"].split("-")[1] == trace_id
    told = [line for line in run.lines("worker") if line.get("video") == video]
    assert [line["event"] for line in told] == ["attempt started", "attempt failed"]
    for line in told:
        assert (line["trace_id"], line["user"], line["attempt"]) == (trace_id, pseudonym(user["id"]), 1)
    await asyncio.to_thread(run.end)  # Meanwhile the collector takes what they still hold.
    assert not jobs(redis_url), "what is known of a job goes with it"

    said = json.dumps([run.lines("api"), run.lines("worker")])
    for secret in (token, PASSWORD, user["id"], user["email"], FILE_NAME):
        assert secret not in said
    return trace_id, flags


async def test_api_stream_row_worker_and_mail_share_the_clients_trace_and_a_collector_sees_it_whole(
    deployment: Callable[..., Deployment], redis_url: str
):
    async with collecting() as collector:
        # A worker that starts slowly would else find its video queued once more, by whoever sweeps.
        run = deployment(FIAPX_OTLP_ENDPOINT=collector.endpoint, FIAPX_SWEEP_SECONDS="600")
        # The client says "not sampled": that is for us to decide.
        trace_id, flags = await asyncio.wait_for(followed(run, redis_url, f"00-{TRACE}-{CLIENT}-00"), 120)
        assert (trace_id, flags) == (TRACE, "01")
        spans = collector.of_trace(TRACE)

    def only(service: str, name: str) -> SeenSpan:
        (found,) = [span for span in spans if (span.service, span.name) == (service, name)]
        return found

    api, worker = "fiapx-webapi", "fiapx-processamento"
    request, attempt = only(api, "POST /videos/upload"), only(worker, "process video")
    assert (request.parent, request.kind, request.attributes["http.response.status_code"]) == (CLIENT, "SERVER", "202")
    assert request.attributes["fiapx.request"] == "request-of-marta"
    assert only(api, "S3/PutObject").parent == request.id
    enqueued = only(api, "enqueue process_video")
    assert (enqueued.parent, enqueued.kind) == (request.id, "PRODUCER")
    assert (attempt.parent, attempt.kind) == (enqueued.id, "CONSUMER")
    assert (attempt.attributes["fiapx.attempt"], attempt.attributes["fiapx.failure"]) == ("1", "CORRUPT_VIDEO")
    download = only(worker, "download source")
    assert download.parent == attempt.id
    assert (only(worker, "S3/GetObject").parent, only(worker, "S3/GetObject").kind) == (download.id, "CLIENT")
    assert (only(worker, "inspect video").parent, only(worker, "inspect video").failed) == (attempt.id, True)
    assert only(worker, "send mail").parent == attempt.id

    ids = {span.id for span in spans} | {CLIENT}
    assert {span.parent for span in spans} <= ids
    told = "".join(span.text for span in spans)
    for personal in (FILE_NAME, "example.com", "Marta", "sources/", "X-Amz", "http://"):
        assert personal not in told


async def test_without_an_endpoint_nothing_is_sent_and_one_trace_is_followed_all_the_same(
    deployment: Callable[..., Deployment], redis_url: str
):
    async with collecting() as collector:
        # OpenTelemetry's own variable alone switches nothing on.
        run = deployment(OTEL_EXPORTER_OTLP_ENDPOINT=collector.endpoint)
        trace_id, flags = await asyncio.wait_for(followed(run, redis_url, None), 120)
        assert collector.spans == []
    assert len(trace_id) == 32
    assert int(trace_id, 16)
    assert flags == "00"
