"""The command line: ``fiapx``, with commands for who runs a service, and for who uses one.

Each command imports what it needs when it is called: who lists videos must not pay for what the service is made of.
"""

import sys
from collections.abc import Sequence
from typing import Final

from app.remote import COMMANDS

_MISSING_HERE: Final = 3
_INTERRUPTED: Final = 130


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command."""
    words = sys.argv[1:] if arguments is None else arguments
    if words and words[0] in COMMANDS:
        _use(words)
    else:
        from app.service_commands import main as serve  # noqa: PLC0415

        serve(words)


def _use(words: Sequence[str]) -> None:
    try:
        try:
            from app.remote.application import run  # noqa: PLC0415
        except ModuleNotFoundError as missing:
            print(f"fiapx {words[0]}: {missing.name} is missing here: pip install 'fiapx[client]'.", file=sys.stderr)
            sys.exit(_MISSING_HERE)
        run(words)
    except KeyboardInterrupt:  # Before anything was begun; later it ends in good order.
        sys.exit(_INTERRUPTED)


if __name__ == "__main__":
    main()
