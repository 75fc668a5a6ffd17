"""The fixtures of this room."""

from tests.parts.site_fixtures import empty_database
from tests.parts.world_fixtures import world

__all__ = ["empty_database", "world"]
