"""What a tree of processes listens on, as Linux tells it (proc_net_tcp, unix(7))."""

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path

_LISTEN = "0A"
_ACCEPTS = 0x10000  # __SO_ACCEPTCON


@dataclass(frozen=True)
class Listener:
    """A TCP or UDP port with its address, or the path of a Unix socket."""

    kind: str
    address: str
    port: int = 0


def descendants(pid: int) -> Iterator[int]:
    """Give the process and all below it."""
    yield pid
    with suppress(FileNotFoundError, ProcessLookupError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            with suppress(FileNotFoundError, ProcessLookupError):
                for child in (task / "children").read_text().split():
                    yield from descendants(int(child))


def listeners_of(pid: int) -> set[Listener]:
    """Give all that the process or a descendant listens on; UDP ports that receive from anybody count.

    A process that keeps itself private shows its sockets to root alone; of a user's sockets, those that belong to no
    process that can be seen count as its.
    """
    inodes = {inode for process in descendants(pid) for inode in _sockets(process)}
    seen = {inode for folder in Path("/proc").glob("[0-9]*") for inode in _sockets(int(folder.name))}
    ours = str(os.getuid() or "root sees all")
    found = set[Listener]()
    for table in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            anybody = fields[3] == _LISTEN if table.startswith("tcp") else fields[2].endswith(":0000")
            if anybody and (fields[9] in inodes or (fields[7] == ours and fields[9] not in seen)):
                address, _, port = fields[1].partition(":")
                found.add(Listener(table[:3], _address(address), int(port, 16)))
    for line in Path(f"/proc/{pid}/net/unix").read_text().splitlines()[1:]:
        fields = line.split(maxsplit=7)
        if int(fields[3], 16) & _ACCEPTS and fields[6] in inodes:
            found.add(Listener("unix", fields[7] if len(fields) > 7 else ""))
    return found


def _sockets(pid: int) -> Iterator[str]:
    with suppress(OSError):
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                place = str(descriptor.readlink())
                if place.startswith("socket:["):
                    yield place[8:-1]


def _address(text: str) -> str:
    words = struct.unpack(f">{len(text) // 8}I", bytes.fromhex(text))
    packed = struct.pack(f"={len(words)}I", *words)
    return str(ip_address(packed))


def says(port: int, *lines: bytes, limit: int = 65_536) -> bytes:
    """Say lines to a port of this machine, and give all that it answers until it is silent or hangs up."""
    heard = b""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
        connection.settimeout(0.3)
        for line in (b"", *lines):
            if line:
                connection.sendall(line)
            with suppress(TimeoutError):
                while len(heard) < limit and (piece := connection.recv(limit)):
                    heard += piece
    return heard


def children_named(pid: int, words: str) -> list[int]:
    """Give the descendants whose command line has these words."""
    named = []
    for process in descendants(pid):
        with suppress(FileNotFoundError, ProcessLookupError):
            if words in Path(f"/proc/{process}/cmdline").read_text().replace("\0", " "):
                named.append(process)
    return named


def environment_of(pid: int) -> dict[str, str]:
    """Give the environment that a process was started with; raises PermissionError where it keeps that private."""
    pairs = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    return dict(os.fsdecode(pair).split("=", 1) for pair in pairs if b"=" in pair)
