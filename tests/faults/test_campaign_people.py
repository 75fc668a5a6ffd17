"""The people of a campaign go on for as long as it lasts."""

import asyncio
from pathlib import Path

import pytest

from tests.faults.campaign.films import Film
from tests.faults.campaign.history import History
from tests.faults.campaign.people import Person
from tests.parts.site import MP4, Site
from tests.parts.site_fixtures import empty_database, site

__all__ = ["empty_database", "site"]


@pytest.mark.parametrize("asks_first", ["by REST", "by GraphQL"])
async def test_who_outlasts_a_session_signs_in_again(site: Site, tmp_path: Path, asks_first: str):
    (tmp_path / "film.mp4").write_bytes(MP4)
    film, history = Film("film", tmp_path / "film.mp4", None, share=1), History(tmp_path / "history.jsonl")
    async with asyncio.timeout(20):
        ana = await Person.registered("ana", site.url, history)
        await ana.upload(film, "ana-0")
        site.clock.advance(site.session_seconds + 1)
        if asks_first == "by REST":
            await ana.upload(film, "ana-1")
        assert await ana.unfinished() == len(ana.videos)
        await ana.http.aclose()
    history.close()
    assert not history.count("refused")
