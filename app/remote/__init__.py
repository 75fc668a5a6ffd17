"""Commands for the users of a service, wherever that runs."""

from collections.abc import Mapping
from typing import Final

COMMANDS: Final[Mapping[str, str]] = {
    "login": "sign in at a service",
    "logout": "sign out",
    "upload": "send films, and wait for their frames if you like",
    "import": "have films fetched from links, by the service itself",
    "watch": "follow videos to their end",
    "list": "list your videos",
    "download": "fetch the frames of videos",
    "delete": "remove videos with their files",
    "keys": "list, make and revoke keys for programs",
}
"""What there is, and what it does."""
SERVICE_URL: Final = "FIAPX_SERVICE_URL"
API_KEY: Final = "FIAPX_API_KEY"
NAMES: Final = frozenset({SERVICE_URL, API_KEY})
"""The variables that these commands read, and the service does not."""
