import asyncio

import pytest

from app.domain.errors import EmailAlreadyRegistered, InvalidCredentials, InvalidInput, Unauthenticated
from app.domain.user import Locale
from app.infra.passwords import Argon2PasswordHasher
from app.infra.tokens import JwtAccessTokens
from app.usecases.authenticate_user import AuthenticateUser, ShowViewer
from app.usecases.register_user import RegisterUser, Session
from tests.usecases.world import World

PASSWORD = "correct horse battery"


class Identity:
    def __init__(self, world: World, passwords: Argon2PasswordHasher) -> None:
        self.world = world
        self.tokens = JwtAccessTokens("k" * 32, clock=world.clock, lifetime_seconds=3600)
        self.register = RegisterUser(world.transactions, passwords, self.tokens, world.clock)
        self.authenticate = AuthenticateUser(world.transactions, passwords, self.tokens, world.clock)

    async def ana(self) -> Session:
        return await self.register("Ana", "ana@example.com", PASSWORD, Locale.PT_BR)


@pytest.fixture
async def identity(world: World):
    passwords = Argon2PasswordHasher(threads=2)
    yield Identity(world, passwords)
    await passwords.aclose()


async def test_who_registers_is_signed_in_and_can_sign_in_again(identity: Identity):
    session = await identity.ana()
    again = await identity.authenticate("  ANA@example.com ", PASSWORD)
    assert again.user == session.user
    assert identity.tokens.verify(again.token.text).id == session.user.id


async def test_a_password_is_kept_only_as_a_salted_hash(identity: Identity):
    session = await identity.ana()
    other = await identity.register("Rui", "rui@example.com", PASSWORD, Locale.EN)
    assert session.user.password_hash.startswith("$argon2id$")
    assert session.user.password_hash != other.user.password_hash
    assert PASSWORD not in session.user.password_hash


async def test_an_address_can_be_registered_once_however_it_is_typed(identity: Identity):
    await identity.ana()
    with pytest.raises(EmailAlreadyRegistered):
        await identity.register("Eve", "Ana@Example.com", PASSWORD, Locale.EN)


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
        await identity.authenticate(email, password)
    assert refused.value.message == InvalidCredentials().message


async def test_a_short_password_is_refused_at_registration(identity: Identity):
    with pytest.raises(InvalidInput):
        await identity.register("Ana", "ana@example.com", "short", Locale.EN)


async def test_a_token_of_an_account_that_was_deleted_shows_nobody(identity: Identity):
    session = await identity.ana()
    viewer = identity.tokens.verify(session.token.text)
    await identity.world.transactions.write(lambda t: t.users.remove(viewer.id))
    with pytest.raises(Unauthenticated):
        await ShowViewer(identity.world.transactions)(viewer)
