"""Which containers are accepted, judged by a file's first bytes and its name."""

import unicodedata
from collections.abc import Mapping
from typing import Final

from app.domain.errors import InvalidInput, UnsupportedFileFormat

SNIFF_BYTES: Final = 64
"""How many leading bytes ``check_container`` needs to see (or the whole of a shorter file)."""

_FAMILY: Final[Mapping[str, str]] = {
    "mp4": "isobmff",
    "m4v": "isobmff",
    "mov": "isobmff",
    "mkv": "matroska",
    "webm": "matroska",
    "avi": "riff",
}
ACCEPTED_EXTENSIONS: Final = tuple(_FAMILY)

# ISO/IEC 14496-12 files open with one of these boxes; QuickTime's older ones need no ftyp.
_ISO_BOXES: Final = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
_EBML: Final = b"\x1a\x45\xdf\xa3"  # RFC 8794, section 11.2.1
_NAME_MAX: Final = 255


def check_container(file_name: str, head: bytes) -> None:
    """Refuse what is no accepted video container by its name and its content.

    A name and a content of two different accepted containers pass: people rename files, and the content decides.

    :raises UnsupportedFileFormat: with a sentence that says what is wrong
    """
    extension = file_name.rpartition(".")[2].lower() if "." in file_name else ""
    if extension not in _FAMILY:
        raise UnsupportedFileFormat(field=("file",))
    if not head:
        raise UnsupportedFileFormat("This file is empty.", field=("file",))
    if not (head[4:8] in _ISO_BOXES or head.startswith(_EBML) or (head[:4] == b"RIFF" and head[8:12] == b"AVI ")):
        raise UnsupportedFileFormat(
            f"This file is named .{extension} but its content is not a video that can be processed.", field=("file",)
        )


def checked_file_name(text: str) -> str:
    """Give a client's file name as it is shown and stored: its last segment, NFC, printable, up to 255 characters.

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
