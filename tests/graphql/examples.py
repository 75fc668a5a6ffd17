"""One story in which every operation of operations/ is really done, as the documentation shows it."""

import asyncio
import base64
import json
import re
from collections.abc import Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import httpx

from app.domain.frames_export import ExportId
from app.domain.notification import NotificationChannel, NotificationEvent
from app.domain.times import iso8601
from app.domain.user import Role, UserId
from app.domain.video import VideoId
from app.infra.frame_indexes import StoredFrameIndexes
from app.usecases.ports.queue import WorkerSeen
from app.usecases.ports.transactions import Transaction
from app.wiring import make_export
from tests.fakes.renderer import ScriptedRenderer, SilentReports
from tests.fakes.sources import MemorySources
from tests.parts.graphql_socket import socket
from tests.parts.pictures import taken
from tests.parts.site import MP4, PASSWORD, Site, running_site
from tests.parts.waiting import until

OPERATIONS: Final = Path(__file__).parents[2] / "operations"
SHORT: Final = MP4[:48]
_UUID: Final = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_OPAQUE: Final = (
    (re.compile(r"http://127\.0\.0\.1:\d+"), "https://videos.example"),
    (re.compile(r"eyJ[\w-]+\.[\w-]+\.[\w-]+"), "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIuLi4ifQ.signature"),
    (re.compile(rf"({_UUID})\.[\w-]{{43}}"), r"\1.proof"),
    (re.compile(r"whsec_[\w+/=]+"), "whsec_key"),
    (re.compile(r"/files/[\w.~-]+"), "/files/ticket"),
    (re.compile(r"/frames/[\w-]{40,}"), "/frames/ticket"),
    (re.compile(r"/storyboards/[\w-]{40,}"), "/storyboards/ticket"),
    (re.compile(r"fx_[0-9A-Za-z]{36}"), "fx_key"),
)


@dataclass
class Steady:
    """Replaces what is another in every run by what is always the same, so that examples can be compared."""

    names: dict[str, str] = field(default_factory=dict)

    def of(self, value: Any, name: str = "") -> Any:
        if isinstance(value, dict):
            return {key: self.of(one, key) for key, one in value.items()}
        if isinstance(value, list):
            return [self.of(one, name) for one in value]
        if not isinstance(value, str):
            return value
        if name in {"cursor", "endCursor"}:
            return "opaque"
        if name == "ending":
            return "0key"
        for pattern, steady in _OPAQUE:
            value = pattern.sub(steady, value)
        return re.sub(_UUID, self._name, value)

    def _name(self, found: re.Match[str]) -> str:
        return self.names.setdefault(found[0], f"00000000-0000-4000-8000-{len(self.names) + 1:012}")


@dataclass
class Story:
    """What happens, and what of it the documentation shows."""

    site: Site
    http: httpx.AsyncClient
    topic: str = ""
    steady: Steady = field(default_factory=Steady)
    examples: dict[str, Any] = field(default_factory=dict)
    token: str = ""

    def signed_in(self, session: Mapping[str, Any]) -> None:
        self.token = session["accessToken"]
        self.http.headers["Authorization"] = f"Bearer {self.token}"

    async def does(self, name: str, /, **variables: Any) -> Any:
        """Send an operation and keep it as an example, unless there is one; return what its root field gave."""
        query = (OPERATIONS / f"{name}.graphql").read_text("utf-8")
        answer = await self.http.post("/graphql", json={"query": query, "variables": variables})
        return self.shown(name, variables, answer.json())

    async def sends(self, name: str, content: bytes, **variables: Any) -> Any:
        """Send a file with an operation, by the multipart request specification."""
        query = (OPERATIONS / f"{name}.graphql").read_text("utf-8")
        operations = json.dumps({"query": query, "variables": variables | {"file": None}})
        form = {"operations": operations, "map": '{"0": ["variables.file"]}'}
        answer = await self.http.post("/graphql", data=form, files={"0": ("holiday.mp4", content)})
        return self.shown(name, {"file": None, **variables}, answer.json())

    def shown(self, name: str, variables: Mapping[str, Any], answer: Any) -> Any:
        assert "errors" not in answer, answer
        example = {"topic": self.topic, "variables": dict(variables), "answer": answer}
        self.examples.setdefault(name, self.steady.of(example))
        return next(iter(answer["data"].values()))

    async def mailed(self, event: NotificationEvent) -> str:
        """Return the id of the newest link that is on its way by mail."""
        now = self.site.clock.now()
        due = await self.site.transactions.read(
            lambda t: t.notifications.due(NotificationChannel.EMAIL, now, 1000, per_user=1000)
        )
        return [one.id for one in due if one.event == event][-1]


@asynccontextmanager
async def _begun(database: Path, folder: Path) -> Any:
    async with (
        running_site(database, folder, verify_email=True) as site,
        site.client(timeout=30, headers={"User-Agent": "Laptop/1.0"}) as client,
    ):
        yield Story(site, client)


async def told(database: Path, folder: Path) -> dict[str, Any]:
    """Let the whole story happen; return its examples by the names of their operations."""
    async with _begun(database, folder) as story:
        await _accounts(story)
        await _videos(story)
        await _notifications(story)
        await _operating(story)
        await _keys(story)
        await _pictures(story)
        await _batches(story)
        await _several(story)
        await _ends(story)
    return dict(story.examples)


async def _accounts(story: Story) -> None:
    story.topic = "Accounts and sessions"
    account = {"name": "Ana", "email": "ana@example.com", "password": PASSWORD}
    story.signed_in(await story.does("register", input=account))
    await story.does("resend-verification")
    link = await story.mailed(NotificationEvent.VERIFY_EMAIL)
    await story.does("verify-email", token=story.site.identity.verification_tokens.token(link))
    session = await story.does("login", input={"email": "ana@example.com", "password": PASSWORD})
    session = await story.does("refresh-session", refreshToken=session["refreshToken"])
    story.signed_in(session)
    await story.does("me")
    await story.does("update-profile", input={"name": "Ana Souza", "locale": "PT_BR"})
    story.signed_in(await story.does("change-password", current=PASSWORD, new=f"{PASSWORD} staple"))
    await story.does("change-email", input={"email": "ana.souza@example.com", "password": f"{PASSWORD} staple"})
    await story.does("request-password-reset", email="ana@example.com")
    link = await story.mailed(NotificationEvent.PASSWORD_RESET)
    token = story.site.identity.reset_tokens.token(link)
    story.signed_in(await story.does("reset-password", token=token, new=PASSWORD))


async def _keys(story: Story) -> None:
    """Make a key, let a program use it, and revoke it."""
    story.topic = "Keys for programs"
    expires_at = iso8601(story.site.clock.now() + timedelta(days=90))
    new = await story.does("create-api-key", name="cameras", scopes=["READ", "UPLOAD"], expiresAt=expires_at)
    session, story.http.headers["Authorization"] = story.http.headers["Authorization"], f"Bearer {new['secret']}"
    assert (await story.http.post("/graphql", json={"query": "{ me { id } }"})).json()["data"]
    story.http.headers["Authorization"] = session
    await story.does("api-keys")
    await story.does("revoke-api-key", id=new["key"]["id"])


async def _videos(story: Story) -> None:
    story.topic = "Videos"
    await story.does("service-limits")
    await story.does("upload-refusal", fileName="holiday.txt", sizeBytes=len(MP4))
    options = {"select": {"everySeconds": 2}, "format": "PNG", "maxWidth": 640}
    video = (await story.sends("upload-video", MP4, options=options, idempotencyKey="holiday-1"))["id"]
    await _watched(story, video)
    await story.does("video", id=video)
    await story.does("node", id=video)
    await story.does("videos", first=2, status=["COMPLETED"], search="Holiday", orderBy="NAME")
    again = (await story.does("reprocess-video", id=video, options={"select": {"count": 12}}))["id"]
    await story.does("cancel-video", id=again)
    await story.does("delete-video", id=again)
    await story.does("remove-videos-from-before")
    await _parts(story)
    await _imports(story)


async def _pictures(story: Story) -> None:
    """Look at single pictures of a video."""
    story.topic = "Videos"
    video = (await story.sends("upload-video", MP4))["id"]
    await taken(story.site, video)
    await story.does("frames", id=video, first=2)
    await story.does("storyboard", id=video)
    await story.does("select-frames", input={"videoId": video, "numbers": [1, 3]})
    export = (await story.does("create-frames-export", input={"videoId": video, "kind": "PREVIEW_WEBP"}))["id"]
    indexes = StoredFrameIndexes(story.site.storage)
    making = make_export(story.site.settings, story.site.opened, indexes, ScriptedRenderer(), SilentReports())
    await making(ExportId(export))
    await story.does("frames-export", id=export)
    await story.does("delete-frames-export", id=export)


async def _parts(story: Story) -> None:
    """Send a file in parts, as its URLs would take it, and give another one up."""
    head = base64.b64encode(SHORT).decode()
    film = {"fileName": "holiday.mp4", "sizeBytes": len(SHORT), "firstBytes": head, "fingerprint": "holiday.mp4:1"}
    upload = (await story.does("create-upload", input=film))["id"]
    (name,) = story.site.storage.in_parts
    story.site.storage.send_part(name, 1, SHORT)
    await story.does("refresh-upload", id=upload, parts=[{"number": 1}])
    await story.does("complete-upload", id=upload)
    other = (await story.does("create-upload", input=film | {"fingerprint": "holiday.mp4:2"}))["id"]
    await story.does("abort-upload", id=other)


async def _imports(story: Story) -> None:
    """Have a film fetched from a link, watch that, and give another one up."""
    query = (OPERATIONS / "import-status.graphql").read_text("utf-8")
    link = "https://films.example/holiday.mp4?key=a-secret"
    asked = {"url": link, "options": {"select": {"count": 12}}, "idempotencyKey": "holiday-2"}
    film = VideoId((await story.does("import-video", input=asked))["id"])
    sources = MemorySources(holiday=SHORT)
    sources.flows.clear()
    async with socket(story.site, story.token) as watcher:
        await watcher.subscribe("1", film, query)
        events = [await watcher.hear()]
        fetching = asyncio.create_task(story.site.fetch_import(sources)(film))
        events.append(await watcher.hear())
        sources.flows.set()
        await fetching
        while (last := await watcher.hear())["payload"]["data"]["importStatus"]["status"] != "IMPORTED":
            pass  # How much is seen in between is a matter of time.
    answers = [event["payload"] for event in [*events, last]]
    example = {"topic": story.topic, "variables": {"id": film}, "answers": answers}
    story.examples["import-status"] = story.steady.of(example)
    await story.does("video-import", id=film)
    await story.does("video-imports")
    story.site.clock.advance(1)  # Another list shows the newest first.
    other = (await story.does("import-video", input={"url": "https://films.example/other.mp4"}))["id"]
    await story.does("cancel-import", id=other)


async def _batches(story: Story) -> None:
    """Keep options under a name, send two videos with them under one, and forget all of it."""
    story.topic = "Presets and batches"
    options = {"select": {"everySeconds": 2}, "format": "WEBP", "quality": 60, "maxWidth": 320}
    preset = await story.does("save-preset", input={"name": "thumbnails", "options": options})
    await story.does("presets")
    batch = (await story.does("create-batch", input={"name": "Monday", "presetId": preset["id"]}))["id"]
    video = (await story.sends("upload-video", MP4, batchId=batch))["id"]
    await story.site.completed(video)
    story.site.clock.advance(1)
    await story.sends("upload-video", MP4, batchId=batch)
    await story.does("batch", id=batch, first=2)
    await story.does("batches", first=1)
    await story.does("cancel-batch", id=batch)
    await story.does("delete-batch", id=batch)
    await story.does("delete-preset", id=preset["id"])


async def _watched(story: Story, video: str) -> None:
    """Watch a processing from its beginning to its end."""
    query = (OPERATIONS / "video-status.graphql").read_text("utf-8")
    user = story.site.tokens.verify(story.token).id
    async with socket(story.site, story.token) as watcher:
        await watcher.subscribe("1", video, query)
        events = [await watcher.hear()]
        await until(lambda: story.site.live.watchers(user))
        story.site.clock.advance(1)
        held = await story.site.claimed(video)
        events.append(await watcher.hear())
        await story.site.progressed(held, 42.0)
        events.append(await watcher.hear())
        story.site.clock.advance(5)
        await story.site.finished(held)
        events.append(await watcher.hear())
    answers = [event["payload"] for event in events]
    assert not any("errors" in answer for answer in answers), answers
    example = {"topic": story.topic, "variables": {"id": video}, "answers": answers}
    story.examples["video-status"] = story.steady.of(example)


async def _notifications(story: Story) -> None:
    story.topic = "Notifications"
    settings = {"emailOnCompletion": True, "webhookUrl": "https://hooks.example.com/fiapx"}
    await story.does("update-notification-settings", input=settings)
    await story.does("rotate-webhook-secret")
    story.site.clock.advance(1)  # Lists are in the order of their times, and an example has one order.
    delivery = (await story.does("send-test-webhook"))["id"]
    await story.does("notification-deliveries", first=1)
    await story.does("redeliver-notification", id=delivery)


async def _operating(story: Story) -> None:
    """Let another user become an operator, and look after the first one's videos."""
    story.topic = "For operators"
    ana, failed = story.http.headers["Authorization"], ""
    for _ in range(2):
        failed = (await story.sends("upload-video", MP4))["id"]
        await story.site.failed(failed)
        story.site.clock.advance(1)
    running = (await story.sends("upload-video", MP4))["id"]
    await story.site.claimed(running)
    story.site.queue.fleet[:] = [WorkerSeen("worker-1", 2, 1)]
    owner = story.site.tokens.verify(story.token).id
    async with story.site.person() as olga:
        await become_operator(story.site, olga.id)
        story.http.headers["Authorization"] = f"Bearer {olga.token}"
        await story.does("overview")
        await story.does("jobs", first=1, status=["FAILED"])
        await story.does("retry-job", id=failed, reason="the decoder was mended")
        await story.does("retry-failed-jobs", code="CORRUPT_VIDEO")
        story.site.clock.advance(1)
        await story.does("release-job", id=running)
        await story.does("cancel-job", id=running, reason="it would take a week")
        await story.does("set-paused", paused=True)
        await story.does("set-paused", paused=False)
        await story.does("accounts", first=1, email="ana@")
        await story.does("set-quota", user=owner, maxActiveVideos=10)
        story.site.clock.advance(1)  # So that one deed is the last.
        await story.does("set-disabled", user=olga.id, disabled=False)
        await story.does("audit-log", first=1)
    story.http.headers["Authorization"] = ana


async def become_operator(site: Site, user: UserId) -> None:
    """Give a user the role, as a shell of the service's machine does."""

    async def step(t: Transaction) -> None:
        found = await t.users.lock(user)
        assert found is not None
        await t.users.save(replace(found, role=Role.OPERATOR))

    await site.transactions.write(step)


async def _several(story: Story) -> None:
    """Cancel and delete many videos at once."""
    story.topic = "Videos"
    several = [(await story.sends("upload-video", MP4))["id"] for _ in range(2)]
    await story.does("cancel-videos", ids=several[:1])
    await story.does("delete-videos", ids=several)


async def _ends(story: Story) -> None:
    story.topic = "One's own data"
    await story.does("export-my-data")
    story.topic = "Accounts and sessions"
    story.http.headers["User-Agent"] = "Phone/1.0"
    story.site.clock.advance(1)  # So that one session is the last.
    await story.does("login", input={"email": "ana@example.com", "password": PASSWORD})
    phone, _ = await story.does("sessions")
    await story.does("end-session", id=phone["id"])
    await story.does("logout")
    story.signed_in(await story.does("login", input={"email": "ana@example.com", "password": PASSWORD}))
    story.topic = "One's own data"
    await story.does("delete-account", password=PASSWORD)


def written(example: Any) -> str:
    """Return an example as it stands in its file."""
    return json.dumps(example, indent=2, ensure_ascii=False) + "\n"
