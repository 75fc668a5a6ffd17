"""Anything of the viewer's by its id alone, as Relay asks for it."""

from typing import Any

import pytest
from graphql import build_schema, is_specified_scalar_type
from graphql.type import GraphQLScalarType

from app.graphql.schema import schema
from tests.parts.api_keys import program
from tests.parts.site import Person, Site

CORE = build_schema(schema.as_str())
NODE = "query($id: ID!) { node(id: $id) { __typename id } }"
ALL_KINDS = {"User", "VideoProcessing", "Batch", "Preset", "NotificationDelivery"}


async def one_of_each(person: Person) -> dict[str, str]:
    """Make one of each kind; return their ids by their kinds."""
    video = await person.uploaded()
    made = await person.ask(
        """mutation {
          createBatch(input: {name: "holidays"}) { ... on Batch { id } }
          savePreset(input: {name: "small", options: {maxWidth: 320}}) { ... on Preset { id } }
          updateNotificationSettings(input: {webhookUrl: "https://hooks.example.com/"}) { __typename }
          sendTestWebhook { ... on NotificationDelivery { id } }
        }"""
    )
    return {
        "User": person.id,
        "VideoProcessing": video,
        "Batch": made["createBatch"]["id"],
        "Preset": made["savePreset"]["id"],
        "NotificationDelivery": made["sendTestWebhook"]["id"],
    }


async def found(person: Person, node: str) -> Any:
    return (await person.ask(NODE, id=node))["node"]


def test_what_implements_node_is_what_node_finds():
    kinds = {one.name for one in CORE.get_implementations(CORE.type_map["Node"]).objects}  # type: ignore[arg-type]
    assert kinds == ALL_KINDS


async def test_each_kind_is_found_by_its_owner_alone(site: Site, ana: Person, bruno: Person):
    made = await one_of_each(ana)
    assert made.keys() == ALL_KINDS
    for kind, node in made.items():
        assert await found(ana, node) == {"__typename": kind, "id": node}
        assert await found(ana, node.upper()) == {"__typename": kind, "id": node}
        assert await found(bruno, node) is None


@pytest.mark.parametrize("node", ["", "1", "3f0c1d7e-5a4b-4c3d-8e2f-1a2b3c4d5e6f", "VmlkZW86MQ==", "é" * 1000])
async def test_an_id_of_nothing_finds_nothing(ana: Person, node: str):
    assert await found(ana, node) is None


async def test_what_is_gone_is_found_no_more(ana: Person):
    video = await ana.uploaded()
    await ana.ask("mutation($id: ID!) { deleteVideo(id: $id) { __typename } }", id=video)
    assert await found(ana, video) is None


async def test_a_program_finds_what_it_may_read(site: Site, ana: Person):
    video = await ana.uploaded()
    async with program(site, ana) as reader:
        assert (await found(reader, video))["id"] == video


def test_every_scalar_of_ours_says_where_it_is_specified():
    ours = [
        kind
        for kind in CORE.type_map.values()
        if isinstance(kind, GraphQLScalarType) and not is_specified_scalar_type(kind)
    ]
    assert {kind.name for kind in ours} == {"BigInt", "DateTime", "Upload", "Base64"}
    assert all(kind.specified_by_url and kind.specified_by_url.startswith("https://") for kind in ours)


FAILURES = """query($since: DateTime!) { overview(failedSince: $since) { ... on Problem { code } } }"""


@pytest.mark.parametrize(
    ("instant", "read"),
    [
        # The examples of https://scalars.graphql.org/andimarek/date-time.html.
        ("2011-08-30T13:22:53.108Z", True),
        ("2011-08-30T13:22:53.108+00:00", True),
        ("2011-08-30t13:22:53.108z", True),
        ("2011-08-30T13:22:53.108-03:00", True),
        ("2011-08-30T13:22:53.108+03:30", True),
        ("2011-08-30T13:22:53.108", False),
        ("2011-08-30", False),
        ("2010-02-30T21:22:53.108Z", False),
        ("2010-02-11T21:22:53.108Z+25:11", False),
    ],
)
async def test_an_instant_is_read_as_its_specification_says(ana: Person, instant: str, read: bool):
    answer = await ana.graphql(FAILURES, since=instant)
    assert ("errors" not in answer) == read
    if read:
        assert answer["data"]["overview"] == {"code": "NOT_AN_OPERATOR"}


@pytest.mark.parametrize(
    ("size", "read"), [(2**63 - 1, True), (2**63, False), (-(2**63) - 1, False), (3.14, False), ("1000", False)]
)
async def test_a_large_number_has_64_bits(ana: Person, size: Any, read: bool):
    ask = 'query($size: BigInt!) { uploadRefusal(fileName: "a.mp4", sizeBytes: $size) { code } }'
    assert ("errors" not in await ana.graphql(ask, size=size)) == read
