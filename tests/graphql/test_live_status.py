"""videoStatus over graphql-transport-ws, and that protocol's own rules."""

import asyncio
import base64
from pathlib import Path

import pytest
from gql import Client, GraphQLRequest
from gql.transport.websockets import WebsocketsTransport
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin, Subprotocol

from app.domain.video import VideoId
from app.usecases.ports.live_status import LiveTile
from tests.parts.graphql_socket import TRANSPORT, WATCH, Socket, socket, watched
from tests.parts.site import Person, Site, running_site
from tests.parts.waiting import until

UNKNOWN = "3f0c1d7e-5a4b-4c3d-8e2f-1a2b3c4d5e6f"


async def test_one_video_is_watched_to_its_end(site: Site, ana: Person):
    video = await ana.uploaded()
    async with socket(site, ana.token) as page:
        await page.subscribe("1", video)
        first = await page.event("1")
        assert (first["id"], first["status"], first["result"]) == (video, "PENDING", None)
        held = await site.claimed(video)
        assert (await page.event("1"))["status"] == "PROCESSING"
        await site.progressed(held, 40)
        assert (await page.event("1"))["progress"] == {"percent": 40}
        await site.finished(held)
        last = await page.event("1")
        assert (last["status"], last["result"]) == ("COMPLETED", {"frameCount": 3})
        assert [change["status"] for change in last["history"]] == ["PENDING", "PROCESSING", "COMPLETED"]
        assert await page.hear() == {"id": "1", "type": "complete"}
        await page.subscribe("1", video)
        assert (await page.event("1"))["status"] == "COMPLETED"
        assert await page.hear() == {"id": "1", "type": "complete"}
    await until(lambda: not site.live.watchers(ana.id))


async def test_the_newest_small_picture_comes_with_the_status_to_who_selects_it_alone(site: Site, ana: Person):
    with_tiles = WATCH.replace("version", "version ...T").replace("subscription(", "subscription W(", 1)
    with_tiles += " fragment T on VideoProcessing { latestTile }"
    video = await ana.uploaded()
    held = await site.claimed(video)
    async with socket(site, ana.token) as page:
        await page.subscribe("without", video)
        await page.event("without")
        await until(lambda: site.live.watchers(ana.id))
        assert site.live.tile_watchers(ana.id) == 0
        await page.subscribe("with", video, with_tiles)
        assert (await page.event("with"))["latestTile"] is None
        assert site.live.tile_watchers(ana.id) == 1
        tile = b"\xff\xd8 small"
        await site.live.publish_tile(ana.id, LiveTile(VideoId(video), held.attempt, tile))
        await site.progressed(held, 40)
        events = {
            message["id"]: message["payload"]["data"]["videoStatus"]
            for message in (await page.hear(), await page.hear())
        }
        shown = base64.b64encode(tile).decode()
        assert (events["with"]["latestTile"], "latestTile" in events["without"]) == (shown, False)
        await site.finished(held)
        last = await page.hear()
        while last["type"] != "next" or last["id"] != "with":
            last = await page.hear()
        assert last["payload"]["data"]["videoStatus"]["latestTile"] is None
    await until(lambda: not site.live.tile_watchers(ana.id))


async def test_all_of_a_user_s_videos_are_watched_and_nobody_else_s(site: Site, ana: Person, bruno: Person):
    first = await ana.uploaded()
    await bruno.uploaded()
    async with socket(site, ana.token) as page:
        await page.subscribe("all")
        assert (await page.event("all"))["id"] == first
        await bruno.uploaded()
        second = await ana.uploaded()
        assert (await page.event("all"))["id"] == second
        answer = await ana.ask(f'mutation {{ deleteVideo(id: "{first}") {{ __typename }} }}')
        assert answer["deleteVideo"]["__typename"] == "Deleted"
        assert await page.event("all") == {"__typename": "Deleted", "id": first}
        await page.say({"id": "all", "type": "complete"})
        await until(lambda: not site.live.watchers(ana.id))


@pytest.mark.parametrize(
    ("video", "code"), [(UNKNOWN, "VIDEO_NOT_FOUND"), ("1", "VIDEO_NOT_FOUND"), ("", "VIDEO_NOT_FOUND")]
)
async def test_a_video_that_is_not_there_is_one_problem_and_the_end(site: Site, ana: Person, video: str, code: str):
    async with socket(site, ana.token) as page:
        await page.subscribe("1", video)
        assert await page.event("1") == {"__typename": "Problem", "code": code}
        assert await page.hear() == {"id": "1", "type": "complete"}


async def test_another_s_video_is_one_problem_and_the_end(site: Site, ana: Person, bruno: Person):
    video = await ana.uploaded()
    async with socket(site, bruno.token) as page:
        await page.subscribe("1", video)
        assert await page.event("1") == {"__typename": "Problem", "code": "VIDEO_NOT_BELONGS_TO_USER"}
        assert await page.hear() == {"id": "1", "type": "complete"}


async def test_the_public_python_client_watches(site: Site, ana: Person):
    video = await ana.uploaded()
    await site.failed(video)
    transport = WebsocketsTransport(
        url=site.websocket_url,
        subprotocols=[WebsocketsTransport.GRAPHQLWS_SUBPROTOCOL],
        init_payload={"authorization": f"Bearer {ana.token}"},
        connect_args={"proxy": None},
    )
    async with Client(transport=transport, fetch_schema_from_transport=False) as session:
        request = GraphQLRequest(WATCH, variable_values={"id": video})
        states = [event["videoStatus"]["status"] async for event in session.subscribe(request)]
    assert states == ["FAILED"]


@pytest.mark.parametrize(
    "payload", [None, {}, {"authorization": "Bearer x"}, {"authorization": 7}, {"Authorization": None}]
)
async def test_a_stranger_is_refused_with_4403(site: Site, payload: object):
    async with socket(site) as page:
        await page.say({"type": "connection_init"} | ({} if payload is None else {"payload": payload}))
        assert await page.end() == 4403


async def test_an_expired_token_opens_no_session(site: Site, ana: Person):
    site.clock.advance(3600)
    async with socket(site) as page:
        await page.say({"type": "connection_init", "payload": {"authorization": f"Bearer {ana.token}"}})
        assert await page.end() == 4403


@pytest.mark.slow
async def test_a_socket_ends_with_its_session(empty_database: Path, tmp_path: Path):
    async with running_site(empty_database, tmp_path, session_seconds=2) as site, site.person() as ana:
        await ana.uploaded()
        async with socket(site, ana.token) as page:
            began = asyncio.get_running_loop().time()
            await page.subscribe("1")
            assert (await page.event("1"))["status"] == "PENDING"
            await watched(site, ana)
            assert await page.end() == 4403
            assert 1 < asyncio.get_running_loop().time() - began < 3
        await until(lambda: not site.live.watchers(ana.id))


async def test_a_session_that_expired_meanwhile_cannot_ask_again(site: Site, ana: Person):
    async with socket(site, ana.token) as page:
        site.clock.advance(3600)
        await page.subscribe("1")
        message = await page.hear()
        assert message["payload"]["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}
        assert await page.hear() == {"id": "1", "type": "complete"}


@pytest.mark.parametrize(
    "message",
    [
        "no json",
        "[]",
        "null",
        "7",
        "{}",
        '{"type": 1}',
        '{"type": "unheard of"}',
        '{"type": "subscribe"}',
        '{"type": "subscribe", "id": 1, "payload": {"query": "{ me { id } }"}}',
        '{"type": "subscribe", "id": "", "payload": {"query": "{ me { id } }"}}',
        '{"type": "subscribe", "id": {}, "payload": {"query": "{ me { id } }"}}',
        '{"type": "subscribe", "id": "1", "payload": "x"}',
        '{"type": "subscribe", "id": "1", "payload": {}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": 1}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ me { id } }", "variables": "x"}}',
        '{"type": "subscribe", "id": "1", "payload": {"query": "{ me { id } }", "operationName": 1}}',
        '{"type": "complete"}',
        '{"type": "complete", "id": {}}',
        "[" * 50_000,
        b"\x00",
    ],
)
async def test_a_malformed_message_ends_its_socket_with_4400(site: Site, ana: Person, message: str | bytes):
    async with socket(site, ana.token) as other:
        async with socket(site, ana.token) as page:
            await page.say(message)
            assert await page.end() == 4400
        await other.say({"type": "ping"})
        assert await other.hear() == {"type": "pong"}


@pytest.mark.parametrize(
    "query",
    [
        "{",
        "subscription { nothing }",
        "subscription A { videoStatus { __typename } } subscription B { videoStatus { __typename } }",
    ],
)
async def test_an_operation_that_is_not_valid_harms_no_other(site: Site, ana: Person, query: str):
    await ana.uploaded()
    async with socket(site, ana.token) as page:
        await page.subscribe("good")
        assert (await page.event("good"))["status"] == "PENDING"
        await page.subscribe("bad", query=query)
        message = await page.hear()
        assert (message["type"], message["id"]) == ("error", "bad")
        await ana.uploaded()
        assert (await page.event("good"))["status"] == "PENDING"


@pytest.mark.slow
async def test_the_rules_of_graphql_transport_ws_are_kept(site: Site, ana: Person):
    init = {"type": "connection_init", "payload": {"authorization": f"Bearer {ana.token}"}}
    async with socket(site) as page:
        await page.subscribe("1")
        assert await page.end() == 4401
    async with socket(site, ana.token) as page:
        await page.say(init)
        assert await page.end() == 4429
    async with socket(site, ana.token) as page:
        await page.subscribe("1")
        await page.subscribe("1")
        assert await page.end() == 4409
    async with socket(site) as page:
        await page.say({"type": "connection_init", "payload": "x"})
        assert await page.end() in {4400, 4403}
    async with socket(site) as page:
        assert await page.end() == 4408


async def test_graphql_transport_ws_is_the_only_protocol_of_sockets(site: Site):
    for offered in ([Subprotocol("graphql-ws")], None):
        async with connect(site.websocket_url, subprotocols=offered, proxy=None) as connection:
            assert await Socket(connection).end() == 4406


async def test_a_page_of_another_origin_is_refused(site: Site):
    for origin in ("https://evil.example", "null", site.url + ".evil.example"):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(site.websocket_url, subprotocols=[TRANSPORT], origin=Origin(origin), proxy=None):
                pass
        assert refused.value.response.status_code == 403
    async with connect(site.websocket_url, subprotocols=[TRANSPORT], origin=Origin(site.url), proxy=None):
        pass


async def test_a_client_that_vanishes_leaves_no_watcher(site: Site, ana: Person):
    async with socket(site, ana.token) as page:
        await page.subscribe("1")
        await watched(site, ana)
        page.connection.transport.abort()
        await until(lambda: not site.live.watchers(ana.id))


async def test_a_file_cannot_be_sent_over_a_socket(site: Site, ana: Person):
    async with socket(site, ana.token) as page:
        query = 'mutation { uploadVideo(file: "a.mp4") { __typename } }'
        await page.subscribe("1", query=query)
        assert (await page.hear())["type"] == "error"


async def test_all_who_ask_the_same_of_an_event_get_the_same_and_others_their_own(site: Site, ana: Person):
    video = await ana.uploaded()
    both = "subscription($id: ID) { videoStatus(id: $id) { ... on VideoProcessing { %s } } }"
    async with socket(site, ana.token) as first, socket(site, ana.token) as second:
        await first.subscribe("a", video, both % "id status")
        await second.subscribe("b", video, both % "id status")
        await second.subscribe("c", video, both % "status history { status }")
        await second.subscribe("d", None, both % "id status")
        for page, name in ((first, "a"), (second, "b"), (second, "c"), (second, "d")):
            del name
            assert (await page.hear())["payload"]["data"]["videoStatus"]["status"] == "PENDING"
        await site.claimed(video)
        assert await first.event("a") == {"id": video, "status": "PROCESSING"}
        heard = [await second.hear() for _ in range(3)]
        told = {one["id"]: one["payload"]["data"]["videoStatus"] for one in heard}
        assert told["b"] == told["d"] == {"id": video, "status": "PROCESSING"}
        assert told["c"] == {"status": "PROCESSING", "history": [{"status": "PENDING"}, {"status": "PROCESSING"}]}
