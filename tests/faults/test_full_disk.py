"""A disk that is full under a storage of this machine, for the service as it is composed."""

from pathlib import Path

import pytest

from app.bootstrap import compose
from app.domain.errors import StorageFull
from app.settings import Settings
from tests.faults.conftest import Stack


async def test_an_upload_to_a_full_disk_is_refused_and_leaves_nothing(stack: Stack, samples: Path, tmp_path: Path):
    given = {name.removeprefix("FIAPX_").lower(): value for name, value in stack.environment.items()}
    # No disk has so much left.
    full = given | {"storage_dir": str(tmp_path), "disk_reserve_bytes": str(2**62)}
    async with compose(Settings(**full)) as service:  # type: ignore[arg-type]  # pydantic reads them from text, as from the environment
        stack.service = service
        with pytest.raises(StorageFull):
            await stack.upload(samples / "bikes.mp4")
        assert [one async for one in service.services.storage.list("")] == []
