"""Choices of pictures, on each database."""

from app.domain.places import Places
from app.domain.video import VideoId
from tests.contracts.story import Story, after

LONG = Places.of_numbers(range(1_000, 3_000, 2))


async def keep(story: Story, video: VideoId, places: Places, seconds: float) -> None:
    await story.transactions.write(lambda t: t.selections.keep(video, places, after(seconds)))


async def kept(story: Story, video: VideoId, places: Places) -> Places | None:
    return await story.transactions.read(lambda t: t.selections.get(video, places.digest))


async def forget(story: Story, seconds: float) -> None:
    await story.transactions.write(lambda t: t.selections.forget(expired_before=after(seconds), limit=100))


async def test_a_choice_reads_back_as_it_was_made_of_its_video_alone(story: Story):
    owner = await story.user()
    video, other = await story.video(owner), await story.video(owner)
    await keep(story, video, LONG, 10)
    assert await kept(story, video, LONG) == LONG
    assert await kept(story, other, LONG) is None
    assert await kept(story, video, Places.parsed("1")) is None


async def test_a_choice_that_is_made_again_is_kept_for_longer_and_stands_once(story: Story):
    video = await story.video(await story.user())
    for seconds in (10, 10, 20):
        await keep(story, video, LONG, seconds)
    await forget(story, 15)
    assert await kept(story, video, LONG) == LONG
    await forget(story, 21)
    assert await kept(story, video, LONG) is None


async def test_choices_go_with_their_video(story: Story):
    video = await story.video(await story.user())
    await keep(story, video, LONG, 10)
    await story.transactions.write(lambda t: t.videos.remove(video))
    assert await kept(story, video, LONG) is None
