"""The settings of the last start on a data directory, by which other commands find the stores that it runs."""

import json
from collections.abc import Mapping
from pathlib import Path

from app.setting_forms import names_of
from app.settings import VideoSettings
from devserver.credentials import write_privately
from devserver.data_directory import DataDirectory


def keep_settings(data: DataDirectory, settings: Mapping[str, str]) -> None:
    """Keep those that a command needs who asks the stores: none that signs tokens or links."""
    known = names_of(VideoSettings)
    kept = {name: value for name, value in settings.items() if name in known}
    write_privately(data.settings, json.dumps(kept, indent=1))


def kept_settings(root: Path) -> Mapping[str, str]:
    """Return them; none, where nothing was started here, or where nobody else's may be read."""
    try:
        kept: dict[str, str] = json.loads(DataDirectory(root.absolute()).settings.read_text())
    except (OSError, ValueError):
        return {}
    return kept
