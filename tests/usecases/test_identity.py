import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from uuid import uuid4

import pytest
from passlib.hash import argon2  # type: ignore[import-untyped]  # libpass ships no types.

from app.domain.errors import EmailAlreadyRegistered, InvalidCredentials, InvalidInput, RateLimited, Unauthenticated
from app.domain.session import Viewer
from app.domain.user import Locale, UserId
from app.infra.frame_indexes import StoredFrameIndexes
from app.infra.passwords import Argon2PasswordHasher
from app.settings import Settings
from app.usecases.ports.rate_limits import RateLimitKey
from app.usecases.ports.tokens import PasswordHasher
from app.usecases.sessions import Session
from app.wiring import user_use_cases
from tests.fakes.ended_sessions import EndedHere
from tests.fakes.rate_limits import CountingLimits
from tests.parts.wired import identity_parts
from tests.usecases.world import World

PASSWORD = "correct horse battery"


HERE = "192.0.2.1"


class Identity:
    def __init__(self, world: World, passwords: PasswordHasher, *keys: str, verify_email: bool = False) -> None:
        self.world = world
        self.ended = EndedHere()
        self.limits = CountingLimits()
        parts = identity_parts(world.clock, passwords, self.ended, self.limits, *keys)
        self.tokens, self.reset_tokens = parts.tokens, parts.reset_tokens
        self.verification_tokens = parts.verification_tokens
        indexes = StoredFrameIndexes(world.storage)
        self.do = user_use_cases(world.settings(verify_email=verify_email), world.parts, parts, indexes)

    async def ana(self) -> Session:
        return await self.do.register_user("Ana", "ana@example.com", PASSWORD, Locale.PT_BR, HERE)

    async def signed_in(self, password: str = PASSWORD) -> Session:
        return await self.do.authenticate_user("ana@example.com", password, HERE)

    def viewer(self, session: Session) -> Viewer:
        return self.tokens.verify(session.token.text)

    def has_ended(self, session: Session) -> bool:
        return self.ended.ended(self.viewer(session).session)


@pytest.fixture
async def identity(world: World):
    passwords = Argon2PasswordHasher(threads=2)
    yield Identity(world, passwords)
    await passwords.aclose()


async def test_who_registers_is_signed_in_and_can_sign_in_again(identity: Identity):
    session = await identity.ana()
    again = await identity.do.authenticate_user("  ANA@example.com ", PASSWORD, HERE)
    assert again.user == session.user
    assert identity.tokens.verify(again.token.text).id == session.user.id


async def test_a_password_is_kept_only_as_a_salted_hash(identity: Identity):
    session = await identity.ana()
    other = await identity.do.register_user("Rui", "rui@example.com", PASSWORD, Locale.EN, HERE)
    assert session.user.password_hash.startswith("$argon2id$")
    assert session.user.password_hash != other.user.password_hash
    assert PASSWORD not in session.user.password_hash


async def test_an_address_can_be_registered_once_however_it_is_typed(identity: Identity):
    await identity.ana()
    with pytest.raises(EmailAlreadyRegistered):
        await identity.do.register_user("Eve", "Ana@Example.com", PASSWORD, Locale.EN, HERE)


@pytest.mark.parametrize("typed", ["x@straße.example", "X@STRAẞE.example", "x@xn--strae-oqa.example"])
async def test_an_address_is_the_same_in_letters_and_in_ascii(identity: Identity, typed: str):
    session = await identity.do.register_user("Ana", "x@xn--strae-oqa.example", PASSWORD, Locale.EN, HERE)
    assert session.user.email == "x@straße.example"
    with pytest.raises(EmailAlreadyRegistered):
        await identity.do.register_user("Eve", typed, PASSWORD, Locale.EN, HERE)
    assert (await identity.do.authenticate_user(typed, PASSWORD, HERE)).user == session.user
    other = await identity.do.register_user("Rui", "x@strasse.example", PASSWORD, Locale.EN, HERE)
    assert other.user.id != session.user.id


@pytest.mark.parametrize("kept", ["x@xn--mnchen-3ya.example", "a_b@c_d.example"])
async def test_an_account_with_an_address_from_before_they_had_one_form_signs_in(identity: Identity, kept: str):
    user = (await identity.ana()).user
    transactions = identity.world.transactions
    before = replace(user, id=UserId(str(uuid4())), email=kept)
    await transactions.write(lambda t: t.users.add(before))
    assert (await identity.do.authenticate_user(kept, PASSWORD, HERE)).user.id == before.id
    await identity.do.passwords.request_reset(kept, HERE)
    assert [one.user for one in await identity.world.due_notifications()] == [before.id]
    with pytest.raises((EmailAlreadyRegistered, InvalidInput)):
        await identity.do.register_user("Eve", kept, PASSWORD, Locale.EN, HERE)


async def test_two_who_register_one_address_at_once_cannot_both_win(identity: Identity):
    outcomes = await asyncio.gather(*(identity.ana() for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(outcome, Session) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, EmailAlreadyRegistered) for outcome in outcomes) == 3


@pytest.mark.parametrize(
    ("email", "password"),
    [("ana@example.com", "wrong horse battery"), ("rui@example.com", PASSWORD), ("no address", PASSWORD), ("", "")],
)
async def test_a_wrong_password_and_an_unknown_address_get_the_same_answer(
    identity: Identity, email: str, password: str
):
    await identity.ana()
    with pytest.raises(InvalidCredentials) as refused:
        await identity.do.authenticate_user(email, password, HERE)
    assert refused.value.message == InvalidCredentials().message


async def test_a_short_password_is_refused_at_registration(identity: Identity):
    with pytest.raises(InvalidInput):
        await identity.do.register_user("Ana", "ana@example.com", "short", Locale.EN, HERE)


async def test_a_token_of_an_account_that_was_deleted_shows_nobody(identity: Identity):
    session = await identity.ana()
    viewer = identity.tokens.verify(session.token.text)
    await identity.world.transactions.write(lambda t: t.users.remove(viewer.id))
    with pytest.raises(Unauthenticated):
        await identity.do.account.show(viewer)


@pytest.mark.parametrize(
    "password", ["password1234", "QWERTY123456", "aaaaaaaaaaaaaaa", "123456789012", "monkeymonkey"]
)
async def test_a_password_that_everybody_tries_first_is_refused(identity: Identity, password: str):
    with pytest.raises(InvalidInput) as refused:
        await identity.do.register_user("Ana", "ana@example.com", password, Locale.EN, HERE)
    assert refused.value.field == ("password",)


async def test_a_name_and_a_language_can_be_changed_apart(identity: Identity):
    viewer = identity.viewer(await identity.ana())
    assert (await identity.do.account.update(viewer, " Ana  Souza ", None)).name == "Ana Souza"
    assert (await identity.do.account.update(viewer, None, Locale.EN)).locale is Locale.EN
    shown = await identity.do.account.show(viewer)
    assert (shown.name, shown.locale) == ("Ana Souza", Locale.EN)
    with pytest.raises(InvalidInput):
        await identity.do.account.update(viewer, " ", None)


async def wrong(identity: Identity, email: str = "ana@example.com", address: str = HERE) -> type[Exception]:
    with pytest.raises((InvalidCredentials, RateLimited)) as refused:
        await identity.do.authenticate_user(email, "wrong horse battery", address)
    return refused.type


async def test_who_fails_too_often_waits_whether_the_account_exists_or_not(identity: Identity):
    await identity.ana()
    identity.limits.allowed = {RateLimitKey.LOGIN_BY_ACCOUNT_AND_ADDRESS: 2, RateLimitKey.LOGIN_BY_ADDRESS: 4}
    for email in ("ana@example.com", "nobody@example.com"):
        answers = [await wrong(identity, email) for _ in range(3)]
        assert answers[:2] == [InvalidCredentials, InvalidCredentials]
        assert answers[2] is RateLimited
    with pytest.raises(RateLimited):  # In whatever spelling, and with the right password too.
        await identity.do.authenticate_user(" ANA@example.com", PASSWORD, HERE)
    with pytest.raises(RateLimited):
        await identity.do.authenticate_user("another@example.com", PASSWORD, HERE)


async def test_a_stranger_who_fails_a_thousand_times_locks_no_owner_out(identity: Identity):
    await identity.ana()
    defaults = {
        name: int(field.default.split("/")[0]) for name, field in Settings.model_fields.items() if "rate" in name
    }
    identity.limits.allowed = {
        RateLimitKey.LOGIN_BY_ACCOUNT_AND_ADDRESS: defaults["login_rate_per_account_and_address"],
        RateLimitKey.LOGIN_BY_ACCOUNT: defaults["login_rate_per_account"],
        RateLimitKey.LOGIN_BY_ADDRESS: defaults["login_rate_per_address"],
    }
    answers = [await wrong(identity, address="198.51.100.7") for _ in range(1000)]
    assert answers.count(InvalidCredentials) == 10
    await identity.signed_in()


async def test_signing_in_often_locks_nobody_out(identity: Identity):
    await identity.ana()
    identity.limits.allowed = {attempt: 2 for attempt in RateLimitKey if attempt.value.startswith("login")}
    for _ in range(5):
        await identity.signed_in()
    assert await wrong(identity) is InvalidCredentials
    await identity.signed_in()
    assert await wrong(identity) is InvalidCredentials  # It begins anew with each success.


async def test_where_strangers_everywhere_fail_the_owner_comes_back_by_mail(identity: Identity):
    await identity.ana()
    identity.limits.allowed = {RateLimitKey.LOGIN_BY_ACCOUNT: 3}
    for number in range(3):
        assert await wrong(identity, address=f"198.51.100.{number}") is InvalidCredentials
    with pytest.raises(RateLimited):
        await identity.signed_in()
    await identity.do.passwords.request_reset("ana@example.com", HERE)
    (owed,) = await identity.world.due_notifications()
    await identity.do.passwords.reset(identity.reset_tokens.token(owed.id), "battery staple horse", HERE)
    await identity.signed_in("battery staple horse")


async def test_registrations_are_counted_by_address(identity: Identity):
    identity.limits.allowed = {RateLimitKey.REGISTER_BY_ADDRESS: 1}
    await identity.ana()
    with pytest.raises(RateLimited):
        await identity.do.register_user("Rui", "rui@example.com", PASSWORD, Locale.EN, HERE)


class Interrupted:
    """Obeys ports.PasswordHasher; lets something happen between the checking of a password and what follows from it."""

    def __init__(self, passwords: Argon2PasswordHasher) -> None:
        self.hash, self.outdated, self._verify = passwords.hash, passwords.outdated, passwords.verify
        self.meanwhile: Callable[[], Awaitable[object]] = passwords.aclose

    async def verify(self, password: str, password_hash: str | None) -> bool:
        right = await self._verify(password, password_hash)
        await self.meanwhile()
        return right


async def test_a_password_that_was_changed_while_it_was_checked_signs_nobody_in(world: World):
    hasher = Argon2PasswordHasher(threads=2)
    passwords = Interrupted(hasher)
    identity = Identity(world, passwords)
    user = (await identity.ana()).user
    new_hash = await passwords.hash("battery staple horse")
    passwords.meanwhile = lambda: world.change_user(user.id, password_hash=new_hash)
    with pytest.raises(InvalidCredentials):
        await identity.signed_in()
    await hasher.aclose()


async def test_an_old_kind_of_hash_is_renewed_when_its_user_signs_in(identity: Identity):
    user = (await identity.ana()).user
    old, transactions = argon2.using(type="ID", rounds=1).hash(PASSWORD), identity.world.transactions
    await identity.world.change_user(user.id, password_hash=old)
    await identity.signed_in()
    renewed = await transactions.read(lambda t: t.users.by_id(user.id))
    assert renewed is not None
    assert renewed.password_hash != old
    await identity.signed_in()
