"""Queries and mutations, as a page asks them."""

import json
from typing import Any

import pytest
from gql import Client, FileVar, GraphQLRequest
from gql.transport.httpx import HTTPXAsyncTransport

from app.usecases.ports.rate_limits import RateLimitKey
from tests.graphql.asking import PROBLEM, UNKNOWN, UPLOAD, VIDEO, stranger, upload
from tests.parts.site import MAX_BYTES, MP4, PASSWORD, ZIP, Person, Site


async def do(person: Person, mutation: str, video: str) -> Any:
    field = "id" if mutation == "deleteVideo" else VIDEO
    kind = "Deleted" if mutation == "deleteVideo" else "VideoProcessing"
    data = await person.ask(
        f"mutation($id: ID!) {{ {mutation}(id: $id) {{ ... on {kind} {{ {field} }} {PROBLEM} }} }}", id=video
    )
    return data[mutation]


async def test_a_newcomer_registers_signs_in_and_is_known(site: Site):
    session = f"{{ ... on Session {{ accessToken tokenType expiresAt user {{ id locale }} }} {PROBLEM} }}"
    account = {"name": "Ana", "email": "ana@example.com", "password": PASSWORD}
    async with stranger(site, **{"Accept-Language": "fr, pt-BR;q=0.9, en;q=0.8"}) as client:
        query = f"mutation($input: RegisterInput!) {{ register(input: $input) {session} }}"
        answer = await client.post("/graphql", json={"query": query, "variables": {"input": account}})
        registered = answer.json()["data"]["register"]
        assert registered["user"]["locale"] == "PT_BR"
        answer = await client.post("/graphql", json={"query": query, "variables": {"input": account}})
        assert answer.json()["data"]["register"]["code"] == "EMAIL_ALREADY_REGISTERED"
        query = f"mutation($input: LoginInput!) {{ login(input: $input) {session} }}"
        for password, expected in ((PASSWORD, None), ("not the password", "INVALID_CREDENTIALS")):
            login = {"email": "ana@example.com", "password": password}
            answer = await client.post("/graphql", json={"query": query, "variables": {"input": login}})
            assert answer.json()["data"]["login"].get("code") == expected
        client.headers["Authorization"] = f"Bearer {registered['accessToken']}"
        answer = await client.post("/graphql", json={"query": "{ me { id name email locale createdAt } }"})
        assert answer.json()["data"]["me"] == {
            "id": registered["user"]["id"],
            "name": "Ana",
            "email": "ana@example.com",
            "locale": "PT_BR",
            "createdAt": "2026-11-23T12:00:00.000Z",
        }
    assert registered["tokenType"] == "Bearer"


async def test_signing_in_shows_the_new_sessions_account_and_not_the_callers(site: Site, ana: Person):
    told = "... on Session { user { email storedBytes hasVideosFromBefore } }"
    await ana.uploaded()
    account = {"name": "Rui", "email": "rui@example.com", "password": PASSWORD}
    login = {"email": "rui@example.com", "password": PASSWORD}
    async with stranger(site) as nobody:
        for client in nobody, ana.http:
            for field, kind, variables in ("register", "RegisterInput", account), ("login", "LoginInput", login):
                query = f"mutation($input: {kind}!) {{ {field}(input: $input) {{ {told} {PROBLEM} }} }}"
                answer = (
                    await client.post("/graphql", json={"query": query, "variables": {"input": variables}})
                ).json()
                assert "errors" not in answer
                if answer["data"][field].get("code") != "EMAIL_ALREADY_REGISTERED":
                    user = {"email": "rui@example.com", "storedBytes": 0, "hasVideosFromBefore": False}
                    assert answer["data"][field] == {"user": user}


async def test_an_input_that_breaks_a_rule_is_told_which(site: Site):
    account = {"name": "Ana", "email": "ana", "password": PASSWORD}
    query = f"mutation($input: RegisterInput!) {{ register(input: $input) {{ __typename {PROBLEM} }} }}"
    async with stranger(site) as client:
        answer = await client.post("/graphql", json={"query": query, "variables": {"input": account}})
    assert answer.json()["data"]["register"] == {
        "__typename": "Problem",
        "code": "INVALID_INPUT",
        "message": "This is not an e-mail address.",
        "field": ["email"],
        "retryAfterSeconds": None,
    }


async def test_the_limits_are_told_to_anybody(site: Site):
    query = """{ serviceLimits { acceptedExtensions maxFileBytes maxInlineUploadBytes maxDurationSeconds
                 maxFramesPerVideo maxActiveVideosPerUser
                 maxPresetsPerUser maxBatchesPerUser maxVideosPerBatch } }"""
    async with stranger(site) as client:
        limits = (await client.post("/graphql", json={"query": query})).json()["data"]["serviceLimits"]
    assert limits["maxFileBytes"] == 50 * 1024**3
    assert limits["maxInlineUploadBytes"] == MAX_BYTES
    assert (limits["maxPresetsPerUser"], limits["maxBatchesPerUser"], limits["maxVideosPerBatch"]) == (100, 1000, 1000)
    assert "mp4" in limits["acceptedExtensions"]


async def test_one_video_from_its_upload_to_its_zip(site: Site, ana: Person):
    video = await upload(ana, name="my film.mov", options={"select": {"count": 12}, "format": "PNG"})
    assert (video["status"], video["sizeBytes"], video["originalFileName"]) == ("PENDING", len(MP4), "my film.mov")
    chosen = {name: value for name, value in video["options"]["select"].items() if value is not None}
    assert chosen == {"count": 12}
    assert (video["options"]["format"], video["options"]["quality"]) == ("PNG", None)
    assert video["history"] == [{"status": "PENDING", "attempt": 0, "at": "2026-11-23T12:00:00.000Z"}]
    site.clock.advance(2)
    await site.completed(video["id"])
    data = await ana.ask(
        f"query($id: ID!) {{ video(id: $id) {{ ... on VideoProcessing {{ {VIDEO} }} }} }}", id=video["id"]
    )
    done = data["video"]
    assert (done["status"], done["progress"]["percent"], done["failure"]) == ("COMPLETED", 100, None)
    assert (done["result"]["frameCount"], done["result"]["sizeBytes"]) == (3, len(ZIP))
    assert done["result"]["expiresAt"] == "2026-11-23T12:05:02.000Z"
    assert [change["status"] for change in done["history"]] == ["PENDING", "PROCESSING", "COMPLETED"]
    assert done["version"] > video["version"]


async def test_a_rate_limit_on_a_field_without_problems_is_a_top_level_error(site: Site, ana: Person):
    site.limits.allowed = {RateLimitKey.RESET_BY_ADDRESS: 0}
    answer = await ana.graphql("mutation($e: String!) { requestPasswordReset(email: $e) }", e=ana.email)
    (error,) = answer["errors"]
    assert error["extensions"] == {"code": "RATE_LIMITED", "retryAfterSeconds": 60}


@pytest.mark.parametrize("mutation", ["cancelVideo", "reprocessVideo", "deleteVideo"])
async def test_nobody_touches_another_s_video_or_one_that_is_not_there(ana: Person, bruno: Person, mutation: str):
    video = await ana.uploaded()
    assert (await do(bruno, mutation, video))["code"] == "VIDEO_NOT_BELONGS_TO_USER"
    for unknown in (UNKNOWN, "1", "", UNKNOWN.replace("-", ""), "%", "\u0000"):
        assert (await do(ana, mutation, unknown))["code"] == "VIDEO_NOT_FOUND"


async def test_a_video_is_canceled_processed_again_and_deleted(site: Site, ana: Person):
    video = await ana.uploaded()
    assert (await do(ana, "reprocessVideo", video))["code"] == "PROCESSING_NOT_FINISHED"
    canceled = await do(ana, "cancelVideo", video)
    assert (canceled["status"], canceled["failure"]["code"], canceled["failure"]["retryable"]) == (
        "FAILED",
        "CANCELED",
        True,
    )
    assert (await do(ana, "cancelVideo", video))["code"] == "PROCESSING_ALREADY_FINISHED"
    again = await do(ana, "reprocessVideo", video)
    assert (again["status"], again["failure"], again["id"] != video) == ("PENDING", None, True)
    assert await do(ana, "deleteVideo", video) == {"id": video}
    assert (await do(ana, "deleteVideo", video))["code"] == "VIDEO_NOT_FOUND"
    await site.completed(again["id"])


LIST = """query($first: Int, $after: String, $before: String, $last: Int, $status: [ProcessingStatus!]) {
  videos(first: $first, after: $after, before: $before, last: $last, status: $status) {
    totalCount edges { cursor node { id status history { status } } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


async def test_a_list_is_paged_and_filtered(site: Site, ana: Person, bruno: Person):
    uploaded = []
    for _ in range(5):
        site.clock.advance(1)
        uploaded.append(await ana.uploaded())
    await bruno.uploaded()
    await site.failed(uploaded[2])
    seen, after, info = [], None, {}
    for page, more in ((2, True), (2, True), (2, False)):
        videos = (await ana.ask(LIST, first=page, after=after))["videos"]
        info = videos["pageInfo"]
        assert (videos["totalCount"], info["hasNextPage"], info["hasPreviousPage"]) == (5, more, after is not None)
        seen += [edge["node"]["id"] for edge in videos["edges"]]
        cursors = [edge["cursor"] for edge in videos["edges"]]
        assert (cursors[0], cursors[-1]) == (info["startCursor"], info["endCursor"])
        after = info["endCursor"]
    assert seen == uploaded[::-1]
    back = (await ana.ask(LIST, last=2, before=info["startCursor"]))["videos"]
    assert [edge["node"]["id"] for edge in back["edges"]] == seen[2:4]
    assert (back["pageInfo"]["hasNextPage"], back["pageInfo"]["hasPreviousPage"]) == (True, True)
    failed = (await ana.ask(LIST, status=["FAILED"]))["videos"]
    assert failed["totalCount"] == 1
    (edge,) = failed["edges"]
    assert edge["node"]["id"] == uploaded[2]
    assert [change["status"] for change in edge["node"]["history"]] == ["PENDING", "PROCESSING", "FAILED"]
    nothing = (await ana.ask(LIST, status=["COMPLETED"]))["videos"]
    assert nothing["pageInfo"] == {
        "hasNextPage": False,
        "hasPreviousPage": False,
        "startCursor": None,
        "endCursor": None,
    }


@pytest.mark.parametrize("variables", [{"first": 0}, {"first": 101}, {"first": -1}, {"after": "x"}, {"after": ""}])
async def test_an_impossible_page_size_or_cursor_is_a_top_level_error(ana: Person, variables: dict[str, Any]):
    answer = await ana.graphql(LIST, **variables)
    (error,) = answer["errors"]
    assert answer["data"] is None
    assert error["extensions"] == {"code": "BAD_USER_INPUT", "field": [next(iter(variables))]}


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer x", "Basic eA=="])
async def test_a_stranger_is_told_to_sign_in(site: Site, header: str | None):
    headers = {} if header is None else {"Authorization": header}
    async with stranger(site, **headers) as client:
        for query in (
            "{ me { id } }",
            "{ videos { totalCount } }",
            f'{{ video(id: "{UNKNOWN}") {{ __typename }} }}',
            f'mutation {{ deleteVideo(id: "{UNKNOWN}") {{ __typename }} }}',
        ):
            (error,) = (await client.post("/graphql", json={"query": query})).json()["errors"]
            assert error["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_a_session_that_expired_or_whose_user_is_gone_is_none(site: Site, ana: Person):
    await site.transactions.write(lambda t: t.users.remove(ana.id))
    assert (await ana.graphql("{ me { id } }"))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    site.clock.advance(3600)
    assert (await ana.graphql("{ videos { totalCount } }"))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_what_is_unexpected_leaks_nothing_but_an_id(site: Site, ana: Person):
    site.storage.broken = RuntimeError("mysql://root:hunter2@db")
    operations = {"query": UPLOAD, "variables": {"file": None}}
    answer = await ana.http.post(
        "/graphql",
        data={"operations": json.dumps(operations), "map": '{"0": ["variables.file"]}'},
        files={"0": ("a.mp4", MP4)},
    )
    (error,) = answer.json()["errors"]
    assert error["message"] == "Internal error"
    assert error["extensions"] == {"code": "INTERNAL", "requestId": answer.headers["x-request-id"]}
    assert "hunter2" not in answer.text


async def test_the_public_python_client_uploads_and_asks(site: Site, ana: Person):
    transport = HTTPXAsyncTransport(
        url=f"{site.url}/graphql", headers={"Authorization": f"Bearer {ana.token}"}, trust_env=False
    )
    async with Client(transport=transport, fetch_schema_from_transport=True) as session:
        request = GraphQLRequest(UPLOAD, variable_values={"file": FileVar(MP4, filename="a.mp4")})
        uploaded = await session.execute(request, upload_files=True)
        assert uploaded["uploadVideo"]["status"] == "PENDING"
        listed = await session.execute(GraphQLRequest("{ videos { edges { node { id } } } }"))
        assert listed["videos"]["edges"][0]["node"]["id"] == uploaded["uploadVideo"]["id"]
