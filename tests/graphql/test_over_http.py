"""GraphQL over HTTP: methods, media types, statuses, and bodies that are mistaken or hostile."""

import asyncio
import json

import httpx
import pytest

from tests.parts.site import MP4, Person, Site
from tests.parts.waiting import until

GRAPHQL = "application/graphql-response+json"
QUERY = "{ serviceLimits { maxFramesPerVideo } }"
UPLOAD = "mutation($file: Upload!) { uploadVideo(file: $file) { __typename ... on Problem { code } } }"
OPERATIONS = json.dumps({"query": UPLOAD, "variables": {"file": None}}).encode()


@pytest.fixture
async def client(site: Site):
    async with site.client() as anybody:
        yield anybody


def refused(answer: httpx.Response, status: int) -> None:
    """Whatever is wrong, the answer is GraphQL's: JSON, errors, no data, and nothing of our insides."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert set(body) == {"errors"}
    assert all(isinstance(error["message"], str) and error["extensions"]["code"] for error in body["errors"])
    assert not any(word in answer.text for word in ("Traceback", "/app/", "strawberry", "graphql.error"))


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        (GRAPHQL, GRAPHQL),
        (f"{GRAPHQL}, application/json;q=0.9", GRAPHQL),
        (f"{GRAPHQL};q=0.1, application/json", "application/json"),
        ("text/html;q=x, application/*;q=0.5", "application/json"),
    ],
)
async def test_the_accept_header_chooses_the_media_type(client: httpx.AsyncClient, accept: str | None, kind: str):
    del client.headers["accept"]
    answer = await client.post("/graphql", json={"query": QUERY}, headers={"Accept": accept} if accept else {})
    assert (answer.status_code, answer.headers["content-type"]) == (200, f"{kind}; charset=utf-8")
    assert answer.json() == {"data": {"serviceLimits": {"maxFramesPerVideo": 100_000}}}


@pytest.mark.parametrize("accept", ["text/html", "image/png, text/plain", "application/json;q=0"])
async def test_a_client_that_accepts_neither_media_type_is_refused(client: httpx.AsyncClient, accept: str):
    refused(await client.post("/graphql", json={"query": QUERY}, headers={"Accept": accept}), 406)


@pytest.mark.parametrize(
    "query",
    [
        "{",
        "{ nothing }",
        "query($a: Int!) { videos(first: $a) { totalCount } }",
        "query A { me { id } } query B { me { id } }",
    ],
)
@pytest.mark.parametrize(("accept", "status"), [(GRAPHQL, 400), ("application/json", 200)])
async def test_an_operation_that_is_not_valid_is_not_executed(
    client: httpx.AsyncClient, query: str, accept: str, status: int
):
    answer = await client.post("/graphql", json={"query": query}, headers={"Accept": accept})
    refused(answer, status)


async def test_a_query_may_come_by_get_and_a_mutation_may_not(client: httpx.AsyncClient):
    query = "query($n: Boolean!) { serviceLimits @include(if: $n) { maxFramesPerVideo } }"
    answer = await client.get("/graphql", params={"query": query, "variables": '{"n": true}'})
    assert answer.json()["data"]["serviceLimits"]["maxFramesPerVideo"] == 100_000
    mutation = 'mutation { login(input: {email: "a@example.com", password: "x"}) { __typename } }'
    answer = await client.get("/graphql", params={"query": mutation})
    refused(answer, 405)
    assert answer.headers["allow"] == "POST"
    refused(await client.get("/graphql"), 400)
    refused(await client.get("/graphql", params={"query": query, "variables": "{"}), 400)
    refused(await client.get("/graphql", params={"query": query, "variables": "[]"}), 400)


async def test_other_methods_and_other_bodies_are_refused(client: httpx.AsyncClient):
    answer = await client.put("/graphql", json={"query": QUERY})
    refused(answer, 405)
    assert answer.headers["allow"] == "GET, POST"
    refused(await client.post("/graphql", data={"query": QUERY}), 415)
    refused(await client.post("/graphql", content=QUERY, headers={"Content-Type": "text/plain"}), 415)
    refused(await client.post("/graphql", content=QUERY, headers={"Content-Type": "application/jsonx"}), 415)
    latin = {"Content-Type": "application/json; charset=latin-1"}
    refused(await client.post("/graphql", content=json.dumps({"query": QUERY}), headers=latin), 415)
    utf8 = {"Content-Type": 'Application/JSON; charset="UTF-8"'}
    assert (await client.post("/graphql", content=json.dumps({"query": QUERY}), headers=utf8)).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"1",
        b'"x"',
        b"[]",
        b'[{"query": "{ me { id } }"}]',
        b"\xff\xfe",
        b"[" * 100_000,
        b"{}",
        b'{"query": 1}',
        b'{"query": null}',
        b'{"query": ""}',
        b'{"query": "{ me { id } }", "variables": []}',
        b'{"query": "{ me { id } }", "variables": "x"}',
        b'{"query": "{ me { id } }", "operationName": {}}',
        b'{"query": "{ me { id } }", "operationName": "B"}',
        b'{"query": "{ me { id } }", "extensions": 1}',
    ],
)
async def test_a_malformed_body_is_a_bad_request(client: httpx.AsyncClient, body: bytes):
    refused(await client.post("/graphql", content=body, headers={"Content-Type": "application/json"}), 400)


async def test_a_document_nested_beyond_all_reason_is_refused_without_our_insides(client: httpx.AsyncClient):
    for query in ("{" * 20_000, "{ me " * 20_000 + "}" * 20_000, "query($a: " + "[" * 50_000):
        answer = await client.post("/graphql", json={"query": query}, headers={"Accept": GRAPHQL})
        assert answer.status_code < 500
        assert "recursion" not in answer.text.lower()


async def test_a_body_larger_than_any_operation_is_refused(client: httpx.AsyncClient):
    answer = await client.post("/graphql", json={"query": "#" * 300_000 + QUERY})
    assert answer.status_code == 413
    assert answer.json()["errors"][0]["extensions"]["code"] == "FILE_TOO_LARGE"


def part(name: str, content: bytes, file_name: str | None = None) -> bytes:
    file = "" if file_name is None else f'; filename="{file_name}"'
    return f'--b\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + content + b"\r\n"


def body(operations: bytes = OPERATIONS, files: bytes = b'{"0": ["variables.file"]}') -> bytes:
    return part("operations", operations) + part("map", files) + part("0", MP4, "a.mp4") + b"--b--\r\n"


async def post(person: Person, content: bytes) -> httpx.Response:
    return await person.http.post(
        "/graphql", content=content, headers={"Content-Type": "multipart/form-data; boundary=b"}
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"--b--\r\n",
        b"rubbish" * 100,
        part("map", b"{}") + part("operations", OPERATIONS) + b"--b--\r\n",
        part("0", MP4, "a.mp4") + part("operations", OPERATIONS) + part("map", b"{}") + b"--b--\r\n",
        part("operations", OPERATIONS) + part("map", b'{"0": ["variables.file"]}') + b"--b--\r\n",
        part("operations", OPERATIONS) + part("map", b'{"0": ["variables.file"]}') + part("0", b"text") + b"--b--\r\n",
        part("operations", OPERATIONS, "operations.json") + b"--b--\r\n",
        body(b"null"),
        body(b"[]"),
        body(b"{"),
        body(b"[" * 50_000),
        body(b'"x"'),
        body(b"{}"),
        body(b'{"query": "{ me { id } }"}'),
        body(b'{"query": "{ me { id } }", "variables": null}'),
        body(b'{"query": "{ me { id } }", "variables": {"file": "x"}}'),
        body(b'{"query": "{ me { id } }", "variables": {"file": {}}}'),
        body(b'[{"query": "{ me { id } }", "variables": {"file": null}}]'),
        body(files=b"null"),
        body(files=b"[]"),
        body(files=b"{}"),
        body(files=b'{"0": []}'),
        body(files=b'{"0": "variables.file"}'),
        body(files=b'{"0": [1]}'),
        body(files=b'{"0": [""]}'),
        body(files=b'{"0": ["variables"]}'),
        body(files=b'{"0": ["variables."]}'),
        body(files=b'{"0": ["variables.nothing"]}'),
        body(files=b'{"0": ["variables.file.deeper"]}'),
        body(files=b'{"0": ["query"]}'),
        body(b'{"query": "{ me { id } }", "extensions": {"file": null}}', b'{"0": ["extensions.file"]}'),
        body(files=b'{"1": ["variables.file"]}'),
        body(files=b'{"0": ["variables.file", "variables.file"]}'),
        body(files=b'{"0": ["variables.file"], "1": ["variables.file"]}'),
    ],
)
async def test_a_malformed_multipart_request_is_a_bad_request(site: Site, ana: Person, content: bytes):
    refused(await post(ana, content), 400)
    assert site.storage.objects == {}


async def test_a_string_is_refused_for_a_file_and_a_file_for_a_string(ana: Person):
    answer = await ana.http.post("/graphql", json={"query": UPLOAD, "variables": {"file": "a.mp4"}})
    refused(answer, 200)
    query = "mutation($file: String!) { login(input: {email: $file, password: $file}) { __typename } }"
    operations = json.dumps({"query": query, "variables": {"file": None}}).encode()
    refused(await post(ana, body(operations)), 200)


async def test_a_file_that_ends_early_is_incomplete_and_a_second_one_is_refused(site: Site, ana: Person):
    whole = body()
    for content, code in (
        (whole[:-8], "UPLOAD_INCOMPLETE"),
        (whole[:-7] + part("1", MP4, "b.mp4") + b"--b--\r\n", "INVALID_INPUT"),
    ):
        answer = await post(ana, content)
        assert answer.json()["data"]["uploadVideo"] == {"__typename": "Problem", "code": code}
    assert site.storage.objects == {}


async def test_a_form_of_another_origin_s_page_is_refused(site: Site, client: httpx.AsyncClient):
    """It can neither send Authorization nor any header of its own without asking first."""
    form = {"content": body(), "headers": {"Content-Type": "multipart/form-data; boundary=b"}}
    refused(await client.post("/graphql", **form), 400)  # type: ignore[arg-type]
    form["headers"] |= {"GraphQL-Require-Preflight": "1"}  # type: ignore[operator]
    answer = await client.post("/graphql", **form)  # type: ignore[arg-type]
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_session_and_options_are_looked_at_before_the_file_is_sent(site: Site, ana: Person):
    """The answer is there although the client has not sent one byte of the file yet."""
    host, port = site.url.removeprefix("http://").split(":")
    head = part("operations", OPERATIONS) + part("map", b'{"0": ["variables.file"]}')
    head += b'--b\r\nContent-Disposition: form-data; name="0"; filename="a.txt"\r\n\r\n'
    for token, expected in (("nobody", b"UNAUTHENTICATED"), (ana.token, b"")):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(
            f"POST /graphql HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
            "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 5000000\r\n\r\n".encode()
            + head
        )
        if expected:
            async with asyncio.timeout(5):
                assert expected in await reader.readuntil(b'"}}]}')
        else:

            async def place_taken() -> int:
                return await site.transactions.read(lambda t: t.reservations.count(ana.id, site.clock.now()))

            await until(place_taken)
        writer.transport.abort()
