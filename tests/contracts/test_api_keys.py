"""Keys for programs, on each database."""

from dataclasses import replace
from uuid import uuid4

import pytest
from sqlalchemy import update

from app.domain.api_key import ApiKey, ApiKeyId, sha256_of
from app.domain.session import Scope, SessionId
from app.domain.user import UserId
from app.infra.sql.tables import api_keys
from app.usecases.ports.database import DatabaseUnavailable
from tests.contracts.story import Story, after


def new_key(owner: UserId, *, created: float = 0, expires: float | None = None) -> ApiKey:
    return ApiKey(
        id=ApiKeyId(str(uuid4())),
        owner=owner,
        name="câmeras 🎥",
        scopes=frozenset({Scope.READ, Scope.UPLOAD}),
        secret_sha256=sha256_of(str(uuid4())),
        ending="aB3z",
        session=SessionId(str(uuid4())),
        created_at=after(created),
        expires_at=None if expires is None else after(expires),
    )


async def kept(story: Story, *keys: ApiKey) -> None:
    for key in keys:
        await story.transactions.write(lambda t, key=key: t.api_keys.add(key))  # type: ignore[misc]


async def of(story: Story, owner: UserId) -> list[ApiKey]:
    return list(await story.transactions.read(lambda t: t.api_keys.of(owner)))


async def test_a_key_is_found_by_its_digest_and_by_its_owner_the_oldest_first(story: Story):
    owner, other = await story.user(), await story.user()
    young, old, another = new_key(owner, created=2), new_key(owner, created=1, expires=100), new_key(other)
    await kept(story, young, old, another)
    assert await of(story, owner) == [old, young]
    assert await story.transactions.read(lambda t: t.api_keys.by_sha256(old.secret_sha256)) == old
    assert await story.transactions.read(lambda t: t.api_keys.by_sha256(sha256_of("no key"))) is None


async def test_a_use_and_a_new_session_are_written_down(story: Story):
    key = new_key(await story.user())
    await kept(story, key)
    session = SessionId(str(uuid4()))
    await story.transactions.write(lambda t: t.api_keys.used(key.id, after(9)))
    await story.transactions.write(lambda t: t.api_keys.renew_session(key.id, session))
    assert await of(story, key.owner) == [replace(key, last_used_at=after(9), session=session)]


async def test_a_secret_is_kept_once(story: Story):
    key = new_key(await story.user())
    await kept(story, key)
    with pytest.raises(Exception, match=r"(?i)unique|duplicate") as refused:
        await kept(story, replace(key, id=ApiKeyId(str(uuid4()))))
    assert not isinstance(refused.value, DatabaseUnavailable)


async def test_keys_are_removed_by_name_and_with_their_user(story: Story):
    owner = await story.user()
    one, two, three = new_key(owner, created=1), new_key(owner, created=2), new_key(owner, created=3)
    await kept(story, one, two, three)
    await story.transactions.write(lambda t: t.api_keys.remove([one.id, two.id, ApiKeyId(str(uuid4()))]))
    await story.transactions.write(lambda t: t.api_keys.remove([]))
    assert await of(story, owner) == [three]
    await story.transactions.write(lambda t: t.users.remove(owner))
    assert await story.transactions.read(lambda t: t.api_keys.by_sha256(three.secret_sha256)) is None


async def test_what_expired_long_ago_is_forgotten_and_what_never_does_is_not(story: Story):
    owner = await story.user()
    old, young, endless = new_key(owner, created=1, expires=10), new_key(owner, created=2, expires=30), new_key(owner)
    await kept(story, old, young, endless)
    await story.transactions.write(lambda t: t.api_keys.forget(expired_before=after(20), limit=1000))
    assert await of(story, owner) == [endless, young]


async def test_a_scope_of_a_newer_version_allows_nothing_here(story: Story):
    key = new_key(await story.user())
    await kept(story, key)
    async with story.engine.begin() as connection:
        newer = update(api_keys).where(api_keys.c.id == key.id).values(scopes="administer read")
        await connection.execute(newer)
    assert [one.scopes for one in await of(story, key.owner)] == [frozenset({Scope.READ})]
