"""A site for each story."""

from tests.parts.site_fixtures import ana, bruno, empty_database, site

__all__ = ["ana", "bruno", "empty_database", "site"]
