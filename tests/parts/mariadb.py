"""A private MariaDB from the machine's own package (Debian: mariadb-server)."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from devserver.ports import free_pair
from devserver.program import LOOPBACK, Program, plain_environment
from tests.parts.database import DatabasePart, Users, greets

_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])


def _binary(*names: str) -> str | None:
    return next((found for name in names if (found := shutil.which(name, path=_PATH))), None)


class MariaDbPart(DatabasePart):
    def __init__(self, folder: Path) -> None:
        server, install = _binary("mariadbd", "mysqld"), _binary("mariadb-install-db", "mysql_install_db")
        if server is None or install is None:
            sentence = "MariaDB is not installed (Debian: apt-get install mariadb-server)."
            if os.environ.get("CI") == "true":
                pytest.fail(sentence)
            pytest.skip(sentence)
        data = folder / "mariadb"
        data.mkdir(parents=True)
        as_user = ["--user=root"] if os.geteuid() == 0 else []
        subprocess.run(
            # A relative path, because this script of Debian's breaks on a path with a space.
            [install, "--no-defaults", *as_user, "--datadir=./mariadb", "--skip-test-db"],
            cwd=folder,
            check=True,
            capture_output=True,
            env=plain_environment(os.environ),
        )
        users, port = Users(), free_pair()
        first_words = folder / "mariadb-init.sql"
        users.write(first_words)
        program = Program(
            name="mariadb",
            command=(
                server,
                "--no-defaults",
                *as_user,
                f"--datadir={data}",
                # Relative to the data directory, because the path of a socket may have no more than 107 bytes.
                "--socket=server.sock",
                "--pid-file=server.pid",
                f"--bind-address={LOOPBACK}",
                f"--port={port}",
                f"--init-file={first_words}",
                "--skip-name-resolve",
                "--skip-log-bin",
                "--performance-schema=OFF",
                "--innodb-buffer-pool-size=64M",
                "--innodb-log-file-size=16M",
                # It is written to the system at each commit, so that a kill loses nothing, but waits for no disk.
                "--innodb-flush-method=nosync",
            ),
            environment=plain_environment(os.environ),
            folder=data,
            serves=lambda: greets(port),
        )
        super().__init__(program, folder / "mariadb.log", users, port)
