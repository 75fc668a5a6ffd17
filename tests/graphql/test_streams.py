"""Subscriptions over plain HTTP, as a client behind a proxy without WebSockets uses them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from app.settings import Settings
from tests.parts.graphql_socket import socket
from tests.parts.site import Person, Site, running_site
from tests.parts.waiting import until
from tests.parts.wired import shipped

WATCH = (
    "subscription($id: ID) { videoStatus(id: $id) { ... on VideoProcessing { id status } ... on Problem { code } } }"
)
SSE = "text/event-stream"
MULTIPART = 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0,application/json'


@asynccontextmanager
async def stream(
    person: Person, video: str | None, accept: str = SSE, query: str = WATCH
) -> AsyncIterator[httpx.Response]:
    body = {"query": query, "variables": {"id": video}}
    async with person.http.stream("POST", "/graphql", json=body, headers={"Accept": accept}) as answer:
        yield answer


async def events(answer: httpx.Response) -> AsyncIterator[tuple[str, Any]]:
    """Read server-sent events: each one's name and data."""
    name = ""
    async for line in answer.aiter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            data = line.removeprefix("data: ")
            yield name, json.loads(data) if data else None


async def test_server_sent_events_show_a_video_to_its_end(site: Site, ana: Person):
    video = await ana.uploaded()
    async with asyncio.timeout(20), stream(ana, video) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(SSE)
        seen = events(answer)
        first = await anext(seen)
        assert first == ("next", {"data": {"videoStatus": {"id": video, "status": "PENDING"}}})
        await site.completed(video)
        rest = [event async for event in seen]
    assert [data["data"]["videoStatus"]["status"] for _, data in rest[:-1]][-1] == "COMPLETED"
    assert rest[-1] == ("complete", None)


async def test_apollos_multipart_subscription_shows_a_video_to_its_end(site: Site, ana: Person):
    video = await ana.uploaded()
    await site.completed(video)
    async with asyncio.timeout(20), stream(ana, video, MULTIPART) as answer:
        assert answer.headers["content-type"].startswith("multipart/mixed")
        text = (await answer.aread()).decode()
    event = {"payload": {"data": {"videoStatus": {"id": video, "status": "COMPLETED"}}}}
    assert json.dumps(event, separators=(",", ":")) in text
    assert text.endswith("--graphql--\r\n")


@pytest.mark.parametrize("how", ["expires", "is signed out"])
async def test_a_stream_ends_within_a_second_of_its_session(site: Site, ana: Person, how: str):
    viewer = site.tokens.verify(ana.token)
    if how == "expires":
        site.clock.advance(3599.5)
    async with asyncio.timeout(20), stream(ana, None) as answer:
        await until(lambda: site.live.watchers(ana.id))
        if how == "is signed out":
            await site.ended_sessions.announce([viewer.session])
        async with asyncio.timeout(1.5):
            assert [event async for event in events(answer)] == []
    await until(lambda: not site.live.watchers(ana.id))


async def test_a_client_that_goes_away_is_no_longer_watched_for(site: Site, ana: Person):
    async with stream(ana, None):
        await until(lambda: site.live.watchers(ana.id))
    await until(lambda: not site.live.watchers(ana.id))


async def test_a_stranger_is_told_so_before_anything_begins(site: Site):
    async with site.client() as client:
        answer = await client.post("/graphql", json={"query": WATCH}, headers={"Accept": SSE})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_subscription_that_asks_for_one_answer_is_told_how_to_ask(ana: Person):
    for accept in ("application/json", "application/graphql-response+json"):
        answer = await ana.http.post("/graphql", json={"query": WATCH}, headers={"Accept": accept})
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
        assert "text/event-stream" in answer.json()["errors"][0]["message"]


async def test_a_mistake_in_a_streamed_operation_is_its_one_answer(ana: Person):
    async with asyncio.timeout(20), stream(ana, None, query="subscription { nothing }") as answer:
        [(name, data), end] = [event async for event in events(answer)]
    assert (name, end) == ("next", ("complete", None))
    assert data["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert "data" not in data


async def test_no_mutation_is_streamed_by_get(ana: Person):
    query = {"query": "mutation { cancelVideo(id: 1) { __typename } }"}
    answer = await ana.http.get("/graphql", params=query, headers={"Accept": SSE})
    assert "mutations are not allowed" in answer.text


async def test_a_client_that_accepts_streams_too_gets_json_for_a_query(site: Site, ana: Person):
    accept = {"Accept": f"application/graphql-response+json, application/json, {SSE}, multipart/mixed"}
    answer = await ana.http.post("/graphql", json={"query": "{ me { name } }"}, headers=accept)
    assert answer.headers["content-type"].startswith("application/graphql-response+json")
    assert answer.json() == {"data": {"me": {"name": "Ana Souza"}}}
    async with site.client() as stranger:  # As when one signs in.
        asked = {"query": "{ serviceLimits { maxFileBytes } }"}
        assert (await stranger.post("/graphql", json=asked, headers=accept)).status_code == 200
        watching = await stranger.post("/graphql", json={"query": WATCH}, headers=accept)
        assert watching.status_code == 401


async def test_a_stream_without_a_session_executes_nothing(site: Site):
    account = 'name: "Eve", email: "eve@example.com", password: "battery staple horse"'
    register = f"mutation {{ register(input: {{{account}}}) {{ __typename }} }}"
    async with site.client() as stranger:
        answer = await stranger.post("/graphql", json={"query": register}, headers={"Accept": SSE})
    assert answer.status_code == 401
    assert await site.transactions.read(lambda t: t.users.by_email("eve@example.com")) is None


@pytest.mark.parametrize("accept", [SSE, MULTIPART], ids=["sse", "multipart"])
@pytest.mark.parametrize("settings", [shipped(max_sockets_per_user=2), shipped(max_sockets_per_address=2)])
async def test_streams_and_sockets_together_are_no_more_than_a_user_and_a_network_may_have(
    empty_database: Path, tmp_path: Path, accept: str, settings: Settings
):
    async with (
        running_site(empty_database, tmp_path, settings=settings) as site,
        site.person() as ana,
        asyncio.timeout(20),
    ):
        async with stream(ana, None, accept) as first, socket(site, ana.token):
            assert first.status_code == 200
            async with stream(ana, None, accept) as refused:
                assert refused.status_code == 429
                assert refused.headers["retry-after"] == "10"
                (error,) = json.loads(await refused.aread())["errors"]
                assert error["extensions"] == {"code": "RATE_LIMITED", "retryAfterSeconds": 10}
            async with socket(site) as page:
                with suppress(ConnectionClosed):
                    await page.say({"type": "connection_init", "payload": {"authorization": f"Bearer {ana.token}"}})
                assert await page.end() == 4429

        async def room() -> bool:
            async with stream(ana, None, accept) as again:
                return again.status_code == 200

        await until(room)
