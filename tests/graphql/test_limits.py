"""How large an operation may be: each limit at its value and one above, and hostile shapes."""

import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import strawberry
from graphql import build_schema, get_introspection_query, parse

from app.graphql.declared import declared
from app.graphql.limits import MAX_ALIASES, MAX_DIRECTIVES, MAX_ROOT_FIELDS, measured
from app.graphql.schema import schema
from tests.parts.graphql_socket import socket
from tests.parts.site import PASSWORD, Person, Site, running_site
from tests.parts.wired import shipped

SHIPPED = shipped()
SEVERAL_TIMES = {
    "logout",
    "endSession",
    "revokeApiKey",
    "savePreset",
    "deletePreset",
    "cancelVideo",
    "cancelImport",
    "reprocessVideo",
    "deleteVideo",
    "updateProfile",
    "updateNotificationSettings",
    "rotateWebhookSecret",
    "sendTestWebhook",
    "redeliverNotification",
    "retryJob",
    "cancelJob",
    "releaseJob",
    "setPaused",
    "setQuota",
    "setDisabled",
}
"""Mutations that try no secret, and whose many times in a request cost no more than many requests do."""


async def answer(person: Person, query: str, **variables: Any) -> httpx.Response:
    accept = {"Accept": "application/graphql-response+json"}
    return await person.http.post("/graphql", json={"query": query, "variables": variables}, headers=accept)


async def code(person: Person, query: str, **variables: Any) -> str | None:
    """Give the code of a refusal, or None where the operation was let through."""
    got = await answer(person, query, **variables)
    body = got.json()
    if "data" in body:
        return None
    assert got.status_code == 400
    return str(body["errors"][0]["extensions"]["code"])


def aliases(count: int) -> str:
    return "{ me { " + " ".join(f"a{number}: id" for number in range(count)) + " } }"


def root_fields(count: int) -> str:
    return "{ " + "__typename " * count + "}"


def directives(count: int) -> str:
    return "{ me { id " + " ".join("name @include(if: true)" for _ in range(count)) + " } }"


def levels(count: int) -> str:
    """Fields below each other that validation would refuse anyway, but only after the limits let them through."""
    return "{ me " + "{ me " * (count - 2) + "{ id }" + " }" * (count - 2) + " }"


def text(count: int) -> str:
    query = "{ __typename } #"
    return query + "x" * (count - len(query))


@pytest.mark.parametrize(
    ("make", "limit"),
    [
        (aliases, MAX_ALIASES),
        (root_fields, MAX_ROOT_FIELDS),
        (directives, MAX_DIRECTIVES),
        (text, SHIPPED.max_document_bytes),
    ],
)
async def test_a_limit_lets_through_what_it_says_and_not_one_more(ana: Person, make: Any, limit: int):
    assert await code(ana, make(limit)) is None
    assert await code(ana, make(limit + 1)) == "LIMIT_EXCEEDED"


async def test_levels_are_counted_before_anything_is_validated(ana: Person):
    assert await code(ana, levels(SHIPPED.max_depth)) == "BAD_USER_INPUT"
    assert await code(ana, levels(SHIPPED.max_depth + 1)) == "LIMIT_EXCEEDED"


async def test_tokens_are_counted_by_the_parser(ana: Person):
    def tokens(count: int) -> str:
        return "query($s: [ProcessingStatus!] = [" + "PENDING " * (count - 16) + "]) { __typename }"

    assert (await answer(ana, tokens(SHIPPED.max_tokens))).json()["errors"][0]["message"].startswith("Variable")
    refused = (await answer(ana, tokens(SHIPPED.max_tokens + 1))).json()["errors"][0]
    assert refused["message"].endswith("contains more than 1000 tokens. Parsing aborted.")
    assert refused["extensions"] == {"code": "LIMIT_EXCEEDED"}


async def test_a_page_costs_what_it_may_hold(ana: Person):
    page = "query($n: Int) { videos(first: $n) { edges { node { " + "id " * 97 + "} } } }"
    # A hundred items of 99 fields are too many, and fifty are not; no number at all counts as the usual page of twenty.
    assert await code(ana, page, n=50) is None
    assert await code(ana, page, n=51) == "LIMIT_EXCEEDED"
    assert await code(ana, page.replace("first: $n", "first: 51"), n=1) == "LIMIT_EXCEEDED"
    assert await code(ana, page) is None
    assert await code(ana, page.replace("($n: Int)", "").replace("(first: $n)", "")) is None
    assert await code(ana, page.replace("$n: Int", "$n: Int = 51")) == "LIMIT_EXCEEDED"
    assert await code(ana, page.replace("$n: Int", "$n: Int = 50")) is None


@pytest.mark.parametrize(
    ("field", "names"),
    [
        (
            "videos",
            "id status createdAt __typename originalFileName sizeBytes version startedAt completedAt expiresAt ",
        ),
        ("notificationDeliveries", "id status createdAt __typename channel event attempts lastAnswer deliveredAt id "),
    ],
)
async def test_a_page_without_a_size_costs_what_the_usual_one_may_hold(ana: Person, field: str, names: str):
    def page(count: int) -> str:
        return f"{{ {field} {{ edges {{ node {{ {names * (count // 10)} }} }} }} }}"

    assert await code(ana, page(240)) is None
    assert await code(ana, page(260)) == "LIMIT_EXCEEDED"


@pytest.mark.parametrize("field", ['deleteAccount(password: "not the password")', "exportMyData"])
async def test_an_expensive_field_may_stand_once_in_a_request(ana: Person, field: str):
    assert await code(ana, f"mutation {{ {field} {{ __typename }} }}") is None
    assert (
        await code(ana, f"mutation {{ a: {field} {{ __typename }} b: {field} {{ __typename }} }}") == "LIMIT_EXCEEDED"
    )


async def test_a_mutation_stands_once_in_a_request_unless_nothing_speaks_against_more(ana: Person):
    core = build_schema(schema.as_str())
    assert core.mutation_type is not None
    refused = set()
    for field in core.mutation_type.fields:
        # They are counted before anybody sees that the last field is none, so nothing of this is ever done.
        refusal = await code(ana, f"mutation {{ a: {field} b: {field} nothing }}")
        refused |= {field} if refusal == "LIMIT_EXCEEDED" else set()
    assert core.mutation_type.fields.keys() - refused == SEVERAL_TIMES


def test_a_mutation_that_does_not_say_whether_it_stands_once_is_in_no_schema():
    @strawberry.type
    class Asked:
        nothing: int = 0

    @strawberry.type
    class Silent:
        @strawberry.mutation
        def explode(self) -> int:
            return 1

    with pytest.raises(TypeError, match=r"once in an operation: explode\."):
        declared(strawberry.Schema(Asked, Silent)._schema)
    pages = {"videos", "batches", "notificationDeliveries", "jobs", "accounts", "auditLog", "frames"}
    assert declared(schema._schema).pages == pages


@pytest.mark.parametrize("named", ["{ids: $ids}", "$input"])
async def test_a_mutation_of_many_costs_as_much_as_it_names(ana: Person, named: str):
    mutation = f"mutation($ids: [ID!], $input: VideosInput) {{ deleteVideos(input: {named}) {{ %s }} }}"
    for count, refusal in ((51, "BAD_USER_INPUT"), (52, "LIMIT_EXCEEDED")):
        # The variables could be null, so it is valid in no case, and nothing is deleted.
        ids = ["no id"] * count
        assert await code(ana, mutation % ("id " * 97), ids=ids, input={"ids": ids}) == refusal
        written = mutation.replace(f"input: {named}", "input: {ids: [" + '"a" ' * count + "]}")
        assert await code(ana, written % ("id " * 97)) == refusal
    for given, questions in ((["a"] * 7, 7), ([], 1), (["a"] * 500, 100), ("a", 100), (None, 100)):
        variables = {"ids": given, "input": {"ids": given}}
        assert measured(parse(mutation % "id"), None, variables, declared(schema._schema)).questions == questions


async def test_fragments_that_fan_out_to_a_billion_fields_are_refused_like_any_other(ana: Person):
    chain = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(30))
    query = f"{{ ...F0 }} {chain} fragment F30 on Query {{ __typename }}"
    got = await answer(ana, query)
    assert got.json()["errors"][0]["extensions"]["code"] == "LIMIT_EXCEEDED"
    assert "more than 1000000000 root fields" in got.json()["errors"][0]["message"]


async def test_a_fragment_that_spreads_itself_is_left_to_validation(ana: Person):
    got = await answer(ana, "{ ...F } fragment F on Query { __typename ...F }")
    assert "Cannot spread fragment" in got.json()["errors"][0]["message"]


async def test_five_hundred_logins_in_one_request_try_no_password(site: Site, ana: Person):
    login = f'login(input: {{email: "{ana.email}", password: "{PASSWORD}"}}) {{ __typename }}'
    several = "mutation { " + " ".join(f"a{number}: {login}" for number in range(2)) + " }"
    assert await code(ana, several) == "LIMIT_EXCEEDED"
    assert (
        await code(ana, several.replace("a0", "...F b0") + " fragment F on Mutation { __typename }") == "LIMIT_EXCEEDED"
    )
    hidden = f"mutation {{ ...F ...G }} fragment F on Mutation {{ a: {login} }} fragment G on Mutation {{ b: {login} }}"
    assert await code(ana, hidden) == "LIMIT_EXCEEDED"
    many = (
        "mutation($e: String!) { "
        + " ".join(f"a{n}: login(input:{{email:$e,password:$e}}){{__typename}}" for n in range(500))
        + " }"
    )
    assert await code(ana, many, e=ana.email) in {"LIMIT_EXCEEDED", "BAD_USER_INPUT"}
    assert await code(ana, f"mutation {{ {login} }}") is None


async def test_introspection_is_allowed_but_not_recursively(ana: Person):
    full = get_introspection_query(descriptions=True, input_value_deprecation=True, specified_by_url=True)
    assert "data" in (await answer(ana, full)).json()
    circle = "fields { type { " * 4 + "name" + " } }" * 4
    assert await code(ana, f"{{ __schema {{ types {{ {circle} }} }} }}") in {"BAD_USER_INPUT", "LIMIT_EXCEEDED"}


async def test_a_number_of_five_thousand_digits_is_the_clients_mistake(ana: Person):
    assert await code(ana, f"{{ videos(first: {'9' * 5000}) {{ totalCount }} }}") == "BAD_USER_INPUT"


async def test_a_repeated_operation_is_measured_with_its_own_variables(ana: Person):
    page = "query($n: Int) { videos(first: $n) { edges { node { " + "id " * 97 + "} } } }"
    assert [await code(ana, page, n=n) for n in (50, 100, 50)] == [None, "LIMIT_EXCEEDED", None]


async def by_post(person: Person, query: str) -> Any:
    return (await answer(person, query)).json()["errors"]


async def by_get(person: Person, query: str) -> Any:
    return (await person.http.get("/graphql", params={"query": query})).json()["errors"]


async def by_name(person: Person, query: str) -> Any:
    body = {"query": query, "operationName": f"Query{len(query)}"}
    return (await person.http.post("/graphql", json=body)).json()["errors"]


async def with_a_file(person: Person, query: str) -> Any:
    operations = json.dumps({"query": query, "variables": {"file": None}})
    form: Mapping[str, Any] = {
        "operations": (None, operations),
        "map": (None, '{"0": ["variables.file"]}'),
        "0": ("a.mp4", b""),
    }
    return (await person.http.post("/graphql", files=form)).json()["errors"]


async def as_events(person: Person, query: str) -> Any:
    got = await person.http.post("/graphql", json={"query": query}, headers={"Accept": "text/event-stream"})
    return json.loads(got.text.partition("data: ")[2].partition("\n")[0])["errors"]


async def as_parts(person: Person, query: str) -> Any:
    accept = {"Accept": 'multipart/mixed;boundary="graphql";subscriptionSpec=1.0'}
    got = await person.http.post("/graphql", json={"query": query}, headers=accept)
    return json.loads(next(line for line in got.text.splitlines() if "errors" in line))["payload"]["errors"]


@pytest.mark.slow
@pytest.mark.parametrize("ask", [by_post, by_get, by_name, with_a_file, as_events, as_parts])
async def test_a_document_that_is_too_long_is_refused_unread_and_nothing_of_it_is_kept(
    site: Site, ana: Person, ask: Any
):
    kept = site.view.documents.bytes
    for number in range(100 if ask is by_post else 5):
        long = SHIPPED.max_document_bytes + 1 + number
        for query in (text(long - 4) + "😀", text(long).replace("{", "subscription {"), "}" * long):
            (error,) = await ask(ana, query)
            assert error["extensions"] == {"code": "LIMIT_EXCEEDED"}, error
            assert "bytes" in error["message"]
    assert site.view.documents.bytes == kept


async def test_a_socket_reads_no_document_that_is_too_long(site: Site, ana: Person):
    kept = site.view.documents.bytes
    async with socket(site, ana.token) as page:
        for query in (text(SHIPPED.max_document_bytes + 1), "}" * (SHIPPED.max_document_bytes + 1)):
            await page.subscribe("1", query=query)
            message = await page.hear()
            assert (message["type"], message["payload"][0]["extensions"]) == ("error", {"code": "LIMIT_EXCEEDED"})
    assert site.view.documents.bytes == kept


@pytest.fixture
async def closed(empty_database: Path, tmp_path: Path) -> AsyncIterator[Site]:
    settings = shipped(introspection=False, suggestions=False)
    async with running_site(empty_database, tmp_path, settings=settings) as running:
        yield running


async def test_introspection_and_suggestions_can_be_switched_off(closed: Site, ana: Person):
    async with closed.person() as person:
        assert await code(person, "{ __schema { types { name } } }") == "BAD_USER_INPUT"
        assert await code(person, '{ me { id } ... on Query { __type(name: "User") { name } } }') == "BAD_USER_INPUT"
        assert await code(person, "{ __typename }") is None
        message = json.dumps((await answer(person, "{ mee { id } }")).json())
        assert "Cannot query field 'mee'" in message
        assert "Did you mean" not in message
    assert "Did you mean 'me'?" in json.dumps((await answer(ana, "{ mee { id } }")).json())


@pytest.mark.parametrize(
    ("query", "variables"),
    [
        ("{ ... on Quer { me { id } } }", {}),
        ("{ videos(frist: 1) { edges { cursor } } }", {}),
        ("{ videos(status: COMPLETE) { edges { cursor } } }", {}),
        ("query($s: [ProcessingStatus!]) { videos(status: $s) { edges { cursor } } }", {"s": ["COMPLETE"]}),
        ('mutation { login(input: {emial: "a", password: "b"}) { __typename } }', {}),
        ("mutation($i: LoginInput!) { login(input: $i) { __typename } }", {"i": {"emial": "a", "password": "b"}}),
        ("query($i: LogInput) { me { id } }", {}),
    ],
)
async def test_no_misspelled_name_is_answered_with_those_that_there_are(
    closed: Site, ana: Person, query: str, variables: dict[str, Any]
):
    async with closed.person() as person:
        assert "Did you mean" not in json.dumps(await person.graphql(query, **variables))
    assert "Did you mean" in json.dumps(await ana.graphql(query, **variables))
