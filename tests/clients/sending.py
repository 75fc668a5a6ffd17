"""Sends a film in parts with the Python client, and says what became of it."""

import json
import sys

from fiapx_client import FiapX


def main(url: str, key: str, film: str) -> None:
    with FiapX(url, key=key) as fiapx:
        video = fiapx.upload(film, parallel=2).done()
    sys.stdout.write(json.dumps({"id": video.id, "status": video.status}) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
