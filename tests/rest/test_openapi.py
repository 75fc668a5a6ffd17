"""The description of the REST API, held against what the running application really answers."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from openapi_spec_validator import validate

from app.domain.audit import Operator
from app.domain.errors import StorageFull
from app.domain.retention import Retention
from app.domain.session import Scope
from app.infra.links import PresignedLinks
from app.infra.s3.client import s3_client
from app.main import application
from app.rest.routes import ROUTES, description
from app.server.draining import Drain
from app.server.serving import Serving
from app.usecases.ports.rate_limits import RateLimitKey
from tests.parts.api_keys import program, revoked
from tests.parts.site import FILES, MAX_BYTES, MP4, PASSWORD, Person, Site, running_site
from tests.parts.stores import S3Part
from tests.parts.wired import shipped
from tests.rest.batches import joined, new_batch, zip_of
from tests.rest.described_frames import (
    pictures_as_described,
    pictures_that_expired_as_described,
    storyboards_as_described,
)
from tests.rest.description import Description, raw
from tests.rest.visitor import Visitor, fetched

ROOT = Path(__file__).parents[2]
UNKNOWN = "3f0c1d7e-5a4b-4c3d-8e2f-1a2b3c4d5e6f"
JSON = {"Content-Type": "application/json"}
BODIES = ("/auth/register", "/auth/login", "/auth/refresh")
OF_THE_SERVER = {
    "BAD_REQUEST",
    "HEAD_TOO_LARGE",
    "INTERNAL",
    "MISDIRECTED_REQUEST",
    "RATE_LIMITED",
    "REQUEST_TIMEOUT",
    "SERVICE_UNAVAILABLE",
    "TOO_MANY_CONNECTIONS",
}
"""Said before a route is chosen, or where none of it is at fault: seen once, they are seen for all."""
NOT_TRIED = {
    "TOO_MANY_CONNECTIONS": "tests/server/test_connections.py fills a house",
    "STORAGE_FULL": "of the database; tests/contracts/test_full_database.py fills one",
    "UPLOAD_INCOMPLETE": "of a small body it takes half a minute of silence",
}


@pytest.fixture(scope="module")
def described() -> Description:
    return Description()


@pytest.fixture
async def stranger(site: Site, described: Description) -> AsyncIterator[Visitor]:
    async with site.client() as client:
        yield Visitor(described, client)


@pytest.fixture
def visitor(described: Description, ana: Person) -> Visitor:
    return Visitor(described, ana.http)


def test_the_document_is_openapi_and_the_one_in_the_repository():
    validate(json.loads(description()))
    assert (ROOT / "openapi.json").read_text("utf-8") == description(), "make schema writes it anew."


def test_it_is_printed_where_there_is_no_repository():
    command = [sys.executable, "-m", "app.cli", "export-openapi"]
    assert subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout == description()


def test_every_path_and_method_of_the_contract_is_described(described: Description):
    routed = {(route.path, method) for route in ROUTES for method in route.methods or ()}
    paths = described.document["paths"]
    assert {(path, method.upper()) for path, methods in paths.items() for method in methods} == routed


async def test_accounts_and_sessions_answer_as_described(stranger: Visitor):
    account = {"name": "Ana", "email": "ana@example.com", "password": PASSWORD}
    assert (await stranger.post("/auth/register", json=account | {"locale": "pt-BR"})).status_code == 201
    assert (await stranger.post("/auth/register", json=account)).status_code == 409
    assert (await stranger.post("/auth/login", json=account | {"password": "wrong"})).status_code == 401
    tokens = (await stranger.post("/auth/login", json=account)).json()
    tokens = (await stranger.post("/auth/refresh", json={"refresh_token": tokens["refresh_token"]})).json()
    assert (await stranger.post("/auth/refresh", json={"refresh_token": "none"})).status_code == 401
    session = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await stranger.post("/auth/logout", headers=session)).status_code == 204
    assert (await stranger.post("/auth/logout", headers=session)).status_code == 401


async def test_a_disabled_account_is_answered_as_described(site: Site, stranger: Visitor):
    account = {"name": "Ana", "email": "ana@example.com", "password": PASSWORD}
    await stranger.post("/auth/register", json=account)
    tokens = (await stranger.post("/auth/login", json=account)).json()
    operator, operate = Operator.at_shell("root", "here"), site.services().do.operate.users
    await operate.disable(operator, (await operate.find(operator, "ana@example.com")).id)
    session = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await stranger.get("/videos", headers=session)).status_code == 401
    assert (await stranger.post("/auth/refresh", json=tokens)).status_code == 401
    refused = await stranger.post("/auth/login", json=account)
    assert (refused.status_code, refused.json()["code"]) == (403, "ACCOUNT_DISABLED")


async def test_an_upload_of_an_account_that_is_disabled_meanwhile_is_answered_as_described(
    site: Site, ana: Person, visitor: Visitor
):
    site.storage.flows.clear()
    upload = asyncio.create_task(visitor.sends(content=MP4 * 2000))
    await site.storage.held_back(1)
    await site.services().do.operate.users.disable(Operator.at_shell("root", "here"), ana.id)
    site.storage.flows.set()
    answer = await upload
    assert (answer.status_code, answer.json()["code"]) == (403, "ACCOUNT_DISABLED")


async def test_a_key_without_the_scope_is_answered_as_described(site: Site, ana: Person, described: Description):
    video = await ana.uploaded()
    async with program(site, ana, Scope.DELETE) as lacking:
        visitor = Visitor(described, lacking.http)
        answers = [
            (await visitor.sends(), "upload"),
            (await visitor.get("/videos"), "read"),
            (await visitor.get(f"/videos/{video}/download"), "read"),
            (await visitor.get(f"/batches/{video}/download"), "read"),
            (await visitor.get(f"/videos/{video}/frames.zip?frames=1"), "read"),
            (await visitor.get(f"/videos/{video}/frames.csv"), "read"),
            (await visitor.get(f"/videos/{video}/frames.coco.json"), "read"),
        ]
        for answer, scope in answers:
            assert (answer.status_code, answer.json()["code"]) == (403, "INSUFFICIENT_SCOPE")
            assert answer.headers["www-authenticate"] == f'Bearer error="insufficient_scope", scope="{scope}"'
        answer = await visitor.post("/auth/logout")
        assert answer.headers["www-authenticate"] == 'Bearer error="insufficient_scope"'
    async with program(site, ana) as everything:
        assert (await Visitor(described, everything.http).post("/auth/logout")).status_code == 403
        assert (await Visitor(described, everything.http).sends()).status_code == 202
        await revoked(site, everything, ana)
        assert (await Visitor(described, everything.http).get("/videos")).status_code == 401


@pytest.mark.parametrize("path", BODIES)
async def test_bad_bodies_are_answered_as_described(stranger: Visitor, path: str):
    for body in (b"", b"{", b"[]", b"{}", b'{"name": 7}', b'{"email": "x", "locale": []}'):
        assert (await stranger.post(path, content=body, headers=JSON)).status_code == 400
    assert (await stranger.post(path, content=b" " * 300 * 1024, headers=JSON)).status_code == 413
    assert (await stranger.post(path, data={"email": "a"})).status_code == 415


async def test_too_many_tries_and_a_database_that_is_away_are_answered_as_described(site: Site, stranger: Visitor):
    account = {"name": "Ana", "email": "ana@example.com", "password": PASSWORD, "refresh_token": "x"}
    registered = await stranger.post("/auth/register", json=account)
    tokens = (await stranger.post("/auth/login", json=account)).json()
    session = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert registered.status_code == 201
    site.transactions.away = True
    for path in BODIES:
        body = account | {"email": "b@example.com", "refresh_token": tokens["refresh_token"]}
        assert (await stranger.post(path, json=body)).status_code == 503, path
    assert (await stranger.post("/auth/logout", headers=session)).status_code == 503
    assert (await stranger.get("/videos", headers=session)).status_code == 503
    site.transactions.away = False
    site.limits.allowed = {RateLimitKey.LOGIN_BY_ADDRESS: 0, RateLimitKey.REGISTER_BY_ADDRESS: 0}
    for path in BODIES[:2]:
        assert (await stranger.post(path, json=account)).status_code == 429


async def test_uploads_answer_as_described(site: Site, visitor: Visitor, stranger: Visitor):
    assert (await visitor.sends(headers={"Idempotency-Key": "once"})).status_code == 202
    assert (await visitor.sends(headers={"Idempotency-Key": "once"})).status_code == 202
    assert (await visitor.sends(content=MP4 + b"!", headers={"Idempotency-Key": "once"})).status_code == 409
    assert (await visitor.sends(name="a.txt")).status_code == 415
    assert (await visitor.sends(content=MP4 + bytes(MAX_BYTES))).status_code == 413
    assert (await visitor.post("/videos/upload", data={"file": "a"})).status_code == 400
    assert (await visitor.sends(data={"batchId": UNKNOWN})).status_code == 404
    assert (await stranger.sends()).status_code == 401
    for broken, status in ((StorageFull(), 507), (RuntimeError(), 500)):
        site.storage.broken = broken
        assert (await visitor.sends()).status_code == status
    site.storage.broken, site.storage.away = None, True
    assert (await visitor.sends()).status_code == 503


async def test_lists_answer_as_described(site: Site, ana: Person, visitor: Visitor, stranger: Visitor):
    await site.failed(await ana.uploaded())
    await site.completed(await ana.uploaded())
    await ana.uploaded()
    first = (await visitor.get("/videos", params={"first": 1})).json()
    assert len((await visitor.get("/videos", params={"after": first["next"]})).json()["items"]) == 2
    for query in ("first=0", "first=x", "after=x"):
        assert (await visitor.get(f"/videos?{query}")).status_code == 400
    assert (await stranger.get("/videos")).status_code == 401


async def test_one_video_answers_as_described(
    site: Site, ana: Person, bruno: Person, visitor: Visitor, stranger: Visitor, described: Description
):
    path = f"/videos/{await ana.uploaded()}"
    shown = await visitor.get(path)
    assert (shown.status_code, shown.json()) == (200, (await visitor.get("/videos")).json()["items"][0])
    assert (await stranger.get(path)).status_code == 401
    assert (await Visitor(described, bruno.http).get(path)).status_code == 403
    async with program(site, ana, Scope.DELETE) as lacking:
        assert (await Visitor(described, lacking.http).get(path)).status_code == 403
    for unknown in (UNKNOWN, "1"):
        assert (await visitor.get(f"/videos/{unknown}")).status_code == 404
    site.transactions.away = True
    assert (await visitor.get(path)).status_code == 503


async def test_downloads_answer_as_described(
    site: Site, ana: Person, bruno: Person, visitor: Visitor, stranger: Visitor, described: Description
):
    video = await ana.uploaded()
    path = f"/videos/{video}/download"
    assert (await visitor.get(path)).status_code == 400
    await site.completed(video)
    await fetched(visitor, path)
    assert (await stranger.get(path)).status_code == 401
    assert (await Visitor(described, bruno.http).get(path)).status_code == 403
    for unknown in (UNKNOWN, "1"):
        assert (await visitor.get(f"/videos/{unknown}/download")).status_code == 404
    site.transactions.away = True
    assert (await visitor.get(path)).status_code == 503


async def test_what_expired_is_answered_as_described(empty_database: Path, tmp_path: Path, described: Description):
    kept = {"retention": Retention(days=1), "session_seconds": 10 * 24 * 3600}
    async with running_site(empty_database, tmp_path, **kept) as site, site.person() as ana:
        video = await ana.uploaded()
        await site.completed(video)
        site.clock.advance(2 * 24 * 3600)
        visitor = Visitor(described, ana.http)
        assert (await visitor.get(f"/videos/{video}/download")).status_code == 410
        assert (await visitor.get("/videos")).json()["items"][0]["expiresAt"] < site.clock.now().isoformat()
        await pictures_that_expired_as_described(site, ana, visitor)


async def test_the_zips_of_batches_answer_as_described(empty_database: Path, tmp_path: Path, described: Description):
    kept = {"retention": Retention(days=1), "session_seconds": 10 * 24 * 3600}
    async with running_site(empty_database, tmp_path, **kept) as site, site.person() as ana, site.client() as client:
        visitor, stranger = Visitor(described, ana.http), Visitor(described, client)
        batch = await new_batch(ana)
        path = f"/batches/{batch}/download"
        assert (await visitor.get(path)).status_code == 400
        first = await joined(site, ana, batch)
        site.clock.advance(1)
        await joined(site, ana, batch)
        link = await zip_of(ana, batch)
        for who, where in ((visitor, path), (stranger, link)):
            await fetched(who, where, b"")
        assert (await stranger.get(path)).status_code == 401
        assert (await visitor.get(f"/batches/{UNKNOWN}/download")).status_code == 404
        site.storage.away = True
        assert (await visitor.get(path)).status_code == 503
        site.storage.away = False
        site.storage.objects = {key: one for key, one in site.storage.objects.items() if first not in key}
        for who, where in ((visitor, path), (stranger, link)):
            lost = await who.get(where)
            assert (lost.status_code, lost.json()["code"]) == (404, "VIDEO_NOT_FOUND")
        site.clock.advance(2 * 24 * 3600)
        link = await zip_of(ana, batch)
        for who, where in ((visitor, path), (stranger, link)):
            assert (await who.get(where)).status_code == 410
        query = "mutation($id: ID!) { deleteVideo(id: $id) { ... on Deleted { id } } }"
        for item in (await ana.http.get("/videos")).json()["items"]:
            await ana.ask(query, id=item["id"])
        assert (await stranger.get(link)).status_code == 400
        await ana.ask("mutation($id: ID!) { deleteBatch(id: $id) { ... on Deleted { id } } }", id=batch)
        assert (await stranger.get(link)).json()["code"] == "BATCH_NOT_FOUND"


async def test_links_answer_as_described(site: Site, ana: Person, stranger: Visitor):
    video = await ana.uploaded()
    await site.completed(video)
    query = "query($id: ID!) { video(id: $id) { ... on VideoProcessing { result { downloadUrl } } } }"
    link = urlsplit((await ana.ask(query, id=video))["video"]["result"]["downloadUrl"]).path
    await fetched(stranger, link)
    assert (await stranger.get("/files/x")).status_code == 404
    site.storage.away = True
    assert (await stranger.get(link)).status_code == 503


async def test_pictures_answer_as_described(
    site: Site, ana: Person, bruno: Person, visitor: Visitor, stranger: Visitor, described: Description
):
    others = Visitor(described, bruno.http)
    await pictures_as_described(site, ana, visitor, stranger, others)
    await storyboards_as_described(site, ana, visitor, stranger, others)
    async with program(site, ana, Scope.DELETE) as lacking:
        video = await ana.uploaded()
        for path in ("frames", "frames/1", "storyboard.vtt", "storyboard-1.jpg"):
            answer = await Visitor(described, lacking.http).get(f"/videos/{video}/{path}")
            assert (answer.status_code, answer.json()["code"]) == (403, "INSUFFICIENT_SCOPE")


async def test_a_way_to_the_storage_is_as_described(
    empty_database: Path, tmp_path: Path, s3: S3Part, bucket: str, described: Description
):
    client = s3_client(s3.url, region="us-east-1", access_key=s3.access_key, secret_key=s3.secret_key)
    links = PresignedLinks(client, bucket, lifetime_seconds=60)
    async with running_site(empty_database, tmp_path, storage_links=links) as site, site.person() as ana:
        video = await ana.uploaded()
        await site.completed(video)
        assert (await Visitor(described, ana.http).get(f"/videos/{video}/download")).status_code == 307
    client.close()


async def test_health_and_the_description_answer_as_described(
    site: Site, stranger: Visitor, described: Description, empty_database: Path, tmp_path: Path
):
    assert (await stranger.get("/livez")).status_code == 200
    assert (await stranger.get("/readyz")).status_code == 200
    assert (await stranger.get("/openapi.json")).text == description()
    for path in ("/%6civez", "/%72eadyz"):
        assert (await stranger.get(path)).status_code == 404
    site.parts["database"] = False
    assert (await stranger.get("/readyz")).status_code == 503
    (tmp_path / "shy").mkdir()
    async with (
        running_site(empty_database, tmp_path / "shy", settings=shipped(introspection=False)) as shy,
        shy.client() as client,
    ):
        assert (await Visitor(described, client).get("/openapi.json")).status_code == 404


async def test_a_full_quota_and_a_slow_upload_are_answered_as_described(
    empty_database: Path, tmp_path: Path, described: Description
):
    async def slowly() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\n\r\n' + MP4
        await asyncio.sleep(1)

    settings = shipped(upload_timeout_seconds=0.3)
    async with running_site(empty_database, tmp_path, settings=settings, max_active=1) as site, site.person() as ana:
        visitor = Visitor(described, ana.http)
        multipart = {"Content-Type": "multipart/form-data; boundary=b"}
        late = await visitor.post("/videos/upload", content=slowly(), headers=multipart)
        assert (late.status_code, late.json()["code"]) == (400, "UPLOAD_INCOMPLETE")
        await ana.uploaded()
        assert (await visitor.sends()).status_code == 429


async def test_an_upload_for_which_there_is_too_much_to_do_is_answered_as_described(
    empty_database: Path, tmp_path: Path, described: Description
):
    settings = shipped(max_backlog_seconds=60)
    async with running_site(empty_database, tmp_path, settings=settings) as site, site.person() as ana:
        await ana.uploaded()
        site.clock.advance(61)
        answer = await Visitor(described, ana.http).sends()
        assert (answer.status_code, answer.json()["code"]) == (503, "SERVICE_BUSY")
        assert int(answer.headers["retry-after"]) == 30


async def test_an_upload_that_the_end_of_the_service_meets_is_answered_as_described(
    site: Site, ana: Person, visitor: Visitor
):
    site.storage.flows.clear()
    upload = asyncio.create_task(visitor.sends(content=MP4 * 2000))
    await site.storage.held_back(1)
    site.uploads.end(grace_seconds=0)
    answer = await upload
    assert (answer.status_code, answer.json()["code"]) == (503, "UPLOAD_INCOMPLETE")


async def test_what_the_server_refuses_before_any_route_is_answered_as_described(
    empty_database: Path, tmp_path: Path, described: Description
):
    settings = shipped(head_seconds=0.3, max_head_bytes=2048, allowed_hosts=("localhost",), requests_per_minute=3)
    async with running_site(empty_database, tmp_path, settings=settings) as site:
        asked = b"GET /videos HTTP/1.1\r\nHost: localhost\r\n"
        assert await raw(site, described, asked) == 408
        assert await raw(site, described, asked + b"X: " + b"x" * 4096) == 431
        assert await raw(site, described, b"nonsense\r\n\r\n") == 400
        assert await raw(site, described, b"GET /videos HTTP/1.1\r\nHost: evil.example\r\n\r\n") == 421
        statuses = [await raw(site, described, asked + b"\r\n") for _ in range(4)]
        assert statuses == [401, 401, 401, 429]


async def test_what_a_process_refuses_that_is_about_to_end_is_as_described(site: Site, described: Description):
    drain = Drain(0, 60)
    assert drain.begin()
    ending = application(site.services(), Serving.of(site.settings, files=FILES, drain=drain))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(ending), base_url=site.url) as client:
        assert (await Visitor(described, client).get("/videos")).status_code == 503
        assert (await Visitor(described, client).get("/readyz")).status_code == 503


def test_nothing_is_described_that_was_not_seen(described: Description, request: pytest.FixtureRequest):
    """What all the tests above saw, so it runs last, and not alone."""
    run = {item.name.partition("[")[0] for item in request.session.items if item.path == Path(__file__)}
    if run != {name for name in globals() if name.startswith("test_")}:
        pytest.skip("Run the whole file.")
    heads = {(path, status) for path, method, status, _ in described.seen if method == "HEAD"}
    everywhere = {code for *_, code in described.seen} & OF_THE_SERVER
    servers = {status for *_, status, code in described.seen if code in OF_THE_SERVER}
    unseen = [
        (path, method, status, code)
        for path, method, status, code in described.promised()
        if (path, method, status, code) not in described.seen
        and not (method == "HEAD" and ((path, status) in heads or status in servers))
        and code not in everywhere
        and code not in NOT_TRIED
    ]
    assert unseen == []
