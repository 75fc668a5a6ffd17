"""Who counts as the client, and how often one may come."""

from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from app.server.throttle import TokenBuckets
from app.usecases.ports.rate_limits import RateLimitKey
from tests.parts.graphql_socket import socket
from tests.parts.site import PASSWORD, problem, running_site
from tests.parts.wired import shipped

LOGIN = {"email": "ana@example.com", "password": PASSWORD}


class Time:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


async def counted(folder: Path, database: Path, forwarded: str | None, **settings: Any) -> str:
    """Give the address under which a login is counted."""
    async with running_site(database, folder, settings=shipped(**settings)) as site:
        headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
        async with site.client(headers=headers) as client:
            await client.post("/auth/login", json=LOGIN)
        (address,) = [key for attempt, key in site.limits.spent if attempt is RateLimitKey.LOGIN_BY_ADDRESS]
        return address


@pytest.mark.parametrize(
    ("trusted", "forwarded", "address"),
    [
        ((), "203.0.113.9", "127.0.0.1"),
        (("192.0.2.0/24",), "203.0.113.9", "127.0.0.1"),
        (("127.0.0.1",), None, "127.0.0.1"),
        (("127.0.0.1",), "203.0.113.9", "203.0.113.9"),
        (("127.0.0.0/8",), "198.51.100.7, 203.0.113.9", "203.0.113.9"),
        (("127.0.0.1", "10.0.0.0/8"), "198.51.100.7, 203.0.113.9, 10.1.2.3", "203.0.113.9"),
        (("127.0.0.1",), "2001:db8:1:2::3", "2001:db8:1:2::/64"),
    ],
)
async def test_a_trusted_proxys_word_counts_and_no_other(
    empty_database: Path, tmp_path: Path, trusted: tuple[str, ...], forwarded: str | None, address: str
):
    assert await counted(tmp_path, empty_database, forwarded, trusted_proxies=trusted) == address


async def test_too_many_requests_are_refused_until_there_is_room_again(empty_database: Path, tmp_path: Path):
    settings = shipped(requests_per_minute=3, trusted_proxies=("127.0.0.1",))
    async with (
        running_site(empty_database, tmp_path, settings=settings) as site,
        site.client() as client,
    ):
        for _ in range(3):
            assert (await client.get("/graphql", params={"query": "{ __typename }"})).status_code == 200
        refused = await client.post("/graphql", json={"query": "{ __typename }"})
        assert refused.status_code == 429
        assert refused.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
        assert 1 <= int(refused.headers["retry-after"]) <= 20
        assert problem(await client.get("/videos")) == {"status": 429, "code": "RATE_LIMITED"}
        with pytest.raises(InvalidStatus) as handshake:
            await connect(site.websocket_url, proxy=None)
        assert handshake.value.response.status_code == 429
        assert (await client.get("/livez")).status_code == 200
        assert (await client.get("/videos", headers={"X-Forwarded-For": "203.0.113.9"})).status_code == 401


async def test_operations_over_a_socket_are_requests_of_its_network(empty_database: Path, tmp_path: Path):
    settings = shipped(requests_per_minute=5, trusted_proxies=("127.0.0.1",))
    async with (
        running_site(empty_database, tmp_path, settings=settings) as site,
        site.person() as ana,
        socket(site, ana.token) as page,  # The first request.
    ):
        for number in range(4):
            await page.subscribe(str(number), query="{ me { id } }")
            assert (await page.hear())["payload"] == {"data": {"me": {"id": ana.id}}}
            assert await page.hear() == {"id": str(number), "type": "complete"}
        await page.subscribe("one more", query="{ me { id } }")
        refused = await page.hear()
        assert (refused["id"], refused["type"]) == ("one more", "error")
        extensions = refused["payload"][0]["extensions"]
        assert extensions["code"] == "RATE_LIMITED"
        assert 1 <= extensions["retryAfterSeconds"] <= 12
        await page.say({"type": "ping"})
        assert await page.hear() == {"type": "pong"}  # The socket lives on.
        assert (await ana.http.get("/videos")).status_code == 429
        elsewhere = {"X-Forwarded-For": "203.0.113.9"}
        assert (await ana.http.get("/videos", headers=elsewhere)).status_code == 200
        async with site.inside() as prometheus:
            assert 'fiapx_requests_rejected_total{reason="network"} 2.0' in (await prometheus.get("/metrics")).text


async def test_a_page_that_reconnects_a_hundred_times_stays_within_the_limit(empty_database: Path, tmp_path: Path):
    async with running_site(empty_database, tmp_path, settings=shipped()) as site, site.person() as ana:
        video = await ana.uploaded()
        for _ in range(100):
            async with socket(site, ana.token) as page:
                await page.subscribe("1", video)
                assert (await page.event("1"))["status"] == "PENDING"


def test_tokens_of_a_bucket_refill_one_by_one():
    time = Time()
    buckets = TokenBuckets(60, now=time)
    assert [buckets.spend("a") for _ in range(60)] == [0.0] * 60
    assert buckets.spend("a") == 1.0
    time.seconds = 0.75
    assert buckets.spend("a") == 0.25
    time.seconds = 1.0
    assert buckets.spend("a") == 0.0
    assert buckets.spend("a") == 1.0
    assert buckets.spend("b") == 0.0
    time.seconds = 10_000
    assert sum(buckets.spend("a") == 0.0 for _ in range(100)) == 60


def test_only_so_many_networks_are_remembered():
    buckets = TokenBuckets(1, keys=2, now=Time())
    for key in ("a", "b", "a", "c"):
        buckets.spend(key)
    assert buckets.spend("a") > 0
    assert buckets.spend("b") == 0.0
