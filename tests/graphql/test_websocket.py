"""What a client can do over a WebSocket, and what it cannot do to us and to others."""

import asyncio
import json
import socket as sockets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect

from tests.parts.graphql_socket import TRANSPORT, Socket, socket, watched
from tests.parts.site import Person, Site, running_site
from tests.parts.waiting import until
from tests.parts.wired import shipped

LARGEST = 64 * 1024


@pytest.fixture
async def narrow(empty_database: Path, tmp_path: Path) -> AsyncIterator[Site]:
    """A site with small limits."""
    settings = shipped(
        max_sockets_per_user=2, max_sockets_per_address=4, max_subscriptions_per_socket=2, socket_stall_seconds=1
    )
    async with running_site(empty_database, tmp_path, settings=settings) as running:
        yield running


@pytest.mark.parametrize("how", ["is signed out", "expires"])
async def test_the_end_of_a_session_ends_all_its_subscriptions_within_a_second(site: Site, ana: Person, how: str):
    if how == "expires":
        site.clock.advance(3599.5)
    async with socket(site, ana.token) as page, socket(site, ana.token) as other:
        for one in (page, other):
            await one.subscribe("1")
        await watched(site, ana)
        if how == "is signed out":
            assert await ana.ask("mutation { logout }") == {"logout": True}
        async with asyncio.timeout(1.5):
            assert [await one.end() for one in (page, other)] == [4403, 4403]
    await until(lambda: not site.live.watchers(ana.id))


async def test_a_session_that_was_ended_opens_no_socket(site: Site, ana: Person):
    await site.ended_sessions.announce([site.tokens.verify(ana.token).session])
    async with socket(site) as page:
        await page.say({"type": "connection_init", "payload": {"authorization": f"Bearer {ana.token}"}})
        assert await page.end() == 4403
    assert (await ana.graphql("{ me { id } }"))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_query_is_answered_and_a_mutation_is_not_run(site: Site, ana: Person):
    video = await ana.uploaded()
    async with socket(site, ana.token) as page:
        await page.subscribe("1", query="{ me { id } }")
        assert (await page.hear())["payload"] == {"data": {"me": {"id": ana.id}}}
        assert await page.hear() == {"id": "1", "type": "complete"}
        await page.subscribe("2", query=f'mutation {{ deleteVideo(id: "{video}") {{ __typename }} }}')
        refused = await page.hear()
        assert (refused["type"], refused["payload"][0]["extensions"]["code"]) == ("error", "BAD_USER_INPUT")
    assert (await ana.ask("{ videos { totalCount } }"))["videos"]["totalCount"] == 1


async def test_a_message_that_is_too_large_ends_its_own_socket_only(site: Site, ana: Person):
    async with socket(site, ana.token) as other:
        for token in (None, ana.token):
            async with socket(site, token) as page:
                await page.say(json.dumps({"type": "ping", "payload": {"x": "x" * LARGEST}}))
                assert await page.end() == 1009
            async with socket(site, token) as page:
                await page.say({"type": "ping", "payload": {"x": "x" * (LARGEST - 100)}})
                assert (await page.hear())["type"] == "pong"
        await other.say({"type": "ping"})
        assert (await other.hear())["type"] == "pong"


async def test_a_socket_carries_so_many_operations_and_refuses_one_more_without_harm(narrow: Site):
    async with narrow.person() as ana, socket(narrow, ana.token) as page:
        await page.subscribe("1")
        await page.subscribe("2")
        await page.subscribe("3")
        refused = await page.hear()
        assert (refused["id"], refused["type"]) == ("3", "error")
        assert refused["payload"][0]["extensions"] == {"code": "LIMIT_EXCEEDED"}
        await page.say({"id": "1", "type": "complete"})
        await until(lambda: narrow.live.watchers(ana.id) == 1)
        await page.subscribe("3")
        await until(lambda: narrow.live.watchers(ana.id) == 2)


async def test_a_user_has_so_many_sockets_and_gets_a_place_back(narrow: Site):
    async with narrow.person() as ana, narrow.person() as bruno:
        init = {"type": "connection_init", "payload": {"authorization": f"Bearer {ana.token}"}}
        async with socket(narrow, ana.token), socket(narrow, bruno.token):
            async with socket(narrow, ana.token), socket(narrow) as third:
                await third.say(init)
                assert await third.end() == 4429

            async def welcome() -> bool:
                async with socket(narrow) as page:
                    await page.say(init)
                    return bool((await page.hear())["type"] == "connection_ack") and await pongs(page)

            await until(welcome)


async def pongs(page: Socket) -> bool:
    await page.say({"type": "ping"})
    try:
        return bool((await page.hear())["type"] == "pong")
    except Exception:  # noqa: BLE001 - closed, in whichever way
        return False


async def test_an_address_has_so_many_sockets_whoever_they_are(narrow: Site):
    async with socket(narrow), socket(narrow), socket(narrow):
        async with socket(narrow), socket(narrow) as fifth:
            assert await fifth.end() == 4429

        async def welcome() -> bool:
            async with socket(narrow) as page:
                return await pongs(page)

        await until(welcome)


@pytest.mark.slow
async def test_only_the_client_that_stops_reading_is_disconnected(narrow: Site):
    async with narrow.person() as ana, socket(narrow, ana.token) as other:
        # A receive buffer of a few kilobytes, so that little fits in between.
        raw = sockets.socket()
        raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, 4096)
        raw.setblocking(False)  # noqa: FBT003
        host, port = narrow.url.removeprefix("http://").split(":")
        await asyncio.get_running_loop().sock_connect(raw, (host, int(port)))
        stalled = connect(narrow.websocket_url, sock=raw, subprotocols=[TRANSPORT], max_queue=1, ping_interval=None)
        async with stalled as connection:
            page: Any = Socket(connection)
            await page.say({"type": "connection_init", "payload": {"authorization": f"Bearer {ana.token}"}})
            assert await page.hear() == {"type": "connection_ack"}
            await page.subscribe("1")
            await watched(narrow, ana)
            connection.transport.pause_reading()
            flood = "{ " + " ".join(f"{name}: __schema {{ types {{ description }} }}" for name in "abcdefghi") + " }"
            async with asyncio.timeout(20):
                while narrow.live.watchers(ana.id):
                    if not connection.transport.is_closing():
                        await page.subscribe("flood" + str(asyncio.get_running_loop().time()), query=flood)
                    await asyncio.sleep(0.01)
            connection.transport.abort()
        await other.subscribe("1")
        await watched(narrow, ana)


async def test_a_fault_of_ours_ends_one_operation_and_says_nothing(site: Site, ana: Person):
    secret = RuntimeError("mysql://root:hunter2@database")
    async with socket(site, ana.token) as page:
        site.live.broken = secret
        await page.subscribe("never began")
        assert "INTERNAL" in json.dumps(await one_without_secrets(page, "never began"))
        assert await page.hear() == {"id": "never began", "type": "complete"}
        site.live.broken = None
        await page.subscribe("breaks off")
        await watched(site, ana)
        await ana.uploaded()
        assert (await page.event("breaks off"))["status"] == "PENDING"
        site.live.break_off(secret)
        assert "INTERNAL" in json.dumps(await one_without_secrets(page, "breaks off"))
        assert await page.hear() == {"id": "breaks off", "type": "complete"}
        await page.subscribe("breaks off")
        assert (await page.event("breaks off"))["status"] == "PENDING"


async def test_an_empty_operation_is_bad_user_input(site: Site, ana: Person):
    async with socket(site, ana.token) as page:
        for query in ("", " ", "#"):
            await page.subscribe("1", query=query)
            message = await page.hear()
            assert (message["type"], message["payload"][0]["extensions"]) == ("error", {"code": "BAD_USER_INPUT"})


async def one_without_secrets(page: Socket, name: str) -> Any:
    message = await page.hear()
    assert message["id"] == name
    assert "hunter2" not in json.dumps(message)
    assert "RuntimeError" not in json.dumps(message)
    return message


@pytest.mark.slow
async def test_the_server_pings_and_drops_who_does_not_answer(empty_database: Path, tmp_path: Path):
    settings = shipped(socket_ping_seconds=0.5)
    async with running_site(empty_database, tmp_path, settings=settings) as site, site.person() as ana:
        async with socket(site, ana.token) as page:
            await page.subscribe("1")
            await watched(site, ana)
            page.connection.transport.pause_reading()
            await until(lambda: not site.live.watchers(ana.id))
            page.connection.transport.abort()
        async with socket(site, ana.token) as page:
            opened = asyncio.get_running_loop().time()
            await until(lambda: asyncio.get_running_loop().time() > opened + 2)
            assert await pongs(page)


async def test_a_shutdown_tells_every_socket_to_come_back(empty_database: Path, tmp_path: Path):
    async with running_site(empty_database, tmp_path) as site, site.person() as ana:
        connection = await connect(site.websocket_url, subprotocols=[TRANSPORT], proxy=None)
        page = Socket(connection)
        await page.say({"type": "connection_init", "payload": {"authorization": f"Bearer {ana.token}"}})
        assert await page.hear() == {"type": "connection_ack"}
    assert await page.end() == 1012


FLOODS = {
    "pings": (b"\x89\x80\x00\x00\x00\x00", b""),
    "pongs": (b"\x8a\x80\x00\x00\x00\x00", b""),
    "pieces of a message": (b"\x00\x80\x00\x00\x00\x00", b"\x01\x80\x00\x00\x00\x00"),
}
"""Frames of RFC 6455, section 5.2, each masked by zeros and empty, and what comes before them."""


@pytest.mark.parametrize("kind", FLOODS)
async def test_a_socket_takes_only_so_many_frames_of_any_kind(site: Site, ana: Person, kind: str):
    frame, first = FLOODS[kind]
    async with socket(site, ana.token) as page:
        transport = page.connection.transport
        transport.write(first)
        for _ in range(200):
            transport.write(frame * 100)
        assert await page.end() == 4429
    async with socket(site, ana.token) as page:
        await page.say({"type": "ping"})
        assert await page.hear() == {"type": "pong"}


@pytest.fixture
async def quiet(empty_database: Path, tmp_path: Path) -> AsyncIterator[Site]:
    """A site that takes twenty messages a minute from one address."""
    async with running_site(empty_database, tmp_path, settings=shipped(socket_messages_per_minute=20)) as running:
        yield running


@pytest.mark.parametrize(
    "message", [{"type": "ping"}, {"type": "pong"}, {"type": "complete", "id": "unknown"}], ids=["ping", "pong", "end"]
)
async def test_all_sockets_of_a_network_share_one_rate_of_messages(quiet: Site, message: object):
    async with quiet.person() as ana, socket(quiet, ana.token) as page, socket(quiet, ana.token) as other:
        for _ in range(20):
            await page.say(message)
        assert await page.end() == 4429
        await other.say(message)
        await other.say(message)
        assert await other.end() == 4429
