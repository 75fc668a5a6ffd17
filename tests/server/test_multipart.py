"""multipart/form-data from clients that are slow, gone, mistaken or hostile."""

import asyncio
import time
from collections.abc import AsyncIterator

import pytest
from starlette.requests import Request
from starlette.types import Message

from app.domain.errors import UploadIncomplete
from app.server.metrics import Metrics
from app.server.multipart import Multipart
from app.server.uploads import Incoming, Uploads
from tests.parts.site import MP4, Person, Site, problem
from tests.parts.waiting import until
from tests.parts.wired import shipped

HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n'
TAIL = b"\r\n--b--\r\n"


def alone(bytes_per_second: int) -> Incoming:
    """The only upload of a process that wants so many bytes a second at least."""
    return Incoming(Uploads(shipped(min_upload_bytes_per_second=bytes_per_second), Metrics()), "ana")


async def post(person: Person, body: bytes | AsyncIterator[bytes], kind: str = "multipart/form-data; boundary=b"):
    return await person.http.post("/videos/upload", content=body, headers={"Content-Type": kind})


def field(name: str, value: bytes) -> bytes:
    return f'--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + value + b"\r\n"


async def accepted(site: Site) -> bytes:
    (only,) = site.storage.objects.values()
    return only.data


@pytest.mark.parametrize("piece", [1, 7, 64, 4096])
async def test_a_file_arrives_whole_however_it_is_cut(site: Site, ana: Person, piece: int):
    content = MP4[:900] + b"\r\n--b\r-\r\n--\r\r\n\r\n--" + bytes(200)  # Nearly boundaries, but none.
    body = field("note", b"hello") + HEAD + content + TAIL

    async def pieces() -> AsyncIterator[bytes]:
        for at in range(0, len(body), piece):
            yield body[at : at + piece]

    assert (await post(ana, pieces())).status_code == 202
    assert await accepted(site) == content


async def test_what_stands_around_the_file_is_read_over(site: Site, ana: Person):
    body = field("before", b"1") + HEAD + MP4 + b"\r\n" + field("after", b"2") + b"--b--\r\nan epilogue"
    assert (await post(ana, body)).status_code == 202
    assert await accepted(site) == MP4


@pytest.mark.parametrize(
    "body",
    [
        HEAD + MP4,
        HEAD + MP4 + b"\r\n--b",
        HEAD + MP4 + b"\r\n--b\r\n",
        HEAD[:40],
        b"",
        b"--b\r\n",
        field("note", b"x")[:-2],
    ],
)
async def test_a_body_that_ends_early_is_incomplete_and_nothing_is_kept(site: Site, ana: Person, body: bytes):
    assert problem(await post(ana, body)) == {"status": 400, "code": "UPLOAD_INCOMPLETE"}
    assert site.storage.objects == {}


@pytest.mark.parametrize(
    "body",
    [
        b"no boundary at all" * 9,
        b"--c\r\n\r\n",
        b"--b\r\n\r\nno headers" + TAIL,
        b"--b\r\nContent-Disposition: form-data\r\n\r\nx" + TAIL,
        b'--b\r\nContent-Disposition: form-data; filename="a.mp4"\r\n\r\n' + MP4 + TAIL,
        b"--b\r\nBad header\r\n\r\nx" + TAIL,
        b"--b\r\nX: " + b"y" * 5000 + b"\r\n\r\nx" + TAIL,
        b"--b\r\n" + b"X: y\r\n" * 9 + b"\r\nx" + TAIL,
        field("note", b"x" * 70_000) + HEAD + MP4 + TAIL,
        b"".join(field(str(number), b"") for number in range(20)) + HEAD + MP4 + TAIL,
        HEAD.replace(b'"file"', b'"video"') + MP4 + TAIL,
        field("file", MP4) + b"--b--\r\n",
        HEAD.replace(b"a.mp4", b"") + MP4 + TAIL,
        HEAD + MP4 + b"\r\n" + HEAD + MP4 + TAIL,
        b"--b--\r\n",
    ],
)
async def test_a_malformed_body_is_a_bad_request_and_nothing_is_kept(site: Site, ana: Person, body: bytes):
    answer = problem(await post(ana, body))
    assert (answer["status"], answer["code"]) == (400, "INVALID_INPUT")
    assert site.storage.objects == {}


@pytest.mark.parametrize(
    "kind",
    [
        "application/json",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=" + "b" * 300,
    ],
)
async def test_another_kind_of_body_is_a_bad_request(ana: Person, kind: str):
    assert problem(await post(ana, HEAD + MP4 + TAIL, kind))["status"] == 400


async def test_a_client_that_goes_away_leaves_no_video_and_no_place_taken(site: Site, ana: Person):
    host, port = site.url.removeprefix("http://").split(":")
    _, writer = await asyncio.open_connection(host, int(port))
    head = (
        f"POST /videos/upload HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {ana.token}\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n"
    )
    writer.write(head.encode() + HEAD + MP4)
    await writer.drain()

    async def places() -> int:
        return await site.transactions.read(lambda t: t.reservations.count(ana.id, site.clock.now()))

    await until(places)
    writer.transport.abort()

    async def none_taken() -> bool:
        return await places() == 0

    await until(none_taken)
    assert site.storage.objects == {}
    assert (await ana.http.get("/videos")).json()["items"] == []


async def test_a_slow_storage_slows_its_client_down(site: Site, ana: Person):
    """Nothing but the sockets' own buffers is read ahead of the storage."""
    sent = 0
    site.storage.flows.clear()

    async def pieces() -> AsyncIterator[bytes]:
        nonlocal sent
        yield HEAD + MP4
        for _ in range(7 * 1024):
            sent += 1024
            yield b"\0" * 1024
        yield TAIL

    upload = asyncio.create_task(post(ana, pieces()))
    seen = -1
    while sent == 0 or seen != sent:  # Until it has begun and a fifth of a second passes without a byte.
        seen = sent
        await asyncio.sleep(0.2)
    assert 0 < sent < 7 * 1024**2
    site.storage.flows.set()
    assert (await upload).status_code == 202


async def test_an_early_refusal_reaches_a_client_that_is_still_sending(site: Site):
    async with site.client(timeout=20) as stranger:
        began = time.monotonic()
        answer = await stranger.post("/videos/upload", files={"file": ("a.mp4", bytes(3 * 1024**2))})
        assert problem(answer) == {"status": 401, "code": "UNAUTHENTICATED"}
        assert answer.headers["connection"] == "close"
        assert time.monotonic() - began < 5


async def test_a_client_that_waits_for_leave_is_refused_before_it_sends(site: Site, ana: Person):
    host, port = site.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(
        f"POST /videos/upload HTTP/1.1\r\nHost: {host}\r\nExpect: 100-continue\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n\r\n".encode()
    )
    async with asyncio.timeout(1.5):
        answer = await reader.read()
    assert answer.startswith(b"HTTP/1.1 401 ")
    writer.close()


async def test_a_connection_lives_on_after_an_upload(ana: Person):
    for _ in range(3):
        answer = await post(ana, HEAD + MP4 + TAIL)
        assert (answer.status_code, answer.headers.get("connection")) == (202, None)


def arriving(seconds: float, piece: bytes, begin: bytes = b"") -> Request:
    """Give a request whose file, after its beginning, arrives in such pieces, so many seconds apart, without end."""
    begun = False

    async def receive() -> Message:
        nonlocal begun
        await asyncio.sleep(seconds if begun else 0)
        body, begun = piece if begun else HEAD + begin, True
        return {"type": "http.request", "body": body, "more_body": True}

    headers = [(b"content-type", b"multipart/form-data; boundary=b")]
    return Request({"type": "http", "method": "POST", "headers": headers}, receive)


async def read(form: Multipart, most: int) -> int:
    """Read the file until it is given up, or until so much has come."""
    part = await form.next_part()
    assert part is not None
    came = 0
    async for chunk in part:
        came += len(chunk)
        if came >= most:
            break
    return came


async def test_a_file_that_only_trickles_is_given_up():
    form = Multipart(arriving(0.02, b"x"), alone(1000), idle_seconds=0.2)
    with pytest.raises(UploadIncomplete, match="too slowly"):
        async with asyncio.timeout(5):
            await read(form, 10_000)


async def test_a_fast_beginning_buys_no_slow_end():
    form = Multipart(arriving(0.02, b"x", begin=bytes(1_000_000)), alone(1000), idle_seconds=0.2)
    with pytest.raises(UploadIncomplete, match="too slowly"):
        async with asyncio.timeout(5):
            await read(form, 2_000_000)


async def test_a_file_that_comes_fast_enough_is_read_on():
    form = Multipart(arriving(0.02, bytes(100)), alone(1000), idle_seconds=0.2)
    assert await read(form, 5000) >= 5000


async def test_only_the_time_that_we_wait_for_the_client_counts():
    form = Multipart(arriving(0, bytes(10)), alone(1_000_000), idle_seconds=0.05)
    part = await form.next_part()
    assert part is not None
    came = 0
    async for chunk in part:  # A storage that takes its time.
        came += len(chunk)
        await asyncio.sleep(0.02)
        if came >= 100:
            break


@pytest.mark.parametrize("path", ["/videos/upload", "/graphql"])
async def test_who_sends_far_too_much_before_listening_still_reads_why_not(site: Site, path: str):
    size = 200 * 1024**2
    host, port = site.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: multipart/form-data; boundary=b\r\n"
        f"GraphQL-Require-Preflight: 1\r\nContent-Length: {size}\r\n\r\n"
    )
    writer.write(head.encode() + HEAD)
    left, piece = size - len(HEAD), bytes(1024**2)
    async with asyncio.timeout(30):
        while left > 0:
            writer.write(piece[:left])
            await writer.drain()
            left -= len(piece)
        answer = await reader.read()
    writer.close()
    assert answer.startswith(b"HTTP/1.1 401 ")
    assert b"UNAUTHENTICATED" in answer
    assert site.storage.objects == {}
