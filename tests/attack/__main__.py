"""``make attack``: what strangers and single clients once got from a running ``fiapx up``, one line each.

Every attack has a service of its own, on loopback, for the time that it takes. The process ends with 1 where one got
through.
"""

import asyncio
import sys
import time

from tests.attack import getting_in, standing_still
from tests.attack.target import LINES, Broken, Line, running

ROOMS = {"Who gets in": getting_in, "Who stands still": standing_still}
_LONGEST_SECONDS = 150


def tried(line: Line) -> tuple[bool, str]:
    """Try one attack; say whether the service held, and what was seen."""
    with running(line.settings) as up:
        try:
            return True, asyncio.run(asyncio.wait_for(line.attack(up), _LONGEST_SECONDS))
        except Broken as broken:
            return False, str(broken)
        except TimeoutError:
            return False, f"it did not end within {_LONGEST_SECONDS} s"


def main(wanted: list[str]) -> int:
    """Try all attacks, or those whose function is named."""
    began, held = time.monotonic(), []
    for room, module in ROOMS.items():
        print(f"\n{room}")
        for line in LINES:
            if line.attack.__module__ == module.__name__ and (not wanted or line.attack.__name__ in wanted):
                held.append((found := tried(line))[0])
                print(f"  {'held  ' if found[0] else 'BROKEN'}  {line.name}: {found[1]}", flush=True)
    print(f"\n{sum(held)} of {len(held)} held, {time.monotonic() - began:.0f} s")
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
