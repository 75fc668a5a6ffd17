"""What the Python client is told of videos and keys, live and in lists, against the running service."""

import asyncio
import inspect
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.domain.session import Scope
from app.usecases.ports.transactions import Transaction
from fiapx_client import AsyncFiapX, AsyncUpload, FiapX, Refused, Upload, Video
from tests.clients.conftest import registered
from tests.parts.api_keys import program, revoked
from tests.parts.site import MP4, PASSWORD, Person, Site, running_site
from tests.parts.videos import a_video
from tests.parts.waiting import until


@pytest.fixture
async def fiapx(site: Site, ana: Person) -> AsyncIterator[AsyncFiapX]:
    async with AsyncFiapX(site.url, key=ana.token) as fiapx:
        yield fiapx


class Watched:
    """What somebody is told who watches a video."""

    def __init__(self, states: AsyncIterator[Video]) -> None:
        self._states = states

    async def next(self) -> str:
        async with asyncio.timeout(20):
            return (await anext(self._states)).status

    async def end(self) -> None:
        async with asyncio.timeout(20):
            assert await anext(self._states, None) is None


async def test_a_video_is_watched_to_its_end_over_lines_that_break(site: Site, ana: Person, fiapx: AsyncFiapX):
    video = await ana.uploaded()
    watched = Watched(fiapx.watch(video))
    assert await watched.next() == "PENDING"
    following = asyncio.create_task(watched.next())
    site.cut_connections()
    await returned(site, ana)
    held = await site.claimed(video)
    assert await following == "PROCESSING"  # And not PENDING once more.
    site.cut_connections()
    await site.finished(held)  # While nobody hears it.
    assert await watched.next() == "COMPLETED"
    await watched.end()


async def test_a_stream_that_ends_with_its_session_is_begun_again(empty_database: Path, tmp_path: Path):
    async with (
        running_site(empty_database, tmp_path, session_seconds=1) as site,
        site.person() as ana,
        AsyncFiapX(site.url, key=ana.token) as fiapx,
    ):
        watched = Watched(fiapx.watch(video := await ana.uploaded()))
        assert await watched.next() == "PENDING"
        following = asyncio.create_task(watched.next())
        await returned(site, ana)
        await site.completed(video)
        assert await following in {"PROCESSING", "COMPLETED"}


async def returned(site: Site, person: Person) -> None:
    """Wait until their stream has ended, and they watch again."""
    await until(lambda: site.live.watchers(person.id) == 0)
    await until(lambda: site.live.watchers(person.id) == 1)


async def test_progress_comes_live(site: Site, ana: Person, fiapx: AsyncFiapX):
    video, percents = await ana.uploaded(), list[float]()
    held = await site.claimed(video)
    async with asyncio.timeout(20):
        async for state in fiapx.watch(video):
            percents.append(state.percent)
            if len(percents) == 1:
                await site.progressed(held, 40)
            elif len(percents) == 2:
                await site.finished(held)
    assert percents == [0, 40, 100]


async def test_a_session_that_ends_meanwhile_is_renewed_and_watching_goes_on(site: Site):
    email = await registered(site)
    async with AsyncFiapX(site.url) as fiapx, site.client() as client:
        await fiapx.sign_in(email, PASSWORD)
        signed_in = await client.post("/auth/login", json={"email": email, "password": PASSWORD})
        client.headers["Authorization"] = f"Bearer {signed_in.json()['access_token']}"
        sent = await client.post("/videos/upload", files={"file": ("a.mp4", MP4)})
        video = sent.json()["id"]
        watched = Watched(fiapx.watch(video))
        assert await watched.next() == "PENDING"
        site.clock.advance(3601)
        site.cut_connections()
        held = await site.claimed(video)
        assert await watched.next() == "PROCESSING"
        await site.finished(held)
        assert await watched.next() == "COMPLETED"


async def test_a_key_that_is_revoked_meanwhile_ends_it_with_its_sentence(site: Site, ana: Person):
    video = await ana.uploaded()
    async with program(site, ana, Scope.READ) as key, AsyncFiapX(site.url, key=key.token) as fiapx:
        watched = Watched(fiapx.watch(video))
        assert await watched.next() == "PENDING"
        await revoked(site, key, ana)
        site.cut_connections()
        with pytest.raises(Refused, match="revoked") as refused:
            await watched.next()
    assert refused.value.code == "UNAUTHENTICATED"


async def test_a_video_that_is_deleted_or_of_somebody_else_ends_it(site: Site, ana: Person, fiapx: AsyncFiapX):
    watched = Watched(fiapx.watch(video := await ana.uploaded()))
    assert await watched.next() == "PENDING"
    await fiapx.delete(video)
    with pytest.raises(Refused, match="deleted") as refused:
        await watched.next()
    assert refused.value.code == "VIDEO_NOT_FOUND"
    async with site.person() as bruno:
        with pytest.raises(Refused) as refused:
            await fiapx.wait(await bruno.uploaded())
    assert refused.value.code == "VIDEO_NOT_BELONGS_TO_USER"


async def test_a_failure_is_told_with_code_and_sentence(site: Site, ana: Person, fiapx: AsyncFiapX):
    video = await ana.uploaded()
    await site.failed(video)
    ended = await fiapx.wait(video)
    assert ended.failure is not None
    assert (ended.status, ended.failure.code, ended.failure.retryable) == ("FAILED", "CORRUPT_VIDEO", False)
    assert ended.failure.reason.endswith(".")


async def test_a_list_has_all_pages_and_can_be_of_some_states(site: Site, ana: Person, fiapx: AsyncFiapX):
    sent = [a_video(ana.id) for _ in range(101)]

    async def keep(t: Transaction) -> None:
        for video in sent:
            await t.videos.add(video, idempotency_key=None, request_digest="", wake_at=site.clock.now())

    await site.transactions.write(keep)
    await site.completed(sent[3].id)
    listed = [video.id async for video in fiapx.videos()]
    completed = [video async for video in fiapx.videos(status=["COMPLETED"])]
    assert sorted(listed) == sorted(video.id for video in sent)
    assert [video.id for video in completed] == [sent[3].id]
    assert completed[0].frames is not None
    assert completed[0].frames.frame_count == 3


async def test_a_video_is_canceled_processed_again_and_deleted(site: Site, ana: Person, fiapx: AsyncFiapX):
    video = await ana.uploaded()
    canceled = await fiapx.cancel(video)
    assert canceled.failure is not None
    assert canceled.failure.code == "CANCELED"
    again = await fiapx.reprocess(video, options={"select": {"count": 2}})
    assert (again.status, again.id != video) == ("PENDING", True)
    await fiapx.delete(video)
    assert [left.id async for left in fiapx.videos()] == [again.id]
    with pytest.raises(Refused) as refused:
        await fiapx.video(video)
    assert refused.value.code == "VIDEO_NOT_FOUND"


async def test_keys_are_made_listed_and_revoked_and_open_what_they_say(site: Site, ana: Person, fiapx: AsyncFiapX):
    video, end = await ana.uploaded(), datetime(2999, 12, 31, tzinfo=UTC)
    made = await fiapx.create_key("cameras", ["UPLOAD", "DELETE"], expires_at=end)
    assert made.secret not in repr(made)
    assert await fiapx.keys() == [made.key]
    assert (made.key.name, made.key.expires_at, set(made.key.scopes)) == ("cameras", end, {"UPLOAD", "DELETE"})
    async with AsyncFiapX(site.url, key=made.secret) as camera:
        for asked in (camera.video(video), camera.keys(), camera.wait(video), camera.download(video, "frames.zip")):
            with pytest.raises(Refused) as refused:
                await asked
            assert refused.value.code == "INSUFFICIENT_SCOPE"
        assert (await camera.cancel(video)).status == "FAILED"
        await fiapx.revoke_key(made.key.id)
        with pytest.raises(Refused, match="revoked") as refused:
            await camera.delete(video)
    assert refused.value.code == "UNAUTHENTICATED"


async def test_blocking_and_asynchronous_tell_the_same(site: Site, ana: Person, fiapx: AsyncFiapX):
    sent = [await ana.uploaded() for _ in range(3)]
    await site.completed(sent[0])

    def blocking() -> list[Any]:
        with FiapX(site.url, key=ana.token) as other:
            with pytest.raises(Refused) as refused:
                other.video("no id")
            first = next(iter(other.videos()))  # And no more of them.
            told = [list(other.videos()), other.video(sent[1]), list(other.watch(sent[0])), other.wait(sent[0])]
            return [first.id, refused.value.code, *told, other.keys()]

    with pytest.raises(Refused) as refused:
        await fiapx.video("no id")
    listed = [video async for video in fiapx.videos()]
    watched = [state async for state in fiapx.watch(sent[0])]
    told = [listed, await fiapx.video(sent[1]), watched, await fiapx.wait(sent[0])]
    assert without_links(await asyncio.to_thread(blocking)) == without_links(
        [listed[0].id, refused.value.code, *told, await fiapx.keys()]
    )


def without_links(told: Any) -> Any:
    """The same, without what is made anew whenever it is told."""
    if isinstance(told, list):
        return [without_links(one) for one in told]
    return (told.id, told.status, told.version, told.frames is None) if isinstance(told, Video) else told


async def test_blocking_waits_for_the_end_too(site: Site, ana: Person):
    video = await ana.uploaded()

    def waiting() -> Video:
        with FiapX(site.url, key=ana.token) as fiapx:
            return fiapx.wait(video)

    ended = asyncio.create_task(asyncio.to_thread(waiting))
    await until(lambda: site.live.watchers(ana.id))
    await site.completed(video)
    assert (await ended).status == "COMPLETED"


@pytest.mark.parametrize(("asynchronous", "blocking"), [(AsyncFiapX, FiapX), (AsyncUpload, Upload)])
def test_blocking_and_asynchronous_have_the_same_methods_with_the_same_arguments(asynchronous: type, blocking: type):
    def methods(of: type) -> dict[str, list[str]]:
        public = {name: member for name, member in vars(of).items() if not name.startswith("_")}
        own = {name: member for name, member in public.items() if inspect.isfunction(member) and name != "run"}
        return {name: list(map(str, inspect.signature(member).parameters.values())) for name, member in own.items()}

    assert methods(asynchronous) == methods(blocking)


async def test_whoever_leaves_the_block_while_watching_ends_that(site: Site, ana: Person):
    video = await ana.uploaded()
    async with AsyncFiapX(site.url, key=ana.token) as fiapx:
        watched = fiapx.watch(video)
        assert (await anext(watched)).status == "PENDING"
    assert await anext(watched, None) is None
    await until(lambda: site.live.watchers(ana.id) == 0)

    def story() -> None:
        with FiapX(site.url, key=ana.token) as fiapx:
            states = fiapx.watch(video)
            assert next(states).status == "PENDING"
        with pytest.raises((RuntimeError, StopIteration)):
            next(states)
        with pytest.raises(RuntimeError):
            fiapx.video(video)

    await asyncio.to_thread(story)
