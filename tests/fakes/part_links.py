"""Links to parts that lead nowhere, but say what they are for."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from app.usecases.ports.storage import PartToSend

LINK_SECONDS = 300


class MemoryPartLinks:
    """Obeys ports.PartLinks."""

    async def links(
        self, key: str, upload: str, parts: Sequence[PartToSend], now: datetime
    ) -> tuple[Sequence[str], datetime]:
        urls = [
            f"https://files.example/{key}?uploadId={upload}&partNumber={one.number}&size={one.size_bytes}&md5={one.md5}"
            for one in parts
        ]
        return urls, now + timedelta(seconds=LINK_SECONDS)
