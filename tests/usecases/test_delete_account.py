import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from app.domain.errors import InvalidCredentials, RateLimited, Unauthenticated
from app.domain.options import ExtractionOptions
from app.domain.session import Scope, Viewer
from app.domain.upload_reservation import UploadReservation
from app.domain.video import new_video_id, source_key
from app.infra.passwords import Argon2PasswordHasher
from app.usecases.ports.rate_limits import RateLimitKey
from app.usecases.upload_video import IncomingVideo
from tests.fakes.sources import MemorySources
from tests.usecases.parts import sent
from tests.usecases.test_identity import PASSWORD, Identity
from tests.usecases.world import MP4, World


@pytest.fixture
async def identity(world: World):
    passwords = Argon2PasswordHasher(threads=2)
    yield Identity(world, passwords)
    await passwords.aclose()


async def everything_removed(world: World) -> None:
    for _ in range(2):
        await world.remove_objects()
        world.clock.advance(3601)
    await world.remove_objects()


async def test_an_account_goes_with_its_rows_sessions_and_objects(identity: Identity):
    world, session, other = identity.world, await identity.ana(), await identity.signed_in()
    viewer, bruno = identity.viewer(session), await world.user()
    done, failed = await world.uploaded(viewer), await world.uploaded(viewer)
    await world.completed(done.id)
    await world.failed(failed.id)
    await world.videos.reprocess(viewer, done.id, None)
    await identity.do.account.export(viewer)
    kept = await world.completed((await world.uploaded(bruno)).id)
    await identity.do.account.delete(viewer, PASSWORD)
    assert identity.has_ended(session)
    assert identity.has_ended(other)
    # Every process hears of it, also one that was not told.
    ended = await world.transactions.read(lambda t: t.sessions.ended_since(world.clock.now()))
    assert {identity.viewer(one).session for one in (session, other)} <= set(ended)
    with pytest.raises(InvalidCredentials):
        await identity.signed_in()
    with pytest.raises(InvalidCredentials):
        await identity.do.sessions.refresh(other.refresh_token)
    with pytest.raises(Unauthenticated):
        await identity.do.account.show(viewer)
    assert await world.transactions.read(lambda t: t.videos.get(done.id)) is None
    assert await world.due_notifications() == []
    await everything_removed(world)
    assert kept.archive is not None
    assert set(world.storage.objects) == {kept.source_key, kept.archive.key}


async def test_what_came_of_an_upload_in_parts_goes_at_once(identity: Identity):
    world, viewer = identity.world, identity.viewer(await identity.ana())
    await sent(world, viewer)
    kept = await sent(world, await world.user())
    await identity.do.account.delete(viewer, PASSWORD)
    assert set(world.storage.in_parts) == {kept.upload.storage_upload_id}


async def test_the_address_can_be_registered_again(identity: Identity):
    viewer = identity.viewer(await identity.ana())
    await identity.do.account.delete(viewer, PASSWORD)
    again = identity.viewer(await identity.ana())
    assert again.id != viewer.id


@pytest.mark.parametrize("password", ["", "x", PASSWORD + " ", "p" * 129])
async def test_it_takes_the_password(identity: Identity, password: str):
    viewer = identity.viewer(await identity.ana())
    with pytest.raises(InvalidCredentials) as refused:
        await identity.do.account.delete(viewer, password)
    assert refused.value.field == ("password",)
    assert (await identity.do.account.show(viewer)).id == viewer.id


async def test_passwords_cannot_be_tried_without_end(identity: Identity):
    viewer = identity.viewer(await identity.ana())
    identity.limits.allowed[RateLimitKey.PASSWORD_BY_SESSION] = 2
    for expected in (InvalidCredentials, InvalidCredentials, RateLimited):
        with pytest.raises(expected):
            await identity.do.account.delete(viewer, "not the password")


async def test_an_upload_that_ends_after_its_account_was_deleted_leaves_nothing(identity: Identity):
    world, viewer = identity.world, identity.viewer(await identity.ana())
    halfway, goes_on = asyncio.Event(), asyncio.Event()

    async def slow() -> AsyncIterator[bytes]:
        yield MP4
        halfway.set()
        await goes_on.wait()
        yield MP4

    upload = asyncio.create_task(
        world.upload_video()(viewer, IncomingVideo("a.mp4", None, slow()), ExtractionOptions())
    )
    await halfway.wait()
    await identity.do.account.delete(viewer, PASSWORD)
    await world.remove_objects()
    goes_on.set()
    with pytest.raises(Unauthenticated):
        await upload
    assert len(world.storage.objects) == 1  # It was whole before anybody knew.
    await world.remove_objects()
    assert world.storage.objects == {}


async def test_what_a_server_that_died_had_taken_of_an_upload_goes_too(identity: Identity):
    world, viewer = identity.world, identity.viewer(await identity.ana())
    video = new_video_id()
    reservation = UploadReservation(
        video, viewer.id, source_key(video), None, None, world.clock.now() + timedelta(minutes=1)
    )
    await world.transactions.write(lambda t: t.reservations.add(reservation))
    await identity.do.account.delete(viewer, PASSWORD)
    world.orphans(reservation.source_key)
    await everything_removed(world)
    assert world.storage.objects == {}


async def test_a_worker_that_still_writes_leaves_nothing(identity: Identity):
    world, viewer = identity.world, identity.viewer(await identity.ana())
    held = (await world.claimed((await world.uploaded(viewer)).id)).video
    await identity.do.account.delete(viewer, PASSWORD)
    await world.remove_objects()
    archive = world.archive(held)  # It was on its way.
    assert not await world.complete(held, archive)
    await everything_removed(world)
    assert world.storage.objects == {}


# ---------------------------------------------------------------- export


async def exported(world: World, viewer: Viewer):
    export = await world.do().account.export(viewer)
    data = world.storage.objects[export.key].data
    assert export.size_bytes == len(data)
    return json.loads(data)


async def test_an_export_holds_profile_processings_and_notifications_of_its_owner_alone(identity: Identity):
    world = identity.world
    world.max_active = 10_000
    session = await identity.ana()
    viewer, bruno = identity.viewer(session), await world.user()
    await world.failed((await world.uploaded(bruno)).id)
    assert (await exported(world, viewer))["videoProcessings"] == []
    failed, done = await world.uploaded(viewer), await world.uploaded(viewer)
    await world.failed(failed.id)
    await world.completed(done.id)
    data = await exported(world, viewer)
    assert data["profile"]["email"] == "ana@example.com"
    assert data["profile"]["pendingEmail"] is None
    assert data["profile"]["notifications"]["emailOnFailure"] is True
    said = {video["id"]: video for video in data["videoProcessings"]}
    assert set(said) == {failed.id, done.id}
    assert said[failed.id]["failure"]["code"] == "CORRUPT_VIDEO"
    assert said[done.id]["result"]["frameCount"] == 3
    assert [(told["event"], told["channel"]) for told in data["notifications"]] == [("video.failed", "EMAIL")]
    text = json.dumps(data)
    for secret in ("password", "$argon2", "whsec_", bruno.id):
        assert secret not in text


async def test_an_export_names_sessions_and_keys_without_what_opens_anything(identity: Identity):
    viewer = identity.viewer(await identity.ana())
    new = await identity.do.api_keys.create(viewer, "câmeras", {Scope.UPLOAD, Scope.READ}, None)
    data = await exported(identity.world, viewer)
    (key,) = data["apiKeys"]
    assert (key["name"], key["scopes"], key["lastUsedAt"]) == ("câmeras", ["read", "upload"], None)
    (session,) = data["sessions"]
    assert (session["refreshedAt"], session["agent"]) == (None, None)
    assert new.secret not in json.dumps(data)
    assert new.key.secret_sha256 not in json.dumps(data)


@pytest.mark.slow
async def test_an_export_names_imports_without_what_is_behind_the_question_mark(identity: Identity):
    world, viewer = identity.world, identity.viewer(await identity.ana())
    link = "https://films.example/none.mp4?key=secret"
    asked = await world.do().imports.create(viewer, link, ExtractionOptions())
    other = await world.user()
    await world.do().imports.create(other, link, ExtractionOptions())
    await world.control(sources=MemorySources()).fetch_import(asked.id)
    data = await exported(world, viewer)
    (named,) = data["imports"]
    assert (named["id"], named["url"], named["status"]) == (asked.id, "https://films.example/none.mp4", "Failed")
    assert named["failure"]["code"] == "LINK_REFUSED"
    assert "secret" not in str(data)


async def test_an_export_of_many_pages_names_each_once(identity: Identity):
    world = identity.world
    world.max_active = 10_000
    viewer = identity.viewer(await identity.ana())
    first = await world.uploaded(viewer)
    await world.failed(first.id)
    for _ in range(501):
        await world.videos.reprocess(viewer, first.id, None)
    data = await exported(world, viewer)
    assert len(data["videoProcessings"]) == len({video["id"] for video in data["videoProcessings"]}) == 502


async def test_an_export_is_gone_after_a_day(identity: Identity):
    world, viewer = identity.world, identity.viewer(await identity.ana())
    await exported(world, viewer)
    await world.remove_objects()
    assert len(world.storage.objects) == 1
    world.clock.advance(24 * 3600 + 1)
    await world.remove_objects()
    assert world.storage.objects == {}
