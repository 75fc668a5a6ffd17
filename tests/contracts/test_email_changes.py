"""Addresses that are wanted, and ways back to former ones."""

from uuid import uuid4

import pytest

from app.domain.errors import EmailAlreadyRegistered
from app.domain.user import UserId
from app.usecases.ports.email_changes import EmailChange
from tests.contracts.story import Story, after


def change(user: UserId, email: str, seconds: float = 60, *, leads_back: bool = False) -> EmailChange:
    return EmailChange(str(uuid4()), user, email, after(seconds), leads_back=leads_back)


async def kept(story: Story, *changes: EmailChange) -> None:
    for one in changes:
        await story.transactions.write(lambda t, one=one: t.email_changes.add(one))  # type: ignore[misc]


async def test_what_is_wanted_is_withdrawn_and_ways_back_stay(story: Story):
    ana, bruno = await story.user(), await story.user()
    wanted, back = change(ana, "new@example.com"), change(ana, "old@example.com", leads_back=True)
    await kept(story, wanted, back, change(bruno, "other@example.com"))
    read, write = story.transactions.read, story.transactions.write
    assert await read(lambda t: t.email_changes.get(back.id)) == back
    assert await read(lambda t: t.email_changes.wanted(ana)) == wanted
    assert await write(lambda t: t.email_changes.withdraw(ana)) == 1
    assert await read(lambda t: t.email_changes.wanted(ana)) is None
    assert await read(lambda t: t.email_changes.get(wanted.id)) is None
    assert await write(lambda t: t.email_changes.remove_all(ana)) == 1
    assert await read(lambda t: t.email_changes.get(back.id)) is None
    assert await read(lambda t: t.email_changes.wanted(bruno)) is not None


async def test_an_address_is_held_for_whom_it_was_until_the_way_back_ends(story: Story):
    ana, bruno = await story.user(), await story.user()
    await kept(story, change(ana, "old@example.com", 60, leads_back=True), change(ana, "new@example.com"))
    read, emails = story.transactions.read, ("old@example.com", "older@example.com")
    assert await read(lambda t: t.email_changes.held(emails, after(59)))
    assert await read(lambda t: t.email_changes.held(emails, after(59), but=bruno))
    assert not await read(lambda t: t.email_changes.held(emails, after(59), but=ana))
    assert not await read(lambda t: t.email_changes.held(emails, after(60)))
    assert not await read(lambda t: t.email_changes.held(("new@example.com",), after(0)))


async def test_what_has_ended_is_forgotten_and_the_rest_goes_with_its_user(story: Story):
    ana = await story.user()
    first, second = change(ana, "a@example.com", 10), change(ana, "b@example.com", 30, leads_back=True)
    await kept(story, first, second)
    read, write = story.transactions.read, story.transactions.write
    await write(lambda t: t.email_changes.forget(expired_before=after(10), limit=10))
    assert await read(lambda t: t.email_changes.get(first.id)) is None
    assert await read(lambda t: t.email_changes.get(second.id)) == second
    await write(lambda t: t.users.remove(ana))
    assert await read(lambda t: t.email_changes.get(second.id)) is None


async def test_an_address_is_moved_to_by_one_user_alone(story: Story):
    await story.user("ana@example.com")
    bruno = await story.user("bruno@example.com")
    with pytest.raises(EmailAlreadyRegistered):
        await story.change_user(bruno, email="ana@example.com")
    await story.change_user(bruno, email="bruno@example.org")
    found = await story.transactions.read(lambda t: t.users.by_email("bruno@example.org"))
    assert found is not None
    assert found.id == bruno
