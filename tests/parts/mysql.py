"""MySQL itself, where it is at hand, as production has it: TLS required, and passwords by caching_sha2_password.

TESTS_MYSQL names a folder into which the packages of the server and of all its libraries were unpacked
(docs/operations.md says how); else a ``mysqld`` on the path that is MySQL's own.
"""

import os
import shutil
import subprocess
from pathlib import Path

from devserver.ports import free_pair
from devserver.program import LOOPBACK, Program, plain_environment
from tests.parts.database import DatabasePart, Users, greets


def mysql_at_hand() -> tuple[str, ...] | None:
    """Give the command of MySQL's server, or None where there is none."""
    if unpacked := os.environ.get("TESTS_MYSQL"):
        root = Path(unpacked)
        (loader,) = root.glob("usr/lib/*/ld-linux-*.so.*")
        share = root / "usr/share/mysql"
        return (
            str(loader),
            "--library-path",
            str(loader.parent),
            str(root / "usr/sbin/mysqld"),
            "--no-defaults",
            f"--basedir={root / 'usr'}",
            f"--lc-messages-dir={share}",
            f"--character-sets-dir={share / 'charsets'}",
            f"--plugin-dir={root / 'usr/lib/mysql/plugin'}",
        )
    server = shutil.which("mysqld", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin"]))
    if server is None:
        return None
    version = subprocess.run([server, "--no-defaults", "--version"], check=False, capture_output=True, text=True)
    return (server, "--no-defaults") if "MySQL" in version.stdout else None


class MySqlPart(DatabasePart):
    def __init__(self, command: tuple[str, ...], folder: Path) -> None:
        data, users, port = folder / "mysql", Users(), free_pair()
        as_user = ("--user=root",) if os.geteuid() == 0 else ()
        command = (*command, *as_user, f"--datadir={data}")
        environment = plain_environment(os.environ)
        subprocess.run(
            [*command, "--initialize-insecure"], cwd=folder, check=True, capture_output=True, env=environment
        )
        first_words = folder / "mysql-init.sql"
        users.write(first_words)
        program = Program(
            name="mysql",
            command=(
                *command,
                # Relative to the data directory, because the path of a socket may have no more than 107 bytes.
                "--socket=server.sock",
                "--pid-file=server.pid",
                f"--bind-address={LOOPBACK}",
                f"--port={port}",
                f"--init-file={first_words}",
                "--require-secure-transport=ON",
                "--skip-name-resolve",
                "--secure-file-priv=",
                "--skip-log-bin",
                "--mysqlx=OFF",
                "--performance-schema=OFF",
                "--innodb-buffer-pool-size=64M",
            ),
            environment=environment,
            folder=data,
            serves=lambda: greets(port),
        )
        # The server has made an authority of its own for this data; its certificate names no host.
        query = {"ssl_ca": str(data / "ca.pem"), "ssl_check_hostname": "false"}
        super().__init__(program, folder / "mysql.log", users, port, **query)
