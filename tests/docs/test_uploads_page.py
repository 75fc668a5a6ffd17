"""The program on the page about uploads in parts sends a film to the real storage, and goes on after a break."""

import asyncio
import base64
import json
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.parts.site import MP4, Person, Site
from tests.parts.site_fixtures import site_with_storage
from tests.parts.stores import S3Part

PAGE = (Path(__file__).parents[2] / "docs" / "uploads.md").read_text("utf-8")
PART = 8 * 1024**2


@pytest.fixture
async def site(empty_database: Path, tmp_path: Path, s3: S3Part, bucket: str) -> AsyncIterator[Site]:
    async with site_with_storage(empty_database, tmp_path, s3, bucket) as site:
        yield site


async def ran(folder: Path, site: Site, person: Person) -> tuple[int, str, str]:
    """Run the page's program on ``film.mp4``; return how it ended, and what it said."""
    (program,) = re.findall(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    (folder / "upload.py").write_text(program)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "upload.py",
        "film.mp4",
        cwd=folder,
        env={**os.environ, "API": site.url, "TOKEN": person.token, "NO_PROXY": "127.0.0.1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(60):
        said, cried = await process.communicate()
    return process.returncode or 0, said.decode(), cried.decode()


async def test_the_pages_program_sends_a_film_in_parts(site: Site, ana: Person, tmp_path: Path):
    film = MP4 + os.urandom(2 * PART)
    (tmp_path / "film.mp4").write_bytes(film)
    code, said, cried = await ran(tmp_path, site, ana)
    assert (code, cried) == (0, "")
    video = json.loads(said)
    assert video["status"] == "PENDING"
    stored = b"".join([piece async for piece in site.opened.storage.read(f"sources/{video['id']}")])
    assert stored == film


async def test_after_a_break_it_goes_on_where_it_was(site: Site, ana: Person, tmp_path: Path):
    film, file = MP4 + bytes(2 * PART), tmp_path / "film.mp4"
    file.write_bytes(film)
    fingerprint = f"film.mp4:{len(film)}:{file.stat().st_mtime_ns}"
    head = base64.b64encode(film[: 64 * 1024]).decode()
    described = {"fileName": "film.mp4", "sizeBytes": len(film), "firstBytes": head, "fingerprint": fingerprint}
    query = """mutation($input: CreateUploadInput!) {
      createUpload(input: $input) { ... on StagedUpload { id parts { url } } } }"""
    begun = (await ana.ask(query, input=described))["createUpload"]
    sent_before = os.urandom(PART)  # Told from what the program would send.
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.put(begun["parts"][1]["url"], content=sent_before)).status_code == 200
    code, said, cried = await ran(tmp_path, site, ana)
    assert (code, cried) == (0, "")
    assert json.loads(said)["id"] == begun["id"]
    stored = b"".join([piece async for piece in site.opened.storage.read(f"sources/{begun['id']}")])
    assert stored == film[:PART] + sent_before + film[2 * PART :]


async def test_what_the_program_is_refused_it_says_in_a_sentence(site: Site, ana: Person, tmp_path: Path):
    (tmp_path / "film.mp4").write_bytes(b"a letter" * 1000)
    code, said, cried = await ran(tmp_path, site, ana)
    assert (code, said) == (1, "")
    assert cried.startswith("UNSUPPORTED_FILE_FORMAT: This file is named .mp4 but its content is text.")
