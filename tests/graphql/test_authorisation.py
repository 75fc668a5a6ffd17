"""Who may do what: every root field, for nobody, for the owner, and for another user.

The table is held against the schema: a new field without a row fails. Below the root there is nothing of its own to
reach: what a root field gives is given whole, so each row asks for everything that the schema has below it.
"""

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from graphql import (
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLUnionType,
    build_schema,
    get_named_type,
    is_leaf_type,
)
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from app.graphql.schema import schema
from tests.parts.site import MP4, PASSWORD, Person, Site

CORE = build_schema(schema.as_str())
TRANSPORT = Subprotocol("graphql-transport-ws")
ROOTS = {kind.name: kind for kind in (CORE.query_type, CORE.mutation_type, CORE.subscription_type) if kind}

GIVEN = "given"
"""The thing itself; where it is the viewer's, it holds nothing of anybody else."""
REFUSED = "UNAUTHENTICATED"
NOT_YOURS = "VIDEO_NOT_BELONGS_TO_USER"
NO_BATCH = "BATCH_NOT_FOUND"
NO_EXPORT = "EXPORT_NOT_FOUND"
FOR_OPERATORS = "NOT_AN_OPERATOR"


@dataclass(frozen=True)
class Row:
    """What a field's arguments are, and what each of the three gets: the thing, or an error's code."""

    nobody: str
    owner: str
    another: str
    arguments: Mapping[str, tuple[str, Any]] = field(default_factory=dict)
    """Name to type and value; the value VIDEO stands for the owner's video, BATCH for their batch, OWNER for them."""

    def names(self, *things: object) -> bool:
        """Whether its arguments hold one of these."""
        told = [value for _, value in self.arguments.values()]
        told += [inner for value in told if isinstance(value, dict) for inner in value.values()]
        return any(value is thing for value in told for thing in things)


VIDEO, BATCH, OWNER = object(), object(), object()
ID = {"id": ("ID!", VIDEO)}
BATCH_ID = {"id": ("ID!", BATCH)}
PAGE = {"first": ("Int", 1)}
LOGIN = {"input": ("LoginInput!", {"email": "nobody@example.com", "password": PASSWORD})}
REGISTER = {"input": ("RegisterInput!", {"name": "Ana", "email": "new@example.com", "password": "x"})}
REFRESH = {"refreshToken": ("String!", "no token")}
CHANGE = {"current": ("String!", "not the password"), "new": ("String!", PASSWORD)}
MOVE = {"input": ("ChangeEmailInput!", {"email": "new@example.com", "password": "not the password"})}
PASSWORD_ONLY = {"password": ("String!", "not the password")}
SETTINGS = {"input": ("NotificationSettingsInput!", {"emailOnFailure": True})}
NOTHING = {"id": ("ID!", "0c0c7a5e-0f6c-4f0c-9a51-7f3a2c1d9e10")}
KEY = {"name": ("String!", "cameras"), "scopes": ("[Scope!]!", ["READ"])}
RESET = {"token": ("String!", "no token"), "new": ("String!", PASSWORD)}
CREATE = {"fileName": "a.mp4", "sizeBytes": len(MP4), "firstBytes": base64.b64encode(MP4).decode()}
NEW_BATCH = {"input": ("CreateBatchInput!", {"name": "Monday"})}
PRESET = {"input": ("PresetInput!", {"name": "thumbnails", "options": {"maxWidth": 320}})}
CHOSEN = {"input": ("SelectFramesInput!", {"videoId": VIDEO, "numbers": [1]})}
EXPORT = {"input": ("CreateFramesExportInput!", {"videoId": VIDEO, "kind": "PREVIEW_WEBP"})}
CODE = {"code": ("FailureCode!", "CORRUPT_VIDEO")}
LINK = {"input": ("ImportVideoInput!", {"url": "https://films.example/a.mp4"})}
SEVERAL = {"input": ("VideosInput!", {"ids": ["no id"]})}
FILE = {"fileName": ("String!", "a.mp4"), "sizeBytes": ("BigInt!", 1024)}

TABLE = {
    "Query.me": Row(REFUSED, GIVEN, GIVEN),
    "Query.videos": Row(REFUSED, GIVEN, GIVEN),
    "Query.video": Row(REFUSED, GIVEN, NOT_YOURS, ID),
    "Query.node": Row(REFUSED, GIVEN, GIVEN, ID),
    "Query.batches": Row(REFUSED, GIVEN, GIVEN, PAGE),
    "Query.batch": Row(REFUSED, GIVEN, NO_BATCH, BATCH_ID),
    "Query.notificationDeliveries": Row(REFUSED, GIVEN, GIVEN),
    "Query.sessions": Row(REFUSED, GIVEN, GIVEN),
    "Query.apiKeys": Row(REFUSED, GIVEN, GIVEN),
    "Query.serviceLimits": Row(GIVEN, GIVEN, GIVEN),
    "Query.uploadRefusal": Row(REFUSED, GIVEN, GIVEN, FILE),
    "Mutation.register": Row("INVALID_INPUT", "INVALID_INPUT", "INVALID_INPUT", REGISTER),
    "Mutation.login": Row("INVALID_CREDENTIALS", "INVALID_CREDENTIALS", "INVALID_CREDENTIALS", LOGIN),
    "Mutation.refreshSession": Row("INVALID_CREDENTIALS", "INVALID_CREDENTIALS", "INVALID_CREDENTIALS", REFRESH),
    "Mutation.endSession": Row(REFUSED, "INVALID_INPUT", "INVALID_INPUT", NOTHING),
    "Mutation.logout": Row(REFUSED, GIVEN, GIVEN),
    "Mutation.updateProfile": Row(REFUSED, GIVEN, GIVEN, {"input": ("ProfileInput!", {})}),
    "Mutation.changePassword": Row(REFUSED, "INVALID_CREDENTIALS", "INVALID_CREDENTIALS", CHANGE),
    "Mutation.changeEmail": Row(REFUSED, "INVALID_CREDENTIALS", "INVALID_CREDENTIALS", MOVE),
    "Mutation.requestPasswordReset": Row(GIVEN, GIVEN, GIVEN, {"email": ("String!", "nobody@example.com")}),
    "Mutation.resetPassword": Row("INVALID_INPUT", "INVALID_INPUT", "INVALID_INPUT", RESET),
    "Mutation.verifyEmail": Row("INVALID_INPUT", "INVALID_INPUT", "INVALID_INPUT", {"token": ("String!", "no token")}),
    "Mutation.resendVerification": Row(REFUSED, GIVEN, GIVEN),
    "Mutation.removeVideosFromBefore": Row(REFUSED, GIVEN, GIVEN),
    "Mutation.updateNotificationSettings": Row(REFUSED, GIVEN, GIVEN, SETTINGS),
    "Mutation.rotateWebhookSecret": Row(REFUSED, "NOTIFICATION_ERROR", "NOTIFICATION_ERROR"),
    "Mutation.sendTestWebhook": Row(REFUSED, "NOTIFICATION_ERROR", "NOTIFICATION_ERROR"),
    "Mutation.redeliverNotification": Row(REFUSED, "INVALID_INPUT", "INVALID_INPUT", NOTHING),
    "Mutation.exportMyData": Row(REFUSED, GIVEN, GIVEN),
    "Mutation.deleteAccount": Row(REFUSED, "INVALID_CREDENTIALS", "INVALID_CREDENTIALS", PASSWORD_ONLY),
    "Mutation.createApiKey": Row(REFUSED, GIVEN, GIVEN, KEY),
    "Mutation.revokeApiKey": Row(REFUSED, "INVALID_INPUT", "INVALID_INPUT", NOTHING),
    "Mutation.uploadVideo": Row(REFUSED, GIVEN, GIVEN, {"file": ("Upload!", None)}),
    "Mutation.createUpload": Row(REFUSED, GIVEN, GIVEN, {"input": ("CreateUploadInput!", CREATE)}),
    "Mutation.refreshUpload": Row(REFUSED, "UPLOAD_NOT_FOUND", "UPLOAD_NOT_FOUND", ID),
    "Mutation.completeUpload": Row(REFUSED, GIVEN, "UPLOAD_NOT_FOUND", ID),
    "Mutation.abortUpload": Row(REFUSED, "UPLOAD_NOT_FOUND", "UPLOAD_NOT_FOUND", ID),
    "Query.videoImport": Row(REFUSED, "UPLOAD_NOT_FOUND", "UPLOAD_NOT_FOUND", ID),
    "Query.videoImports": Row(REFUSED, GIVEN, GIVEN),
    "Mutation.importVideo": Row(REFUSED, GIVEN, GIVEN, LINK),
    "Mutation.cancelImport": Row(REFUSED, "UPLOAD_NOT_FOUND", "UPLOAD_NOT_FOUND", ID),
    "Subscription.importStatus": Row(REFUSED, "UPLOAD_NOT_FOUND", "UPLOAD_NOT_FOUND", ID),
    "Mutation.savePreset": Row(REFUSED, GIVEN, GIVEN, PRESET),
    "Mutation.deletePreset": Row(REFUSED, "PRESET_NOT_FOUND", "PRESET_NOT_FOUND", NOTHING),
    "Mutation.createBatch": Row(REFUSED, GIVEN, GIVEN, NEW_BATCH),
    "Mutation.cancelBatch": Row(REFUSED, GIVEN, NO_BATCH, BATCH_ID),
    "Mutation.deleteBatch": Row(REFUSED, GIVEN, NO_BATCH, BATCH_ID),
    "Mutation.cancelVideo": Row(REFUSED, GIVEN, NOT_YOURS, ID),
    "Mutation.reprocessVideo": Row(REFUSED, "PROCESSING_NOT_FINISHED", NOT_YOURS, ID),
    "Mutation.deleteVideo": Row(REFUSED, GIVEN, NOT_YOURS, ID),
    "Mutation.selectFrames": Row(REFUSED, "PROCESSING_NOT_FINISHED", NOT_YOURS, CHOSEN),
    "Query.framesExport": Row(REFUSED, NO_EXPORT, NO_EXPORT, NOTHING),
    "Mutation.createFramesExport": Row(REFUSED, "PROCESSING_NOT_FINISHED", NOT_YOURS, EXPORT),
    "Mutation.deleteFramesExport": Row(REFUSED, NO_EXPORT, NO_EXPORT, NOTHING),
    "Mutation.cancelVideos": Row(REFUSED, GIVEN, GIVEN, SEVERAL),
    "Mutation.deleteVideos": Row(REFUSED, GIVEN, GIVEN, SEVERAL),
    "Query.overview": Row(REFUSED, FOR_OPERATORS, FOR_OPERATORS),
    "Query.jobs": Row(REFUSED, FOR_OPERATORS, FOR_OPERATORS),
    "Query.accounts": Row(REFUSED, FOR_OPERATORS, FOR_OPERATORS),
    "Query.auditLog": Row(REFUSED, FOR_OPERATORS, FOR_OPERATORS),
    "Mutation.retryJob": Row(REFUSED, FOR_OPERATORS, FOR_OPERATORS, ID),
    "Mutation.retryFailedJobs": Row(REFUSED, FOR_OPERATORS, FOR_OPERATORS, CODE),
    "Mutation.cancelJob": Row(REFUSED, FOR_OPERATORS, FOR_OPERATORS, ID),
    "Mutation.releaseJob": Row(REFUSED, FOR_OPERATORS, FOR_OPERATORS, ID),
    "Mutation.setPaused": Row(REFUSED, FOR_OPERATORS, FOR_OPERATORS, {"paused": ("Boolean!", True)}),
    "Mutation.setQuota": Row(REFUSED, FOR_OPERATORS, FOR_OPERATORS, {"user": ("ID!", OWNER)}),
    "Mutation.setDisabled": Row(
        REFUSED, FOR_OPERATORS, FOR_OPERATORS, {"user": ("ID!", OWNER), "disabled": ("Boolean!", True)}
    ),
    "Subscription.videoStatus": Row(REFUSED, GIVEN, NOT_YOURS, ID),
}

OPERATORS = {name for name, row in TABLE.items() if row.another == FOR_OPERATORS}
"""What is for operators alone."""

CASES = [(name, who) for name in TABLE for who in ("nobody", "owner", "another")]


def everything(kind: Any, depth: int = 0, *, paged: bool = False) -> str:
    """Select all that there is below a type, but for pages within the entries of a page: those are too deep."""
    named = get_named_type(kind)
    if is_leaf_type(named):
        return ""
    if isinstance(named, GraphQLInterfaceType):  # Fields of one name differ in type, so one of its types has to do.
        (one,) = [one for one in CORE.get_implementations(named).objects if one.name == "VideoProcessing"]
        return f"{{ id ... on {one.name} {everything(one, depth, paged=paged)} }}"
    if isinstance(named, GraphQLUnionType):
        shown = [one for one in named.types if one.name != "Problem"]
        parts = [f"... on {one.name} {everything(one, depth, paged=paged)}" for one in shown]
        return "{ " + " ".join([*parts, "... on Problem { problem: code }"]) + " }"
    assert isinstance(named, GraphQLObjectType)
    assert depth < 10
    # A list within a list is short here, or it would be too much for one operation.
    fields = (
        f"{key}{'(first: 1)' if 'first' in value.args else ''} "
        f"{everything(value.type, depth + 1, paged=paged or 'first' in value.args)}"
        for key, value in named.fields.items()
        if not (paged and "first" in value.args)
    )
    return "{ " + " ".join(fields) + " }"


def operation(name: str, row: Row) -> str:
    root, _, key = name.partition(".")
    declared = ", ".join(f"${argument}: {kind}" for argument, (kind, _) in row.arguments.items())
    passed = ", ".join(f"{argument}: ${argument}" for argument in row.arguments)
    below = everything(ROOTS[root].fields[key].type)
    head = f"{root.lower()} {f'({declared})' if declared else ''}"
    return f"{head} {{ it: {key}{f'({passed})' if passed else ''} {below} }}"


async def by_http(site: Site, person: Person | None, query: str, variables: Mapping[str, Any]) -> Any:
    headers = {"Authorization": f"Bearer {person.token}"} if person else {"GraphQL-Require-Preflight": "1"}
    body = {"query": query, "variables": variables}
    async with site.client(headers=headers, timeout=30) as client:
        if "file" in variables:
            operations = {"operations": json.dumps(body), "map": '{"0": ["variables.file"]}'}
            return (await client.post("/graphql", data=operations, files={"0": ("b.mp4", MP4)})).json()
        return (await client.post("/graphql", json=body)).json()


async def by_websocket(site: Site, person: Person | None, query: str, variables: Mapping[str, Any]) -> Any:
    """Give the first event; a socket that is closed with 4403 knows no session."""
    async with asyncio.timeout(10), connect(site.websocket_url, subprotocols=[TRANSPORT], proxy=None) as socket:
        session = {"payload": {"authorization": f"Bearer {person.token}"}} if person else {}
        await socket.send(json.dumps({"type": "connection_init", **session}))
        try:
            assert json.loads(await socket.recv())["type"] == "connection_ack"
            payload = {"query": query, "variables": variables}
            await socket.send(json.dumps({"type": "subscribe", "id": "1", "payload": payload}))
            return json.loads(await socket.recv())["payload"]
        except ConnectionClosed:
            assert socket.close_code == 4403
            return {"errors": [{"extensions": {"code": REFUSED}}]}


async def outcome(
    site: Site, person: Person | None, name: str, row: Row, video: str, owner: str = ""
) -> tuple[str, str]:
    """Give what came back as one word, and all of it as text."""
    stood_for = {id(VIDEO): video, id(BATCH): video, id(OWNER): owner}

    def meant(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: meant(inner) for key, inner in value.items()}
        return stood_for.get(id(value), value)

    variables = {argument: meant(value) for argument, (_, value) in row.arguments.items()}
    query = operation(name, row)
    ask = by_websocket if name.startswith("Subscription.") else by_http
    answer = await ask(site, person, query, variables)
    text = json.dumps(answer)
    if answer.get("errors"):
        return answer["errors"][0]["extensions"]["code"], text
    given = answer["data"]["it"]
    return (given.get("problem") if isinstance(given, dict) else None) or GIVEN, text


async def owned(owner: Person, row: Row) -> str:
    """Make what a row's id is of, the owner's video or their batch; return that id."""
    if not row.names(BATCH):
        return await owner.uploaded()
    made = await owner.ask('mutation { createBatch(input: {name: "holidays"}) { ... on Batch { id } } }')
    return str(made["createBatch"]["id"])


def test_every_root_field_has_a_row_and_every_row_a_field():
    fields = {f"{root}.{key}" for root, kind in ROOTS.items() for key in kind.fields}
    assert set(TABLE) == fields


@pytest.mark.parametrize(("name", "who"), CASES, ids=[f"{name}-{who}" for name, who in CASES])
async def test_each_root_field_answers_each_caller_as_the_table_says(
    site: Site, ana: Person, bruno: Person, name: str, who: str
):
    row = TABLE[name]
    video = await owned(ana, row)
    person = {"nobody": None, "owner": ana, "another": bruno}[who]
    got, text = await outcome(site, person, name, row, video, ana.id)
    assert got == getattr(row, who)
    if who != "owner":
        assert ana.id not in text
        assert ana.email not in text
        assert got == NOT_YOURS or video not in text


async def test_an_attempt_on_another_users_video_changes_nothing(site: Site, ana: Person, bruno: Person):
    video = await ana.uploaded()
    before = await ana.ask("query($id: ID!) { video(id: $id) { ... on VideoProcessing { status version } } }", id=video)
    for name in ("Mutation.cancelVideo", "Mutation.reprocessVideo", "Mutation.deleteVideo"):
        assert (await outcome(site, bruno, name, TABLE[name], video))[0] == NOT_YOURS
    after = await ana.ask("query($id: ID!) { video(id: $id) { ... on VideoProcessing { status version } } }", id=video)
    assert after == before
