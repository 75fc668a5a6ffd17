"""Sessions, ended ones and password resets, on each database."""

import asyncio
from dataclasses import replace
from uuid import uuid4

from app.domain.session import SessionId, StoredSession
from app.domain.user import UserId
from app.usecases.ports.mailed_links import MailedLink
from app.usecases.ports.transactions import Transaction
from tests.contracts.story import Story, after


def new_session(owner: UserId, expires: float = 100) -> StoredSession:
    return StoredSession(SessionId(str(uuid4())), owner, "a" * 64, None, after(expires))


async def kept(story: Story, *sessions: StoredSession) -> None:
    for session in sessions:
        await story.transactions.write(lambda t, session=session: t.sessions.add(session))  # type: ignore[misc]


async def test_a_session_is_kept_and_renewed(story: Story):
    session = new_session(await story.user())
    await kept(story, session)
    assert await story.transactions.write(lambda t: t.sessions.lock(session.id)) == session
    await story.transactions.write(
        lambda t: t.sessions.renew(
            session.id, refresh_digest="b" * 64, rotated_at=after(1), began_at=after(0), expires_at=after(200)
        )
    )
    renewed = StoredSession(session.id, session.owner, "b" * 64, after(1), after(200), began_at=after(0))
    assert await story.transactions.write(lambda t: t.sessions.lock(session.id)) == renewed
    assert await story.transactions.write(lambda t: t.sessions.lock(SessionId(str(uuid4())))) is None


async def test_a_users_sessions_are_listed_with_who_signed_in(story: Story):
    owner, other = await story.user(), await story.user()
    mine = replace(new_session(owner), agent="Navegador/1.0 (câmera 🎥)", began_at=after(0))
    silent = new_session(owner, expires=200)
    await kept(story, mine, silent, new_session(other))
    assert await story.transactions.read(lambda t: t.sessions.records_of(owner, 9)) == [silent, mine]
    assert await story.transactions.read(lambda t: t.sessions.records_of(owner, 1)) == [silent]


async def test_sessions_end_by_name_kept_or_not_and_more_than_once(story: Story):
    owner, unknown = await story.user(), SessionId(str(uuid4()))
    mine, other = new_session(owner), new_session(owner)
    await kept(story, mine, other)
    await story.transactions.write(lambda t: t.sessions.end([mine.id, unknown], after(1)))
    await story.transactions.write(lambda t: t.sessions.end([mine.id], after(2)))
    assert await story.transactions.read(lambda t: t.sessions.of(owner)) == [other.id]
    ended = await story.transactions.read(lambda t: t.sessions.ended_since(after(1)))
    assert {session: at for session, at in ended.items() if session in {mine.id, unknown, other.id}} == {
        mine.id: after(1),
        unknown: after(1),
    }
    assert mine.id not in await story.transactions.read(lambda t: t.sessions.ended_since(after(1.001)))


async def test_a_deleted_user_leaves_no_session_and_no_reset(story: Story):
    owner = await story.user()
    session, reset = new_session(owner), MailedLink(str(uuid4()), owner, after(60))
    await kept(story, session)
    await story.transactions.write(lambda t: t.password_resets.add(reset))
    await story.transactions.write(lambda t: t.users.remove(owner))
    assert await story.transactions.write(lambda t: t.sessions.lock(session.id)) is None
    assert await story.transactions.read(lambda t: t.password_resets.get(reset.id)) is None


async def test_expired_sessions_and_old_ends_are_removed_and_the_rest_stays(story: Story):
    owner = await story.user()
    expired, alive = new_session(owner, expires=10), new_session(owner, expires=30)
    old, recent = SessionId(str(uuid4())), SessionId(str(uuid4()))
    await kept(story, expired, alive)
    await story.transactions.write(lambda t: t.sessions.end([old], after(-100)))
    await story.transactions.write(lambda t: t.sessions.end([recent], after(-10)))
    await story.transactions.write(
        lambda t: t.sessions.forget(expired_before=after(20), ended_before=after(-50), limit=1000)
    )
    assert await story.transactions.read(lambda t: t.sessions.of(owner)) == [alive.id]
    ended = await story.transactions.read(lambda t: t.sessions.ended_since(after(-1000)))
    assert old not in ended
    assert recent in ended


async def test_resets_are_kept_until_used_or_expired(story: Story):
    owner = await story.user()
    first, second = (MailedLink(str(uuid4()), owner, after(seconds)) for seconds in (10, 60))
    for reset in (first, second):
        await story.transactions.write(lambda t, reset=reset: t.password_resets.add(reset))  # type: ignore[misc]
    assert await story.transactions.read(lambda t: t.password_resets.get(second.id)) == second
    await story.transactions.write(lambda t: t.password_resets.forget(expired_before=after(20), limit=1000))
    assert await story.transactions.read(lambda t: t.password_resets.get(first.id)) is None
    assert await story.transactions.write(lambda t: t.password_resets.remove_all(owner)) == 1
    assert await story.transactions.write(lambda t: t.password_resets.remove_all(owner)) == 0


async def test_a_locked_session_makes_others_wait(story: Story):
    session = new_session(await story.user())
    await kept(story, session)
    held, go_on = asyncio.Event(), asyncio.Event()

    async def rotate(t: Transaction) -> None:
        await t.sessions.lock(session.id)
        held.set()
        await go_on.wait()
        await t.sessions.renew(
            session.id, refresh_digest="b" * 64, rotated_at=after(1), began_at=after(0), expires_at=after(200)
        )

    rotating = asyncio.create_task(story.transactions.write(rotate))
    await held.wait()
    looking = asyncio.create_task(story.transactions.write(lambda t: t.sessions.lock(session.id)))
    assert not (await asyncio.wait({looking}, timeout=0.3))[0]
    go_on.set()
    await rotating
    seen = await looking
    assert seen is not None
    assert seen.refresh_digest == "b" * 64
