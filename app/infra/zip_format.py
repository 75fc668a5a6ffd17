"""The records of a ZIP, after PKWARE's APPNOTE.TXT 6.3.10."""

import struct
from typing import Final

LOCAL: Final = struct.Struct("<4s5H3I2H")  # 4.3.7
CENTRAL: Final = struct.Struct("<4s6H3I5H2I")  # 4.3.12
END: Final = struct.Struct("<4s4H2IH")  # 4.3.16
END64: Final = struct.Struct("<4sQ2H2I4Q")  # 4.3.14
LOCATOR64: Final = struct.Struct("<4sIQI")  # 4.3.15
LOCAL_SIGNATURE: Final = b"PK\x03\x04"
CENTRAL_SIGNATURE: Final = b"PK\x01\x02"
END_SIGNATURE: Final = b"PK\x05\x06"
END64_SIGNATURE: Final = b"PK\x06\x06"
LOCATOR64_SIGNATURE: Final = b"PK\x06\x07"
PLAIN: Final = 20  # Version needed to extract, 4.4.3: a folder, or deflate; nothing older is worth naming.
ZIP64: Final = 45
MADE_BY_UNIX: Final = 3 << 8
UTF8: Final = 1 << 11  # General purpose bit 11, 4.4.4.
STORED: Final = 0
MAX16: Final = 0xFFFF
MAX32: Final = 0xFFFFFFFF
_ZIP64_EXTRA: Final = 1


def zip64_extra(*numbers: int) -> bytes:
    """Return the extra field (4.5.3) that holds what is too large for its usual place; nothing for nothing."""
    return struct.pack(f"<2H{len(numbers)}Q", _ZIP64_EXTRA, 8 * len(numbers), *numbers) if numbers else b""


def end_records(entries: int, size: int, offset: int) -> bytes:
    """Return what follows a central directory of so many bytes that begins there, and closes the archive."""
    records = b""
    if entries >= MAX16 or size >= MAX32 or offset >= MAX32:
        records = END64.pack(
            END64_SIGNATURE, END64.size - 12, MADE_BY_UNIX | ZIP64, ZIP64, 0, 0, entries, entries, size, offset
        ) + LOCATOR64.pack(LOCATOR64_SIGNATURE, 0, offset + size, 1)
    return records + END.pack(
        END_SIGNATURE, 0, 0, min(entries, MAX16), min(entries, MAX16), min(size, MAX32), min(offset, MAX32), 0
    )
