"""How sessions go on and end, and how passwords change."""

import asyncio
import hashlib
import re
import secrets
from datetime import timedelta

import pytest

from app.domain.errors import InvalidCredentials, InvalidInput, RateLimited, Unauthenticated
from app.domain.session import StoredSession
from app.domain.user import Locale
from app.infra.passwords import Argon2PasswordHasher
from app.usecases.ports.rate_limits import RateLimitKey
from app.usecases.ports.tokens import PasswordHasher
from tests.fakes.messengers import MemoryMailer
from tests.usecases.test_identity import HERE, PASSWORD, Identity
from tests.usecases.world import World

NEW = "battery staple horse"


@pytest.fixture
async def passwords():
    hasher = Argon2PasswordHasher(threads=2)
    yield hasher
    await hasher.aclose()


@pytest.fixture
def identity(world: World, passwords: PasswordHasher):
    return Identity(world, passwords)


async def mailed_token(identity: Identity) -> str:
    """Give what the last mail's link carries."""
    mailer = MemoryMailer()
    world = identity.world
    await world.deliver(mailer, "https://fiapx.example")()
    assert mailer.sent[-1].template == "account.password_reset"
    match = re.fullmatch(r"https://fiapx\.example/reset-password#token=(\S+)", mailer.sent[-1].values["url"])
    assert match
    return match[1]


async def test_a_session_goes_on_with_each_refresh(identity: Identity):
    session = await identity.ana()
    for _ in range(3):
        identity.world.clock.advance(3000)
        following = await identity.do.sessions.refresh(session.refresh_token)
        assert following.refresh_token != session.refresh_token
        assert following.token.expires_at > session.token.expires_at
        assert identity.viewer(following).session == identity.viewer(session).session
        session = following
    assert session.user.email == "ana@example.com"


async def test_two_tabs_that_refresh_at_once_go_on_together(identity: Identity):
    session = await identity.ana()
    both = await asyncio.gather(*(identity.do.sessions.refresh(session.refresh_token) for _ in range(2)))
    assert both[0].refresh_token == both[1].refresh_token
    identity.world.clock.advance(29)
    again = await identity.do.sessions.refresh(session.refresh_token)
    assert again.refresh_token == both[0].refresh_token
    identity.world.clock.advance(3600)
    await identity.do.sessions.refresh(again.refresh_token)


@pytest.mark.parametrize("first", [0, 1])
async def test_two_tabs_go_on_together_while_keys_are_changed(world: World, passwords: PasswordHasher, first: int):
    old, new = "o" * 32, "n" * 32
    processes = [Identity(world, passwords, old, new), Identity(world, passwords, new, old)]
    one, other = processes[first], processes[1 - first]
    session = await one.ana()
    both = [await process.do.sessions.refresh(session.refresh_token) for process in (one, other)]
    assert both[0].refresh_token == both[1].refresh_token
    assert not one.has_ended(session)
    await other.do.sessions.refresh(both[0].refresh_token)


async def test_a_successor_by_a_key_that_is_none_of_ours_is_not_taken_for_one(world: World, passwords: PasswordHasher):
    ours, another = Identity(world, passwords, "o" * 32), Identity(world, passwords, "a" * 32)
    session = await ours.ana()
    await another.do.sessions.refresh(session.refresh_token)
    with pytest.raises(InvalidCredentials):
        await ours.do.sessions.refresh(session.refresh_token)
    assert ours.has_ended(session)


async def test_a_refresh_token_used_again_later_ends_the_whole_session(identity: Identity):
    session = await identity.ana()
    following = await identity.do.sessions.refresh(session.refresh_token)
    identity.world.clock.advance(31)
    with pytest.raises(InvalidCredentials):
        await identity.do.sessions.refresh(session.refresh_token)
    assert identity.has_ended(following)
    with pytest.raises(InvalidCredentials):
        await identity.do.sessions.refresh(following.refresh_token)


async def test_a_token_older_than_the_last_but_one_ends_the_session_even_at_once(identity: Identity):
    first = await identity.ana()
    second = await identity.do.sessions.refresh(first.refresh_token)
    third = await identity.do.sessions.refresh(second.refresh_token)
    with pytest.raises(InvalidCredentials):
        await identity.do.sessions.refresh(first.refresh_token)
    assert identity.has_ended(third)


@pytest.mark.parametrize("token", ["", "no token", "\ud800", "6ec9e1b8-9e0a-4f5f-8f0e-0d4b6f6e7a11." + "a" * 43])
async def test_what_was_never_a_refresh_token_is_refused(identity: Identity, token: str):
    session = await identity.ana()
    with pytest.raises(InvalidCredentials):
        await identity.do.sessions.refresh(token)
    assert not identity.has_ended(session)


async def test_a_session_that_nobody_refreshed_for_a_month_is_over(identity: Identity):
    session = await identity.ana()
    identity.world.clock.advance(30 * 24 * 3600)
    with pytest.raises(InvalidCredentials):
        await identity.do.sessions.refresh(session.refresh_token)
    await identity.world.collect_garbage()
    assert await identity.world.transactions.read(lambda t: t.sessions.of(session.user.id)) == []


@pytest.mark.parametrize("refreshed", [False, True])
async def test_who_knows_a_sessions_id_cannot_end_it(identity: Identity, refreshed: bool):
    session = await identity.ana()
    if refreshed:
        session = await identity.do.sessions.refresh(session.refresh_token)
        identity.world.clock.advance(31)
    forged = f"{identity.viewer(session).session}.{'a' * 43}"
    with pytest.raises(InvalidCredentials):
        await identity.do.sessions.refresh(forged)
    assert not identity.has_ended(session)
    await identity.do.sessions.refresh(session.refresh_token)


async def test_a_former_versions_token_goes_on_once_and_ends_the_session_when_it_is_used_again(identity: Identity):
    session, transactions = await identity.ana(), identity.world.transactions
    viewer, now = identity.viewer(session), identity.world.clock.now()
    former = f"{viewer.session}.{secrets.token_urlsafe(32)}"
    digest = hashlib.sha256(former.encode()).hexdigest()
    await transactions.write(lambda t: t.sessions.end([viewer.session], now))
    kept = StoredSession(viewer.session, viewer.id, digest, None, now + timedelta(days=30))
    await transactions.write(lambda t: t.sessions.add(kept))
    following = await identity.do.sessions.refresh(former)
    identity.world.clock.advance(31)
    with pytest.raises(InvalidCredentials):
        await identity.do.sessions.refresh(former)
    assert identity.has_ended(following)


async def test_a_session_ends_after_three_months_however_often_it_is_refreshed(identity: Identity):
    session = await identity.ana()
    for _ in range(8):
        identity.world.clock.advance(11 * 24 * 3600)
        session = await identity.do.sessions.refresh(session.refresh_token)
    identity.world.clock.advance(2 * 24 * 3600)
    with pytest.raises(InvalidCredentials):
        await identity.do.sessions.refresh(session.refresh_token)
    await identity.world.collect_garbage()
    assert await identity.world.transactions.read(lambda t: t.sessions.of(session.user.id)) == []


async def test_a_new_password_does_not_make_a_session_young_again(identity: Identity):
    session = await identity.ana()
    for _ in range(3):
        identity.world.clock.advance(29 * 24 * 3600)
        session = await identity.do.sessions.refresh(session.refresh_token)
    session = await identity.do.passwords.change(identity.viewer(session), PASSWORD, NEW)
    identity.world.clock.advance(3 * 24 * 3600)
    with pytest.raises(InvalidCredentials):
        await identity.do.sessions.refresh(session.refresh_token)


async def test_who_signs_out_ends_this_session_and_no_other(identity: Identity):
    phone, laptop = await identity.ana(), await identity.signed_in()
    await identity.do.sessions.end(identity.viewer(phone))
    await identity.do.sessions.end(identity.viewer(phone))
    assert identity.has_ended(phone)
    assert not identity.has_ended(laptop)
    with pytest.raises(InvalidCredentials):
        await identity.do.sessions.refresh(phone.refresh_token)
    await identity.do.sessions.refresh(laptop.refresh_token)


async def test_ended_sessions_are_remembered_for_as_long_as_their_tokens_live(identity: Identity):
    session, world = await identity.ana(), identity.world
    began = world.clock.now()
    await identity.do.sessions.end(identity.viewer(session))
    await world.collect_garbage()
    assert await world.transactions.read(lambda t: t.sessions.ended_since(began)) == {
        identity.viewer(session).session: began
    }
    world.clock.advance(2 * 3600 + 1)
    await world.collect_garbage()
    assert await world.transactions.read(lambda t: t.sessions.ended_since(began)) == {}


async def test_a_changed_password_ends_every_other_session(identity: Identity):
    phone, laptop = await identity.ana(), await identity.signed_in()
    changed = await identity.do.passwords.change(identity.viewer(laptop), PASSWORD, NEW)
    assert identity.has_ended(phone)
    assert not identity.has_ended(laptop)
    assert identity.viewer(changed).session == identity.viewer(laptop).session
    with pytest.raises(InvalidCredentials):
        await identity.signed_in(PASSWORD)
    await identity.signed_in(NEW)
    await identity.do.sessions.refresh(changed.refresh_token)


async def test_a_refresh_token_copied_before_the_password_changed_is_of_no_use(identity: Identity):
    session = await identity.ana()
    await identity.do.passwords.change(identity.viewer(session), PASSWORD, NEW)
    with pytest.raises(InvalidCredentials):
        await identity.do.sessions.refresh(session.refresh_token)


@pytest.mark.parametrize(
    ("current", "new", "error", "field"),
    [
        ("wrong horse battery", NEW, InvalidCredentials, ("current",)),
        ("short", NEW, InvalidCredentials, ("current",)),
        (PASSWORD, "short", InvalidInput, ("new",)),
        (PASSWORD, "password1234", InvalidInput, ("new",)),
    ],
)
async def test_a_password_is_not_changed_by_who_cannot(
    identity: Identity, current: str, new: str, error: type[InvalidInput], field: tuple[str, ...]
):
    session = await identity.ana()
    with pytest.raises(error) as refused:
        await identity.do.passwords.change(identity.viewer(session), current, new)
    assert refused.value.field == field
    await identity.signed_in(PASSWORD)


async def test_a_password_cannot_be_guessed_by_changing_it(identity: Identity):
    viewer = identity.viewer(await identity.ana())
    identity.limits.allowed = {RateLimitKey.PASSWORD_BY_SESSION: 1}
    with pytest.raises(InvalidCredentials):
        await identity.do.passwords.change(viewer, "wrong horse battery", NEW)
    with pytest.raises(RateLimited):
        await identity.do.passwords.change(viewer, PASSWORD, NEW)


async def test_a_forgotten_password_is_reset_by_mail_once(identity: Identity):
    session = await identity.ana()
    await identity.do.passwords.request_reset(" ANA@example.com", HERE)
    assert identity.world.queue.notifications
    token = await mailed_token(identity)
    again = await identity.do.passwords.reset(token, NEW, HERE)
    assert again.user.email == "ana@example.com"
    assert identity.has_ended(session)
    with pytest.raises(InvalidCredentials):
        await identity.do.sessions.refresh(session.refresh_token)
    await identity.signed_in(NEW)
    with pytest.raises(InvalidInput) as refused:
        await identity.do.passwords.reset(token, "staple battery horse", HERE)
    assert refused.value.field == ("token",)
    await identity.signed_in(NEW)


async def test_two_who_use_one_link_at_once_cannot_both_win(identity: Identity):
    await identity.ana()
    await identity.do.passwords.request_reset("ana@example.com", HERE)
    token = await mailed_token(identity)
    outcomes = await asyncio.gather(
        *(identity.do.passwords.reset(token, new, HERE) for new in (NEW, "staple battery horse")),
        return_exceptions=True,
    )
    assert sorted(isinstance(outcome, InvalidInput) for outcome in outcomes) == [False, True]


async def test_a_link_expires_after_an_hour_and_is_not_mailed_any_more(identity: Identity):
    await identity.ana()
    await identity.do.passwords.request_reset("ana@example.com", HERE)
    token = await mailed_token(identity)
    await identity.do.passwords.request_reset("ana@example.com", HERE)
    identity.world.clock.advance(3600)
    with pytest.raises(InvalidInput):
        await identity.do.passwords.reset(token, NEW, HERE)
    mailer = MemoryMailer()
    world = identity.world
    await world.deliver(mailer)()
    assert mailer.sent == []
    await world.collect_garbage()


async def test_a_link_that_was_changed_is_refused(identity: Identity):
    await identity.ana()
    await identity.do.passwords.request_reset("ana@example.com", HERE)
    token = await mailed_token(identity)
    reset, _, proof = token.partition(".")
    with pytest.raises(InvalidInput):
        await identity.do.passwords.reset(f"{reset}.{proof[1:]}{'A' if proof[0] != 'A' else 'B'}", NEW, HERE)
    await identity.do.passwords.reset(token, NEW, HERE)


async def test_a_link_is_of_no_use_once_the_password_was_changed(identity: Identity):
    session = await identity.ana()
    await identity.do.passwords.request_reset("ana@example.com", HERE)
    token = await mailed_token(identity)
    await identity.do.passwords.change(identity.viewer(session), PASSWORD, NEW)
    with pytest.raises(InvalidInput):
        await identity.do.passwords.reset(token, "staple battery horse", HERE)


async def test_two_who_change_one_password_at_once_cannot_both_win(identity: Identity):
    viewer = identity.viewer(await identity.ana())
    outcomes = await asyncio.gather(
        *(identity.do.passwords.change(viewer, PASSWORD, new) for new in (NEW, "staple battery horse")),
        return_exceptions=True,
    )
    assert sorted(isinstance(outcome, InvalidCredentials) for outcome in outcomes) == [False, True]


@pytest.mark.parametrize("token", ["", "no token", "6ec9e1b8-9e0a-4f5f-8f0e-0d4b6f6e7a11." + "a" * 43, "\ud800"])
async def test_a_link_that_was_never_mailed_is_refused(identity: Identity, token: str):
    with pytest.raises(InvalidInput):
        await identity.do.passwords.reset(token, NEW, HERE)


async def test_asking_for_a_reset_of_an_unknown_address_does_nothing_and_takes_as_long(identity: Identity):
    await identity.ana()
    now, took = asyncio.get_running_loop().time, []
    for email in ("nobody@example.com", "ana@example.com"):
        began = now()
        await identity.do.passwords.request_reset(email, HERE)
        took.append(now() - began)
    assert min(took) >= 0.3
    assert len(await identity.world.due_notifications()) == 1


@pytest.mark.slow
async def test_a_stranger_who_asks_for_resets_keeps_no_owner_from_theirs(identity: Identity):
    await identity.ana()
    identity.limits.allowed = {RateLimitKey.RESET_BY_ACCOUNT: 3}
    for _ in range(5):
        await identity.do.passwords.request_reset("ana@example.com", "198.51.100.7")
    await identity.do.passwords.request_reset("ana@example.com", HERE)
    assert len(await identity.world.due_notifications()) == 3
    await identity.do.passwords.reset(await mailed_token(identity), NEW, HERE)
    await identity.do.passwords.request_reset("ana@example.com", HERE)  # And the next one is not far away.
    owed = {one.event for one in await identity.world.due_notifications()}
    assert owed == {"account.password_changed", "account.password_reset"}


async def test_resets_are_counted_by_address(identity: Identity):
    identity.limits.allowed = {RateLimitKey.RESET_BY_ADDRESS: 2}
    await identity.do.passwords.request_reset("nobody@example.com", HERE)
    await identity.do.passwords.request_reset("another@example.com", HERE)
    with pytest.raises(RateLimited):
        await identity.do.passwords.request_reset("a.third@example.com", HERE)


async def test_an_account_that_is_gone_changes_nothing(identity: Identity):
    session = await identity.ana()
    await identity.world.transactions.write(lambda t: t.users.remove(session.user.id))
    viewer = identity.viewer(session)
    with pytest.raises(InvalidCredentials):
        await identity.do.sessions.refresh(session.refresh_token)
    with pytest.raises(Unauthenticated):
        await identity.do.passwords.change(viewer, PASSWORD, NEW)
    with pytest.raises(Unauthenticated):
        await identity.do.account.update(viewer, None, Locale.EN)
