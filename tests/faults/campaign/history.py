"""What happened, as lines of JSON: what users were told, what they saw, and what befell the service."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final


class History:
    """Events in their order, each written to a file as soon as it is known."""

    def __init__(self, path: Path) -> None:
        self.events: Final[list[dict[str, Any]]] = []
        self._file = path.open("w")
        self._began = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long it has been going on."""
        return time.monotonic() - self._began

    def note(self, kind: str, **what: Any) -> None:
        """Add one event."""
        event = {"at": round(self.seconds, 3), "kind": kind, **what}
        self.events.append(event)
        self._file.write(json.dumps(event) + "\n")
        self._file.flush()

    def count(self, kind: str) -> int:
        """Return how many events of a kind there were."""
        return sum(event["kind"] == kind for event in self.events)

    def waits(self) -> Iterator[float]:
        """Yield of each video that its owner saw end how long after its acknowledgement that was, in seconds."""
        acknowledged = {event["video"]: event["at"] for event in self.events if event["kind"] == "acknowledged"}
        for event in self.events:
            if (
                event["kind"] == "seen"
                and event["status"] in {"Completed", "Failed"}
                and event["video"] in acknowledged
            ):
                yield round(event["at"] - acknowledged.pop(event["video"]), 1)

    def close(self) -> None:
        """Write no more."""
        self._file.close()
