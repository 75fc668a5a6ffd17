"""What an inspecting child tells of a film, written down by hand."""

import json
import struct
from typing import Any

STREAM: dict[str, Any] = {
    "index": 0, "kind": "video", "codec": "h264", "width": 64, "height": 48, "disposition": [], "start": [0, 1],
    "declared_packets": None, "encrypted": False,
}  # fmt: skip
HEAD: dict[str, Any] = {"opened": True, "container": "matroska,webm", "film": 0, "streams": [STREAM]}
LOOK: dict[str, Any] = {"width": 64, "height": 48, "pixel_format": "yuv420p", "sample_aspect_ratio": [1, 1]}
TAIL: dict[str, Any] = {
    "look": LOOK, "first_shown": 0, "time_base": [1, 1000], "rate": 25.0, "encrypted": False, "reorders": False,
    "intra_only": False, "layered": False, "broken": 0, "margins": [0, 0, 0, 0],
    "changes": [], "changes_lost": False, "lost_at_the_end": False, "absent": 0, "indexed": 0, "lost_its_mark": False,
    "packed": False, "hashed": False,
}  # fmt: skip


def document(value: Any) -> bytes:
    data = json.dumps(value).encode()
    return struct.pack("=I", len(data)) + data
