"""The brief's /auth, and every error's shape."""

from collections.abc import AsyncIterator

import httpx
import pytest

from app.usecases.ports.rate_limits import RateLimitKey
from tests.parts.site import MP4, PASSWORD, Person, Site, problem


@pytest.fixture
async def stranger(site: Site):
    async with site.client() as client:
        yield client


async def test_a_newcomer_registers_and_signs_in(stranger: httpx.AsyncClient):
    account = {"name": "Ana", "email": " Ana@Example.com", "password": PASSWORD}
    answer = await stranger.post("/auth/register", json=account)
    assert answer.status_code == 201
    assert answer.json()["email"] == "ana@example.com"
    assert answer.json()["createdAt"].endswith("Z")
    assert "password" not in answer.text.lower()
    answer = await stranger.post("/auth/login", json={"email": "ana@example.com", "password": PASSWORD})
    assert answer.status_code == 200
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("Bearer", 3600)
    token = answer.json()["access_token"]
    assert (await stranger.get("/videos", headers={"Authorization": f"bearer {token}"})).status_code == 200


async def test_an_address_is_taken_once(stranger: httpx.AsyncClient, ana: Person):
    answer = await stranger.post("/auth/register", json={"name": "A", "email": ana.email.upper(), "password": PASSWORD})
    assert problem(answer) == {"status": 409, "code": "EMAIL_ALREADY_REGISTERED", "field": ["email"]}


async def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(stranger: httpx.AsyncClient, ana: Person):
    wrong = await stranger.post("/auth/login", json={"email": ana.email, "password": "not the password"})
    unknown = await stranger.post("/auth/login", json={"email": "nobody@example.com", "password": PASSWORD})
    assert problem(wrong) == {"status": 401, "code": "INVALID_CREDENTIALS"}
    assert wrong.json() == unknown.json()
    assert wrong.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, ["name"]),
        ({"email": "no address"}, ["email"]),
        ({"password": "short"}, ["password"]),
        ({"password": None}, ["password"]),
        ({"name": 7}, ["name"]),
        ({"locale": "tlh"}, ["locale"]),
        ({"locale": []}, ["locale"]),
    ],
)
async def test_an_account_that_breaks_a_rule_is_told_which(stranger: httpx.AsyncClient, change: object, field: object):
    account = {"name": "Ana", "email": "a@example.com", "password": PASSWORD} | dict(change)  # type: ignore[call-overload]
    answer = await stranger.post("/auth/register", json=account)
    assert problem(answer) == {"status": 400, "code": "INVALID_INPUT", "field": field}


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b'"x"', b"\xff", b"[" * 100_000, b'{"email": {}}'])
async def test_a_malformed_body_is_a_bad_request(stranger: httpx.AsyncClient, body: bytes):
    answer = await stranger.post("/auth/login", content=body, headers={"Content-Type": "application/json"})
    assert problem(answer)["status"] == 400


async def test_a_form_instead_of_json_is_refused(stranger: httpx.AsyncClient):
    answer = await stranger.post("/auth/login", data={"email": "a@example.com", "password": PASSWORD})
    assert problem(answer) == {"status": 415, "code": "UNSUPPORTED_MEDIA_TYPE"}


@pytest.mark.parametrize("chunked", [False, True])
async def test_a_large_body_is_refused(stranger: httpx.AsyncClient, chunked: bool):
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(300):
            yield b" " * 1024

    content = pieces() if chunked else b" " * 300 * 1024
    answer = await stranger.post("/auth/login", content=content, headers={"Content-Type": "application/json"})
    assert problem(answer)["status"] == 413


async def test_an_unknown_path_and_a_wrong_method_are_problems_too(stranger: httpx.AsyncClient):
    assert problem(await stranger.get("/nowhere"))["status"] == 404
    answer = await stranger.get("/auth/login")
    assert problem(answer)["status"] == 405
    assert answer.headers["allow"] == "POST"


async def test_every_answer_has_safe_headers_and_a_request_id(stranger: httpx.AsyncClient):
    for path in ("/livez", "/nowhere", "/videos", "/graphql"):
        answer = await stranger.get(path)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert len(answer.headers["x-request-id"]) == 32
    answer = await stranger.get("/livez", headers={"X-Request-Id": "trace-0123456789"})
    assert answer.headers["x-request-id"] == "trace-0123456789"
    answer = await stranger.get("/livez", headers={"X-Request-Id": "<script>" * 3})
    assert len(answer.headers["x-request-id"]) == 32


async def test_health_tells_a_living_service_from_a_ready_one(stranger: httpx.AsyncClient, site: Site):
    assert (await stranger.get("/readyz")).json() == {"status": "ready", "parts": {"database": True}}
    site.parts["database"] = False
    answer = await stranger.get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")
    assert (await stranger.get("/livez")).status_code == 200


async def test_what_is_unexpected_leaks_nothing_but_an_id(site: Site, ana: Person):
    site.storage.broken = RuntimeError("mysql://root:hunter2@db")
    answer = await ana.http.post("/videos/upload", files={"file": ("a.mp4", MP4)})
    assert problem(answer) == {"status": 500, "code": "INTERNAL"}
    assert answer.json()["requestId"] == answer.headers["x-request-id"]
    assert "hunter2" not in answer.text
    assert "RuntimeError" not in answer.text


async def test_a_database_that_is_away_is_said_so(stranger: httpx.AsyncClient, site: Site):
    site.transactions.lose("rolled back")
    answer = await stranger.post("/auth/register", json={"name": "Ana", "email": "a@example.com", "password": PASSWORD})
    assert problem(answer) == {"status": 503, "code": "STORAGE_ERROR"}
    assert int(answer.headers["retry-after"]) > 0


async def test_a_session_goes_on_and_ends_by_rest(stranger: httpx.AsyncClient):
    account = {"name": "Ana", "email": "ana@example.com", "password": PASSWORD}
    await stranger.post("/auth/register", json=account)
    answer = await stranger.post("/auth/login", json={"email": "ana@example.com", "password": PASSWORD})
    assert answer.headers["cache-control"] == "no-store"
    answer = await stranger.post("/auth/refresh", json={"refresh_token": answer.json()["refresh_token"]})
    assert answer.status_code == 200
    assert set(answer.json()) == {"access_token", "token_type", "expires_in", "refresh_token"}
    session = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert (await stranger.get("/videos", headers=session)).status_code == 200
    assert (await stranger.post("/auth/logout", headers=session)).status_code == 204
    assert problem(await stranger.get("/videos", headers=session)) == {"status": 401, "code": "UNAUTHENTICATED"}
    again = await stranger.post("/auth/refresh", json={"refresh_token": answer.json()["refresh_token"]})
    assert problem(again) == {"status": 401, "code": "INVALID_CREDENTIALS", "field": ["refreshToken"]}


async def test_who_tries_too_often_is_told_when_to_come_back(stranger: httpx.AsyncClient, site: Site):
    site.limits.allowed[RateLimitKey.LOGIN_BY_ADDRESS] = 1
    body = {"email": "ana@example.com", "password": PASSWORD}
    await stranger.post("/auth/login", json=body)
    answer = await stranger.post("/auth/login", json=body)
    assert problem(answer) == {"status": 429, "code": "RATE_LIMITED"}
    assert answer.headers["retry-after"] == "60"
