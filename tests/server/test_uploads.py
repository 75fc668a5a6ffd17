"""How many files may be on their way in at once: the memory of a process has room for so many and no more."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest
import yaml

from app.domain.errors import DomainError, RateLimited, UploadIncomplete
from app.infra.s3.upload import MIB, PARTS_IN_FLIGHT, part_size
from app.server.metrics import Metrics
from app.server.uploads import READ_AHEAD, Incoming, Uploads
from app.settings import Settings
from app.usecases.ports.transactions import Transaction
from tests.parts.site import MP4, Person, Site, problem, running_site
from tests.parts.waiting import until
from tests.parts.wired import shipped

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
    """A site that takes two uploads of each user at once, and has memory for three."""
    settings = shipped(max_uploads_per_user=2, upload_memory_bytes=3 * READ_AHEAD + 64 * 1024)
    async with running_site(empty_database, tmp_path, settings=settings) as running:
        yield running


@asynccontextmanager
async def under_way(site: Site, person: Person, path: str = "/videos/upload") -> AsyncIterator[None]:
    """Hold an upload open in the middle of its file; let it end well with the block."""
    go_on = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield (FIELDS if path == "/graphql" else b"") + HEAD + MP4
        await go_on.wait()
        yield b"\r\n--b--\r\n"

    async def reservations() -> int:
        return await site.transactions.read(lambda t: t.reservations.count(person.id, site.clock.now()))

    async def one_more() -> bool:
        return await reservations() == before + 1

    before = await reservations()
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
async def test_a_process_has_memory_for_so_many_uploads_whosever_they_are(narrow: Site, path: str):
    async with narrow.person() as ana, narrow.person() as bruno:
        async with under_way(narrow, ana), under_way(narrow, ana), under_way(narrow, bruno):
            await refused(narrow, bruno, path)
            async with narrow.inside() as prometheus:
                assert 'fiapx_requests_rejected_total{reason="uploads"} 1.0' in (await prometheus.get("/metrics")).text
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

            async def reservations() -> int:
                return await narrow.transactions.read(lambda t: t.reservations.count(ana.id, narrow.clock.now()))

            async def no_reservation() -> bool:
                return await reservations() == 0

            await until(reservations)
            writer.transport.abort()
            await until(no_reservation)


def test_all_uploads_together_take_no_more_than_half_of_a_pods_memory():
    manifests = yaml.safe_load_all((Path(__file__).parents[2] / "k8s/base/webapi.yaml").read_text())
    (pod,) = [one["spec"]["template"]["spec"] for one in manifests if one["kind"] == "Deployment"]
    assert pod["containers"][0]["resources"]["limits"]["memory"] == "2Gi"
    parts = range(1, Settings.model_fields["max_inline_upload_bytes"].default // part_size(1) + 1)
    of_one = (PARTS_IN_FLIGHT + 1) * max(part_size(number) for number in parts)
    assert of_one == 15 * MIB
    assert 60 * of_one <= shipped().upload_memory_bytes <= 1024 * MIB


@asynccontextmanager
async def trickling(site: Site, person: Person, path: str) -> AsyncIterator[asyncio.Task[httpx.Response]]:
    """Begin an upload that never ends by itself; give its answer."""
    host, port = site.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    first = (FIELDS if path == "/graphql" else b"") + HEAD + MP4
    writer.write(
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {person.token}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        + b"%x\r\n%s\r\n" % (len(first), first)
    )

    async def drop() -> None:
        while True:
            writer.write(b"4\r\ndrop\r\n")
            await asyncio.sleep(0.05)

    async def answer() -> httpx.Response:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        status, *fields = head.rstrip().split("\r\n")
        headers = dict(field.split(": ", 1) for field in fields)
        body = await reader.readexactly(int(headers["content-length"]))
        return httpx.Response(int(status.split()[1]), headers=headers, content=body)

    dropping, answered = asyncio.create_task(drop()), asyncio.create_task(answer())
    try:
        yield answered
    finally:
        dropping.cancel()
        answered.cancel()
        writer.transport.abort()


async def all_under_way(site: Site, people: list[Person], count: int) -> None:
    async def counted() -> bool:
        async def step(t: Transaction) -> int:
            return sum([await t.reservations.count(one.id, site.clock.now()) for one in people])

        return await site.transactions.read(step) == count

    await until(counted)


@pytest.mark.parametrize("path", ["/videos/upload", "/graphql"])
async def test_who_trickles_with_many_accounts_keeps_nobody_out(empty_database: Path, tmp_path: Path, path: str):
    settings = shipped(upload_memory_bytes=8 * READ_AHEAD + 64 * 1024)
    async with running_site(empty_database, tmp_path, settings=settings) as site, AsyncExitStack() as exits:
        accounts = [await exits.enter_async_context(site.person()) for _ in range(4)]
        held = [await exits.enter_async_context(trickling(site, one, path)) for one in accounts for _ in range(2)]
        await all_under_way(site, accounts, 8)
        async with site.person() as bruno:
            await bruno.uploaded()
            (given_up,), _ = await asyncio.wait(held, return_when=asyncio.FIRST_COMPLETED, timeout=10)
            answer = given_up.result()
            assert (answer.status_code, answer.headers["retry-after"]) == (429, "10")
            if path == "/graphql":
                (error,) = answer.json()["errors"]
                assert error["extensions"] == {"code": "RATE_LIMITED", "retryAfterSeconds": 10}
            else:
                assert problem(answer) == {"status": 429, "code": "RATE_LIMITED"}


@pytest.mark.parametrize("path", ["/videos/upload", "/graphql"])
async def test_an_upload_that_takes_too_long_is_given_up(empty_database: Path, tmp_path: Path, path: str):
    settings = shipped(min_upload_bytes_per_second=0, upload_timeout_seconds=0.5)
    async with running_site(empty_database, tmp_path, settings=settings) as site, site.person() as ana:
        async with trickling(site, ana, path) as upload:
            answer = await upload
        assert answer.status_code == 400
        assert b"UPLOAD_INCOMPLETE" in answer.content
        assert b"took too long" in answer.content
        assert site.storage.objects == {}


def uploads(memory: int, **settings: int) -> Uploads:
    return Uploads(shipped(upload_memory_bytes=memory, **settings), Metrics())


async def piece(incoming: Incoming, size: int) -> None:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": bytes(size), "more_body": True}

    await incoming.take(receive, 30)


@pytest.mark.slow
async def test_who_needs_memory_waits_for_it_and_then_the_slowest_of_the_user_with_the_most_gives_up():
    everyone, ends = uploads(4 * READ_AHEAD + 1000), dict[str, DomainError | None]()
    all_begun = asyncio.Barrier(4)

    async def one(name: str, user: str, size: int) -> None:
        try:
            async with everyone.one_more(user, None) as incoming:
                await piece(incoming, size)
                await all_begun.wait()
                await piece(incoming, 1)  # There is no memory for it, until somebody gives up.
                ends[name] = None
        except DomainError as error:
            ends[name] = error

    async with asyncio.timeout(10):
        await asyncio.gather(
            one("small", "ana", 400), one("slowest", "ana", 300), one("other", "bruno", 200), one("last", "carla", 101)
        )
    assert isinstance(ends.pop("slowest"), RateLimited)
    assert set(ends.values()) == {None}
    assert (everyone.held, len(everyone)) == (0, 0)


async def test_the_least_rate_rises_with_what_is_held():
    everyone = uploads(100 * READ_AHEAD)
    assert everyone.least_rate == 1024
    async with everyone.one_more("ana", None) as incoming:
        await piece(incoming, 49 * READ_AHEAD)
        assert everyone.least_rate == 1024
        await piece(incoming, 25 * READ_AHEAD)
        assert everyone.least_rate == pytest.approx(8 * 1024)
        incoming.keeps(99 * READ_AHEAD)
        assert everyone.least_rate == 64 * 1024
        incoming.keeps(0)
        assert everyone.least_rate == 1024


async def test_a_rate_that_is_enough_usually_is_too_slow_when_the_memory_is_full():
    async def slowly() -> dict[str, object]:
        await asyncio.sleep(0.1)
        return {"type": "http.request", "body": bytes(500), "more_body": True}

    everyone = uploads(10 * READ_AHEAD)
    async with everyone.one_more("ana", None) as slow, everyone.one_more("bruno", None) as large:
        for _ in range(2):
            await slow.take(slowly, 0.2)
        large.keeps(7 * READ_AHEAD)
        await slow.take(slowly, 0.2)
        with pytest.raises(UploadIncomplete, match="too slowly"):
            await slow.take(slowly, 0.2)


async def test_what_has_arrived_whole_is_never_given_up_for_another():
    everyone = uploads(2 * READ_AHEAD)

    async def last() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async with everyone.one_more("ana", None) as first, everyone.one_more("ana", None) as second:
        for incoming in (first, second):
            await incoming.take(last, 30)
        with pytest.raises(RateLimited):
            async with everyone.one_more("bruno", None):
                pass
        assert first.why is second.why is None
