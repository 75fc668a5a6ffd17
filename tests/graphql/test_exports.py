"""Previews and contact sheets: asked for, made by a worker, fetched, and gone after a day."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from app.domain.errors import ProcessingError, StorageError
from app.domain.failure import FailureCode
from app.domain.frames_export import ExportId, ExportStatus
from app.domain.retention import Retention
from app.domain.session import Scope, SessionId
from app.domain.video import VideoId
from app.infra.frame_indexes import StoredFrameIndexes
from app.usecases.collect_garbage import CollectGarbage
from app.usecases.make_export import MOST_FAULTS, MakeExport
from app.usecases.ports.transactions import Transaction
from app.usecases.remove_objects import RemoveObjects
from app.wiring import make_export
from tests.fakes.renderer import ScriptedRenderer, SilentReports
from tests.parts.api_keys import program
from tests.parts.pictures import archive_of, many, pictured
from tests.parts.site import Person, Site, running_site

FIELDS = """id kind status frameCount sizeBytes fileName createdAt endedAt expiresAt url
  failure { code reason retryable }"""
CREATE = """mutation($input: CreateFramesExportInput!) { createFramesExport(input: $input) {
  ... on FramesExport { %s } ... on Problem { code field } } }"""
SHOW = "query($id: ID!) { framesExport(id: $id) { ... on FramesExport { %s } ... on Problem { code } } }"
LIST = """query($id: ID!) { video(id: $id) { ... on VideoProcessing { result { exports { id status } } }
  ... on Problem { code } } }"""
DELETE = "mutation($id: ID!) { deleteFramesExport(id: $id) { __typename ... on Problem { code } } }"
DAY = 24 * 3600


async def asked(person: Person, video: str, kind: str = "PREVIEW_WEBP", **which: Any) -> Any:
    given = {"videoId": video, "kind": kind, **which}
    return (await person.ask(CREATE % FIELDS, input=given))["createFramesExport"]


async def shown(person: Person, export: str) -> Any:
    return (await person.ask(SHOW % FIELDS, id=export))["framesExport"]


async def opened(site: Site, url: str, **options: Any) -> httpx.Response:
    """What a browser gets that has nothing but the link."""
    async with site.client() as anybody:
        return await anybody.get(url, **options)


@dataclass
class Worker:
    """One that makes exports, with a renderer of its own."""

    site: Site
    render: ScriptedRenderer = field(default_factory=ScriptedRenderer)

    @property
    def attempt(self) -> MakeExport:
        indexes = StoredFrameIndexes(self.site.storage)
        made = make_export(self.site.settings, self.site.opened, indexes, self.render, SilentReports())
        return replace(made, heartbeat=timedelta(seconds=0.05))

    async def works(self) -> None:
        """Take what is on the queue, each once."""
        for export in dict.fromkeys(self.site.queue.exports):
            await self.attempt(export)


async def housekeeping(site: Site) -> None:
    """Collect what nobody asks for any more, and carry out what was written down for removal."""
    day = timedelta(days=1)
    await CollectGarbage(site.transactions, site.storage, site.clock, day, day, day)()
    await RemoveObjects(site.transactions, site.storage, site.clock)()


async def test_a_preview_is_promised_made_by_a_worker_and_fetched_by_a_link(site: Site, ana: Person):
    video = await pictured(site, ana, list(many(5)), name="Férias.mp4")
    promised = await asked(ana, video)
    assert promised | {"status": "WAITING", "sizeBytes": 0, "url": None, "frameCount": None} == promised
    assert site.queue.exports == [promised["id"]]
    await Worker(site).works()
    ready = await shown(ana, promised["id"])
    answer = await opened(site, ready["url"])
    assert answer.content.split(b"\n") == [b"preview.webp", *(frame.data for frame in many(5))]
    assert answer.headers["content-type"] == "image/webp"
    assert "F%C3%A9rias-preview.webp" in answer.headers["content-disposition"]
    assert (
        ready
        | {
            "kind": "PREVIEW_WEBP",
            "status": "READY",
            "frameCount": 5,
            "sizeBytes": len(answer.content),
            "fileName": "Férias-preview.webp",
            "failure": None,
            "expiresAt": "2026-11-24T12:00:00.000Z",
        }
        == ready
    )


async def test_of_many_pictures_as_many_as_fit_are_taken_evenly_from_the_first_to_the_last(site: Site, ana: Person):
    video = await pictured(site, ana, list(many(700)))
    expected = {"PREVIEW_GIF": 48, "CONTACT_SHEET_PDF": 600}
    for kind in expected:
        await asked(ana, video, kind)
    worker = Worker(site)
    await worker.works()
    all_pictures = [frame.data for frame in many(700)]
    for kind, count in expected.items():
        url = (await shown(ana, (await asked(ana, video, kind))["id"]))["url"]
        _, *given = (await opened(site, url)).content.split(b"\n")
        places = [all_pictures.index(one) for one in given]
        gaps = {later - sooner for sooner, later in pairwise(places)}
        assert (len(places), places[0], places[-1]) == (count, 0, 699)
        assert max(gaps) - min(gaps) <= 1


async def test_the_same_request_is_the_same_export_while_it_is_kept_and_another_one_is_another(site: Site, ana: Person):
    video = await pictured(site, ana, list(many(9)))
    first = await asked(ana, video, numbers=[3, 1])
    assert (await asked(ana, video, ranges=[{"first": 1, "last": 1}, {"first": 3, "last": 3}]))["id"] == first["id"]
    worker = Worker(site)
    await worker.works()
    assert (await asked(ana, video, numbers=[1, 3]))["status"] == "READY"
    everything = [await asked(ana, video), await asked(ana, video, ranges=[{"first": 1, "last": 9}])]
    others = [await asked(ana, video, numbers=[1]), await asked(ana, video, "PREVIEW_GIF", numbers=[1, 3])]
    assert everything[0]["id"] == everything[1]["id"]
    assert len({one["id"] for one in [first, everything[0], *others]}) == 4
    assert worker.render.made == 1
    listed = (await ana.ask(LIST, id=video))["video"]["result"]["exports"]
    assert {one["id"]: one["status"] for one in listed}[first["id"]] == "READY"
    assert len(listed) == 4


async def test_a_day_after_its_end_its_row_its_file_and_what_it_counted_are_gone(ana: Person, site: Site):
    video = await pictured(site, ana, list(many(5)))
    before = (await ana.ask("{ me { storedBytes } }"))["me"]["storedBytes"]
    export = (await asked(ana, video))["id"]
    await Worker(site).works()
    ready = await shown(ana, export)
    counted = (await ana.ask("{ me { storedBytes } }"))["me"]["storedBytes"]
    assert counted == before + ready["sizeBytes"]
    keys = [key for key in site.storage.objects if "/exports/" in key]
    assert len(keys) == 1

    site.clock.advance(DAY - 1)
    await housekeeping(site)
    assert keys[0] in site.storage.objects
    site.clock.advance(2)
    await housekeeping(site)
    assert keys[0] not in site.storage.objects
    assert await site.transactions.read(lambda t: t.exports.get(ExportId(export))) is None
    assert (await archive_of(site, video)).key in site.storage.objects
    ana.http.headers["Authorization"] = f"Bearer {site.tokens.issue(ana.id, SessionId(str(uuid4()))).text}"
    assert (await shown(ana, export))["code"] == "EXPORT_NOT_FOUND"
    assert (await ana.ask("{ me { storedBytes } }"))["me"]["storedBytes"] == before


async def test_an_export_goes_with_its_video_also_while_it_is_made(site: Site, ana: Person):
    video = await pictured(site, ana)
    ready, making = (await asked(ana, video))["id"], (await asked(ana, video, "PREVIEW_GIF"))["id"]
    worker = Worker(site)
    await worker.attempt(ExportId(ready))
    url = (await shown(ana, ready))["url"]
    worker.render = ScriptedRenderer()
    worker.render.flows.clear()
    under_way = asyncio.create_task(worker.attempt(ExportId(making)))
    await worker.render.began.wait()
    await ana.ask("mutation($id: ID!) { deleteVideo(id: $id) { __typename } }", id=video)
    await under_way  # Its heartbeat finds no row; what it would make flows no more.
    await RemoveObjects(site.transactions, site.storage, site.clock)()
    assert (await opened(site, url)).status_code == 404
    assert [key for key in site.storage.objects if video in key] == []
    assert (await shown(ana, ready))["code"] == "EXPORT_NOT_FOUND"


async def test_one_can_be_removed_before_its_day_is_over(site: Site, ana: Person):
    video = await pictured(site, ana)
    export = (await asked(ana, video))["id"]
    await Worker(site).works()
    assert (await ana.ask(DELETE, id=export))["deleteFramesExport"] == {"__typename": "Deleted"}
    await RemoveObjects(site.transactions, site.storage, site.clock)()
    assert [key for key in site.storage.objects if "/exports/" in key] == []
    assert (await ana.ask(DELETE, id=export))["deleteFramesExport"]["code"] == "EXPORT_NOT_FOUND"
    assert (await asked(ana, video))["status"] == "WAITING"


@pytest.mark.parametrize(
    ("fault", "code", "says"),
    [
        (ProcessingError(FailureCode.TIMED_OUT), "TIMED_OUT", "choose fewer pictures"),
        (ProcessingError(FailureCode.CORRUPT_VIDEO), "CORRUPT_VIDEO", "A picture of this video cannot be read."),
        (ProcessingError(FailureCode.OUTPUT_TOO_LARGE, "This is too much."), "OUTPUT_TOO_LARGE", "This is too much."),
    ],
)
async def test_what_cannot_be_made_fails_with_a_sentence_and_can_be_asked_for_anew(
    site: Site, ana: Person, fault: Exception, code: str, says: str
):
    video = await pictured(site, ana)
    export = (await asked(ana, video))["id"]
    await Worker(site, ScriptedRenderer(fault)).works()
    failed = await shown(ana, export)
    assert (failed["status"], failed["failure"]["code"], failed["url"]) == ("FAILED", code, None)
    assert says in failed["failure"]["reason"]
    again = await asked(ana, video)
    assert again["id"] != export
    await Worker(site).works()
    assert (await shown(ana, again["id"]))["status"] == "READY"


@pytest.mark.parametrize("fault", [OSError("no more processes"), StorageError(), RuntimeError("a mistake of ours")])
async def test_a_passing_fault_is_tried_again_but_not_for_ever(site: Site, ana: Person, fault: Exception):
    export = (await asked(ana, await pictured(site, ana)))["id"]
    worker = Worker(site, ScriptedRenderer(*[fault] * (MOST_FAULTS - 1)))
    for _ in range(MOST_FAULTS):
        await worker.works()
        await worker.works()  # Before its time nothing happens.
        site.clock.advance(61)
    assert (await shown(ana, export))["status"] == "READY"
    other = (await asked(ana, await pictured(site, ana)))["id"]
    worker.render = ScriptedRenderer(*[fault] * MOST_FAULTS)
    for _ in range(MOST_FAULTS):
        assert (await shown(ana, other))["status"] == "WAITING"
        await worker.works()
        site.clock.advance(61)
    failed = await shown(ana, other)
    assert (failed["status"], failed["failure"]["retryable"]) == ("FAILED", True)


async def test_a_worker_that_died_is_taken_over_and_what_it_does_then_changes_nothing(site: Site, ana: Person):
    export = ExportId((await asked(ana, await pictured(site, ana)))["id"])
    slow = Worker(site)
    slow.render.flows.clear()
    frozen = asyncio.create_task(replace(slow.attempt, heartbeat=timedelta(hours=1))(export))
    await slow.render.began.wait()
    due = await site.transactions.read(lambda t: t.exports.due(site.clock.now(), 10))
    assert due == []
    site.clock.advance(site.settings.lease_seconds + 1)
    (found,) = await site.transactions.read(lambda t: t.exports.due(site.clock.now(), 10))
    assert found.id == export
    await Worker(site).works()
    ready = await shown(ana, export)
    slow.render.flows.set()
    await frozen
    row = await site.transactions.read(lambda t: t.exports.get(export))
    assert row is not None
    assert (row.status, row.attempt) == (ExportStatus.READY, 2)
    assert (await opened(site, ready["url"])).status_code == 200


async def test_a_shutdown_gives_it_back_at_once(site: Site, ana: Person):
    export = ExportId((await asked(ana, await pictured(site, ana)))["id"])
    worker = Worker(site)
    worker.render.flows.clear()
    under_way = asyncio.create_task(worker.attempt(export))
    await worker.render.began.wait()
    under_way.cancel()
    with pytest.raises(asyncio.CancelledError):
        await under_way
    assert (await shown(ana, export))["status"] == "WAITING"
    await Worker(site).works()
    row = await site.transactions.read(lambda t: t.exports.get(export))
    assert row is not None
    assert (row.status, row.faults) == (ExportStatus.READY, 0)


async def may_keep(site: Site, person: Person, more_bytes: int) -> None:
    """An operator lets somebody keep so much more than they do."""
    kept = (await person.ask("{ me { storedBytes } }"))["me"]["storedBytes"]

    async def step(t: Transaction) -> None:
        user = await t.users.lock(person.id)
        assert user is not None
        await t.users.save(replace(user, max_stored_bytes=kept + more_bytes))

    await site.transactions.write(step)


async def test_what_would_take_more_than_its_owner_may_keep_is_not_kept(site: Site, ana: Person):
    video = await pictured(site, ana, list(many(100)))
    export = (await asked(ana, video))["id"]
    await may_keep(site, ana, 500)
    await Worker(site).works()
    failed = await shown(ana, export)
    assert failed["failure"]["code"] == "OUTPUT_TOO_LARGE"
    assert "delete some videos" in failed["failure"]["reason"]
    assert [key for key in site.storage.objects if "/exports/" in key] == []
    await may_keep(site, ana, 0)
    assert (await asked(ana, video))["code"] == "QUOTA_EXCEEDED"


async def test_another_is_refused_and_a_key_has_to_read(site: Site, ana: Person, bruno: Person):
    video = await pictured(site, ana)
    export = (await asked(ana, video))["id"]
    assert (await asked(bruno, video))["code"] == "VIDEO_NOT_BELONGS_TO_USER"
    assert (await shown(bruno, export))["code"] == "VIDEO_NOT_BELONGS_TO_USER"
    assert (await bruno.ask(DELETE, id=export))["deleteFramesExport"]["code"] == "VIDEO_NOT_BELONGS_TO_USER"
    async with program(site, ana, Scope.READ) as reads, program(site, ana, Scope.UPLOAD) as sends:
        assert (await shown(reads, export))["id"] == export
        assert (await asked(sends, video))["code"] == "INSUFFICIENT_SCOPE"
        assert (await reads.ask(DELETE, id=export))["deleteFramesExport"]["code"] == "INSUFFICIENT_SCOPE"


async def test_what_cannot_be_asked_for_is_said(site: Site, ana: Person):
    unfinished, video = await ana.uploaded(), await pictured(site, ana)
    assert (await asked(ana, unfinished))["code"] == "PROCESSING_NOT_FINISHED"
    assert (await asked(ana, video, numbers=[4]))["code"] == "FRAME_NOT_FOUND"
    assert (await asked(ana, video, numbers=[]))["code"] == "INVALID_INPUT"
    assert (await asked(ana, video, numbers=[1], ranges=[{"first": 1, "last": 1}]))["code"] == "INVALID_INPUT"
    assert (await shown(ana, "x"))["code"] == "EXPORT_NOT_FOUND"


async def test_no_more_than_twenty_are_made_for_one_user_at_once(site: Site, ana: Person):
    video = await pictured(site, ana, list(many(30)))
    for place in range(1, 21):
        await asked(ana, video, numbers=[place])
    assert (await asked(ana, video, numbers=[21]))["code"] == "QUOTA_EXCEEDED"
    assert (await asked(ana, video, numbers=[20]))["status"] == "WAITING"
    await Worker(site).works()
    assert (await asked(ana, video, numbers=[21]))["status"] == "WAITING"


async def test_a_zip_that_is_lost_or_expired_gives_none(empty_database: Path, tmp_path: Path):
    async with running_site(empty_database, tmp_path, retention=Retention(1)) as site, site.person() as ana:
        video = await pictured(site, ana)
        ready, lost = (await asked(ana, video))["id"], (await asked(ana, video, "PREVIEW_GIF"))["id"]
        await Worker(site).attempt(ExportId(ready))
        del site.storage.objects[(await archive_of(site, video)).key]
        await Worker(site).works()
        assert (await shown(ana, lost))["failure"]["code"] == "SOURCE_MISSING"
        site.clock.advance(DAY - 1800)
        assert await site.transactions.read(lambda t: t.videos.get(VideoId(video)))
