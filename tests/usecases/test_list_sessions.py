"""A user sees where they are signed in, and ends one of these sessions."""

import pytest

from app.domain.errors import InvalidCredentials, InvalidInput
from app.domain.session import agent_of
from app.domain.user import Locale
from app.infra.passwords import Argon2PasswordHasher
from tests.usecases.test_identity import HERE, PASSWORD, Identity
from tests.usecases.world import World


@pytest.fixture
async def identity(world: World):
    hasher = Argon2PasswordHasher(threads=1)
    yield Identity(world, hasher)
    await hasher.aclose()


async def test_sessions_are_listed_by_their_last_use_with_what_signed_in(identity: Identity):
    phone, clock = await identity.ana(), identity.world.clock
    clock.advance(60)
    laptop = await identity.do.authenticate_user("ana@example.com", PASSWORD, HERE, "Laptop/1.0")
    viewer = identity.viewer(laptop)
    listed = await identity.do.sessions.list(viewer)
    assert [(one.id, one.agent) for one in listed] == [
        (viewer.session, "Laptop/1.0"),
        (identity.viewer(phone).session, None),
    ]
    clock.advance(60)
    await identity.do.sessions.refresh(phone.refresh_token)
    assert [one.id for one in await identity.do.sessions.list(viewer)] == [
        identity.viewer(phone).session,
        viewer.session,
    ]


async def test_what_is_over_is_not_listed(identity: Identity):
    session = await identity.ana()
    viewer = identity.viewer(session)
    other = await identity.signed_in()
    await identity.do.sessions.end(identity.viewer(other))
    assert [one.id for one in await identity.do.sessions.list(viewer)] == [viewer.session]
    identity.world.clock.advance(30 * 24 * 3600)
    assert await identity.do.sessions.list(viewer) == []


async def test_one_session_is_ended_and_no_other(identity: Identity):
    phone, laptop = await identity.ana(), await identity.signed_in()
    await identity.do.sessions.end_one(identity.viewer(laptop), identity.viewer(phone).session)
    assert identity.has_ended(phone)
    assert not identity.has_ended(laptop)
    with pytest.raises(InvalidCredentials):
        await identity.do.sessions.refresh(phone.refresh_token)
    await identity.do.sessions.refresh(laptop.refresh_token)


async def test_nobody_ends_what_is_anothers_or_is_none(identity: Identity):
    ana = await identity.ana()
    rui = await identity.do.register_user("Rui", "rui@example.com", PASSWORD, Locale.EN, HERE)
    for session in (identity.viewer(ana).session, "no id", "\ud800"):
        with pytest.raises(InvalidInput) as refused:
            await identity.do.sessions.end_one(identity.viewer(rui), session)
        assert refused.value.field == ("id",)
    assert not identity.has_ended(ana)


async def test_an_account_that_is_made_without_signing_in_has_no_session(identity: Identity):
    user = await identity.do.register_user.without_session("Ana", "ana@example.com", PASSWORD, Locale.EN, HERE)
    assert await identity.world.transactions.read(lambda t: t.sessions.of(user.id)) == []
    assert (await identity.signed_in()).user == user


@pytest.mark.parametrize(
    ("header", "kept"),
    [(None, None), ("", None), ("  ", None), (" curl/8.0 \t x ", "curl/8.0 x"), ("a" * 300, "a" * 255)],
)
def test_what_a_program_calls_itself_is_one_short_line(header: str | None, kept: str | None):
    assert agent_of(header) == kept
