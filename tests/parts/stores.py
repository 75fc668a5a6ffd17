"""The embedded stores, on free ports and in a temporary folder."""

import secrets
from collections.abc import Sequence
from pathlib import Path

from devserver.certificate import Certificate
from devserver.mail_sink import MailSink
from devserver.ports import free_pair
from devserver.seaweed import Seaweed, SeaweedPorts
from devserver.valkey import Valkey
from tests.parts.running import RunningPart


class ValkeyPart(RunningPart):
    def __init__(self, folder: Path) -> None:
        server = Valkey(folder / "valkey", free_pair(), secrets.token_hex(16))
        super().__init__(server.program(), folder / "valkey.log")
        self.url = server.url


class S3Part(RunningPart):
    def __init__(self, folder: Path, origins: Sequence[str] = ()) -> None:
        ports: list[int] = []
        for _ in range(5):
            ports.append(free_pair(ports))
        self.ports = SeaweedPorts(*ports)
        certificate = Certificate.made_in(folder / "certificate")
        server = Seaweed(folder / "s3", self.ports, "tests", secrets.token_hex(20), "readiness", certificate, origins)
        super().__init__(server.program(), folder / "s3.log")
        self.url = server.url
        self.access_key = server.access_key
        self.secret_key = server.secret_key


class SmtpSinkPart(RunningPart):
    def __init__(self, folder: Path) -> None:
        server = MailSink(folder / "mail", free_pair(), secrets.token_hex(16))
        super().__init__(server.program(), folder / "mail.log")
        self.url = server.url
        self.folder = server.folder
