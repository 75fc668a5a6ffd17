"""What ends imports from outside, and what is left of ended ones."""

from datetime import timedelta

import pytest

from app.domain.audit import Operator
from app.domain.errors import UploadNotFound
from app.domain.video import VideoId
from app.domain.video_import import ImportStatus
from app.infra.passwords import Argon2PasswordHasher
from tests.usecases.importing import FILM, MIB, Importing
from tests.usecases.test_identity import PASSWORD, Identity
from tests.usecases.world import World

ROOT = Operator.at_shell("root", "here")


async def broken_off(importing: Importing) -> VideoId:
    """Fetch a part of a film, and wait for the next try."""
    asked = await importing.ask()
    assert await importing.fetch()(asked.id) is not None
    (parts,) = importing.world.storage.in_parts.values()
    assert len(parts.sent) == 1
    return asked.id


async def test_a_deleted_account_leaves_nothing_of_its_imports(world: World):
    passwords = Argon2PasswordHasher(threads=1)
    identity = Identity(world, passwords)
    viewer = identity.viewer(await identity.ana())
    async with Importing.of(world, cuts=[9 * MIB]) as importing:
        importing.viewer = viewer
        which = await broken_off(importing)
        await identity.do.account.delete(viewer, PASSWORD)
        assert await world.transactions.read(lambda t: t.imports.get(which)) is None
        await importing.nothing_left()
        world.clock.advance(60)
        assert await importing.fetch()(which) is None
        assert len(importing.server.asked) == 1
    await passwords.aclose()


async def test_an_account_that_is_deleted_under_way_leaves_nothing_either(world: World):
    async with Importing.of(world) as importing:
        asked = await importing.ask()

        class DeletedMeanwhile:
            """The storage, while whose first part is written the account goes."""

            def __getattr__(self, name: str) -> object:
                return getattr(world.storage, name)

            async def put_part(self, key: str, upload: str, number: int, data: bytes) -> None:
                await world.storage.put_part(key, upload, number, data)
                if number == 1:
                    await world.transactions.write(lambda t: t.users.remove(importing.viewer.id))

        assert await importing.fetch(storage=DeletedMeanwhile())(asked.id) is None
        assert await world.transactions.read(lambda t: t.videos.get(asked.id)) is None
        assert world.storage.in_parts == {}
        await world.remove_objects()
        assert world.storage.objects == {}


async def test_a_disabled_account_ends_its_imports_at_their_next_sweep(world: World):
    async with Importing.of(world, cuts=[9 * MIB]) as importing:
        which = await broken_off(importing)
        await world.operate.users.disable(ROOT, importing.viewer.id)
        world.queue.imports.clear()
        await world.control().sweep_imports()
        assert world.queue.imports == [which]
        assert await importing.fetch()(which) is None
        ended = await importing.row(which)
        assert ended.failure is not None
        assert ended.failure.code == "ACCOUNT_DISABLED"
        assert len(importing.server.asked) == 1
        await importing.nothing_left()


async def test_housekeeping_leaves_alone_what_goes_on_and_forgets_what_ended_a_month_ago(world: World):
    async with Importing.of(world, cuts=[9 * MIB]) as importing:
        which = await broken_off(importing)
        world.clock.advance(3600)
        for _ in range(2):
            await world.collect_garbage()
        assert len(world.storage.in_parts) == 1
        ended = await importing.ended(which)
        assert ended.failure is not None  # An hour later its time is over.
        await importing.nothing_left()
        imports = world.do().imports
        world.clock.advance(timedelta(days=30).total_seconds() - 60)
        await world.collect_garbage()
        assert (await imports.show(importing.viewer, ended.id)).status is ImportStatus.FAILED
        assert await imports.list(importing.viewer) == []
        world.clock.advance(120)
        await world.collect_garbage()
        with pytest.raises(UploadNotFound):
            await imports.show(importing.viewer, ended.id)


async def test_an_import_that_nobody_fetches_ends_by_itself_with_its_place_in_the_quota(world: World):
    async with Importing.of(world) as importing:
        asked = await importing.ask()
        world.clock.advance(24 * 3600 + 1)
        assert await world.unfinished(importing.viewer) == (0, 1)
        assert await importing.fetch()(asked.id) is None
        failed = await importing.row(asked.id)
        assert failed.failure is not None
        assert failed.failure.code == "TIMED_OUT"
        assert importing.server.asked == []
        await importing.nothing_left()


async def test_a_finished_import_is_a_video_like_any_other_and_goes_with_it(world: World):
    async with Importing.of(world) as importing:
        ended = await importing.ended((await importing.ask()).id)
        await world.completed(ended.id)
        assert await world.do().stored_bytes.of(importing.viewer.id) == len(FILM) + 2
        await world.videos.delete(importing.viewer, ended.id)
        for _ in range(2):
            await world.remove_objects()
            world.clock.advance(3601)
        assert world.storage.objects == {}


async def test_a_failed_import_is_told_by_mail_to_who_wants_that_and_a_canceled_one_to_nobody(world: World):
    async with Importing.of(world, content=b"<html>") as importing:
        await importing.refused()
        (told,) = await world.due_notifications()
        assert (told.event, told.file_name) == ("import.failed", importing.server.url("/film.mp4"))
        assert world.queue.notifications == 1
        await world.do().imports.cancel(importing.viewer, (await importing.ask()).id)
        await world.change_user(importing.viewer.id, email_on_failure=False)
        await importing.refused()
        assert await world.due_notifications() == [told]
