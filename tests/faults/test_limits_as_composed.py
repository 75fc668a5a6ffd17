"""Limits that operators set hold where they are meant to, in the service and in its workers as they are composed."""

from pathlib import Path

import pytest

from app.bootstrap import compose, compose_worker
from app.domain.errors import QuotaExceeded
from app.settings import Settings, VideoSettings
from tests.faults.conftest import Stack


def given(stack: Stack, **settings: str) -> dict[str, str]:
    return {name.removeprefix("FIAPX_").lower(): value for name, value in stack.environment.items()} | settings


@pytest.mark.parametrize(
    ("limit", "said"),
    [("max_stored_bytes_per_user", "delete some videos first"), ("max_stored_bytes", "service is full")],
)
async def test_no_more_bytes_are_kept_than_were_allowed(stack: Stack, samples: Path, limit: str, said: str):
    film = samples / "bikes.mp4"
    settings = Settings(**given(stack, **{limit: str(film.stat().st_size - 1)}))  # type: ignore[arg-type]  # pydantic reads them from text, as from the environment
    async with compose(settings) as service:
        stack.service = service
        with pytest.raises(QuotaExceeded, match=said):
            await stack.upload(film)


async def test_a_zip_is_no_larger_than_was_allowed(stack: Stack):
    settings = VideoSettings(**given(stack, max_output_ratio="3", max_output_bytes="5000000000"))  # type: ignore[arg-type]  # pydantic reads them from text, as from the environment
    async with compose_worker(settings) as work:
        allowed = work.attempt_video.generate_zip_file.allowed_bytes
        assert (allowed(10**9), allowed(10**10)) == (3 * 10**9, 5 * 10**9)
