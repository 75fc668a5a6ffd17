"""What a database that is away looks like to the use cases."""

from typing import ClassVar

from app.domain.errors import StorageError, StorageFull


class DatabaseUnavailable(Exception):
    """The database cannot be reached, or refuses to write, after all tries; the outcome of a commit may be unknown."""

    to_users: ClassVar[type[StorageError]] = StorageError
    """What it is to who knows of no database."""


class DatabaseFull(DatabaseUnavailable):
    """The database has no space left."""

    to_users = StorageFull
