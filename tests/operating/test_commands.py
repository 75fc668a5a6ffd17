"""What operators read when they look, and when something was refused."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import pytest

from app.domain.audit import Operator
from app.domain.failure import FailureCode
from app.domain.session import Viewer
from app.domain.video import new_video_id
from app.operating.arguments import parsed
from app.operating.commands import Commands
from app.usecases.accept_upload import add_pending
from app.usecases.ports.transactions import Transaction
from app.usecases.videos import same_again
from tests.parts.waiting import until
from tests.usecases.world import World

Said = Callable[[], str]


async def fiapx(world: World, *words: str) -> int:
    """Run a command on the world's record; give its exit code."""
    commands = Commands(world.operate, Operator.at_shell("root", "here"), parsed(words))
    await commands.run()
    return commands.refused


async def email_of(world: World, viewer: Viewer) -> str:
    user = await world.transactions.read(lambda t: t.users.by_id(viewer.id))
    assert user is not None
    return user.email


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    return lambda: capsys.readouterr().out


async def test_a_list_is_read_page_by_page_up_to_its_limit_and_from_either_end(world: World, said: Said):
    ana = await world.user()
    first = await world.uploaded(ana)
    others = [same_again(first, new_video_id(), first.created_at + timedelta(seconds=n)) for n in range(1, 103)]

    async def add(t: Transaction) -> None:
        for video in others:
            await add_pending(t, video, "")

    await world.transactions.write(add)
    world.clock.advance(103)
    videos = [video.id for video in (first, *others)]
    assert await fiapx(world, "jobs", "list", "--limit", "102", "--json") == 0
    assert [one["id"] for one in json.loads(said())] == videos[:0:-1]
    await fiapx(world, "jobs", "list", "--oldest-first", "--limit", "1", "--owner", await email_of(world, ana))
    head, line = said().splitlines()
    assert head.split() == ["ID", "STATE", "ATTEMPT", "AGE", "OWNER"]
    assert line.split() == [videos[0], "Pending", "0", "1", "m", await email_of(world, ana)]
    await fiapx(world, "jobs", "list", "--older-than", "90s", "--state", "pending", "--json")
    assert {one["id"] for one in json.loads(said())} == set(videos[:13])


async def test_a_video_is_shown_with_what_its_decoder_said_and_the_summary_counts_it(world: World, said: Said):
    video = await world.uploaded(await world.user())
    held = (await world.claimed(video.id)).video
    await world.release.after_fault(held, 0, said="a line\n\x1b[2Janother")
    world.clock.advance(10)
    failed = await world.failed(video.id, FailureCode.NO_DECODER)
    await fiapx(world, "jobs", "show", video.id)
    shown = said()
    assert "    a line\n    \ufffd[2Janother\n" in shown
    assert f"NO_DECODER: {FailureCode.NO_DECODER.reason}" in shown
    await fiapx(world, "jobs", "show", failed.id, "--json")
    events = [event["type"] for event in json.loads(said())["events"]]
    assert events[1:3] == ["ProcessingStarted", "AttemptReleased"]
    await fiapx(world, "jobs", "pause", "--all")
    said()
    await fiapx(world, "jobs", "summary", "--json")
    summary = json.loads(said())
    assert (summary["failures"], [pause["ownerId"] for pause in summary["pauses"]]) == ({"NO_DECODER": 1}, [None])


async def test_of_several_videos_each_is_tried_and_what_was_refused_is_said(
    world: World, capsys: pytest.CaptureFixture[str]
):
    video, unknown = await world.uploaded(await world.user()), new_video_id()
    assert await fiapx(world, "jobs", "cancel", "no id", unknown, video.id, "--reason", "a test") == 1
    heard = capsys.readouterr()
    assert heard.out == f"{video.id}  canceled\n"
    assert heard.err.splitlines() == [
        "fiapx: no id: This video does not exist.",
        f"fiapx: {unknown}: This video does not exist.",
    ]
    assert await fiapx(world, "jobs", "retry", "--code", "canceled", "--since", "1h") == 0
    assert capsys.readouterr().out.endswith("1 processed again.\n")


@asynccontextmanager
async def watching(world: World) -> AsyncIterator[None]:
    task = asyncio.create_task(fiapx(world, "jobs", "watch"))
    yield
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_who_watches_sees_each_change_and_the_end(world: World, capsys: pytest.CaptureFixture[str]):
    ana, heard = await world.user(), list[str]()
    video = await world.uploaded(ana)

    def seen(words: str) -> bool:
        heard.append(capsys.readouterr().out)
        return words in "".join(heard)

    async with watching(world):
        await until(lambda: seen(f"{video.id}  attempt 0  Pending"))
        second = await world.uploaded(ana)
        await until(lambda: seen(f"{second.id}  attempt 0  Pending"))
        await world.completed(video.id)
        await until(lambda: seen(f"{video.id}  attempt 1  Completed"))
    assert "".join(heard).count(f"{video.id}  attempt 0") == 1, "what has not changed is not said again"


async def test_a_users_limits_are_set_one_by_one_and_what_was_done_is_in_the_log(world: World, said: Said):
    email = await email_of(world, await world.user())
    for words in (["--active", "7"], ["--bytes", "5"], ["--default"]):
        await fiapx(world, "users", "quota", email, *words)
        world.clock.advance(1)
    assert [line.partition(": ")[2] for line in said().splitlines()] == [
        *("7", "as the settings say"),
        *("7", "5"),
        *("as the settings say", "as the settings say"),
    ]
    await fiapx(world, "users", "role", email.upper(), "operator")
    await fiapx(world, "users", "list", "--json")
    assert [user["role"] for user in json.loads(said().partition("\n")[2])] == ["operator"]
    await fiapx(world, "audit", "--about", email, "--since", "1h")
    assert [line.split()[2] for line in said().splitlines()] == ["DEED", "role", "quota", "quota", "quota"]
