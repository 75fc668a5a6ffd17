"""A worker that is killed while it fetches a film from its link, with all that is real about it."""

import random
import signal
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from app.domain.options import ExtractionOptions
from app.domain.video_import import ImportStatus
from tests.faults.conftest import Stack
from tests.parts.film_server import FilmServer, serving
from tests.parts.waiting import until

MIB = 1024**2
FILM = b"\x00\x00\x00\x20ftypisom" + random.Random(3).randbytes(30 * MIB)
SETTINGS = {"FIAPX_IMPORT_LOOPBACK": "true", "FIAPX_LEASE_SECONDS": "3"}


async def test_another_worker_goes_on_where_a_killed_one_was_and_no_stored_part_comes_again(stack: Stack):
    imports, storage = replace(stack.service.services.do.imports, loopback=True), stack.service.services.storage
    async with serving(FilmServer(FILM, pause=0.15, piece=MIB)) as server:
        asked = await imports.create(stack.viewer, server.url(), ExtractionOptions())
        first = stack.start_worker(**SETTINGS)

        async def two_parts() -> bool:
            row = await stack.service.transactions.read(lambda t: t.imports.get(asked.id))
            upload = None if row is None else row.storage_upload_id
            return upload is not None and len(await storage.parts(f"sources/{asked.id}", upload)) >= 2

        await until(two_parts, 30)
        first.send_signal(signal.SIGKILL)
        first.wait()
        stack.workers.remove(first)
        server.pause = 0
        stack.start_worker(**SETTINGS)

        async def ended() -> bool:
            return (await imports.show(stack.viewer, asked.id)).status.final

        await until(ended, 40)
    found = await imports.show(stack.viewer, asked.id)
    assert (found.status, found.attempt, found.faults) == (ImportStatus.IMPORTED, 2, 1)
    begun, again = server.asked
    assert "range" not in begun.headers
    assert again.headers["range"] in {f"bytes={parts * 8 * MIB}-" for parts in (2, 3)}
    assert b"".join([piece async for piece in storage.read(f"sources/{asked.id}")]) == FILM
    assert await storage.abort_writes("", datetime.now(UTC) + timedelta(hours=1)) == 0
    assert (await stack.row(asked.id)).size_bytes == len(FILM)
