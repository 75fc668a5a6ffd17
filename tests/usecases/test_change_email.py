"""An account that is to have another address, and who is told of that."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from app.domain.errors import EmailAlreadyRegistered, InvalidCredentials, InvalidInput, RateLimited
from app.domain.session import Viewer
from app.domain.user import Locale, UserId
from app.infra.passwords import Argon2PasswordHasher
from app.usecases.ports.rate_limits import RateLimitKey
from tests.usecases.test_identity import HERE, PASSWORD, Identity
from tests.usecases.test_verify_email import Post
from tests.usecases.world import World

OLD, WANTED = "ana@example.com", "ana.souza@example.org"


@pytest.fixture
async def passwords() -> AsyncIterator[Argon2PasswordHasher]:
    made = Argon2PasswordHasher(threads=2)
    yield made
    await made.aclose()


@pytest.fixture
def identity(world: World, passwords: Argon2PasswordHasher) -> Identity:
    return Identity(world, passwords, verify_email=True)


@pytest.fixture
def post(world: World) -> Post:
    return Post(world)


@pytest.fixture
async def ana(identity: Identity, post: Post) -> Viewer:
    """Ana, whose address is known to be hers."""
    viewer = identity.viewer(await identity.ana())
    await post.sent()
    await identity.do.email_verification.verify(post.token("verify-email"))
    return viewer


async def address(identity: Identity, viewer: Viewer) -> tuple[str, str | None]:
    """Return the address that counts, and the one that is waited for."""
    user = await identity.do.account.show(viewer)
    return user.email, await identity.do.change_email.pending(user.id)


def readers(post: Post, count: int) -> dict[str, str]:
    """Return to whom each of the last mails went."""
    return {mail.template: mail.to for mail in post.mailer.sent[-count:]}


def link(post: Post) -> str:
    """Return the token of the newest mail to a new address."""
    url = [mail.values["url"] for mail in post.mailer.sent if mail.template == "account.email_change"][-1]
    return url.removeprefix("https://fiapx.example/verify-email#token=")


async def test_an_address_counts_once_its_link_was_used_and_the_former_one_is_told(
    identity: Identity, ana: Viewer, post: Post
):
    await identity.do.change_email(ana, f"  {WANTED.upper()} ", PASSWORD)
    assert sorted(await post.sent()) == ["account.email_change", "account.email_change_requested"]
    assert readers(post, 2) == {"account.email_change": WANTED, "account.email_change_requested": OLD}
    assert await address(identity, ana) == (OLD, WANTED)
    assert (await identity.do.email_verification.verify(link(post))).email == WANTED
    assert await post.sent() == ["account.email_changed"]
    assert readers(post, 1) == {"account.email_changed": OLD}
    assert await address(identity, ana) == (WANTED, None)
    await identity.do.authenticate_user(WANTED, PASSWORD, HERE)
    with pytest.raises(InvalidCredentials):
        await identity.do.authenticate_user(OLD, PASSWORD, HERE)
    with pytest.raises(InvalidInput):
        await identity.do.email_verification.verify(link(post))


async def test_whoever_does_not_know_the_password_changes_nothing(identity: Identity, ana: Viewer, post: Post):
    with pytest.raises(InvalidCredentials) as refused:
        await identity.do.change_email(ana, WANTED, "a password that is wrong")
    assert refused.value.field == ("password",)
    assert (await address(identity, ana), await post.sent()) == ((OLD, None), [])


@pytest.mark.parametrize("wrong", ["", "ana", "a@b@example.com", "ana@"])
async def test_what_is_no_address_is_refused_at_its_field(identity: Identity, ana: Viewer, wrong: str):
    with pytest.raises(InvalidInput) as refused:
        await identity.do.change_email(ana, wrong, PASSWORD)
    assert refused.value.field == ("email",)


async def test_another_accounts_address_cannot_be_had(identity: Identity, ana: Viewer, post: Post):
    await identity.do.register_user("Bruno", WANTED, PASSWORD, Locale.EN, HERE)
    await post.sent()
    with pytest.raises(EmailAlreadyRegistered) as refused:
        await identity.do.change_email(ana, WANTED, PASSWORD)
    assert (refused.value.field, await post.sent()) == (("email",), [])


async def test_an_address_that_another_registers_meanwhile_is_theirs(identity: Identity, ana: Viewer, post: Post):
    await identity.do.change_email(ana, WANTED, PASSWORD)
    await post.sent()
    await identity.do.register_user("Bruno", WANTED, PASSWORD, Locale.EN, HERE)
    with pytest.raises(EmailAlreadyRegistered):
        await identity.do.email_verification.verify(link(post))
    assert (await address(identity, ana))[0] == OLD


async def test_only_the_link_that_was_asked_for_last_is_good(identity: Identity, ana: Viewer, post: Post):
    await identity.do.change_email(ana, "a.first@example.org", PASSWORD)
    await post.sent()
    first = link(post)
    await identity.do.change_email(ana, WANTED, PASSWORD)
    await post.sent()
    with pytest.raises(InvalidInput):
        await identity.do.email_verification.verify(first)
    assert (await identity.do.email_verification.verify(link(post))).email == WANTED


async def test_a_link_used_twice_at_once_is_used_once(identity: Identity, ana: Viewer, post: Post):
    await identity.do.change_email(ana, WANTED, PASSWORD)
    await post.sent()
    verify, token = identity.do.email_verification.verify, link(post)
    outcomes = await asyncio.gather(verify(token), verify(token), return_exceptions=True)
    assert sorted(type(one).__name__ for one in outcomes) == ["InvalidInput", "User"]


@pytest.mark.parametrize("how", ["the present address", "a new password", "time"])
async def test_what_was_asked_for_can_be_withdrawn(identity: Identity, ana: Viewer, post: Post, how: str):
    await identity.do.change_email(ana, WANTED, PASSWORD)
    await post.sent()
    if how == "the present address":
        await identity.do.change_email(ana, OLD, PASSWORD)
    elif how == "a new password":
        await identity.do.passwords.change(ana, PASSWORD, f"{PASSWORD} staple")
    else:
        identity.world.clock.advance(3 * 24 * 3600)
        await identity.world.collect_garbage()
    with pytest.raises(InvalidInput):
        await identity.do.email_verification.verify(link(post))
    assert (await identity.do.change_email.pending(ana.id)) is None


async def test_a_reset_that_was_mailed_to_the_former_address_opens_nothing(identity: Identity, ana: Viewer, post: Post):
    await identity.do.passwords.request_reset(OLD, HERE)
    await post.sent()
    reset = post.token("reset-password")
    await identity.do.change_email(ana, WANTED, PASSWORD)
    await post.sent()
    await identity.do.email_verification.verify(link(post))
    with pytest.raises(InvalidInput):
        await identity.do.passwords.reset(reset, f"{PASSWORD} staple", HERE)


async def test_whoever_reads_mails_at_the_former_address_takes_the_account_back(
    identity: Identity, ana: Viewer, post: Post
):
    """As its owner, where a thief knew the password and moved the account away."""
    await identity.do.change_email(ana, WANTED, PASSWORD)
    await post.sent()
    await identity.do.email_verification.verify(link(post))
    await post.sent()
    back = post.token("reset-password")
    thief = await identity.do.authenticate_user(WANTED, PASSWORD, HERE)
    await identity.do.passwords.change(identity.viewer(thief), PASSWORD, f"{PASSWORD} stolen")
    with pytest.raises(EmailAlreadyRegistered):
        await identity.do.register_user("Thief", OLD, PASSWORD, Locale.EN, HERE)
    session = await identity.do.passwords.reset(back, f"{PASSWORD} staple", HERE)
    assert (session.user.email, session.user.id) == (OLD, ana.id)
    assert identity.has_ended(thief)
    for email, password in ((WANTED, f"{PASSWORD} stolen"), (OLD, f"{PASSWORD} stolen")):
        with pytest.raises(InvalidCredentials):
            await identity.do.authenticate_user(email, password, HERE)
    await identity.do.authenticate_user(OLD, f"{PASSWORD} staple", HERE)
    with pytest.raises(InvalidInput):
        await identity.do.passwords.reset(back, f"{PASSWORD} again", HERE)


async def test_the_way_back_ends_after_a_week_and_the_address_is_free(identity: Identity, ana: Viewer, post: Post):
    await identity.do.change_email(ana, WANTED, PASSWORD)
    await post.sent()
    await identity.do.email_verification.verify(link(post))
    await post.sent()
    back = post.token("reset-password")
    identity.world.clock.advance(7 * 24 * 3600)
    with pytest.raises(InvalidInput):
        await identity.do.passwords.reset(back, f"{PASSWORD} staple", HERE)
    await identity.do.register_user("Bruno", OLD, PASSWORD, Locale.EN, HERE)


async def test_an_owner_may_change_their_mind(identity: Identity, ana: Viewer, post: Post):
    for wanted in (WANTED, OLD):
        await identity.do.change_email(ana, wanted, PASSWORD)
        await post.sent()
        await identity.do.email_verification.verify(link(post))
        await post.sent()
        assert await address(identity, ana) == (wanted, None)


async def test_videos_from_before_stay_the_owners_own(identity: Identity, ana: Viewer, post: Post):
    identity.world.clock.advance(1)
    await identity.world.uploaded(ana)
    identity.world.clock.advance(1)
    await identity.do.change_email(ana, WANTED, PASSWORD)
    await post.sent()
    await identity.do.email_verification.verify(link(post))
    assert not await identity.do.email_verification.has_videos_from_before(ana.id)


async def test_an_address_that_was_never_proven_is_told_nothing(identity: Identity, post: Post):
    viewer = identity.viewer(await identity.ana())
    await post.sent()
    await identity.do.change_email(viewer, WANTED, PASSWORD)
    assert await post.sent() == ["account.email_change"]
    await identity.do.email_verification.verify(link(post))
    assert await post.sent() == []
    assert (await identity.do.account.show(viewer)).email_verified_at is not None


async def test_links_to_strangers_are_counted(identity: Identity, ana: Viewer):
    identity.limits.allowed = {RateLimitKey.VERIFICATION_BY_ACCOUNT: 1}
    await identity.do.change_email(ana, WANTED, PASSWORD)
    with pytest.raises(RateLimited):
        await identity.do.change_email(ana, "another@example.org", PASSWORD)


async def test_where_addresses_are_not_verified_it_counts_at_once(world: World, passwords: Argon2PasswordHasher):
    identity, post = Identity(world, passwords), Post(world)
    viewer = identity.viewer(await identity.ana())
    assert (await identity.do.change_email(viewer, WANTED, PASSWORD)).email == WANTED
    assert await post.sent() == ["account.email_changed"]
    assert readers(post, 1) == {"account.email_changed": OLD}
    assert await address(identity, viewer) == (WANTED, None)


async def test_nobody_waits_for_an_address_of_an_account_that_is_none(identity: Identity):
    assert await identity.do.change_email.pending(UserId("3f0c1d7e-5a4b-4c3d-8e2f-1a2b3c4d5e6f")) is None
