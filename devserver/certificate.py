"""The certificate by which the parts of the embedded S3 server know each other."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Self, final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

_LIFETIME: Final = timedelta(days=3650)
"""Longer than anything runs without a start; each start makes a new one."""


@final
@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate that is its own authority: who holds its key is one of us, and nobody else is (mutual TLS)."""

    certificate: Path
    key: Path

    @classmethod
    def made_in(cls, folder: Path) -> Self:
        """Make one in place of any before; only its owner may read its key. Raises ``OSError``."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        made = cls(folder / "certificate.pem", folder / "key.pem")
        key = ec.generate_private_key(ec.SECP256R1())
        _write(made.key, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        _write(made.certificate, _self_signed(key).public_bytes(Encoding.PEM))
        return made


def _self_signed(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "fiapx embedded store")])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))  # The clock may be set back a little.
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )


def _write(file: Path, content: bytes) -> None:
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as opened:
        opened.write(content)
