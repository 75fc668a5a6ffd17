"""How keys for programs are made, proven and revoked, and what becomes of them when much else ends."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.api_key import MOST_KEYS, new_secret
from app.domain.audit import Operator
from app.domain.errors import AccountDisabled, InvalidInput, QuotaExceeded, RateLimited, Unauthenticated
from app.domain.session import Scope, Viewer
from app.infra.passwords import Argon2PasswordHasher
from app.usecases.api_keys import ApiKeyUseCases, NewApiKey
from app.usecases.ports.rate_limits import RateLimitKey
from tests.fakes.messengers import MemoryMailer
from tests.fakes.passwords import NoPasswords
from tests.usecases.test_identity import HERE, PASSWORD, Identity
from tests.usecases.world import World

ROOT = Operator.at_shell("root", "here")


@pytest.fixture
def identity(world: World):
    return Identity(world, NoPasswords())


@pytest.fixture
def do(identity: Identity) -> ApiKeyUseCases:
    return identity.do.api_keys


async def made(do: ApiKeyUseCases, viewer: Viewer, *scopes: Scope, days: float | None = None) -> NewApiKey:
    expires_at = None if days is None else do.clock.now() + timedelta(days=days)
    return await do.create(viewer, "cameras", scopes or (Scope.READ,), expires_at)


async def test_a_key_opens_what_its_scopes_say_for_as_long_as_an_access_token_would(world: World, do: ApiKeyUseCases):
    viewer = await world.user()
    new = await made(do, viewer, Scope.READ, Scope.UPLOAD)
    by_key = await do.authenticate(new.secret)
    assert (by_key.id, by_key.scopes) == (viewer.id, frozenset({Scope.READ, Scope.UPLOAD}))
    assert by_key.session != viewer.session
    assert by_key.expires_at == world.clock.now() + timedelta(hours=1)


async def test_what_a_key_opens_ends_with_the_key(world: World, do: ApiKeyUseCases):
    new = await made(do, await world.user(), days=1 / 48)
    assert (await do.authenticate(new.secret)).expires_at == new.key.expires_at


async def test_a_secret_is_kept_nowhere(world: World, do: ApiKeyUseCases):
    viewer = await world.user()
    new = await made(do, viewer)
    (listed,) = await do.list(viewer)
    assert listed == new.key
    assert new.secret not in repr(listed)
    assert new.secret.endswith(listed.ending)
    assert await do.list(await world.user()) == []


async def test_a_misspelt_key_is_refused_without_asking_the_database(world: World, do: ApiKeyUseCases):
    new = await made(do, await world.user())
    world.transactions.away = True
    for wrong in (new.secret[:-1], new.secret.swapcase(), "fx_", new.secret + "a"):
        with pytest.raises(Unauthenticated, match="misspelt"):
            await do.authenticate(wrong)


async def test_a_key_that_there_never_was_is_refused(do: ApiKeyUseCases):
    with pytest.raises(Unauthenticated, match="revoked, or there never was"):
        await do.authenticate(new_secret())


async def test_a_revoked_key_is_refused_at_once_and_what_it_opened_ends(
    world: World, identity: Identity, do: ApiKeyUseCases
):
    viewer = await world.user()
    gone, stays = await made(do, viewer), await made(do, viewer)
    opened, other = await do.authenticate(gone.secret), await do.authenticate(stays.secret)
    await do.revoke(viewer, gone.key.id)
    with pytest.raises(Unauthenticated, match="revoked"):
        await do.authenticate(gone.secret)
    assert identity.ended.ended(opened.session)
    assert not identity.ended.ended(other.session)
    assert [key.id for key in await do.list(viewer)] == [stays.key.id]
    known = await world.transactions.read(lambda t: t.sessions.ended_since(world.clock.now()))
    assert list(known) == [opened.session]  # Other processes learn it while Redis is away, too.


async def test_nobody_revokes_what_is_anothers_or_is_none(world: World, do: ApiKeyUseCases):
    ana, bruno = await world.user(), await world.user()
    new = await made(do, ana)
    for key in (new.key.id, "no id", "\ud800", "3f0c1d7e-5a4b-4c3d-8e2f-1a2b3c4d5e6f"):
        with pytest.raises(InvalidInput) as refused:
            await do.revoke(bruno, key)
        assert refused.value.field == ("id",)
    await do.authenticate(new.secret)


async def test_an_expired_key_is_refused_and_listed_for_a_month(world: World, do: ApiKeyUseCases):
    viewer = await world.user()
    new = await made(do, viewer, days=1)
    world.clock.advance(24 * 3600 - 1)
    await do.authenticate(new.secret)
    world.clock.advance(1)
    with pytest.raises(Unauthenticated, match="expired"):
        await do.authenticate(new.secret)
    world.clock.advance(30 * 24 * 3600 - 1)
    await world.collect_garbage()
    assert len(await do.list(viewer)) == 1
    world.clock.advance(1)
    await world.collect_garbage()
    assert await do.list(viewer) == []


async def test_the_last_use_is_known_to_a_minute(world: World, do: ApiKeyUseCases):
    viewer = await world.user()
    new, began = await made(do, viewer), world.clock.now()
    assert (await do.list(viewer))[0].last_used_at is None
    uses = []
    for seconds in (0, 59, 1, 3600):
        world.clock.advance(seconds)
        await do.authenticate(new.secret)
        last = (await do.list(viewer))[0].last_used_at
        assert last is not None
        uses.append((last - began).total_seconds())
    assert uses == [0, 0, 60, 3660]


async def test_who_only_reads_is_not_turned_away_where_a_use_cannot_be_written_down(world: World, do: ApiKeyUseCases):
    new = await made(do, await world.user())
    world.transactions.lose("rolled back")
    assert (await do.authenticate(new.secret)).id == new.key.owner


async def test_each_key_has_a_limit_of_its_own(world: World, identity: Identity, do: ApiKeyUseCases):
    viewer = await world.user()
    busy, idle = await made(do, viewer), await made(do, viewer)
    identity.limits.allowed = {RateLimitKey.REQUEST_BY_KEY: 2}
    opened = await do.authenticate(busy.secret)
    await do.count(opened)
    with pytest.raises(RateLimited):
        await do.authenticate(busy.secret)
    with pytest.raises(RateLimited):
        await do.count(opened)
    await do.authenticate(idle.secret)


async def test_a_user_has_so_many_keys_and_no_more(world: World, do: ApiKeyUseCases):
    viewer = await world.user()
    keys = [await made(do, viewer) for _ in range(MOST_KEYS)]
    with pytest.raises(QuotaExceeded, match="revoke one"):
        await made(do, viewer)
    await do.revoke(viewer, keys[0].key.id)
    await made(do, viewer)


@pytest.mark.parametrize(
    ("name", "scopes", "days", "field"),
    [(" ", (Scope.READ,), None, "name"), ("a", (), None, "scopes"), ("a", (Scope.READ,), -1, "expiresAt")],
)
async def test_a_key_that_makes_no_sense_is_not_made(
    world: World, do: ApiKeyUseCases, name: str, scopes: tuple[Scope, ...], days: float | None, field: str
):
    viewer = await world.user()
    expires_at = None if days is None else world.clock.now() + timedelta(days=days)
    with pytest.raises(InvalidInput) as refused:
        await do.create(viewer, name, scopes, expires_at)
    assert refused.value.field == (field,)
    assert await do.list(viewer) == []


async def test_its_owner_is_told_of_a_new_key_by_mail_without_its_secret(world: World, do: ApiKeyUseCases):
    new = await made(do, await world.user())
    mailer = MemoryMailer()
    await world.deliver(mailer)()
    (mail,) = mailer.sent
    assert (mail.template, mail.values["key_name"]) == ("account.api_key_created", "cameras")
    assert new.secret not in repr(mail)


async def test_keys_of_a_disabled_account_are_refused_and_cut_and_good_again_once_it_is_enabled(
    world: World, identity: Identity, do: ApiKeyUseCases
):
    viewer = await world.user()
    new = await made(do, viewer)
    opened = await do.authenticate(new.secret)
    await identity.do.operate.users.disable(ROOT, viewer.id)
    assert identity.ended.ended(opened.session)
    with pytest.raises(Unauthenticated, match="disabled"):
        await do.authenticate(new.secret)
    with pytest.raises(AccountDisabled):
        await made(do, viewer)
    await identity.do.operate.users.enable(ROOT, viewer.id)
    again = await do.authenticate(new.secret)
    assert not identity.ended.ended(again.session)


async def test_a_changed_password_leaves_keys_and_one_that_was_reset_by_mail_revokes_them(world: World):
    hasher = Argon2PasswordHasher(threads=1)
    identity = Identity(world, hasher)
    do, session = identity.do.api_keys, await identity.ana()
    viewer = identity.viewer(session)
    new = await made(do, viewer)
    opened = await do.authenticate(new.secret)
    await identity.do.passwords.change(viewer, PASSWORD, "battery staple horse")
    await do.authenticate(new.secret)
    assert not identity.ended.ended(opened.session)
    await identity.do.passwords.request_reset("ana@example.com", HERE)
    link = next(one for one in await world.due_notifications() if one.event == "account.password_reset")
    await identity.do.passwords.reset(identity.reset_tokens.token(link.id), "staple battery horse", HERE)
    assert identity.ended.ended(opened.session)
    with pytest.raises(Unauthenticated, match="revoked"):
        await do.authenticate(new.secret)
    assert await do.list(viewer) == []
    told = [one.data for one in await world.due_notifications() if one.event == "account.password_changed"]
    assert {data.get("keys", 0) for data in told} == {0, 1}
    await hasher.aclose()


async def test_keys_go_with_their_account_and_what_they_opened_ends(world: World):
    hasher = Argon2PasswordHasher(threads=1)
    identity = Identity(world, hasher)
    do, session = identity.do.api_keys, await identity.ana()
    new = await made(do, identity.viewer(session))
    opened = await do.authenticate(new.secret)
    await identity.do.account.delete(identity.viewer(session), PASSWORD)
    assert identity.ended.ended(opened.session)
    with pytest.raises(Unauthenticated, match="revoked"):
        await do.authenticate(new.secret)
    await hasher.aclose()


async def test_a_key_of_a_newer_versions_scopes_alone_opens_and_allows_nothing(world: World, do: ApiKeyUseCases):
    new = await made(do, await world.user())
    powerless = replace(new.key, scopes=frozenset())
    await world.transactions.write(lambda t: t.api_keys.remove([new.key.id]))
    await world.transactions.write(lambda t: t.api_keys.add(powerless))
    assert (await do.authenticate(new.secret)).scopes == frozenset()
