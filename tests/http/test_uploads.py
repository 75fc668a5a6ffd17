"""How many files may be on their way in at once: the memory of a process has room for so many and no more."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
import yaml

from app.http.policy import Policy
from app.infra.s3.upload import MIB, PARTS_IN_FLIGHT, part_size
from app.settings import Settings
from tests.parts.site import MP4, Person, Site, running_site
from tests.parts.waiting import until

HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'
MULTIPART = {"Content-Type": "multipart/form-data; boundary=b"}
OPERATIONS = json.dumps(
    {
        "query": "mutation($file: Upload!) { uploadVideo(file: $file) "
        "{ __typename ... on Problem { code retryAfterSeconds } } }",
        "variables": {"file": None},
    }
)
FIELDS = (
    f'--b\r\nContent-Disposition: form-data; name="operations"\r\n\r\n{OPERATIONS}\r\n'
    '--b\r\nContent-Disposition: form-data; name="map"\r\n\r\n{"file": ["variables.file"]}\r\n'
).encode()


@pytest.fixture
async def narrow(empty_database: Path, tmp_path: Path) -> AsyncIterator[Site]:
    """A site that takes two uploads of each user at once, and three of all."""
    async with running_site(empty_database, tmp_path, policy=Policy(max_uploads_per_user=2, max_uploads=3)) as running:
        yield running


@asynccontextmanager
async def under_way(site: Site, person: Person, path: str = "/videos/upload") -> AsyncIterator[None]:
    """Hold an upload open in the middle of its file; let it end well with the block."""
    go_on = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield (FIELDS if path == "/graphql" else b"") + HEAD + MP4
        await go_on.wait()
        yield b"\r\n--b--\r\n"

    async def intakes() -> int:
        return await site.transactions.read(lambda t: t.intakes.count(person.id, site.clock.now()))

    async def one_more() -> bool:
        return await intakes() == before + 1

    before = await intakes()
    upload = asyncio.create_task(person.http.post(path, content=slowly(), headers=MULTIPART))
    await until(one_more)
    yield
    go_on.set()
    assert (await upload).status_code == (200 if path == "/graphql" else 202)


async def refused(site: Site, person: Person, path: str = "/videos/upload") -> bytes:
    """Give the answer to an upload of whose file not one byte was sent."""
    host, port = site.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {person.token}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 5000000\r\n\r\n".encode()
        + (FIELDS if path == "/graphql" else b"")
        + HEAD
    )
    try:
        async with asyncio.timeout(5):
            return await reader.readuntil(b"RATE_LIMITED") + await reader.readuntil(b"}")
    finally:
        writer.transport.abort()


@pytest.mark.parametrize("path", ["/videos/upload", "/graphql"])
async def test_a_user_has_so_many_uploads_under_way_and_one_more_is_refused_unread(narrow: Site, path: str):
    async with narrow.person() as ana, narrow.person() as bruno:
        async with under_way(narrow, ana), under_way(narrow, ana, "/graphql"):
            answer = await refused(narrow, ana, path)
            if path == "/graphql":
                assert b'"retryAfterSeconds":10' in answer
            else:
                assert answer.startswith(b"HTTP/1.1 429 ")
                assert b"\r\nretry-after: 10\r\n" in answer.lower()
            async with under_way(narrow, bruno, path):
                pass
        async with under_way(narrow, ana, path), under_way(narrow, ana, path):
            pass


@pytest.mark.parametrize("path", ["/videos/upload", "/graphql"])
async def test_a_process_has_so_many_uploads_under_way_whosever_they_are(narrow: Site, path: str):
    async with narrow.person() as ana, narrow.person() as bruno:
        async with under_way(narrow, ana), under_way(narrow, ana), under_way(narrow, bruno):
            await refused(narrow, bruno, path)
            async with httpx.AsyncClient(base_url=narrow.url, trust_env=False) as prometheus:
                assert 'fiapx_refusals_total{reason="uploads"} 1.0' in (await prometheus.get("/metrics")).text
        async with under_way(narrow, bruno, path), under_way(narrow, bruno, path):
            pass


async def test_an_upload_that_is_cut_off_gives_its_place_back(narrow: Site):
    async with narrow.person() as ana:
        host, port = narrow.url.removeprefix("http://").split(":")
        for _ in range(4):
            _, writer = await asyncio.open_connection(host, int(port))
            writer.write(
                f"POST /videos/upload HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {ana.token}\r\n"
                "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 5000000\r\n\r\n".encode()
                + HEAD
                + MP4
            )

            async def intakes() -> int:
                return await narrow.transactions.read(lambda t: t.intakes.count(ana.id, narrow.clock.now()))

            async def no_intake() -> bool:
                return await intakes() == 0

            await until(intakes)
            writer.transport.abort()
            await until(no_intake)


def test_all_uploads_together_take_no_more_than_half_of_a_pods_memory():
    manifests = yaml.safe_load_all((Path(__file__).parents[2] / "k8s/base/webapi.yaml").read_text())
    (pod,) = [one["spec"]["template"]["spec"] for one in manifests if one["kind"] == "Deployment"]
    assert pod["containers"][0]["resources"]["limits"]["memory"] == "2Gi"
    parts = range(1, Settings.model_fields["max_inline_upload_bytes"].default // part_size(1) + 1)
    of_one = (PARTS_IN_FLIGHT + 1) * max(part_size(number) for number in parts)
    assert of_one == 15 * MIB
    assert Policy().max_uploads * of_one <= 1024 * MIB
