"""For whom a request is: said once, and for nobody else than us."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from app.server.hosts import hosts_of
from tests.parts.site import Site, running_site
from tests.parts.wired import shipped


@pytest.fixture
async def local(empty_database: Path, tmp_path: Path) -> AsyncIterator[Site]:
    """A site as it is on a laptop."""
    async with running_site(empty_database, tmp_path, settings=shipped()) as running:
        yield running


async def asked(site: Site, head: str) -> tuple[int, str]:
    """Give the status, and the code of the problem."""
    host, port = site.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(head.replace("\n", "\r\n").encode() + b"\r\n\r\n")
    async with asyncio.timeout(10):
        answer = await reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        body = json.loads(await reader.readexactly(length))
    writer.close()
    return int(answer.split()[1]), body.get("code", "")


@pytest.mark.parametrize(
    "head",
    [
        "GET /videos HTTP/1.1",
        "GET /videos HTTP/1.1\nHost: localhost\nHost: localhost",
        "GET /videos HTTP/1.1\nHost: localhost\nhost: evil.example",
        "GET /videos HTTP/1.1\nHost: localhost\nAuthorization: Bearer a\nAuthorization: Bearer b",
        "GET /videos HTTP/1.1\nHost:",
        "GET /videos HTTP/1.1\nHost: local host",
        "GET /videos HTTP/1.1\nHost: localhost/evil",
        "GET /videos HTTP/1.1\nHost: user@localhost",
        "GET http://localhost/videos HTTP/1.1",
        "GET http://localhost/videos HTTP/1.1\nHost: localhost\nHost: localhost",
    ],
)
async def test_a_missing_host_or_a_repeated_header_is_refused(site: Site, head: str):
    assert await asked(site, head) == (400, "BAD_REQUEST")


@pytest.mark.parametrize(
    ("target", "host", "status"),
    [
        ("/videos", "localhost:8000", 401),
        ("/videos", "LOCALHOST.", 401),
        ("/videos", "app.localhost", 401),
        ("/videos", "127.0.0.1", 401),
        ("/videos", "127.8.9.1:1", 401),
        ("/videos", "[::1]:8000", 401),
        ("/videos", "rebound.example", 421),
        ("/videos", "localhost.rebound.example", 421),
        ("/videos", "127.0.0.1.rebound.example", 421),
        ("/videos", "10.0.0.1", 421),
        ("http://rebound.example/videos", "localhost", 421),  # The target's own host is what counts (section 3.2.2).
        ("http://localhost/videos", "rebound.example", 401),
        ("/livez", "10.0.0.1", 200),
        ("/readyz", "10.0.0.1:8000", 200),
    ],
)
async def test_on_loopback_only_loopback_is_served(local: Site, target: str, host: str, status: int):
    assert (await asked(local, f"GET {target} HTTP/1.1\nHost: {host}"))[0] == status


async def test_a_page_that_was_rebound_opens_no_socket(local: Site):
    host, port = local.url.removeprefix("http://").split(":")
    with pytest.raises(InvalidStatus) as refused:
        await connect("ws://rebound.example/graphql", host=host, port=int(port), proxy=None)
    assert refused.value.response.status_code == 421


@pytest.mark.parametrize(
    ("settings", "hosts"),
    [
        ({}, ("localhost",)),
        ({"host": "::1"}, ("localhost",)),
        ({"public_url": "https://videos.example:8443"}, ("localhost", "videos.example")),
        ({"allowed_hosts": "a.example,b.example"}, ("a.example", "b.example")),
        ({"host": "0.0.0.0"}, ()),
    ],
)
def test_the_allowed_hosts_follow_from_the_address_where_none_are_set(
    settings: dict[str, object], hosts: tuple[str, ...]
):
    assert hosts_of(shipped(**settings)) == hosts


@pytest.mark.parametrize("path", ["/%6civez", "/%72eadyz", "/live%7A", "/metrics", "/%6detrics"])
async def test_no_other_spelling_of_a_health_check_passes_a_rule_in_front(site: Site, path: str):
    assert (await asked(site, f"GET {path} HTTP/1.1\nHost: localhost"))[0] == 404


@pytest.mark.parametrize(
    ("scheme", "seconds", "told"), [("https", 60, "max-age=60"), ("https", 0, None), ("http", 60, None)]
)
async def test_a_browser_that_came_by_tls_is_told_to_stay_with_it(
    empty_database: Path, tmp_path: Path, scheme: str, seconds: int, told: str | None
):
    behind_tls = shipped(hsts_seconds=seconds, trusted_proxies=("127.0.0.1",))
    async with (
        running_site(empty_database, tmp_path, settings=behind_tls) as site,
        site.client(headers={"X-Forwarded-Proto": scheme}) as client,
    ):
        for path in ("/", "/videos", "/nothing"):
            assert (await client.get(path)).headers.get("strict-transport-security") == told
