"""Presets, on each database."""

from dataclasses import replace

import pytest

from app.domain.options import ExtractionOptions, FrameSelection, ImageFormat, SelectionKind
from app.domain.preset import Preset, new_preset_id
from app.domain.user import UserId
from app.usecases.ports.database import DatabaseUnavailable
from tests.contracts.story import Story, after

SMALL = ExtractionOptions(FrameSelection(SelectionKind.TIMESTAMPS, 0.0, (1.5, 2.25)), ImageFormat.WEBP, 40, 320)


def new_preset(owner: UserId, name: str = "miniaturas 🎞") -> Preset:
    return Preset(new_preset_id(), owner, name, SMALL, after(1), after(2))


async def kept(story: Story, *presets: Preset) -> None:
    for preset in presets:
        await story.transactions.write(lambda t, preset=preset: t.presets.add(preset))  # type: ignore[misc]


async def of(story: Story, owner: UserId) -> list[Preset]:
    return list(await story.transactions.read(lambda t: t.presets.of(owner)))


async def test_presets_read_back_as_written_by_their_owners_and_in_the_order_of_their_names(story: Story):
    ana, bruno = await story.user(), await story.user()
    second, first, other = new_preset(ana, "b"), new_preset(ana, "a"), new_preset(bruno, "a")
    await kept(story, second, first, other)
    assert await of(story, ana) == [first, second]
    assert await of(story, bruno) == [other]
    assert await story.transactions.read(lambda t: t.presets.get(other.id)) == other
    assert await story.transactions.read(lambda t: t.presets.get(new_preset_id())) is None


async def test_names_that_differ_in_case_or_accents_are_different_and_the_same_name_stands_once(story: Story):
    ana = await story.user()
    names = ["férias", "ferias", "Férias"]
    await kept(story, *(new_preset(ana, name) for name in names))
    assert {preset.name for preset in await of(story, ana)} == set(names)
    with pytest.raises(Exception, match=r"(?i)unique|duplicate") as refused:
        await kept(story, new_preset(ana, "ferias"))
    assert not isinstance(refused.value, DatabaseUnavailable)


async def test_a_preset_gets_other_options_and_keeps_its_place(story: Story):
    preset, other = new_preset(await story.user()), new_preset(await story.user())
    await kept(story, preset, other)
    changed = replace(preset, options=ExtractionOptions(), updated_at=after(9))
    await story.transactions.write(lambda t: t.presets.replace(changed))
    assert await of(story, preset.owner) == [changed]
    assert await of(story, other.owner) == [other]


async def test_only_its_owner_removes_a_preset_and_it_goes_with_its_owner(story: Story):
    ana, bruno = await story.user(), await story.user()
    one, two = new_preset(ana, "one"), new_preset(ana, "two")
    await kept(story, one, two)
    assert not await story.transactions.write(lambda t: t.presets.remove(bruno, one.id))
    assert await story.transactions.write(lambda t: t.presets.remove(ana, one.id))
    assert not await story.transactions.write(lambda t: t.presets.remove(ana, one.id))
    assert await of(story, ana) == [two]
    await story.transactions.write(lambda t: t.users.remove(ana))
    assert await story.transactions.read(lambda t: t.presets.get(two.id)) is None
