"""Sends a film with the Python client, and says what became of it."""

import json
import sys

from fiapx_client import FiapX, Refused


def main(url: str, key: str, film: str) -> None:
    with FiapX(url, key=key) as fiapx:
        try:
            video = fiapx.upload(film, parallel=2).done()
            said = {"id": video.id, "status": video.status}
        except Refused as refused:
            said = {"code": refused.code, "message": refused.message}
    sys.stdout.write(json.dumps(said) + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
