"""The storyboard of a video: where its sheets are, and which tile is which picture."""

from datetime import datetime
from typing import Self

import strawberry

from app.domain import video
from app.domain.storyboard import TRACK, sheet_name
from app.graphql.context import Info
from app.graphql.shown import ABSOLUTE
from app.usecases.storyboards import shown_storyboard


@strawberry.type(description="A sheet of small pictures, as JPEG.")
class StoryboardSheet:
    """One picture of many."""

    url: str = strawberry.field(
        description="Where it is, without Authorization, until the storyboard's expiresAt. Browsers may keep it for as "
        f"long. {ABSOLUTE}"
    )
    first: int = strawberry.field(description="Its first tile, of all that there are, from 0.")
    count: int = strawberry.field(
        description="How many tiles are on it, row by row; what is behind the last means nothing."
    )


@strawberry.type(
    description="Small pictures of all of the ZIP on a few sheets. Each tile stands for a file of the ZIP: tile k, "
    "from 0, for the one with the index 1 + floor(k * frames / tiles). Up to 2,000 files have a tile each, of more as "
    "many do, evenly spread; so the file with the index n is shown best by tile floor((n - 1) * tiles / frames). "
    "Tile k is on the sheet whose first and count hold it, in its place p = k - first, at "
    "x = (p mod columns) * tileWidth and y = floor(p / columns) * tileHeight."
)
class Storyboard:
    """As ``app.domain.storyboard.Storyboard``, with links in place of sizes."""

    tile_width: int = strawberry.field(description="Pixels of a tile: at most 160, as its height.")
    tile_height: int = strawberry.field(description="Pixels of a tile; it has the shape of the first picture.")
    columns: int = strawberry.field(
        description="How many tiles stand side by side on a sheet, 10 where there are many."
    )
    rows: int = strawberry.field(description="How many rows a sheet has, 10 where there are many.")
    frames: int = strawberry.field(description="How many files the ZIP has, or will have.")
    tiles: int = strawberry.field(description="How many there are in all, on sheets that are still to come, too.")
    vtt_url: str | None = strawberry.field(
        description="A WebVTT that players take for pictures of where a seek leads, which names the sheets relative to "
        f"itself; null while the processing runs. It opens as the sheets do. {ABSOLUTE}"
    )
    sheets: list[StoryboardSheet] = strawberry.field(description="Those that are finished, in their order.")
    expires_at: datetime = strawberry.field(description="When the URLs stop working; read them again then.")

    @classmethod
    def of(cls, found: video.VideoProcessing, info: Info) -> Self | None:
        services, now = info.context.services, info.context.services.clock.now()
        shown = shown_storyboard(found, services.retention, now)
        if shown is None:
            return None
        folder, expires_at = services.storyboard_links.folder(found, now)
        sheets = []
        for number in range(len(shown.sheet_bytes)):
            first, stop = shown.tiles_on(number)
            sheets.append(StoryboardSheet(url=folder + sheet_name(number), first=first, count=stop - first))
        return cls(
            tile_width=shown.tile_width,
            tile_height=shown.tile_height,
            columns=shown.columns,
            rows=shown.rows,
            frames=shown.files,
            tiles=shown.tiles,
            vtt_url=None if shown.track_bytes is None else folder + TRACK,
            sheets=sheets,
            expires_at=expires_at,
        )
