"""Where no way leads to the storage both clients send a film in one request, or say why they cannot."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from app.usecases.ports.storage import PartToSend
from devserver.ports import free_pair
from fiapx_client import AsyncFiapX, Progress
from tests.clients.conftest import FOLDER, node, running, stored
from tests.fakes.part_links import MemoryPartLinks
from tests.parts.http_line import HttpLine
from tests.parts.site import MAX_BYTES, MP4, Person, Site, running_site

TOO_LARGE = "This file is too large: 8 MiB are allowed."
LISTED = "{ videos { edges { node { id originalFileName } } } me { storedBytes } }"


class LinksToNobody(MemoryPartLinks):
    """Addresses at which nobody answers."""

    async def links(
        self, key: str, upload: str, parts: Sequence[PartToSend], now: datetime
    ) -> tuple[Sequence[str], datetime]:
        urls, until = await super().links(key, upload, parts, now)
        return [url.replace("https://files.example", f"http://127.0.0.1:{free_pair()}") for url in urls], until


@pytest.fixture
async def site(empty_database: Path, tmp_path: Path) -> AsyncIterator[Site]:
    async with running_site(empty_database, tmp_path, part_links=None) as site:
        yield site


def film(folder: Path, size: int) -> Path:
    path = folder / "férias de maio.mp4"
    path.write_bytes(MP4 + os.urandom(size - len(MP4)))
    return path


def programs(package: Path) -> Sequence[tuple[str, str]]:
    """The commands that send a film with the Python client, and with the TypeScript one."""
    return (sys.executable, str(FOLDER / "sending.py")), (node(), str(package / "resuming.mjs"))


async def sent(command: tuple[str, str], url: str, person: Person, path: Path) -> Mapping[str, Any]:
    """Send a film by a client; return its last word."""
    async with running(*command, url, person.token, str(path)) as program:
        while not {"id", "code"}.intersection(step := await program.step()):
            pass
        return step


async def test_where_parts_are_not_offered_a_film_comes_in_one_request(
    package: Path, site: Site, ana: Person, tmp_path: Path
):
    path = film(tmp_path, MAX_BYTES - 4096)
    for command in programs(package):
        upload = await sent(command, site.url, ana, path)
        assert upload["status"] == "PENDING"
        assert await stored(site, upload["id"]) == path.read_bytes()
    listed = (await ana.ask(LISTED))["videos"]["edges"]
    assert [edge["node"]["originalFileName"] for edge in listed] == [path.name] * 2


async def test_what_is_too_large_for_one_request_is_refused_before_a_byte_of_it_is_sent(
    package: Path, site: Site, ana: Person, tmp_path: Path
):
    path = film(tmp_path, MAX_BYTES + 1)
    async with HttpLine(site.url).open() as line:
        for command in programs(package):
            said = await sent(command, line.url, ana, path)
            sentences = f"Files cannot be sent in parts here; send it in one request. {TOO_LARGE}"
            assert (said["code"], said["message"]) == ("STAGING_UNAVAILABLE", sentences)
        assert line.sent_bytes < MAX_BYTES // 8


async def test_where_no_part_gets_through_the_typescript_client_sends_one_request_and_leaves_nothing_behind(
    package: Path, empty_database: Path, tmp_path: Path
):
    path = film(tmp_path, 100_000)
    (larger := tmp_path / "larger.mp4").write_bytes(MP4 + bytes(MAX_BYTES))
    async with (
        running_site(empty_database, tmp_path, part_links=LinksToNobody()) as site,
        site.person() as ana,
    ):
        _, typescript = programs(package)  # The Python one does so in test_python_client_waits.py.
        upload, said = await asyncio.gather(*(sent(typescript, site.url, ana, one) for one in (path, larger)))
        assert await stored(site, upload["id"]) == path.read_bytes()
        assert said["code"] == "STORAGE_UNREACHABLE"
        assert said["message"] == f"No part of this file got through to the storage. {TOO_LARGE}"
        assert (await ana.ask(LISTED))["me"]["storedBytes"] == path.stat().st_size


async def test_a_line_that_is_cut_makes_no_second_video(package: Path, site: Site, ana: Person, tmp_path: Path):
    path = film(tmp_path, 3 * 1024**2)
    async with HttpLine(site.url).open() as line:
        for command in programs(package):
            before = line.sent_bytes
            line.cut_at_sent = before + 2 * 1024**2
            upload = await sent(command, line.url, ana, path)
            assert line.sent_bytes - before > 5 * 1024**2
            assert await stored(site, upload["id"]) == path.read_bytes()
    assert len((await ana.ask(LISTED))["videos"]["edges"]) == 2


async def test_progress_rises_to_the_end_with_what_is_on_its_way(site: Site, ana: Person, tmp_path: Path):
    path, told = film(tmp_path, 3 * 1024**2), list[Progress]()
    async with AsyncFiapX(site.url, key=ana.token) as fiapx:
        await fiapx.upload(path, on_progress=told.append).done()
    bytes_told = [now.done_bytes for now in told]
    assert bytes_told == sorted(bytes_told)
    assert len(set(bytes_told)) > 10
    assert (told[-1].phase, told[-1].done_bytes) == ("completing", path.stat().st_size)
