"""``fiapx up`` without the service: ``python -m tests.parts.stores_only DATA_DIRECTORY``; it writes FIAPX_* settings.

The child process of ``tests/devserver/embedded.py``.
"""

import json
import os
import sys
from pathlib import Path

from devserver.credentials import SecretsDamaged
from devserver.data_directory import DataDirectoryInUse, locked
from devserver.stores import choose_stores
from devserver.supervisor import Supervisor, reap_leftovers


def main(root: Path) -> None:
    def say(line: str) -> None:
        sys.stderr.write(line + "\n")

    try:
        with locked(root) as data:
            reap_leftovers(data, say)
            stores = choose_stores(data, os.environ)

            def ready() -> None:
                sys.stdout.write(json.dumps(dict(stores.settings)) + "\n")
                sys.stdout.flush()

            Supervisor(data, stores=stores.programs, room=stores.room, say=say).run(ready)
    except (DataDirectoryInUse, SecretsDamaged) as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
