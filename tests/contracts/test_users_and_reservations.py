import asyncio
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Table, func, select
from sqlalchemy.exc import IntegrityError

from app.domain.errors import EmailAlreadyRegistered
from app.domain.events import DomainEvent, EventType
from app.domain.user import UserId
from app.domain.video import source_key
from app.domain.webhook import FormerSecret, Webhook
from app.infra.sql.tables import domain_events, notifications, upload_reservations, users, video_processings
from app.usecases.ports.transactions import Transaction
from tests.contracts.story import Story, a_notification, a_reservation, a_user, after

NOBODY = UserId("00000000-0000-4000-8000-000000000000")


async def count(story: Story, table: Table) -> int:
    async with story.engine.connect() as connection:
        return (await connection.execute(select(func.count()).select_from(table))).scalar_one()


async def test_a_user_reads_back_as_written(story: Story):
    user = a_user("ana@example.com")
    await story.transactions.write(lambda t: t.users.add(user))
    assert await story.transactions.read(lambda t: t.users.by_id(user.id)) == user
    assert await story.transactions.read(lambda t: t.users.by_email("ana@example.com")) == user
    assert await story.transactions.read(lambda t: t.users.by_id(NOBODY)) is None
    assert await story.transactions.read(lambda t: t.users.by_email("bia@example.com")) is None


async def test_an_address_is_registered_once(story: Story):
    await story.user("ana@example.com")
    with pytest.raises(EmailAlreadyRegistered):
        await story.user("ana@example.com")
    assert await count(story, users) == 1


async def test_of_two_who_register_an_address_at_once_one_wins(story: Story):
    results = await asyncio.gather(*(story.user("ana@example.com") for _ in range(8)), return_exceptions=True)
    assert sum(isinstance(result, str) for result in results) == 1
    assert sum(isinstance(result, EmailAlreadyRegistered) for result in results) == 7


async def test_addresses_that_differ_by_case_or_accent_are_different(story: Story):
    """Normalising is the domain's: were the database to fold as well, ana and aná could not both have accounts."""
    made = [await story.user(address) for address in ("ana@example.com", "Ana@example.com", "aná@example.com")]
    found = await story.transactions.read(lambda t: t.users.by_email("Ana@example.com"))
    assert found is not None
    assert found.id == made[1]
    assert await story.transactions.read(lambda t: t.users.by_email("ANA@example.com")) is None


async def test_a_repeated_id_is_not_reported_as_an_address_that_is_taken(story: Story):
    user = a_user()
    await story.transactions.write(lambda t: t.users.add(user))
    with pytest.raises(IntegrityError):
        await story.transactions.write(lambda t: t.users.add(replace(user, email="other@example.com")))


async def test_a_new_hash_is_kept(story: Story):
    user = await story.user()
    await story.change_user(user, password_hash="another", updated_at=after(9))
    found = await story.transactions.read(lambda t: t.users.by_id(user))
    assert found is not None
    assert (found.password_hash, found.updated_at, found.created_at) == ("another", after(9), after(0.123))


async def test_the_users_row_is_held_until_the_transaction_ends(story: Story):
    user = await story.user()
    held, order = asyncio.Event(), []

    async def first(t: Transaction) -> None:
        assert await t.users.lock(user)
        held.set()
        await asyncio.sleep(0.2)
        order.append("first")

    async def second(t: Transaction) -> None:
        assert await t.users.lock(user)
        order.append("second")

    async def after_the_first_holds_it() -> None:
        await held.wait()
        await story.transactions.write(second)

    await asyncio.gather(story.transactions.write(first), after_the_first_holds_it())
    assert order == ["first", "second"]
    assert not await story.transactions.write(lambda t: t.users.lock(NOBODY))


async def test_all_that_is_a_users_goes_with_the_user(story: Story):
    gone, stays = await story.user(), await story.user()
    for user in (gone, stays):
        video = await story.video(user)
        reservation, notification = a_reservation(user), a_notification(user, video)
        event = DomainEvent(video, EventType.VIDEO_UPLOADED, after(0))

        async def step(
            t: Transaction, reservation: Any = reservation, notification: Any = notification, event: Any = event
        ) -> None:
            await t.reservations.add(reservation)
            await t.notifications.add(notification, wake_at=after(0))
            await t.events.add(event)

        await story.transactions.write(step)
    assert await story.transactions.write(lambda t: t.users.remove(gone))
    assert not await story.transactions.write(lambda t: t.users.remove(gone))
    for table in (users, video_processings, upload_reservations, notifications, domain_events):
        assert await count(story, table) == 1


async def test_nothing_is_kept_for_a_user_who_is_not_there(story: Story):
    with pytest.raises(IntegrityError):
        await story.video(NOBODY)
    with pytest.raises(IntegrityError):
        await story.transactions.write(lambda t: t.reservations.add(a_reservation(NOBODY)))


async def test_a_reservation_is_found_by_its_key(story: Story):
    owner, other = await story.user(), await story.user()
    reservation = a_reservation(owner, "the key")
    await story.transactions.write(lambda t: t.reservations.add(reservation))
    assert await story.transactions.read(lambda t: t.reservations.by_idempotency_key(owner, "the key")) == reservation
    assert await story.transactions.read(lambda t: t.reservations.by_idempotency_key(owner, "THE KEY")) is None
    assert await story.transactions.read(lambda t: t.reservations.by_idempotency_key(other, "the key")) is None


async def test_a_key_has_one_reservation_and_no_key_has_many(story: Story):
    owner, other = await story.user(), await story.user()
    for reservation in (
        a_reservation(owner, "k"),
        a_reservation(other, "k"),
        a_reservation(owner),
        a_reservation(owner),
    ):
        await story.reservation(reservation)
    with pytest.raises(IntegrityError):
        await story.transactions.write(lambda t: t.reservations.add(a_reservation(owner, "k")))


async def test_a_reservation_counts_until_it_expires(story: Story):
    owner, other = await story.user(), await story.user()
    short, long = a_reservation(owner, expires=10), a_reservation(owner, expires=20)
    for reservation in (short, long, a_reservation(other)):
        await story.reservation(reservation)

    async def state(at: float) -> tuple[int, list[str]]:
        counted = await story.transactions.read(lambda t: t.reservations.count(owner, after(at)))
        expired = await story.transactions.read(lambda t: t.reservations.expired(after(at), 10))
        return counted, [reservation.id for reservation in expired]

    assert await state(9.999) == (2, [])
    assert await state(10) == (1, [short.id])
    assert await state(20) == (0, [short.id, long.id])
    assert len(await story.transactions.read(lambda t: t.reservations.expired(after(100), 2))) == 2
    assert await story.transactions.write(lambda t: t.reservations.extend(short.id, after(30)))
    assert await state(20) == (1, [long.id])
    assert await story.transactions.write(lambda t: t.reservations.remove(short.id))
    assert not await story.transactions.write(lambda t: t.reservations.remove(short.id))
    assert not await story.transactions.write(lambda t: t.reservations.extend(short.id, after(40)))


async def test_a_reservation_may_count_with_what_is_known_of_it_only_later(story: Story):
    ana = await story.user()
    one, other = a_reservation(ana, expires=60), a_reservation(ana, expires=60)
    for reservation in (replace(one, declared_bytes=0), other):
        await story.transactions.write(lambda t, one=reservation: t.reservations.add(one))  # type: ignore[misc]
    read = story.transactions.read
    assert await read(lambda t: t.reservations.get(one.id)) == replace(one, declared_bytes=0)
    assert await story.transactions.write(lambda t: t.reservations.declare(one.id, 2**40))
    assert await read(lambda t: t.reservations.get(one.id)) == replace(one, declared_bytes=2**40)
    assert await read(lambda t: t.reservations.declared_bytes(ana, after(0))) == 2**40 + (other.declared_bytes or 0)
    assert await story.transactions.write(lambda t: t.reservations.remove(one.id))
    assert await read(lambda t: t.reservations.get(one.id)) is None
    assert not await story.transactions.write(lambda t: t.reservations.declare(one.id, 1))


async def test_keys_that_a_reservation_names_are_known(story: Story):
    reservation = a_reservation(await story.user())
    await story.transactions.write(lambda t: t.reservations.add(reservation))
    asked = {reservation.source_key, reservation.source_key.upper(), reservation.source_key + " ", "sources/outro-não"}
    assert await story.transactions.read(lambda t: t.reservations.known_keys(asked)) == {reservation.source_key}


async def test_a_webhook_reads_back_as_written_until_it_is_removed(story: Story):
    owner, other = await story.user(), await story.user()
    read, write = story.transactions.read, story.transactions.write
    assert await read(lambda t: t.users.webhook(owner)) is None
    webhook = Webhook("https://hooks.example.com/in", "whsec_b", (FormerSecret("whsec_a", after(86_400)),))
    await write(lambda t: t.users.set_webhook(owner, webhook, after(9)))
    assert await read(lambda t: t.users.webhook(owner)) == webhook
    found = await read(lambda t: t.users.by_id(owner))
    assert found is not None
    assert (found.webhook_url, found.updated_at) == (webhook.url, after(9))
    assert await read(lambda t: t.users.webhook(other)) is None
    await write(lambda t: t.users.set_webhook(owner, None, after(10)))
    assert await read(lambda t: t.users.webhook(owner)) is None
    async with story.engine.connect() as connection:  # Nothing of it is left.
        columns = select(users.c.webhook_url, users.c.webhook_secret, users.c.webhook_former_secrets)
        assert {tuple(row) for row in await connection.execute(columns)} == {(None, None, None)}


async def test_what_a_user_is_mailed_is_theirs_to_choose(story: Story):
    owner, other = await story.user(), await story.user()
    await story.change_user(owner, email_on_failure=False, email_on_completion=True)

    async def chosen(user: UserId) -> tuple[bool, bool]:
        found = await story.transactions.read(lambda t: t.users.by_id(user))
        assert found is not None
        return found.email_on_failure, found.email_on_completion

    assert (await chosen(owner), await chosen(other)) == ((False, True), (True, False))


async def test_a_users_reservations_and_sources_are_all_found(story: Story):
    owner, other = await story.user(), await story.user()
    one, expired, elsewhere = a_reservation(owner), a_reservation(owner, expires=-1), a_reservation(other)

    async def add(t: Transaction) -> None:
        for reservation in (one, expired, elsewhere):
            await t.reservations.add(reservation)

    await story.transactions.write(add)
    videos = [await story.video(owner), await story.video(owner)]
    await story.video(other)
    found = await story.transactions.read(lambda t: t.reservations.of(owner))
    assert {reservation.id for reservation in found} == {one.id, expired.id}
    sources = await story.transactions.read(lambda t: t.videos.sources(owner))
    assert dict(sources) == {video: source_key(video) for video in videos}


async def test_a_reservation_that_was_extended_is_not_removed_as_it_was_seen(story: Story):
    seen = a_reservation(await story.user())
    await story.reservation(seen)
    extended = replace(seen, expires_at=after(120))
    assert await story.transactions.write(lambda t: t.reservations.extend(seen.id, extended.expires_at))
    assert not await story.transactions.write(lambda t: t.reservations.remove_as_seen(seen))
    assert await story.transactions.write(lambda t: t.reservations.remove_as_seen(extended))
    assert not await story.transactions.write(lambda t: t.reservations.remove_as_seen(extended))
