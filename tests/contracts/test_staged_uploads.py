"""The record of uploads in parts."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from app.domain.batch import new_batch_id
from app.domain.options import ExtractionOptions, ImageFormat
from app.domain.staged_upload import StagedUpload, part_size, sha256_of
from app.domain.user import UserId
from app.infra.sql.tables import staged_uploads
from app.usecases.ports.transactions import Transaction
from tests.contracts.story import Story, a_reservation, after


async def staged(story: Story, owner: UserId, expires: float = 60, **also: Any) -> StagedUpload:
    reservation = a_reservation(owner, expires=expires)
    assert reservation.declared_bytes is not None
    upload = replace(
        StagedUpload(
            id=reservation.id,
            owner=owner,
            source_key=reservation.source_key,
            size_bytes=reservation.declared_bytes,
            expires_at=reservation.expires_at,
            file_name="férias 🎞.mp4",
            options=ExtractionOptions(format=ImageFormat.PNG, max_width=640),
            fingerprint_sha256=sha256_of(b"this file"),
            head_sha256=sha256_of(b"its head"),
            part_size_bytes=part_size(reservation.declared_bytes),
            storage_upload_id="2~" + "x" * 1000,
        ),
        **also,
    )

    async def step(t: Transaction) -> None:
        await t.reservations.add(reservation)
        await t.staged_uploads.add(upload)

    await story.transactions.write(step)
    return upload


async def count(story: Story) -> int:
    async with story.engine.connect() as connection:
        return (await connection.execute(select(func.count()).select_from(staged_uploads))).scalar_one()


async def test_an_upload_in_parts_reads_back_as_written(story: Story):
    ana, bruno = await story.user(), await story.user()
    one, other = await staged(story, ana), await staged(story, bruno, fingerprint_sha256=None)
    read = story.transactions.read
    assert await read(lambda t: t.staged_uploads.get(one.id)) == one
    assert await read(lambda t: t.staged_uploads.get(other.id)) == other
    assert await read(lambda t: t.staged_uploads.of(bruno)) == [other]


async def test_it_takes_its_place_in_the_quota_for_as_long_as_it_lives(story: Story):
    ana = await story.user()
    one = await staged(story, ana)
    read = story.transactions.read
    assert await read(lambda t: t.reservations.count(ana, after(0))) == 1
    assert await read(lambda t: t.reservations.declared_bytes(ana, after(0))) == one.size_bytes
    assert await story.transactions.write(lambda t: t.reservations.remove(one.id))
    assert await read(lambda t: t.staged_uploads.get(one.id)) is None
    assert await count(story) == 0


async def test_there_is_none_without_a_reservation(story: Story):
    one = await staged(story, await story.user())
    assert await story.transactions.write(lambda t: t.reservations.remove(one.id))
    with pytest.raises(IntegrityError):
        await story.transactions.write(lambda t: t.staged_uploads.add(one))


async def test_it_goes_with_its_owner(story: Story):
    ana = await story.user()
    await staged(story, ana)
    assert await story.transactions.write(lambda t: t.users.remove(ana))
    assert await count(story) == 0


async def test_it_is_found_by_its_fingerprint_until_it_expires(story: Story):
    ana, bruno = await story.user(), await story.user()
    await staged(story, ana, fingerprint_sha256=None)
    one = await staged(story, ana)

    async def found(owner: UserId, fingerprint: bytes, at: float) -> StagedUpload | None:
        digest = sha256_of(fingerprint)
        return await story.transactions.read(lambda t: t.staged_uploads.by_fingerprint(owner, digest, after(at)))

    assert await found(ana, b"this file", 59) == one
    assert await found(ana, b"this file", 60) is None
    assert await found(ana, b"another", 59) is None
    assert await found(bruno, b"this file", 59) is None


async def test_its_name_options_and_batch_can_be_given_anew(story: Story):
    ana = await story.user()
    one, other = await staged(story, ana), await staged(story, ana, fingerprint_sha256=None)
    changed = replace(one, file_name="b.mp4", options=ExtractionOptions(quality=10), batch=new_batch_id())
    await story.transactions.write(lambda t: t.staged_uploads.change(changed))
    assert await story.transactions.read(lambda t: t.staged_uploads.get(one.id)) == changed
    assert await story.transactions.read(lambda t: t.staged_uploads.get(other.id)) == other
