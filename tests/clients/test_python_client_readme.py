"""The examples in the README of the Python client do what it says, and its words for options are the schema's."""

import asyncio
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import httpx
import pytest
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLSchema, build_schema

import fiapx_client
from app.domain.video import archive_key
from tests.clients.conftest import PYTHON, registered, stored
from tests.fakes.sources import MemorySources
from tests.parts.pictures import LAST, STILL, taken
from tests.parts.site import MP4, PASSWORD, ZIP, Site
from tests.parts.site_fixtures import site_with_storage
from tests.parts.stores import S3Part
from tests.parts.waiting import until
from tests.rest.batches import stored as stored_zip

README = (PYTHON / "README.md").read_text("utf-8")
EXAMPLES = dict(re.findall(r"^```python\n# (\w+\.py)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL))


@pytest.fixture
async def site(empty_database: Path, tmp_path: Path, s3: S3Part, bucket: str) -> AsyncIterator[Site]:
    async with site_with_storage(empty_database, tmp_path, s3, bucket) as site:
        yield site


@pytest.fixture
async def email(site: Site) -> str:
    return await registered(site)


async def begun(name: str, site: Site, email: str, folder: Path, *arguments: str) -> asyncio.subprocess.Process:
    """Run the README's example of this name, for this site and person."""
    code = EXAMPLES[name]
    assert "https://videos.example" in code
    code = code.replace("https://videos.example", site.url).replace("ana@example.com", email)
    (folder / name).write_text(code.replace("correct horse battery", PASSWORD), "utf-8")
    own = os.environ | {"PYTHONPATH": str(PYTHON / "src"), "NO_PROXY": "127.0.0.1"}
    return await asyncio.create_subprocess_exec(
        sys.executable, name, *arguments, cwd=folder, env=own, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


async def said(process: asyncio.subprocess.Process) -> str:
    async with asyncio.timeout(60):
        said, cried = await process.communicate()
    assert (process.returncode, cried) == (0, b""), cried.decode()
    return said.decode()


async def worked(site: Site, video: str, content: bytes = ZIP) -> None:
    """A worker takes the video and turns it into a ZIP."""
    held = await site.claimed(video)
    async with site.opened.storage.writer(archive_key(held.id, held.attempt), "application/zip") as writer:
        await writer.write(content)
    await site.finished(held, content)


async def sent(site: Site, email: str) -> str:
    """Somebody's video, sent by REST; give its id."""
    async with site.client() as client:
        signed_in = await client.post("/auth/login", json={"email": email, "password": PASSWORD})
        client.headers["Authorization"] = f"Bearer {signed_in.json()['access_token']}"
        video: httpx.Response = await client.post("/videos/upload", files={"file": ("a.mp4", MP4)})
    return str(video.json()["id"])


@pytest.mark.parametrize("name", ["send.py", "send_async.py"])
async def test_the_examples_send_a_film_and_fetch_its_frames(site: Site, email: str, tmp_path: Path, name: str):
    (tmp_path / "film.mp4").write_bytes(MP4 + os.urandom(2048))
    running = await begun(name, site, email, tmp_path)
    await until(lambda: site.queue.videos, 30)
    (video,) = site.queue.videos
    await worked(site, str(video))
    assert (await said(running)).split() == [str(video), "COMPLETED"]
    assert await stored(site, str(video)) == (tmp_path / "film.mp4").read_bytes()
    assert (tmp_path / "frames.zip").read_bytes() == ZIP


async def test_the_example_pauses_goes_on_and_tells_how_far_it_is(site: Site, email: str, tmp_path: Path):
    (tmp_path / "film.mp4").write_bytes(MP4 + os.urandom(2048))
    lines = (await said(await begun("pause.py", site, email, tmp_path))).splitlines()
    size = (tmp_path / "film.mp4").stat().st_size
    assert f"completing {size} of {size} " in lines
    assert lines[-1].startswith("It is ")


async def test_the_example_watches_to_the_end(site: Site, email: str, tmp_path: Path):
    video = await sent(site, email)
    watching = await begun("watch.py", site, email, tmp_path, video)
    assert watching.stdout is not None
    async with asyncio.timeout(30):
        assert await watching.stdout.readline() == b"PENDING 0\n"
    await worked(site, video)
    assert (await said(watching)).splitlines()[-1] == "COMPLETED 100"


async def test_the_example_imports_a_film_from_its_link_and_follows_it_to_the_end(
    site: Site, email: str, tmp_path: Path
):
    running = await begun("import.py", site, email, tmp_path)
    assert running.stdout is not None
    async with asyncio.timeout(30):
        assert await running.stdout.readline() == b"WAITING 0 of None\n"
    (film,) = site.queue.imports
    assert await site.fetch_import(MemorySources(holiday=MP4))(film) is None
    assert site.queue.videos == [film]
    await worked(site, film)
    lines = (await said(running)).splitlines()
    assert lines[-2:] == [f"IMPORTED {len(MP4)} of {len(MP4)}", "COMPLETED"]


async def test_the_example_downloads_and_tells_how_far_it_is(site: Site, email: str, tmp_path: Path):
    video = await sent(site, email)
    await worked(site, video)
    lines = (await said(await begun("download.py", site, email, tmp_path, video))).splitlines()
    assert lines[-1] == f"checking {len(ZIP)} of {len(ZIP)}"
    assert (tmp_path / "frames.zip").read_bytes() == ZIP


async def test_the_example_fills_a_batch_and_fetches_all_of_it(site: Site, email: str, tmp_path: Path):
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).write_bytes(MP4 + os.urandom(2048))
    running = await begun("batch.py", site, email, tmp_path, "a.mp4", "b.mp4")
    for number in range(2):
        await until(lambda number=number: len(site.queue.videos) > number, 30)  # type: ignore[misc]
        await worked(site, str(site.queue.videos[number]), stored_zip(("frame.jpg", b"a picture")))
    assert await said(running) == "COMPLETED 2 of 2\n"
    with zipfile.ZipFile(tmp_path / "monday.zip") as archive:
        assert sorted(archive.namelist()) == ["a/frame.jpg", "b/frame.jpg"]


async def test_the_example_lists_pictures_and_fetches_one(site: Site, email: str, tmp_path: Path):
    video = await sent(site, email)
    await taken(site, video)
    lines = (await said(await begun("pictures.py", site, email, tmp_path, video))).splitlines()
    assert lines[2] == f"3 2.0 frame_000003_00-00-02.000.jpg {len(LAST.data)}"
    assert len(lines) == 3
    assert (tmp_path / "frame_000002_00-00-00.000.jpg").read_bytes() == STILL.data


async def test_the_example_of_what_is_refused_says_code_and_sentence(site: Site, email: str, tmp_path: Path):
    (tmp_path / "letter.mp4").write_bytes(b"Dear Ana")
    told = await said(await begun("refused.py", site, email, tmp_path))
    assert told.startswith("UNSUPPORTED_FILE_FORMAT This file is named .mp4 but its content is text.")


def test_each_example_is_run():
    source = Path(__file__).read_text("utf-8")
    assert [name for name in EXAMPLES if f'"{name}"' not in source] == []
    assert README.count("```python") == len(EXAMPLES)


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema((PYTHON.parents[1] / "schema.graphql").read_text("utf-8"))


@pytest.mark.parametrize("name", ["ExtractionOptions", "FrameSelection"])
def test_options_have_the_fields_of_the_schema(schema: GraphQLSchema, name: str):
    of_schema = schema.type_map[f"{name}Input"]
    assert isinstance(of_schema, GraphQLInputObjectType)
    assert set(get_type_hints(getattr(fiapx_client, name))) == set(of_schema.fields)


@pytest.mark.parametrize("name", ["BatchStatus", "ImageFormat", "ImportStatus", "ProcessingStatus", "Scope"])
def test_words_are_those_of_the_schema(schema: GraphQLSchema, name: str):
    of_schema: Any = schema.type_map[name]
    assert isinstance(of_schema, GraphQLEnumType)
    assert set(get_args(getattr(fiapx_client, name))) == set(of_schema.values)
