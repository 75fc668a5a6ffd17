"""An API that is killed between the storage's completion of an upload in parts and the row that records it."""

import asyncio
import base64
import os
import signal
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from app.domain.video import ProcessingStatus, VideoId
from tests.clips import Clips
from tests.faults.conftest import Stack
from tests.faults.test_draining_api import running_api
from tests.parts.waiting import until

OPERATIONS = Path(__file__).parents[2] / "operations"
ACCOUNT = {"email": "ana@example.com", "password": "correct horse battery"}


async def signed_in(client: httpx.AsyncClient) -> None:
    answer = await client.post("/auth/login", json=ACCOUNT)
    client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


async def asked(client: httpx.AsyncClient, operation: str, **variables: object) -> Any:
    query = (OPERATIONS / f"{operation}.graphql").read_text("utf-8")
    answer = await client.post("/graphql", json={"query": query, "variables": variables})
    (found,) = answer.json()["data"].values()
    return found


async def test_what_it_did_not_record_is_completed_again_as_one_processing(stack: Stack, clips: Clips, tmp_path: Path):
    film, storage = clips.short.read_bytes(), stack.service.services.storage
    there = {"FIAPX_S3_UPLOAD_URL": stack.environment["FIAPX_S3_URL"]}
    async with running_api(stack, tmp_path, exit_code=-signal.SIGKILL, **there) as (client, process):
        await signed_in(client)
        head = base64.b64encode(film[: 64 * 1024]).decode()
        described = {"fileName": "a.mp4", "sizeBytes": len(film), "firstBytes": head}
        upload = await asked(client, "create-upload", input=described)
        async with httpx.AsyncClient(trust_env=False) as sender:
            assert (await sender.put(upload["parts"][0]["url"], content=film)).status_code == 200
        with closing(sqlite3.connect(tmp_path / "fiapx.db")) as database:
            database.execute("BEGIN IMMEDIATE")  # Nobody else writes while this lasts.
            completing = asyncio.ensure_future(asked(client, "complete-upload", id=upload["id"]))

            async def stored() -> bool:
                return await storage.stat(f"sources/{upload['id']}") is not None

            await until(stored, 20)
            os.kill(process, signal.SIGKILL)
            await asyncio.gather(completing, return_exceptions=True)
            database.rollback()
        assert isinstance(completing.exception(), httpx.TransportError)
    async with running_api(stack, tmp_path, exit_code=-signal.SIGKILL, **there) as (client, process):
        await signed_in(client)
        shown = await asked(client, "refresh-upload", id=upload["id"])
        assert [part["done"] for part in shown["parts"]] == [True]
        answers = await asyncio.gather(*(asked(client, "complete-upload", id=upload["id"]) for _ in range(10)))
        assert {answer["id"] for answer in answers} == {upload["id"]}
        os.kill(process, signal.SIGKILL)
    stack.start_worker()
    done = await stack.until(VideoId(upload["id"]), lambda row: row.status.final, 60)
    assert done.status is ProcessingStatus.COMPLETED
    assert [one.key async for one in storage.list("sources/")] == [f"sources/{upload['id']}"]
    assert await storage.abort_writes("", datetime.now(UTC) + timedelta(hours=1)) == 0
