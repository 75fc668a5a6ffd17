"""Queries and mutations, as a page asks them."""

import base64
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from gql import Client, FileVar, GraphQLRequest
from gql.transport.httpx import HTTPXAsyncTransport

from app.usecases.ports.rate_limits import RateLimitKey
from tests.parts.site import MAX_BYTES, MP4, PASSWORD, ZIP, Person, Site, problem, running_site

UNKNOWN = "3f0c1d7e-5a4b-4c3d-8e2f-1a2b3c4d5e6f"
PROBLEM = "... on Problem { code message field retryAfterSeconds }"
VIDEO = """id originalFileName sizeBytes status version
  options { select { framesPerSecond everySeconds everyNthFrame count timestamps keyframesOnly sceneChange }
            format quality maxWidth maxHeight startSeconds endSeconds }
  progress { percent framesExtracted framesExpected } failure { code reason retryable }
  media { width height codec durationSeconds framesPerSecond }
  result { frameCount sizeBytes downloadUrl contactSheetUrl expiresAt }
  history { status attempt at } createdAt startedAt completedAt"""
UPLOAD = f"""mutation($file: Upload!, $options: ExtractionOptionsInput, $key: String) {{
  uploadVideo(file: $file, options: $options, idempotencyKey: $key) {{ ... on VideoProcessing {{ {VIDEO} }} {PROBLEM} }}
}}"""


async def upload(person: Person, content: bytes = MP4, name: str = "a.mp4", **variables: Any) -> Any:
    operations = {"query": UPLOAD, "variables": {"file": None, **variables}}
    answer = await person.http.post(
        "/graphql",
        data={"operations": json.dumps(operations), "map": '{"0": ["variables.file"]}'},
        files={"0": (name, content)},
    )
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert "errors" not in body, body
    return body["data"]["uploadVideo"]


async def do(person: Person, mutation: str, video: str) -> Any:
    field = "id" if mutation == "deleteVideo" else VIDEO
    kind = "Deleted" if mutation == "deleteVideo" else "VideoProcessing"
    data = await person.ask(
        f"mutation($id: ID!) {{ {mutation}(id: $id) {{ ... on {kind} {{ {field} }} {PROBLEM} }} }}", id=video
    )
    return data[mutation]


def stranger(site: Site, **headers: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=site.url, headers=headers, trust_env=False)


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


async def test_who_signs_in_is_told_of_their_own_account_whoever_asks(site: Site, ana: Person):
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
                 maxFramesPerVideo maxActiveVideosPerUser } }"""
    async with stranger(site) as client:
        limits = (await client.post("/graphql", json={"query": query})).json()["data"]["serviceLimits"]
    assert limits["maxFileBytes"] == 50 * 1024**3
    assert limits["maxInlineUploadBytes"] == MAX_BYTES
    assert "mp4" in limits["acceptedExtensions"]


async def test_what_an_option_may_be_is_told_as_it_is_taken(site: Site):
    async with site.person() as ana:
        told = await ana.ask("{ serviceLimits { optionRanges { option minimum maximum wholeNumber } } }")
        ranges = {one["option"]: one for one in told["serviceLimits"]["optionRanges"]}
        selected = {"framesPerSecond", "everySeconds", "everyNthFrame", "count", "sceneChange"}
        assert ranges.keys() - selected == {"quality", "maxWidth", "maxHeight", "startSeconds", "endSeconds"}

        async def refused(option: str, value: float) -> bool:
            options = {"select": {option: value}} if option in selected else {option: value}
            query = """query($options: ExtractionOptionsInput) {
              uploadRefusal(fileName: "a.mp4", sizeBytes: 9, options: $options) { code field } }"""
            refusal = (await ana.ask(query, options=options))["uploadRefusal"]
            assert refusal is None or (refusal["code"] == "INVALID_INPUT" and refusal["field"][-1] == option)
            return refusal is not None

        for option, one in ranges.items():
            least, most, step = one["minimum"], one["maximum"], 1 if one["wholeNumber"] else 0.0001
            # The end alone has a rule besides: it is later than the start.
            assert await refused(option, least) == (option == "endSeconds")
            assert await refused(option, least - step)
            assert most is None or not await refused(option, most)
            assert most is None or await refused(option, most + step)


REFUSAL = f"""query($name: String!, $size: BigInt!, $head: Base64, $options: ExtractionOptionsInput, $key: String) {{
  uploadRefusal(fileName: $name, sizeBytes: $size, firstBytes: $head, options: $options, idempotencyKey: $key)
  {PROBLEM.removeprefix("... on Problem ")}
}}"""


async def refusal(person: Person, content: bytes = MP4, name: str = "a.mp4", **variables: Any) -> Any:
    head = base64.b64encode(content[:1024]).decode()
    asked = {"name": name, "size": len(content), "head": head} | variables
    return (await person.ask(REFUSAL, **asked))["uploadRefusal"]


@pytest.mark.parametrize(
    ("file", "code", "field"),
    [
        ({"content": MP4}, None, None),
        ({"content": MP4, "head": None}, None, None),
        ({"content": MP4[:100]}, None, None),
        ({"content": b"a letter, whatever its name may say" * 100}, "UNSUPPORTED_FILE_FORMAT", ["file"]),
        ({"content": b""}, "UNSUPPORTED_FILE_FORMAT", ["file"]),
        ({"content": MP4, "name": "a.txt"}, "UNSUPPORTED_FILE_FORMAT", ["file"]),
        ({"content": MP4, "name": "/"}, "INVALID_INPUT", ["file"]),
        ({"content": MP4, "size": MAX_BYTES}, None, None),
        ({"content": MP4, "size": MAX_BYTES + 1}, "FILE_TOO_LARGE", ["file"]),
        ({"content": MP4, "size": -1}, "INVALID_INPUT", ["sizeBytes"]),
        ({"content": MP4, "head": "AAAA"}, "INVALID_INPUT", ["firstBytes"]),
        ({"content": MP4, "key": "a key"}, "INVALID_INPUT", ["idempotencyKey"]),
        ({"content": MP4, "options": {"quality": 101}}, "INVALID_INPUT", ["options", "quality"]),
    ],
)
async def test_what_would_be_refused_is_refused_by_a_small_question(
    ana: Person, file: dict[str, Any], code: str | None, field: list[str] | None
):
    refused = await refusal(ana, **file)
    assert (refused and (refused["code"], refused["field"])) == (code and (code, field))


async def test_a_full_quota_refuses_before_the_upload_but_not_the_one_that_filled_it(
    empty_database: Path, tmp_path: Path
):
    async with running_site(empty_database, tmp_path, max_active=1) as site, site.person() as ana:
        assert await refusal(ana, key="first") is None
        assert (await upload(ana, key="first"))["status"] == "PENDING"
        assert (await refusal(ana, key="second"))["code"] == "QUOTA_EXCEEDED"
        assert await refusal(ana, key="first") is None


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


@pytest.mark.parametrize(
    "select",
    [
        {"framesPerSecond": 0.5},
        {"everySeconds": 2.0},
        {"everyNthFrame": 3},
        {"count": 7},
        {"timestamps": [0.0, 1.5]},
        {"keyframesOnly": True},
        {"sceneChange": 0.4},
    ],
)
async def test_a_choice_of_frames_comes_back_as_it_was_sent(ana: Person, select: dict[str, Any]):
    video = await upload(ana, options={"select": select, "quality": 50, "maxWidth": 320, "startSeconds": 1.5})
    chosen = {name: value for name, value in video["options"]["select"].items() if value is not None}
    assert chosen == select
    assert (video["options"]["quality"], video["options"]["maxWidth"]) == (50, 320)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"select": {"framesPerSecond": 0}}, ["options", "select", "framesPerSecond"]),
        ({"select": {"timestamps": []}}, ["options", "select", "timestamps"]),
        ({"select": {"keyframesOnly": False}}, ["options", "select", "keyframesOnly"]),
        ({"quality": 0}, ["options", "quality"]),
        ({"maxWidth": 0}, ["options", "maxWidth"]),
        ({"startSeconds": 5, "endSeconds": 5}, ["options", "endSeconds"]),
    ],
)
async def test_options_out_of_range_are_refused_before_the_file_is_read(
    site: Site, ana: Person, options: object, field: list[str]
):
    answer = await upload(ana, options=options)
    assert (answer["code"], answer["field"]) == ("INVALID_INPUT", field)
    assert site.storage.objects == {}


@pytest.mark.parametrize("select", [{}, {"count": 1, "everySeconds": 2}, {"count": None}])
async def test_two_choices_at_once_are_no_choice(ana: Person, select: object):
    operations = {"query": UPLOAD, "variables": {"file": None, "options": {"select": select}}}
    answer = await ana.http.post(
        "/graphql",
        data={"operations": json.dumps(operations), "map": '{"0": ["variables.file"]}'},
        files={"0": ("a.mp4", MP4)},
    )
    (error,) = answer.json()["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    assert "data" not in answer.json()


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("notes.txt", MP4, "UNSUPPORTED_FILE_FORMAT"),
        ("notes.mp4", b"Dear diary, today I renamed a file.", "UNSUPPORTED_FILE_FORMAT"),
        ("empty.mp4", b"", "UNSUPPORTED_FILE_FORMAT"),
        ("large.mp4", MP4 + bytes(MAX_BYTES), "FILE_TOO_LARGE"),
    ],
)
async def test_what_is_no_video_or_too_large_is_a_problem(
    site: Site, ana: Person, name: str, content: bytes, code: str
):
    answer = await upload(ana, content, name)
    assert (answer["code"], answer["field"]) == (code, ["file"])
    assert site.storage.objects == {}


async def test_the_same_key_gets_the_same_answer_and_another_file_a_conflict(ana: Person):
    first = await upload(ana, key="once")
    assert (await upload(ana, key="once"))["id"] == first["id"]
    assert (await upload(ana, MP4 + b"!", key="once"))["code"] == "IDEMPOTENCY_CONFLICT"
    assert (await upload(ana, key="once", options={"quality": 10}))["code"] == "IDEMPOTENCY_CONFLICT"
    assert (await upload(ana, key=""))["field"] == ["idempotencyKey"]


async def test_too_many_unfinished_videos_are_told_when_to_come_back(site: Site, ana: Person):
    for _ in range(site.max_active):
        await ana.uploaded()
    answer = await upload(ana)
    assert answer["code"] == "QUOTA_EXCEEDED"
    assert answer["retryAfterSeconds"] > 0


async def test_too_many_tries_where_no_problem_can_stand_are_told_when_to_come_back(site: Site, ana: Person):
    site.limits.allowed = {RateLimitKey.RESET_BY_ADDRESS: 0}
    answer = await ana.graphql("mutation($e: String!) { requestPasswordReset(email: $e) }", e=ana.email)
    (error,) = answer["errors"]
    assert error["extensions"] == {"code": "RATE_LIMITED", "retryAfterSeconds": 60}


async def test_a_store_that_is_away_is_a_problem_and_not_a_promise(site: Site, ana: Person):
    site.storage.away = True
    answer = await upload(ana)
    assert (answer["code"], answer["retryAfterSeconds"]) == ("STORAGE_ERROR", 5)
    site.transactions.lose("rolled back")
    assert (await upload(ana))["code"] == "STORAGE_ERROR"


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


LIST = """query($first: Int, $after: String, $status: [ProcessingStatus!]) {
  videos(first: $first, after: $after, status: $status) {
    totalCount edges { cursor node { id status history { status } } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }"""


async def test_a_list_is_paged_and_filtered(site: Site, ana: Person, bruno: Person):
    uploaded = []
    for _ in range(5):
        site.clock.advance(1)
        uploaded.append(await ana.uploaded())
    await bruno.uploaded()
    await site.failed(uploaded[2])
    seen, after = [], None
    for page, more in ((2, True), (2, True), (2, False)):
        videos = (await ana.ask(LIST, first=page, after=after))["videos"]
        info = videos["pageInfo"]
        assert (videos["totalCount"], info["hasNextPage"], info["hasPreviousPage"]) == (5, more, after is not None)
        seen += [edge["node"]["id"] for edge in videos["edges"]]
        after = info["endCursor"]
    assert seen == uploaded[::-1]
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
async def test_a_page_that_cannot_be_is_a_top_level_error(ana: Person, variables: dict[str, Any]):
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


async def test_what_is_stored_is_shown_and_beyond_the_limit_a_problem_says_so_before_the_file(
    empty_database: Path, tmp_path: Path
):
    asked = "{ me { storedBytes } serviceLimits { maxStoredBytesPerUser maxStoredBytes } }"
    async with running_site(empty_database, tmp_path, max_stored=30_000) as site, site.person() as ana:
        await ana.uploaded()
        shown = await ana.ask(asked)
        assert shown["serviceLimits"] == {"maxStoredBytesPerUser": 30_000, "maxStoredBytes": None}
        assert shown["me"] == {"storedBytes": len(MP4)}
        refused = await ana.http.post("/videos/upload", files={"file": ("a.mp4", MP4 + bytes(28_000))})
        assert problem(refused) == {"status": 429, "code": "QUOTA_EXCEEDED"}
        assert int(refused.headers["retry-after"]) > 0
        problem_before = await ana.ask('{ uploadRefusal(fileName: "a.mp4", sizeBytes: 29000) { code message } }')
        assert problem_before["uploadRefusal"]["code"] == "QUOTA_EXCEEDED"
        assert "delete some videos first" in problem_before["uploadRefusal"]["message"]
