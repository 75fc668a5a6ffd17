"""What is posted, held against the schema that receivers read."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, ValidationError

from app.domain.audit import Operator
from app.domain.errors import UnsupportedFileFormat
from app.domain.failure import FailureCode
from app.domain.options import ExtractionOptions
from app.usecases.notifications import SettingsChange
from tests.fakes.messengers import MemoryMailer, MemoryWebhooks
from tests.fakes.sources import MemorySources
from tests.usecases.world import World, incoming

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA = json.loads((DOCS / "webhooks.schema.json").read_text("utf-8"))
VALIDATOR = Draft202012Validator(SCHEMA, format_checker=Draft202012Validator.FORMAT_CHECKER)


async def test_every_body_is_as_its_schema_says(world: World):
    world.max_active = 100
    viewer, webhooks = await world.user(), MemoryWebhooks()
    change = SettingsChange(webhook_url="https://hooks.example.com/in")
    await world.notifications.update_settings(viewer, change)
    await world.completed((await world.uploaded(viewer)).id)
    for code in set(FailureCode) - {FailureCode.CANCELED}:
        await world.failed((await world.uploaded(viewer)).id, code)
    await world.operate.jobs.cancel(Operator.at_shell("root", "here"), (await world.uploaded(viewer)).id)
    with pytest.raises(UnsupportedFileFormat):
        await world.upload_video()(viewer, incoming(b"no video", name="férias.txt"), ExtractionOptions())
    for name in ("none", "page"):
        link = f"https://films.example/{name}.mp4?key=secret"
        which = await world.do().imports.create(viewer, link, ExtractionOptions())
        await world.control(sources=MemorySources(page=b"<html>")).fetch_import(which.id)
    canceled = await world.do().imports.create(viewer, "https://films.example/c.mp4", ExtractionOptions())
    await world.do().imports.cancel(viewer, canceled.id)
    await world.notifications.send_test(viewer)
    await world.deliver(MemoryMailer(), webhooks=webhooks)()
    bodies = [json.loads(message.body) for message in webhooks.sent]
    for body in bodies:
        VALIDATOR.validate(body)
    described = {
        SCHEMA["$defs"][one["$ref"].rpartition("/")[2]]["properties"]["type"]["const"] for one in SCHEMA["oneOf"]
    }
    assert {body["type"] for body in bodies} == described
    of_imports = [body["data"] for body in bodies if body["type"] == "import.failed"]
    assert sorted(one["failure"]["code"] for one in of_imports) == ["LINK_REFUSED", "NOT_A_VIDEO"]
    assert "secret" not in str(of_imports)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"type": "video.unknown", "timestamp": "2026-11-24T12:00:00.000Z", "data": {}},
        {"type": "webhook.test", "timestamp": "yesterday", "data": {"message": "x"}},
        {"type": "upload.rejected", "timestamp": "2026-11-24T12:00:00.000Z", "data": {"code": "x"}},
    ],
)
def test_the_schema_refuses_what_is_never_posted(body: object):
    with pytest.raises(ValidationError):
        VALIDATOR.validate(body)


def test_the_schema_is_valid_and_the_documented_example_matches_it():
    Draft202012Validator.check_schema(SCHEMA)
    _, _, rest = (DOCS / "webhooks.md").read_text("utf-8").partition("```json\n")
    VALIDATOR.validate(json.loads(rest.partition("```")[0]))
