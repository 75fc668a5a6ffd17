"""Pages of other origins, as their browsers ask (CORS)."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.parts.site import PASSWORD, running_site
from tests.parts.wired import shipped

FRIEND, STRANGER = "https://app.example", "https://evil.example"
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization, content-type, idempotency-key, graphql-require-preflight, "
    "range, if-range",
}


@pytest.fixture
async def http(empty_database: Path, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    settings = shipped(allowed_origins=(FRIEND,))
    async with (
        running_site(empty_database, tmp_path, settings=settings) as site,
        site.client(headers={"Origin": FRIEND}) as client,
    ):
        yield client


@pytest.mark.parametrize("path", ["/graphql", "/auth/login", "/auth/register", "/videos", "/videos/upload"])
async def test_a_page_that_is_allowed_may_send_what_the_api_takes(http: httpx.AsyncClient, path: str):
    answer = await http.options(path, headers=PREFLIGHT)
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == FRIEND
    assert "POST" in answer.headers["access-control-allow-methods"]
    assert "access-control-allow-credentials" not in answer.headers
    assert "Origin" in answer.headers["vary"]


async def test_it_may_ask_how_large_a_zip_is_before_it_fetches_it(http: httpx.AsyncClient):
    asks = {"Access-Control-Request-Method": "HEAD", "Access-Control-Request-Headers": "authorization"}
    assert (await http.options("/videos/any/download", headers=asks)).status_code == 200


async def test_it_may_read_answers_and_errors_alike(http: httpx.AsyncClient):
    answers = [
        await http.post("/graphql", json={"query": "{ serviceLimits { maxFileBytes } }"}),
        await http.post("/graphql", content="{", headers={"Content-Type": "application/json"}),
        await http.put("/graphql"),
        await http.get("/videos"),
        await http.post("/auth/login", json={"email": "nobody@example.com", "password": PASSWORD}),
        await http.get("/videos/none/of/these"),
    ]
    assert [answer.status_code for answer in answers] == [200, 400, 405, 401, 401, 404]
    for answer in answers:
        assert answer.headers["access-control-allow-origin"] == FRIEND
        assert "X-Request-Id" in answer.headers["access-control-expose-headers"]


async def test_a_page_that_is_not_allowed_gets_nothing(http: httpx.AsyncClient):
    http.headers["Origin"] = STRANGER
    refused = await http.options("/graphql", headers=PREFLIGHT)
    assert refused.status_code == 400
    for answer in (refused, await http.get("/graphql", params={"query": "{ __typename }"})):
        assert "access-control-allow-origin" not in answer.headers


async def test_paths_outside_the_api_allow_no_other_origin(http: httpx.AsyncClient):
    for path in ("/readyz", "/files/none"):
        assert "access-control-allow-origin" not in (await http.get(path)).headers


async def test_without_the_setting_no_page_but_ours_may_read(empty_database: Path, tmp_path: Path):
    async with (
        running_site(empty_database, tmp_path) as site,
        site.client(headers={"Origin": FRIEND}) as client,
    ):
        answer = await client.get("/graphql", params={"query": "{ __typename }"})
        assert answer.status_code == 200
        assert "access-control-allow-origin" not in answer.headers


async def test_an_allowed_page_can_read_a_rate_limit_error(empty_database: Path, tmp_path: Path):
    settings = shipped(allowed_origins=(FRIEND,), requests_per_minute=1)
    async with (
        running_site(empty_database, tmp_path, settings=settings) as site,
        site.client(headers={"Origin": FRIEND}) as client,
    ):
        await client.get("/videos")
        refused = await client.get("/videos")
        assert refused.status_code == 429
        assert refused.headers["access-control-allow-origin"] == FRIEND
