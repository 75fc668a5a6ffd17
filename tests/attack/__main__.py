"""``make attack``: what strangers and single clients once got from a running ``fiapx up``, one line each.

The services are on loopback, on empty folders; attacks that need the same settings share one. The process ends with 1
where one got through.
"""

import asyncio
import sys
import time
from collections import defaultdict
from collections.abc import Iterable

from tests.attack import accounts, connecting, getting_in, standing_still
from tests.attack.target import LINES, Broken, Line, running
from tests.e2e.conftest import Up

ROOMS = (getting_in, accounts, connecting, standing_still)
"""Importing one adds its lines."""
_LONGEST_SECONDS = 120


def tried(line: Line, up: Up) -> tuple[bool, str]:
    """Try one attack; say whether the service held, and what was seen."""
    try:
        return True, asyncio.run(asyncio.wait_for(line.attack(up), _LONGEST_SECONDS))
    except Broken as broken:
        return False, str(broken)
    except TimeoutError as late:
        return False, f"it did not end in time: {late}"
    except Exception as fault:  # noqa: BLE001 - an answer that no attack expected holds nothing
        return False, f"unexpected: {fault!r}"


def by_service(lines: Iterable[Line]) -> Iterable[list[Line]]:
    """Gather those that can share a service, in their order."""
    gathered = defaultdict[object, list[Line]](list)
    for line in lines:
        gathered[line.name if line.alone else tuple(line.settings.items())].append(line)
    return gathered.values()


def main(wanted: list[str]) -> int:
    """Try all attacks, or those whose function is named."""
    if unknown := set(wanted) - {line.attack.__name__ for line in LINES}:
        print(f"There is no {' and no '.join(sorted(unknown))}; there are:")
        print("\n".join(f"  {line.attack.__name__:<32}{line.name}" for line in LINES))
        return 2
    began, held = time.monotonic(), []
    for lines in by_service(one for one in LINES if not wanted or one.attack.__name__ in wanted):
        settings = lines[0].settings
        print("\nA service " + (" ".join(f"{name}={value}" for name, value in settings.items()) or "as it is"))
        with running(settings) as up:
            for line in lines:
                since, (holds, seen) = time.monotonic(), tried(line, up)
                held.append(holds)
                seconds = time.monotonic() - since
                print(f"  {'held  ' if holds else 'BROKEN'}  {line.name}: {seen} ({seconds:.0f} s)", flush=True)
    print(f"\n{sum(held)} of {len(held)} held, {time.monotonic() - began:.0f} s")
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
