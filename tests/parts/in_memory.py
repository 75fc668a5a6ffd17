"""A place for small files in memory, for databases of which nothing need outlast the machine.

SQLite waits for the disk at each commit, as it should; in tests that is most of what they wait for.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

_MEMORY: Final = Path("/dev/shm")


@contextmanager
def folder_in_memory(otherwise: Path) -> Iterator[Path]:
    """Make a folder for as long as the block lasts; in the other one where a system has no such place."""
    where = _MEMORY if os.access(_MEMORY, os.W_OK) else otherwise
    with TemporaryDirectory(prefix="fiapx-tests-", dir=where) as folder:
        yield Path(folder)
