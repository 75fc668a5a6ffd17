"""What operators do with users: what they may have, whether they get in, and who is an operator."""

from datetime import timedelta

import pytest

from app.domain.audit import Operator
from app.domain.errors import AccountDisabled, InvalidInput, NotAnOperator, QuotaExceeded, UserNotFound
from app.domain.options import ExtractionOptions
from app.domain.session import SessionId, StoredSession, Viewer
from app.domain.user import Role, UserId
from app.domain.video import ProcessingStatus, new_video_id
from app.usecases.ports.jobs import JobFilter
from tests.usecases.world import MP4, World, incoming

ROOT = Operator.at_shell("root", "here")


async def sent(world: World, viewer: Viewer) -> None:
    """Upload as a client that says how much will come."""
    await world.upload_video()(viewer, incoming(declared=len(MP4)), ExtractionOptions())


async def test_one_users_own_limits_count_in_place_of_the_settings_until_they_are_taken_back(world: World):
    world.max_active, world.max_stored = 2, 10 * len(MP4)
    ana, bruno = await world.user(), await world.user()
    users = world.operate.users
    await users.set_quota(ROOT, ana.id, 0, None, "she sends too many")
    with pytest.raises(QuotaExceeded, match="You have 0 videos"):
        await sent(world, ana)
    await sent(world, bruno)
    await users.set_quota(ROOT, ana.id, 3, len(MP4))
    await sent(world, ana)
    with pytest.raises(QuotaExceeded, match="more than the"):
        await sent(world, ana)
    assert await world.do().stored_bytes.room_left(ana.id) == 0
    await users.set_quota(ROOT, ana.id, None, None)
    await sent(world, ana)
    with pytest.raises(QuotaExceeded, match="You have 2 videos"):
        await sent(world, ana)
    with pytest.raises(InvalidInput):
        await users.set_quota(ROOT, ana.id, -1, None)


async def test_where_the_settings_limit_nothing_one_users_own_limit_does(world: World):
    ana = await world.user()
    await world.operate.users.set_quota(ROOT, ana.id, None, 3 * len(MP4))
    await sent(world, ana)
    assert await world.do().stored_bytes.room_left(ana.id) == 2 * len(MP4)
    assert await world.do().stored_bytes.room_left((await world.user()).id) is None


async def test_a_disabled_users_sessions_end_uploads_are_refused_and_what_runs_is_finished(world: World):
    ana = await world.user()
    expires = world.clock.now() + timedelta(days=1)
    await world.transactions.write(lambda t: t.sessions.add(StoredSession(ana.session, ana.id, "a", None, expires)))
    held = (await world.claimed((await world.uploaded(ana)).id)).video
    users = world.operate.users
    disabled = await users.disable(ROOT, ana.id, "spam")
    assert disabled.disabled_at == world.clock.now()
    assert await world.transactions.read(lambda t: t.sessions.ended_since(world.clock.now())) == {
        ana.session: world.clock.now()
    }
    kept = dict(world.storage.objects)
    with pytest.raises(AccountDisabled):
        await world.uploaded(ana)
    assert world.storage.objects == kept, "before a byte of it was read"
    assert await world.complete(held, world.archive(held))
    user = await users.find(ROOT, disabled.email)
    sessions = world.do().sessions
    with pytest.raises(AccountDisabled):
        await world.transactions.write(lambda t: sessions.open(t, user))
    world.clock.advance(1)
    await users.enable(ROOT, ana.id)
    await world.transactions.write(lambda t: sessions.open(t, user))
    await world.uploaded(ana)
    assert await world.audited() == [("disable", "done", "spam"), ("enable", "done", None)]


async def test_a_user_is_shown_with_what_is_theirs(world: World):
    ana = await world.user()
    await world.completed((await world.uploaded(ana)).id)
    await world.uploaded(ana)
    await world.operate.jobs.pause(ROOT)
    session = StoredSession(SessionId(new_video_id()), ana.id, "a", None, world.clock.now())
    await world.transactions.write(lambda t: t.sessions.add(session))
    seen = await world.operate.users.show(ROOT, ana.id)
    assert seen.videos == {status: int(status in {"Pending", "Completed"}) for status in ProcessingStatus}
    assert (seen.stored_bytes, seen.sessions, seen.paused) == (2 * len(MP4) + 2, 1, True)
    with pytest.raises(UserNotFound):
        await world.operate.users.show(ROOT, UserId(new_video_id()))


async def test_users_are_listed_and_found_in_any_spelling(world: World):
    ana = await world.user()
    users = world.operate.users
    email = (await users.show(ROOT, ana.id)).user.email
    assert (await users.find(ROOT, f" {email.upper()} ")).id == ana.id
    assert [user.id for user in (await users.list(ROOT, email[:8].upper())).entries] == [ana.id]
    with pytest.raises(UserNotFound):
        await users.find(ROOT, "nobody@example.com")


async def test_a_role_counts_from_the_next_request_on(world: World):
    ana = await world.user()
    acting, jobs = Operator.signed_in(ana.id), world.operate.jobs
    await world.operate.users.set_role(ROOT, ana.id, Role.OPERATOR)
    assert (await jobs.list(acting, JobFilter())).entries == []
    await world.operate.users.set_role(ROOT, ana.id, Role.USER)
    with pytest.raises(NotAnOperator):
        await jobs.list(acting, JobFilter())


async def test_the_audit_log_outlives_who_is_in_it_and_goes_by_its_age_alone(world: World):
    ana = await world.user()
    await world.operate.users.disable(ROOT, ana.id)
    await world.transactions.write(lambda t: t.users.remove(ana.id))
    world.clock.advance(40 * 24 * 3600)
    await world.control().collect_garbage()
    await world.control(audit_retention_days=41).collect_garbage()
    assert await world.audited() == [("disable", "done", None)]
    await world.control(audit_retention_days=39).collect_garbage()
    assert await world.audited() == []
