"""The database of data.yaml refuses connections without TLS: the service's engine against a server that does so too."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from app.infra.sql.engine import engine_for
from devserver.child import Child
from tests.parts.mariadb import MariaDbPart


class Server(NamedTuple):
    url: str
    authority: Path
    another: Path


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("tls")
    ours, another = trustme.CA(), trustme.CA()
    certificate = ours.issue_cert("127.0.0.1")
    ours.cert_pem.write_to_path(folder / "ours.pem")
    another.cert_pem.write_to_path(folder / "another.pem")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(folder / "certificate.pem")
    part = MariaDbPart(folder)
    demands = ("--require-secure-transport=ON", f"--ssl-cert={folder}/certificate.pem", f"--ssl-key={folder}/key.pem")
    program = part._child.program
    part._child = Child(replace(program, command=(*program.command, *demands)), folder / "mariadb-tls.log")
    with part:
        yield Server(f"{part.url}/", folder / "ours.pem", folder / "another.pem")


async def cipher(url: str) -> str:
    engine = engine_for(url)
    try:
        async with engine.connect() as connection:
            return str((await connection.execute(text("SHOW STATUS LIKE 'Ssl_cipher'"))).one()[1])
    finally:
        await engine.dispose()


async def test_the_service_speaks_tls_to_a_server_that_its_authority_vouches_for(server: Server):
    assert (await cipher(f"{server.url}?ssl_ca={server.authority}")).startswith("TLS_")


async def test_it_does_not_speak_to_one_that_another_authority_vouches_for(server: Server):
    with pytest.raises(OperationalError, match="CERTIFICATE_VERIFY_FAILED"):
        await cipher(f"{server.url}?ssl_ca={server.another}")


async def test_the_server_refuses_who_does_not_speak_tls(server: Server):
    with pytest.raises(OperationalError):
        await cipher(server.url)
