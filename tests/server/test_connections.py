"""What stands open, and what comes before a body: no client can fill the house, or our memory, with either."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.parts.site import Site, running_site
from tests.parts.waiting import until
from tests.parts.wired import shipped

Open = Callable[..., Any]
KIB = 1024
HELLO = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n"


class Line:
    """One connection, on which a story says byte by byte what is sent."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def say(self, data: bytes) -> None:
        self.writer.write(data)

    async def answer(self) -> tuple[int, bytes, bytes]:
        """Give the next answer's status, head and body."""
        async with asyncio.timeout(10):
            head = await self.reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            return int(head.split()[1]), head.lower(), await self.reader.readexactly(length)

    async def rest(self) -> bytes:
        """Give all that comes until the server ends the connection."""
        async with asyncio.timeout(10):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""

    async def stuff(self, data: bytes, most: int) -> int:
        """Send the same again and again until it is refused; give how many bytes the system took."""
        sent = 0
        try:
            async with asyncio.timeout(10):
                while sent < most:
                    self.writer.write(data)
                    await self.writer.drain()
                    sent += len(data)
        except (ConnectionError, TimeoutError):
            pass
        return sent


@asynccontextmanager
async def line(site: Site) -> AsyncIterator[Line]:
    host, port = site.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port), limit=2**20)
    try:
        yield Line(reader, writer)
    finally:
        writer.transport.abort()


async def asked(site: Site, path: str = "/livez") -> tuple[int, bytes, bytes]:
    async with line(site) as new:
        new.say(b"GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n" % path.encode())
        return await new.answer()


def code(body: bytes) -> str:
    return str(json.loads(body)["code"])


@pytest.fixture(params=[shipped(max_connections=8), shipped(max_connections_per_address=8)], ids=["all", "address"])
async def small(request: pytest.FixtureRequest, empty_database: Path, tmp_path: Path) -> AsyncIterator[Site]:
    """A site that has room for eight connections."""
    async with running_site(empty_database, tmp_path, settings=request.param) as running:
        yield running


async def test_a_silent_connection_is_closed_for_one_that_asks(small: Site):
    async with AsyncExitStack() as exits:
        silent = [await exits.enter_async_context(line(small)) for _ in range(40)]
        for one in silent:
            one.say(HELLO)  # Half a head is no request either.
        assert (await asked(small, "/videos"))[0] == 401
        assert await silent[0].rest() == b""
        silent[-1].say(b"\r\n")
        assert (await silent[-1].answer())[0] == 200


@asynccontextmanager
async def full(site: Site) -> AsyncIterator[list[Line]]:
    """Eight connections, each with a request whose body is still to come."""
    async with AsyncExitStack() as exits:
        busy = [await exits.enter_async_context(line(site)) for _ in range(8)]
        for one in busy:
            one.say(
                b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                b"Content-Length: 26\r\nExpect: 100-continue\r\n\r\n"
            )
            assert b"100 Continue" in await one.reader.readuntil(b"\r\n\r\n")
        yield busy


async def test_a_full_server_answers_health_checks_and_tells_others_that_it_is_full(small: Site):
    async with full(small) as busy:
        for path in ("/readyz", "/livez"):
            assert (await asked(small, path))[0] == 200
        status, head, body = await asked(small, "/videos")
        assert (status, code(body)) == (503, "TOO_MANY_CONNECTIONS")
        assert b"\r\nretry-after: 5\r\n" in head
        assert b"\r\nconnection: close\r\n" in head
        for one in busy:  # Nobody who was served is cut off.
            one.say(b'{"query":"{ __typename }"}')
            assert (await one.answer())[0] == 200
    await room_again(small)


async def room_again(site: Site) -> None:
    async def there_is() -> bool:
        return (await asked(site, "/videos"))[0] == 401

    await until(there_is)


async def test_silent_connections_cannot_keep_a_health_check_out(small: Site):
    async with full(small), AsyncExitStack() as exits:
        for _ in range(100):
            await exits.enter_async_context(line(small))
        assert (await asked(small, "/readyz"))[0] == 200


async def test_a_trusted_proxy_may_open_as_many_as_there_are(empty_database: Path, tmp_path: Path):
    settings = shipped(max_connections_per_address=1, trusted_proxies=("127.0.0.0/8",))
    async with running_site(empty_database, tmp_path, settings=settings) as site, full(site):
        assert (await asked(site, "/videos"))[0] == 401


@pytest.fixture
async def hasty(empty_database: Path, tmp_path: Path) -> AsyncIterator[Site]:
    """A site that waits half a second for a head."""
    async with running_site(empty_database, tmp_path, settings=shipped(head_seconds=0.5)) as running:
        yield running


async def test_a_connection_without_a_request_is_closed_without_an_answer(hasty: Site):
    async with line(hasty) as silent:
        assert await silent.rest() == b""


@pytest.mark.parametrize("before", [b"", HELLO + b"\r\n"], ids=["first", "next"])
async def test_a_head_that_comes_drop_by_drop_is_given_up(hasty: Site, before: bytes):
    async with line(hasty) as slow:
        if before:
            slow.say(before)
            assert (await slow.answer())[0] == 200
        slow.say(HELLO)
        answer = asyncio.create_task(slow.answer())
        while not answer.done():
            slow.say(b"X-Drop: 1\r\n")
            await asyncio.wait({answer}, timeout=0.1)
        status, head, body = answer.result()
        assert (status, code(body)) == (408, "REQUEST_TIMEOUT")
        assert b"\r\nconnection: close\r\n" in head


async def test_a_body_has_more_time_than_its_head(hasty: Site):
    async with full(hasty) as busy:
        await asyncio.sleep(0.7)  # Longer than a head may take.
        busy[0].say(b'{"query":"{ __typename }"}')
        assert (await busy[0].answer())[0] == 200


@pytest.mark.parametrize(
    "endless", [b"x" * 4096, b"X-Header: 1\r\n" * 300, b"\r\n" * 2048], ids=["one", "many", "none"]
)
async def test_a_head_has_64_kib_at_most_and_no_more_of_it_is_kept(site: Site, endless: bytes):
    async with line(site) as greedy:
        greedy.say(b"" if endless.startswith(b"\r") else HELLO + b"X-Header: ")
        assert await greedy.stuff(endless, 64 * KIB**2) < 16 * KIB**2
    async with line(site) as greedy:
        greedy.say((b"" if endless.startswith(b"\r") else HELLO + b"X-Header: ") + endless * 17)
        status, _, body = await greedy.answer()
        assert (status, code(body)) == (431, "HEAD_TOO_LARGE")
        assert await greedy.rest() == b""


async def test_a_head_of_nearly_64_kib_is_read(site: Site):
    async with line(site) as large:
        large.say(HELLO + b"X-Header: " + b"x" * (64 * KIB - 100) + b"\r\n\r\n")
        assert (await large.answer())[0] == 200


async def test_what_follows_a_body_is_bounded_too_and_is_no_part_of_the_head(site: Site):
    async with site.person() as ana, line(site) as sly:
        sly.say(
            b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b'Transfer-Encoding: chunked\r\n\r\n15\r\n{"query":"{me{name}}"}\r\n0\r\n'.replace(b"15\r\n", b"16\r\n")
            + f"Authorization: Bearer {ana.token}\r\n\r\n".encode()
        )
        assert b"UNAUTHENTICATED" in (await sly.answer())[2]
    async with line(site) as greedy:
        greedy.say(
            b"POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n0\r\nX-Trailer: "
        )
        assert await greedy.stuff(b"x" * 4096, 64 * KIB**2) < 16 * KIB**2


async def test_a_few_requests_may_wait_behind_one_another_and_not_thousands(site: Site):
    async with line(site) as eager:
        eager.say((HELLO + b"\r\n") * 8)
        assert [(await eager.answer())[0] for _ in range(8)] == [200] * 8
    async with line(site) as greedy:
        greedy.say((HELLO + b"\r\n") * 5000)
        assert (await greedy.rest()).count(b"HTTP/1.1 200") < 5000


async def test_bytes_that_are_no_http_get_400(site: Site):
    async with line(site) as other:
        other.say(b"\x16\x03\x01 this is TLS\r\n\r\n")
        status, _, body = await other.answer()
        assert (status, code(body)) == (400, "BAD_REQUEST")
