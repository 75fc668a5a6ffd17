"""What strangers try at a port: every protocol that the stores speak, without a key."""

import http.client
import json
import socket
import ssl
from collections.abc import Iterator
from contextlib import closing, suppress
from urllib.parse import urlsplit

from devserver.certificate import Certificate
from devserver.seaweed import GRPC_OFFSET
from tests.e2e.conftest import Up
from tests.parts.listening import says

KEY = "sources/of-ana"
"""The name of an object that strangers ask for."""
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


def names_of(up: Up) -> dict[int, str]:
    """Name every port by the file in which ``fiapx up`` keeps its choice."""
    chosen = json.loads((up.data / "ports.json").read_text())
    known = {port: name for name, port in chosen.items()}
    known |= {port + GRPC_OFFSET: f"{name}_grpc" for name, port in chosen.items() if name.startswith("s3")}
    return known | {urlsplit(up.url).port or 0: "api"}


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
