"""A server of MySQL's kind with two users: one who may do everything, and the service's, who may not change tables."""

import secrets
import socket
from pathlib import Path

from sqlalchemy import URL, make_url, text

from app.infra.sql.engine import engine_for
from devserver.program import LOOPBACK, Program
from tests.parts.known_secrets import remember
from tests.parts.running import RunningPart

SERVICE_RIGHTS = "SELECT, INSERT, UPDATE, DELETE"


class Users:
    """The passwords, and the first words that a server is told."""

    def __init__(self) -> None:
        self.admin, self.service = secrets.token_hex(12), secrets.token_hex(12)
        for password in (self.admin, self.service):
            remember(password)

    def write(self, path: Path) -> None:
        path.write_text(
            f"CREATE USER IF NOT EXISTS fiapx@'{LOOPBACK}' IDENTIFIED BY '{self.admin}';\n"
            f"GRANT ALL ON *.* TO fiapx@'{LOOPBACK}' WITH GRANT OPTION;\n"
            f"CREATE USER IF NOT EXISTS fiapx_dml@'{LOOPBACK}' IDENTIFIED BY '{self.service}';\n"
            f"GRANT {SERVICE_RIGHTS} ON *.* TO fiapx_dml@'{LOOPBACK}';\n"
        )


class DatabasePart(RunningPart):
    """A fresh server without a database of ours."""

    def __init__(self, program: Program, log: Path, users: Users, port: int, **query: str) -> None:
        super().__init__(program, log)
        self._admin = URL.create("mysql+asyncmy", "fiapx", users.admin, LOOPBACK, port, query=query)
        self._service = self._admin.set(username="fiapx_dml", password=users.service)

    @property
    def url(self) -> str:
        """The address of a user who may make databases, without one."""
        return self.admin("")

    def admin(self, database: str) -> str:
        """The address of a user who may do everything."""
        return _text(self._admin.set(database=database or None))

    def service(self, database: str) -> str:
        """The address of the user whom the service has in production, where another one migrates."""
        return _text(self._service.set(database=database))

    async def make(self, database: str) -> None:
        """Make a database whose own defaults are none of ours, so that ours are seen to be said."""
        engine = engine_for(self.url)
        async with engine.begin() as connection:
            await connection.execute(text(f"CREATE DATABASE {database} CHARACTER SET latin1 COLLATE latin1_swedish_ci"))
        await engine.dispose()


def _text(url: URL) -> str:
    return make_url(url).render_as_string(hide_password=False)


def greets(port: int) -> bool:
    """Read the first packet: the server sends it once it accepts connections, with its protocol's version in byte 4."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=2) as connection:
            return connection.recv(5)[4:] == b"\x0a"
    except OSError:
        return False
