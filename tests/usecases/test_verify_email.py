"""Accounts that somebody makes with another's address, and how an owner shows that it is theirs."""

import re
from collections.abc import AsyncIterator

import pytest

from app.domain.errors import EmailNotVerified, InvalidCredentials, InvalidInput, RateLimited
from app.domain.session import Viewer
from app.domain.user import Locale
from app.domain.webhook import Webhook
from app.infra.passwords import Argon2PasswordHasher
from app.usecases.notifications import SettingsChange
from app.usecases.paging import Slice
from app.usecases.ports.rate_limits import RateLimitKey
from app.usecases.sessions import Session
from tests.fakes.messengers import MemoryMailer, MemoryWebhooks
from tests.usecases.test_identity import HERE, PASSWORD, Identity
from tests.usecases.world import World

NEW = "battery staple horse"
URL = "https://hooks.example.com/in"


@pytest.fixture
async def identity(world: World) -> AsyncIterator[Identity]:
    passwords = Argon2PasswordHasher(threads=2)
    yield Identity(world, passwords, verify_email=True)
    await passwords.aclose()


class Post:
    """What leaves the service for all its users."""

    def __init__(self, world: World) -> None:
        self.mailer, self.webhooks = MemoryMailer(), MemoryWebhooks()
        self._deliver = world.deliver(self.mailer, "https://fiapx.example", webhooks=self.webhooks)

    async def sent(self) -> list[str]:
        """Give the templates of the mails that are sent now."""
        before = len(self.mailer.sent)
        await self._deliver()
        return [mail.template for mail in self.mailer.sent[before:]]

    def token(self, page: str) -> str:
        found = re.fullmatch(rf"https://fiapx\.example/{page}#token=(\S+)", self.mailer.sent[-1].values["url"])
        assert found
        return found[1]


@pytest.fixture
def post(world: World) -> Post:
    return Post(world)


async def told(identity: Identity, session: Session) -> bool:
    return (await identity.do.account.show(identity.viewer(session))).email_verified_at is not None


async def test_nothing_but_the_link_is_sent_until_it_was_used(identity: Identity, post: Post):
    world, session = identity.world, await identity.ana()
    viewer = identity.viewer(session)
    await world.failed((await world.uploaded(viewer)).id)
    assert await post.sent() == ["account.verify_email"]
    assert not await told(identity, session)
    log = await world.transactions.read(lambda t: t.notifications.page(viewer.id, Slice(10)))
    assert {one.event: one.answer for one in log} == {
        "account.verify_email": "250 OK",
        "video.failed": "The account's e-mail address has not been verified.",
    }
    user = await identity.do.email_verification.verify(post.token("verify-email"))
    assert user.email == "ana@example.com"
    assert await told(identity, session)
    await world.failed((await world.uploaded(viewer)).id)
    assert await post.sent() == ["video.failed"]


async def test_a_webhook_takes_a_verified_address(identity: Identity, post: Post):
    viewer = identity.viewer(await identity.ana())
    update = identity.world.notifications.update_settings
    with pytest.raises(EmailNotVerified) as refused:
        await update(viewer, SettingsChange(webhook_url=URL))
    assert refused.value.field == ("webhookUrl",)
    await post.sent()
    await identity.do.email_verification.verify(post.token("verify-email"))
    await update(viewer, SettingsChange(webhook_url=URL))
    assert await post.sent() == ["account.webhook_changed"]


async def test_a_link_verifies_once_and_for_three_days_and_another_can_be_asked_for(identity: Identity, post: Post):
    viewer = identity.viewer(await identity.ana())
    await post.sent()
    first = post.token("verify-email")
    identity.world.clock.advance(3 * 24 * 3600)
    with pytest.raises(InvalidInput) as refused:
        await identity.do.email_verification.verify(first)
    assert refused.value.field == ("token",)
    await identity.world.collect_garbage()
    identity.limits.allowed = {RateLimitKey.VERIFICATION_BY_ACCOUNT: 2}
    await identity.do.email_verification.resend(viewer)
    await post.sent()
    second = post.token("verify-email")
    await identity.do.email_verification.verify(second)
    with pytest.raises(InvalidInput):
        await identity.do.email_verification.verify(second)
    await identity.do.email_verification.resend(viewer)  # It is verified: there is nothing to send.
    assert await post.sent() == []
    with pytest.raises(RateLimited):
        await identity.do.email_verification.resend(viewer)


async def test_a_link_for_one_purpose_is_of_no_use_for_another(identity: Identity, post: Post):
    await identity.ana()
    await post.sent()
    verification = post.token("verify-email")
    await identity.do.passwords.request_reset("ana@example.com", HERE)
    await post.sent()
    reset = post.token("reset-password")
    with pytest.raises(InvalidInput):
        await identity.do.passwords.reset(verification, NEW, HERE)
    with pytest.raises(InvalidInput):
        await identity.do.email_verification.verify(reset)
    for token in ("", "no token", "\ud800", verification[:-1] + ("A" if verification[-1] != "A" else "B")):
        with pytest.raises(InvalidInput):
            await identity.do.email_verification.verify(token)
    await identity.do.email_verification.verify(verification)


async def prepared(world: World, viewer: Viewer) -> None:
    """A stranger has verified nothing, and has a webhook from before that was asked for."""
    now = world.clock.now()
    await world.transactions.write(lambda t: t.users.set_webhook(viewer.id, Webhook.new(URL), now))


async def test_who_takes_their_address_back_by_a_reset_shares_nothing_with_who_made_the_account(
    identity: Identity, post: Post
):
    world = identity.world
    stranger = await identity.do.register_user("Ana", "ana@example.com", PASSWORD, Locale.EN, "198.51.100.7")
    await prepared(world, identity.viewer(stranger))
    await world.failed((await world.uploaded(identity.viewer(stranger))).id)
    await post.sent()
    assert post.webhooks.sent == []
    world.clock.advance(60)
    await identity.do.passwords.request_reset("ana@example.com", HERE)
    await post.sent()
    session = await identity.do.passwords.reset(post.token("reset-password"), NEW, HERE)
    viewer = identity.viewer(session)
    assert identity.has_ended(stranger)
    with pytest.raises(InvalidCredentials):
        await identity.do.sessions.refresh(stranger.refresh_token)
    assert session.user.webhook_url is None
    assert await told(identity, session)
    assert await post.sent() == ["account.password_changed"]
    assert post.mailer.sent[-1].values["webhook_url"] == URL
    world.clock.advance(1)
    mine = await world.failed((await world.uploaded(viewer)).id)
    assert await post.sent() == ["video.failed"]
    assert post.webhooks.sent == []

    assert await identity.do.email_verification.has_videos_from_before(viewer.id)
    assert await identity.do.email_verification.remove_videos_from_before(viewer) == 1
    assert not await identity.do.email_verification.has_videos_from_before(viewer.id)
    every = await world.transactions.read(lambda t: t.videos.sources(viewer.id))
    assert [video for video, _ in every] == [mine.id]


@pytest.mark.slow
async def test_many_videos_from_before_go_at_once(identity: Identity, post: Post):
    world, session = identity.world, await identity.ana()
    world.max_active = 300
    viewer = identity.viewer(session)
    for _ in range(120):
        await world.uploaded(viewer)
    assert not await identity.do.email_verification.has_videos_from_before(
        viewer.id
    )  # Nobody has shown yet whose account it is.
    assert await identity.do.email_verification.remove_videos_from_before(viewer) == 0
    world.clock.advance(1)
    await post.sent()
    await identity.do.email_verification.verify(post.token("verify-email"))
    assert await identity.do.email_verification.remove_videos_from_before(viewer) == 120


async def test_a_mail_server_that_is_down_loses_no_link(identity: Identity, post: Post):
    identity.world.limits.allowed = {RateLimitKey.UNVERIFIED_MAIL_BY_RECIPIENT: 1}
    await identity.ana()
    post.mailer.away = True
    for _ in range(6):
        await post.sent()
        identity.world.clock.advance(600)
    post.mailer.away = False
    identity.world.clock.advance(3600)
    assert await post.sent() == ["account.verify_email"]


@pytest.mark.slow
async def test_addresses_of_one_mailbox_get_no_links_without_end(identity: Identity, post: Post):
    identity.limits.allowed = identity.world.limits.allowed = {RateLimitKey.UNVERIFIED_MAIL_BY_RECIPIENT: 3}
    for number in range(8):
        await identity.do.register_user("Eve", f"victim+{number}@example.com", PASSWORD, Locale.EN, HERE)
        await identity.do.passwords.request_reset(f"victim+{number}@example.com", HERE)
    await identity.do.register_user("Rui", "rui@example.com", PASSWORD, Locale.EN, HERE)
    await post.sent()
    assert [mail.to.partition("+")[0] for mail in post.mailer.sent].count("victim") == 3
    assert "rui@example.com" in {mail.to for mail in post.mailer.sent}
    # Whose address is known to be theirs gets links all the same.
    await identity.do.email_verification.verify(
        identity.verification_tokens.token(next(m.id for m in post.mailer.sent if m.to[0] == "r"))
    )
    await identity.do.register_user("Eve", "rui+1@example.com", PASSWORD, Locale.EN, HERE)
    for _ in range(3):
        await identity.do.email_verification.resend(
            identity.viewer(await identity.do.authenticate_user("rui+1@example.com", PASSWORD, HERE))
        )
    await post.sent()
    await identity.do.passwords.request_reset("rui@example.com", HERE)
    assert await post.sent() == ["account.password_reset"]


async def test_a_changed_password_is_told_by_mail(identity: Identity, post: Post):
    session = await identity.ana()
    await post.sent()
    await identity.do.email_verification.verify(post.token("verify-email"))
    await identity.do.passwords.change(identity.viewer(session), PASSWORD, NEW)
    assert await post.sent() == ["account.password_changed"]


async def test_where_nothing_is_to_be_verified_accounts_are_told_at_once(world: World, post: Post):
    passwords = Argon2PasswordHasher(threads=2)
    identity = Identity(world, passwords)
    session = await identity.ana()
    await world.failed((await world.uploaded(identity.viewer(session))).id)
    assert await post.sent() == ["video.failed"]
    assert await told(identity, session)
    await passwords.aclose()
