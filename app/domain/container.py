"""Which containers are accepted, judged by a file's first bytes and its name."""

import re
import unicodedata
from codecs import getincrementaldecoder
from collections.abc import Mapping
from typing import Final

from app.domain.errors import InvalidInput, UnsupportedFileFormat
from app.domain.formats import ACCEPTED

SNIFF_BYTES: Final = 1024
"""How many leading bytes ``check_container`` needs to see (or the whole of a shorter file): five packets of MPEG-TS."""

_EXTENSIONS: Final[Mapping[str, tuple[str, ...]]] = {
    "isobmff": ("mp4", "m4v", "mov", "3gp", "3g2"),
    "matroska": ("mkv", "webm"),
    "riff": ("avi",),
    "mpegts": ("ts", "mts", "m2ts"),
    "mpegps": ("mpg", "mpeg", "vob", "m2p"),
    "asf": ("wmv", "asf"),
    "flv": ("flv",),
    "ogg": ("ogv", "ogg", "ogm"),
}
"""The families of containers that are accepted, and how the names of their files end."""
ACCEPTED_EXTENSIONS: Final = tuple(ending for endings in _EXTENSIONS.values() for ending in endings)

# ISO/IEC 14496-12 files open with one of these boxes; QuickTime's older ones need no ftyp.
_ISO_BOXES: Final = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
# ISO/IEC 23008-12 and AVIF: such brands promise a picture, in the same boxes that films use.
_ISO_PICTURES: Final = frozenset({b"heic", b"heix", b"heim", b"heis", b"mif1", b"avif"})
_MAGIC: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\x1a\x45\xdf\xa3", "matroska"),  # EBML: RFC 8794, section 11.2.1
    (b"\x00\x00\x01\xba", "mpegps"),  # A pack header: ISO/IEC 13818-1, 2.5.3.4, and MPEG-1's ISO/IEC 11172-1.
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9\x00\xaa\x00\x62\xce\x6c", "asf"),  # The ASF Header Object's GUID.
    (b"FLV\x01", "flv"),
    (b"OggS\x00", "ogg"),  # RFC 3533, section 6
)
_NAME_MAX: Final = 255
_TS_PACKET: Final = 188  # ISO/IEC 13818-1, 2.4.3.2
_TS_SYNC: Final = 0x47
_TS_MIN_SYNCS: Final = 3
_OTHERS: Final[tuple[tuple["re.Pattern[bytes]", str], ...]] = tuple(
    (re.compile(pattern, re.DOTALL), what)
    for pattern, what in (
        (rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|RIFF....WEBP|BM....\0\0\0\0|II\*\0|MM\0\*", "a picture"),
        (rb"ID3|\xff[\xe2-\xfb]|RIFF....WAVE|fLaC|FORM....AIF|#!AMR", "sound"),
        (rb"PK(\x03\x04|\x05\x06)", "a ZIP archive"),
        (rb"Rar!\x1a\x07|7z\xbc\xaf\x27\x1c|\x1f\x8b|BZh\d|\xfd7zXZ\0|\x28\xb5\x2f\xfd", "an archive"),
        (rb"%PDF-", "a PDF document"),
        (rb"(\xef\xbb\xbf)?\s*(#EXTM3U|ffconcat version|\[playlist\])", "a playlist"),
        (rb"(?i)(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?<(MPD|ASX|smil)\b", "a playlist"),
        (rb"\x2eRMF", "a RealMedia film"),
        (rb"\x06\x0e\x2b\x34\x02\x05\x01\x01", "an MXF film"),
        (rb"\x00\x00\x01\xb3", "an MPEG film without a container"),
        (rb"(?i)(\xef\xbb\xbf)?\s*(<!doctype html|<html)", "a web page"),
        (rb"MZ|\x7fELF", "a program"),
    )
)
_TEXT: Final = "text"
_UNKNOWN: Final = "not a video that can be processed"
CONTENTS: Final = frozenset({_TEXT, _UNKNOWN, *(what for _, what in _OTHERS)})
"""What a file that is refused may be called."""


def container_of(head: bytes) -> str | None:
    """Return which family of containers a file is of whose first ``SNIFF_BYTES`` are these, None where it is none."""
    if head[4:8] in _ISO_BOXES:
        return "isobmff" if head[4:8] != b"ftyp" or head[8:12] not in _ISO_PICTURES else None
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "riff"
    for magic, family in _MAGIC:
        if head.startswith(magic):
            return family
    return "mpegts" if transport_packets(head) else None


def transport_packets(head: bytes) -> tuple[int, int] | None:
    """Return the length of MPEG-TS's packets and where the first sync byte stands, None where there are none.

    A recorder may have begun in the midst of a packet, so the first one may stand anywhere in the first length. Packets
    of 192 bytes bear a time in front (BDAV: camcorders and Blu-ray), those of 204 a check behind (DVB).
    """
    for length in (_TS_PACKET, 192, 204):
        for first in range(min(length, len(head) - length * (_TS_MIN_SYNCS - 1))):
            if head[first] == _TS_SYNC and set(head[first::length]) == {_TS_SYNC} and not _is_text(head):
                return length, first
    return None


def check_container(file_name: str, head: bytes) -> None:
    """Refuse what is no accepted video container by its name and its content.

    A name and a content of two different accepted containers pass: people rename files, and the content decides.

    :raises UnsupportedFileFormat: with a sentence that says what is wrong
    """
    extension = file_name.rpartition(".")[2].lower() if "." in file_name else ""
    if extension not in ACCEPTED_EXTENSIONS:
        raise UnsupportedFileFormat(field=("file",))
    if not head:
        raise UnsupportedFileFormat("This file is empty.", field=("file",))
    if container_of(head) is None:
        raise UnsupportedFileFormat(
            f"This file is named .{extension} but its content is {_content(head)}. Send a film in {ACCEPTED}.",
            field=("file",),
        )


def ending_of(head: bytes) -> str:
    """Return what the name of a file ends with whose first ``SNIFF_BYTES`` are these.

    :raises UnsupportedFileFormat: with what it is instead, where it is no accepted container
    """
    if not head:
        raise UnsupportedFileFormat("It is empty.")
    family = container_of(head)
    if family is None:
        raise UnsupportedFileFormat(f"Its content is {_content(head)}. Only a film in {ACCEPTED} can be processed.")
    return _EXTENSIONS[family][0]


def _content(head: bytes) -> str:
    """Return what a file is that is no film, as far as its first bytes tell."""
    if head[4:8] == b"ftyp":
        return "a picture"
    for pattern, what in _OTHERS:
        if pattern.match(head):
            return what
    return _TEXT if _is_text(head) else _UNKNOWN


def _is_text(head: bytes) -> bool:
    try:
        text = getincrementaldecoder("utf-8")().decode(head)  # The head may end within a character.
    except UnicodeDecodeError:
        return False
    return not re.search(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]", text)


def checked_file_name(text: str) -> str:
    """Return a client's file name as it is shown and stored: its last segment, NFC, printable, up to 255 characters.

    :raises InvalidInput: where nothing is left
    """
    name = unicodedata.normalize("NFC", text).replace("\\", "/").rpartition("/")[2]
    name = "".join(c for c in name if unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}).strip()
    if len(name) > _NAME_MAX:
        stem, dot, extension = name.rpartition(".")
        name = stem[: _NAME_MAX - len(dot + extension)] + dot + extension if len(extension) < 16 else name[:_NAME_MAX]  # noqa: PLR2004
    if not name:
        raise InvalidInput("The file needs a name.", field=("file",))
    return name
