"""Presets, as clients keep them."""

import json
from typing import Any

import pytest

from app.domain.preset import MOST_PRESETS
from tests.graphql.asking import PROBLEM, UNKNOWN
from tests.parts.site import PASSWORD, Person, Site

PRESET = "id name createdAt updatedAt options { select { everySeconds framesPerSecond } format quality maxWidth }"
SAVE = (
    f"""mutation($input: PresetInput!) {{ savePreset(input: $input) {{ ... on Preset {{ {PRESET} }} {PROBLEM} }} }}"""
)
DELETE = f"mutation($id: ID!) {{ deletePreset(id: $id) {{ ... on Deleted {{ id }} {PROBLEM} }} }}"
SMALL = {"select": {"everySeconds": 2}, "format": "PNG", "maxWidth": 320}


async def save(person: Person, name: str = "thumbnails", **options: Any) -> Any:
    return (await person.ask(SAVE, input={"name": name, "options": options or SMALL}))["savePreset"]


async def of(person: Person) -> Any:
    return (await person.ask(f"{{ me {{ presets {{ {PRESET} }} }} }}"))["me"]["presets"]


async def test_a_preset_is_kept_with_its_defaults_filled_in_and_only_its_owner_sees_it(
    site: Site, ana: Person, bruno: Person
):
    saved = await save(ana)
    selected = {"everySeconds": 2.0, "framesPerSecond": None}
    assert saved["options"] == {"select": selected, "format": "PNG", "quality": None, "maxWidth": 320}
    assert saved["createdAt"] == saved["updatedAt"]
    assert (await of(ana), await of(bruno)) == ([saved], [])


async def test_the_same_name_means_the_same_preset_with_other_options_from_then_on(site: Site, ana: Person):
    first, other = await save(ana, "férias"), await save(ana, "a")
    site.clock.advance(60)
    # The same name, as another keyboard composes it, with space around it.
    again = await save(ana, "  fe\u0301rias ", quality=50)
    assert (again["id"], again["name"], again["createdAt"]) == (first["id"], "férias", first["createdAt"])
    assert again["updatedAt"] > first["updatedAt"]
    assert (again["options"]["quality"], again["options"]["maxWidth"]) == (50, None)
    assert await of(ana) == [other, again]


@pytest.mark.parametrize("name", ["", "   ", "x" * 101, "a\x00b"])
async def test_a_name_that_is_none_is_refused(ana: Person, name: str):
    refused = await save(ana, name)
    assert (refused["code"], refused["field"]) == ("INVALID_INPUT", ["name"])
    assert await of(ana) == []


async def test_options_are_checked_as_those_of_an_upload(ana: Person):
    refused = await save(ana, quality=101)
    assert (refused["code"], refused["field"]) == ("INVALID_INPUT", ["options", "quality"])


async def test_there_are_so_many_and_no_more_until_one_is_deleted(ana: Person, bruno: Person):
    for number in range(MOST_PRESETS):
        assert "id" in await save(ana, f"preset {number:03}")
    assert (await save(ana, "one more"))["code"] == "QUOTA_EXCEEDED"
    changed = await save(ana, "preset 000", quality=10)
    assert changed["options"]["quality"] == 10
    assert "id" in await save(bruno, "one more")
    assert (await ana.ask(DELETE, id=changed["id"]))["deletePreset"] == {"id": changed["id"]}
    assert "id" in await save(ana, "one more")


async def test_anothers_an_unknown_and_a_malformed_preset_are_not_found(ana: Person, bruno: Person):
    saved = await save(ana)
    for person, preset in ((bruno, saved["id"]), (ana, UNKNOWN), (ana, "x' OR 1=1"), (ana, "")):
        assert (await person.ask(DELETE, id=preset))["deletePreset"]["code"] == "PRESET_NOT_FOUND"
    assert await of(ana) == [saved]
    assert (await ana.ask(DELETE, id=saved["id"].upper()))["deletePreset"] == {"id": saved["id"].upper()}
    assert (await ana.ask(DELETE, id=saved["id"]))["deletePreset"]["code"] == "PRESET_NOT_FOUND"


async def test_presets_are_in_the_export_of_ones_data(site: Site, ana: Person):
    saved = await save(ana)
    url = await ana.ask("mutation { exportMyData { ... on DataExport { downloadUrl } } }")
    exported = json.loads((await ana.http.get(url["exportMyData"]["downloadUrl"])).content)
    (preset,) = exported["presets"]
    assert (preset["id"], preset["name"], preset["createdAt"]) == (saved["id"], "thumbnails", saved["createdAt"])
    assert (preset["options"]["format"], preset["options"]["max_width"]) == ("PNG", 320)


async def test_presets_go_with_the_account(site: Site):
    account = {"name": "Ana", "email": "ana@example.com", "password": PASSWORD}
    async with site.client(headers={"GraphQL-Require-Preflight": "1"}, timeout=30) as client:
        query = "mutation($input: RegisterInput!) { register(input: $input) { ... on Session { accessToken } } }"
        answer = await client.post("/graphql", json={"query": query, "variables": {"input": account}})
        token = answer.json()["data"]["register"]["accessToken"]
        owner = Person(client, site.tokens.verify(token).id, account["email"], token)
        client.headers["Authorization"] = f"Bearer {token}"
        saved = await save(owner)
        kept = await site.transactions.read(lambda t: t.presets.get(saved["id"]))
        assert kept is not None
        await owner.ask("mutation($p: String!) { deleteAccount(password: $p) { ... on Deleted { id } } }", p=PASSWORD)
    assert await site.transactions.read(lambda t: t.presets.get(saved["id"])) is None
