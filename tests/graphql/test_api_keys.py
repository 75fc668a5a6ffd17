"""What a program can do with a key, over HTTP and over sockets, and what it never can."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.domain.session import Scope
from app.usecases.ports.rate_limits import RateLimitKey
from tests.graphql.test_authorisation import BATCH, REFUSED, TABLE, VIDEO, outcome, owned
from tests.graphql.test_streams import events, stream
from tests.parts.api_keys import program, revoked
from tests.parts.graphql_socket import socket, watched
from tests.parts.site import MP4, Person, Site, running_site
from tests.parts.waiting import until
from tests.parts.wired import shipped

READ, UPLOAD, DELETE = Scope
LACKING = "INSUFFICIENT_SCOPE"
FOR_ALL = {name for name, row in TABLE.items() if row.nobody != REFUSED}
"""What needs nobody who is known."""
NEEDS = {
    "Query.me": READ,
    "Query.videos": READ,
    "Query.video": READ,
    "Query.node": READ,
    "Query.batches": READ,
    "Query.batch": READ,
    "Query.notificationDeliveries": READ,
    "Subscription.videoStatus": READ,
    "Mutation.selectFrames": READ,
    "Query.framesExport": READ,
    "Mutation.createFramesExport": READ,
    "Mutation.deleteFramesExport": DELETE,
    "Query.uploadRefusal": UPLOAD,
    "Mutation.uploadVideo": UPLOAD,
    "Mutation.createUpload": UPLOAD,
    "Mutation.refreshUpload": UPLOAD,
    "Mutation.completeUpload": UPLOAD,
    "Mutation.abortUpload": UPLOAD,
    "Query.videoImport": UPLOAD,
    "Query.videoImports": UPLOAD,
    "Mutation.importVideo": UPLOAD,
    "Mutation.cancelImport": UPLOAD,
    "Subscription.importStatus": UPLOAD,
    "Mutation.reprocessVideo": UPLOAD,
    "Mutation.createBatch": UPLOAD,
    "Mutation.cancelBatch": DELETE,
    "Mutation.deleteBatch": DELETE,
    "Mutation.savePreset": UPLOAD,
    "Mutation.deletePreset": DELETE,
    "Mutation.cancelVideo": DELETE,
    "Mutation.deleteVideo": DELETE,
    "Mutation.cancelVideos": DELETE,
    "Mutation.deleteVideos": DELETE,
}
"""Which scope a key needs for a root field; all that is not here no key may do."""
NONE = "3f0c1d7e-5a4b-4c3d-8e2f-1a2b3c4d5e6f"
SEE = "query($id: ID!) { video(id: $id) { ... on VideoProcessing { status result { downloadUrl } } } }"


def code(answer: Any) -> str:
    """Give why an answer holds nothing."""
    return str(answer["errors"][0]["extensions"]["code"])


async def test_each_root_field_does_for_a_key_what_its_scope_says_and_none_changes_an_account(site: Site, ana: Person):
    async with program(site, ana) as everything:
        for name, row in TABLE.items():
            expected = row.owner if name in NEEDS or name in FOR_ALL else LACKING
            video = await owned(ana, row) if row.names(VIDEO, BATCH) and name in NEEDS else NONE
            assert (await outcome(site, everything, name, row, video, ana.id))[0] == expected, name
    me = await ana.ask("{ me { email } apiKeys { id } }")
    assert (me["me"]["email"], len(me["apiKeys"])) == (ana.email, 1)


@pytest.mark.parametrize("scope", list(Scope))
async def test_a_key_without_a_scope_does_nothing_that_needs_it(site: Site, ana: Person, scope: Scope):
    video = await ana.uploaded()
    async with program(site, ana, *(set(Scope) - {scope})) as lacking:
        for name in (name for name, needed in NEEDS.items() if needed is scope):
            assert (await outcome(site, lacking, name, TABLE[name], video))[0] == LACKING, name
        said = await lacking.graphql("{ apiKeys { id } }")
        assert (code(said), said["data"]) == (LACKING, None)
    assert (await ana.ask(SEE, id=video))["video"]["status"] == "PENDING"


async def test_a_refusal_says_which_scope_is_missing(site: Site, ana: Person):
    async with program(site, ana, READ) as reader:
        answer = await reader.graphql('mutation { deleteVideo(id: "x") { ... on Problem { code message } } }')
        assert answer["data"]["deleteVideo"] == {
            "code": LACKING,
            "message": "This key may not do this: it needs the scope delete.",
        }
        answer = await reader.graphql("mutation { logout }")
        assert "signs in with a password" in answer["errors"][0]["message"]


async def test_a_key_that_only_sends_videos_downloads_none(site: Site, ana: Person):
    video = await ana.uploaded(key="once")
    await site.completed(video)
    ask = (
        "mutation($id: ID!) { completeUpload(id: $id) { ... on VideoProcessing { id result { downloadUrl } } "
        "... on Problem { code } } }"
    )
    async with program(site, ana, UPLOAD) as sender:
        answer = await sender.graphql(ask, id=video)
        assert (code(answer), answer["data"]["completeUpload"]["result"]) == (LACKING, None)
    async with program(site, ana, UPLOAD, READ) as both:
        assert (await both.ask(ask, id=video))["completeUpload"]["result"]["downloadUrl"]


async def sent_as_form(person: Person) -> httpx.Response:
    query = "mutation($f: Upload!) { uploadVideo(file: $f) { ... on VideoProcessing { id } } }"
    form = {"operations": json.dumps({"query": query, "variables": {"f": None}}), "map": '{"0": ["variables.f"]}'}
    return await person.http.post("/graphql", data=form, files={"0": ("a.mp4", MP4)})


async def test_a_file_is_refused_to_a_key_that_sends_none_before_it_is_read(site: Site, ana: Person):
    async with program(site, ana, READ, DELETE) as reader:
        answer = await sent_as_form(reader)
        assert (answer.status_code, code(answer.json())) == (403, LACKING)
        assert answer.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="upload"'
    async with program(site, ana, UPLOAD) as sender:
        assert (await sent_as_form(sender)).json()["data"]["uploadVideo"]["id"]
    assert len(site.storage.objects) == 1


async def told(site: Site, key: str) -> tuple[str, str]:
    """Give why a key opens nothing, by its code and its sentence."""
    async with site.client(headers={"Authorization": f"Bearer {key}"}) as client:
        answer = (await client.post("/graphql", json={"query": "{ me { id } }"})).json()
    return code(answer), answer["errors"][0]["message"]


async def test_a_key_that_is_none_any_more_is_told_why(site: Site, ana: Person):
    async with program(site, ana) as gone, program(site, ana, seconds=10) as short, program(site, ana) as off:
        await revoked(site, gone, ana)
        site.clock.advance(10)
        for key, why in ((gone.token, "revoked"), (short.token, "expired"), (gone.token[:-1] + "!", "misspelt")):
            refused, sentence = await told(site, key)
            assert refused == REFUSED
            assert why in sentence
        assert (await off.ask("{ me { id } }"))["me"]["id"] == ana.id


async def test_what_needs_nobody_who_is_known_is_answered_to_a_bad_key_too(site: Site):
    async with site.client(headers={"Authorization": "Bearer fx_nothing"}) as client:
        answer = await client.post("/graphql", json={"query": "{ serviceLimits { maxFileBytes } }"})
    assert answer.json()["data"]["serviceLimits"]


@pytest.mark.parametrize("how", ["is revoked", "expires"])
async def test_the_end_of_a_key_ends_what_is_watched_by_it_within_a_second(site: Site, ana: Person, how: str):
    seconds = 1 if how == "expires" else None
    async with program(site, ana, READ, seconds=seconds) as reader, socket(site, reader.token) as page:
        await page.subscribe("1")
        async with asyncio.timeout(20), stream(reader, None) as answer:
            await until(lambda: site.live.watchers(ana.id) == 2)
            if how == "is revoked":
                await revoked(site, reader, ana)
            async with asyncio.timeout(1.5):
                assert await page.end() == 4403
                assert [event async for event in events(answer)] == []
    await until(lambda: not site.live.watchers(ana.id))


async def test_what_a_key_opened_lasts_no_longer_than_an_access_token_though_the_key_does(
    empty_database: Path, tmp_path: Path
):
    async with (
        running_site(empty_database, tmp_path, settings=shipped(session_seconds=1)) as site,
        site.person() as ana,
        program(site, ana, READ) as reader,
    ):
        async with socket(site, reader.token) as page:
            await page.subscribe("1")
            async with asyncio.timeout(3):
                assert await page.end() == 4403
        await reader.ask("{ me { id } }")


async def test_the_end_of_a_session_leaves_keys_of_the_same_user_alone(site: Site, ana: Person):
    async with (
        program(site, ana, READ) as reader,
        program(site, ana, UPLOAD) as sender,
        socket(site, reader.token) as page,
    ):
        await page.subscribe("1")
        await watched(site, ana)
        assert await ana.ask("mutation { logout }") == {"logout": True}
        video = await sender.uploaded()
        assert (await page.event("1"))["id"] == video


@pytest.mark.parametrize("key", ["fx_", "fx_zQWBuTSOoRi4A9spHcVY5ncnsDkxkJ0mLq17"])
async def test_a_key_that_is_none_opens_no_socket(site: Site, key: str):
    async with socket(site) as page:
        await page.say({"type": "connection_init", "payload": {"authorization": f"Bearer {key}"}})
        assert await page.end() == 4403


async def test_a_key_without_read_watches_nothing(site: Site, ana: Person):
    async with program(site, ana, UPLOAD) as sender, socket(site, sender.token) as page:
        await page.subscribe("1")
        assert (await page.event("1")) == {"__typename": "Problem", "code": LACKING}
        assert (await page.hear())["type"] == "complete"


async def test_where_the_database_is_away_a_key_is_asked_to_come_again(site: Site, ana: Person):
    async with program(site, ana, READ) as reader:
        site.transactions.away = True
        answer = await reader.http.post("/graphql", json={"query": "{ me { id } }"})
        assert (answer.status_code, code(answer.json())) == (503, "STORAGE_ERROR")
        assert answer.headers["retry-after"] == "5"
        async with socket(site) as page:
            await page.say({"type": "connection_init", "payload": {"authorization": f"Bearer {reader.token}"}})
            assert await page.end() == 1013


async def test_requests_and_operations_over_sockets_count_together_for_one_key(site: Site, ana: Person):
    site.limits.allowed = {RateLimitKey.REQUEST_BY_KEY: 3}
    async with program(site, ana, READ) as busy, program(site, ana, READ) as idle:
        await busy.ask("{ me { id } }")
        async with socket(site, busy.token) as page:
            await page.subscribe("1", query="{ me { id } }")
            assert (await page.hear())["type"] == "next"
            assert (await page.hear())["type"] == "complete"
            await page.subscribe("2", query="{ me { id } }")
            refused = await page.hear()
            assert refused["payload"][0]["extensions"]["code"] == "RATE_LIMITED"
        answer = await busy.http.post("/graphql", json={"query": "{ me { id } }"})
        assert (answer.status_code, code(answer.json())) == (429, "RATE_LIMITED")
        assert answer.headers["retry-after"] == "60"
        async with socket(site) as page:
            await page.say({"type": "connection_init", "payload": {"authorization": f"Bearer {busy.token}"}})
            assert await page.end() == 1013
        await idle.ask("{ me { id } }")


async def test_a_key_is_made_shown_once_listed_and_revoked(site: Site, ana: Person, bruno: Person):
    made = await ana.ask(
        """mutation { createApiKey(name: " cameras ", scopes: [UPLOAD, READ, READ], expiresAt: "2999-01-01T00:00:00Z") {
        ... on NewApiKey { secret key { id name scopes ending expiresAt lastUsedAt } } } }"""
    )
    secret, key = made["createApiKey"]["secret"], made["createApiKey"]["key"]
    assert (key["name"], key["scopes"], key["lastUsedAt"]) == ("cameras", ["READ", "UPLOAD"], None)
    assert key["expiresAt"].startswith("2999-01-01")
    async with site.client(headers={"Authorization": f"Bearer {secret}"}) as client:
        assert (await client.get("/videos")).status_code == 200
    (listed,) = (await ana.ask("{ apiKeys { id name scopes ending expiresAt lastUsedAt } }"))["apiKeys"]
    assert {**listed, "lastUsedAt": None} == key
    assert listed["lastUsedAt"] is not None
    assert (await bruno.ask("{ apiKeys { id } }"))["apiKeys"] == []
    revoke = "mutation($id: ID!) { revokeApiKey(id: $id) { ... on Deleted { id } ... on Problem { code field } } }"
    refused = (await bruno.ask(revoke, id=key["id"]))["revokeApiKey"]
    assert refused == {"code": "INVALID_INPUT", "field": ["id"]}
    assert (await ana.ask(revoke, id=key["id"]))["revokeApiKey"] == {"id": key["id"]}
    assert (await told(site, secret))[0] == REFUSED
