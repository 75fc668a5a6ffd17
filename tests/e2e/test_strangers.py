"""What somebody else on the machine, or a page in its browser, gets from the ports of a running ``fiapx up``: nothing.

A stranger knows no secret. Every socket that any process of the tree listens on is found by asking Linux, and one that
this test does not know fails it.
"""

import http.client
import json
import os
import re
import smtplib
import socket
import ssl
import stat
from collections.abc import Iterator
from contextlib import closing, nullcontext, suppress
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.client import Config
from mypy_boto3_s3 import S3Client

from app.infra.embedded.certificate import Certificate
from app.infra.embedded.seaweed import GRPC_OFFSET
from tests.e2e.conftest import Up
from tests.parts.listening import children_named, environment_of, listeners_of, says

KEY, CONTENT = "sources/of-ana", b"what Ana sent"
HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, 4, 0, 0, 0, 0, 0])
ASKED = [
    ("GET", "/"),
    ("GET", "/col/delete?collection=fiapx"),
    ("POST", "/col/delete?collection=fiapx"),
    ("GET", "/vol/grow?count=1"),
    ("GET", "/dir/assign"),
    ("GET", "/dir/status"),
    ("GET", "/dir/lookup?volumeId=1"),
    ("GET", "/cluster/status"),
    ("GET", "/ui/index.html"),
    ("GET", "/metrics"),
    ("GET", "/status"),
    ("GET", "/healthz"),
    ("GET", "/stats/disk"),
    ("GET", "/debug/pprof/"),
    ("POST", "/submit"),
    ("GET", "/1,01637037d6"),
    ("GET", "/buckets/fiapx/?limit=100"),
    ("GET", f"/buckets/fiapx/{KEY}"),
    ("PUT", f"/buckets/fiapx/{KEY}"),
    ("DELETE", "/buckets/fiapx?recursive=true"),
    ("GET", "/fiapx?list-type=2"),
    ("GET", f"/fiapx/{KEY}"),
    ("PUT", f"/fiapx/{KEY}"),
    ("DELETE", f"/fiapx/{KEY}"),
    ("DELETE", "/fiapx"),
    ("POST", "/?Action=ListUsers"),
    ("POST", "/?Action=AssumeRoleWithWebIdentity&RoleArn=x&WebIdentityToken=x"),
    ("GET", "/api/config"),
    ("POST", "/login"),
]
ALIVE = {("s3", "/status"), ("s3", "/healthz"), ("s3_volume", "/status"), ("s3_volume", "/healthz")}
"""Answered, with how full the disk is at most, and with nothing that a user sent."""


@pytest.fixture(scope="module")
def names(up: Up) -> dict[int, str]:
    """Name every port by the file in which ``fiapx up`` keeps its choice."""
    chosen = json.loads((up.data / "ports.json").read_text())
    known = {port: name for name, port in chosen.items()}
    known |= {port + GRPC_OFFSET: f"{name}_grpc" for name, port in chosen.items() if name.startswith("s3")}
    return known | {urlsplit(up.url).port or 0: "api"}


@pytest.fixture(scope="module")
def s3_of_ana(up: Up) -> Iterator[S3Client]:
    secrets = json.loads((up.data / "secrets.json").read_text())
    client = boto3.client(
        "s3",
        endpoint_url=f"http://127.0.0.1:{json.loads((up.data / 'ports.json').read_text())['s3']}",
        region_name="us-east-1",
        aws_access_key_id=secrets["s3_access_key"],
        aws_secret_access_key=secrets["s3_secret_key"],
        config=Config(proxies={}, s3={"addressing_style": "path"}),
    )
    with closing(client):
        client.put_object(Bucket="fiapx", Key=KEY, Body=CONTENT)
        yield client
        client.delete_object(Bucket="fiapx", Key=KEY)


def tls(certificate: Certificate | None) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if certificate is not None:
        context.load_cert_chain(certificate.certificate, certificate.key)
    return context


def http_answer(port: int, method: str, path: str, context: ssl.SSLContext | None) -> tuple[int, bytes] | None:
    connection = (
        http.client.HTTPConnection("127.0.0.1", port, timeout=3)
        if context is None
        else http.client.HTTPSConnection("127.0.0.1", port, timeout=3, context=context)
    )
    with closing(connection), suppress(OSError, http.client.HTTPException):
        connection.request(method, path, headers={"Host": "a.page.example"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    return None


def serves_grpc(port: int, context: ssl.SSLContext | None) -> bool:
    """Tell whether it goes on to speak HTTP/2, as a server of gRPC does with whom it lets in."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=3) as plain:
        if context is not None:
            context.set_alpn_protocols(["h2"])
        with plain if context is None else context.wrap_socket(plain) as connection:
            connection.sendall(HTTP2)
            heard = connection.recv(9)
        return len(heard) == 9 and heard[3] == 4  # A SETTINGS frame, RFC 9113 section 6.5.
    return False


def test_every_socket_is_known_and_on_this_machine_alone(up: Up, names: dict[int, str]):
    found = listeners_of(up.process.pid)
    unknown = [one for one in found if one.kind != "unix" and (one.kind != "tcp" or one.port not in names)]
    assert not unknown, f"Nobody has looked at what a stranger gets there: {unknown}"
    assert {names[one.port] for one in found if one.kind == "tcp"} == set(names.values())
    assert {one.address for one in found if one.kind == "tcp"} == {"127.0.0.1"}


def test_sockets_in_the_file_system_are_for_their_owner_alone(up: Up):
    paths = [Path(one.address) for one in listeners_of(up.process.pid) if one.kind == "unix"]
    assert paths
    for path in paths:
        # What is relative is relative to the store's folder, within the data directory, which is for the owner alone.
        if path.is_absolute():
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert stat.S_IMODE(up.data.stat().st_mode) == 0o700


def speaks_tls(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=3) as plain:
        tls(None).wrap_socket(plain).close()
        return True
    return False


def gives_to_strangers(port: int, name: str, other: Certificate) -> Iterator[str]:
    """Try every protocol, without a key, and say what came of it that should not."""
    for context in [None, tls(None), tls(other)] if speaks_tls(port) else [None]:
        if serves_grpc(port, context):
            yield f"{name} speaks gRPC"
        if context is not None and http_answer(port, "GET", "/", context) is None:
            continue  # It lets nobody in, so there is nothing to ask.
        for method, path in ASKED:
            answer = http_answer(port, method, path, context)
            if answer is not None and answer[0] < 400 and ((name, path) not in ALIVE or KEY.encode() in answer[1]):
                yield f"{name} answers {method} {path} with {answer[0]}"
    if b"+PONG" in says(port, b"PING\r\n"):
        yield f"{name} takes commands of Redis"
    if b"250 kept" in says(port, b"EHLO x\r\nMAIL FROM:<a@x>\r\nRCPT TO:<b@x>\r\nDATA\r\n", b"x\r\n.\r\n"):
        yield f"{name} takes mail"


def test_no_port_reads_writes_or_deletes_for_a_stranger(
    up: Up, names: dict[int, str], s3_of_ana: S3Client, tmp_path: Path
):
    mails, other = set(up.data.glob("mail/*")), Certificate.made_in(tmp_path)
    ports = [one.port for one in listeners_of(up.process.pid) if one.kind == "tcp" and names[one.port] != "api"]
    given = [what for port in ports for what in gives_to_strangers(port, names[port], other)]
    assert not given
    assert s3_of_ana.get_object(Bucket="fiapx", Key=KEY)["Body"].read() == CONTENT
    assert set(up.data.glob("mail/*")) == mails


def test_the_mail_sink_takes_no_mail_without_the_password_and_keeps_places_for_those_who_know_it(
    up: Up, names: dict[int, str]
):
    port = next(port for port, name in names.items() if name == "smtp")
    strangers = [socket.create_connection(("127.0.0.1", port), timeout=5) for _ in range(150)]
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=5) as client, pytest.raises(smtplib.SMTPSenderRefused) as refused:
            client.sendmail("a@x.example", ["b@x.example"], "Subject: flood\r\n\r\n")
        assert refused.value.smtp_code == 530
        open_still = [one for one in strangers if still_open(one)]
        assert len(open_still) <= 50
    finally:
        for one in strangers:
            one.close()


def still_open(connection: socket.socket) -> bool:
    connection.settimeout(0.05)
    try:
        while connection.recv(1024):
            pass
    except TimeoutError:
        return True
    except OSError:
        return False
    return False


def test_what_opens_the_stores_lies_in_files_for_the_owner_alone(up: Up):
    keys = [file for file in up.data.rglob("*") if file.is_file() and re.search(r"key\.pem|secret|kek", file.name)]
    assert {"secrets.json", "key.pem"} <= {file.name for file in keys}
    assert not [file for file in keys if stat.S_IMODE(file.stat().st_mode) != 0o600]


def test_who_decodes_holds_no_secret_but_those_of_its_stores(up: Up):
    secrets = json.loads((up.data / "secrets.json").read_text())
    workers = children_named(up.process.pid, "worker --only videos")
    assert workers
    for worker in workers:
        # It lets no process of its own user look, so that only root sees what it was given.
        with nullcontext() if os.getuid() == 0 else pytest.raises(PermissionError):
            held = environment_of(worker)
            assert not {name for name in held if re.search("JWT|LINK_SECRET|SMTP", name)}
            said = "\n".join(held.values())
            found = {name for name, secret in secrets.items() if secret in said}
            assert found == {"redis_password", "s3_access_key", "s3_secret_key"}
