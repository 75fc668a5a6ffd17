"""Parts of stored objects, small enough for memory."""

from app.usecases.ports.storage import ObjectStorage


async def read_range(storage: ObjectStorage, key: str, start: int, end: int) -> bytes:
    """Return the bytes start to end (exclusive) of an object; fewer where it ends before.

    :raises ObjectMissing: where there is no such object
    :raises StorageError: where the storage is away
    """
    return b"".join([piece async for piece in storage.read(key, start, end)])
