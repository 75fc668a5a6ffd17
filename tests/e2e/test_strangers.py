"""What somebody else on the machine, or a page in its browser, gets from the ports of a running ``fiapx up``: nothing.

A stranger knows no secret. Every socket that any process of the tree listens on is found by asking Linux, and one that
this test does not know fails it.
"""

import json
import os
import re
import smtplib
import socket
import stat
from collections.abc import Iterator
from contextlib import closing, nullcontext
from pathlib import Path

import boto3
import pytest
from botocore.client import Config
from mypy_boto3_s3 import S3Client

from devserver.certificate import Certificate
from tests.e2e.conftest import Up
from tests.parts.listening import children_named, environment_of, listeners_of
from tests.parts.strangers import KEY, gives_to_strangers, http_answer, names_of

CONTENT = b"what Ana sent"


@pytest.fixture(scope="module")
def names(up: Up) -> dict[int, str]:
    return names_of(up)


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


def test_every_listening_port_is_known_and_on_loopback_alone(up: Up, names: dict[int, str]):
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


def test_no_port_reads_writes_or_deletes_for_a_stranger(
    up: Up, names: dict[int, str], s3_of_ana: S3Client, tmp_path: Path
):
    mails, other = set(up.data.glob("mail/*")), Certificate.made_in(tmp_path)
    ports = [one.port for one in listeners_of(up.process.pid) if one.kind == "tcp" and names[one.port] != "api"]
    given = [what for port in ports for what in gives_to_strangers(port, names[port], other)]
    assert not given
    assert s3_of_ana.get_object(Bucket="fiapx", Key=KEY)["Body"].read() == CONTENT
    assert set(up.data.glob("mail/*")) == mails


def test_a_page_whose_name_leads_to_this_machine_gets_nothing_of_the_api(names: dict[int, str]):
    """Its own domain may resolve to us (DNS rebinding), and then the browser lets it read what we answer."""
    port = next(port for port, name in names.items() if name == "api")
    for path in ("/", "/videos", "/graphql?query=%7B__typename%7D"):
        answer = http_answer(port, "GET", path, None)
        assert answer is not None
        assert answer[0] == 421


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
    keys = [
        file for file in up.data.rglob("*") if file.is_file() and re.search(r"key\.pem|secret|settings|kek", file.name)
    ]
    assert {"secrets.json", "settings.json", "key.pem"} <= {file.name for file in keys}
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
