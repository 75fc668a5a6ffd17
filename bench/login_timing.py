"""How long a login of a known and of an unknown address takes: nobody may learn by it who has an account.

The real use case, on a real database, with real hashing; the two are tried in turn, so that whatever else the machine
does meets both alike.

Repeat: PYTHONPATH=. python bench/login_timing.py [TIMES]
"""

import asyncio
import statistics
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from app.domain.errors import InvalidCredentials
from app.domain.user import Locale
from app.infra.sql.engine import engine_for
from app.infra.sql.migrate import migrate
from app.infra.sql.transactions import SqlTransactions
from tests.fakes.transactions import LostAnswers
from tests.parts.site import PASSWORD, Site

TARGET = 0.05


async def measured(times: int) -> float:
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{Path(folder) / 'fiapx.db'}"
        await migrate(url)
        engine = engine_for(url)
        accounts = Site(LostAnswers(SqlTransactions(engine))).services().do
        await accounts.register_user("Ana", "ana@example.com", PASSWORD, Locale.EN, "192.0.2.1")

        async def tried(email: str) -> float:
            began = time.perf_counter()
            with suppress(InvalidCredentials):
                await accounts.authenticate_user(email, "wrong horse battery", "192.0.2.1")
            return time.perf_counter() - began

        took: dict[str, list[float]] = {"ana@example.com": [], "nobody@example.com": []}
        for _ in range(times):
            for email, seconds in took.items():
                seconds.append(await tried(email))
        await engine.dispose()
    known, unknown = (statistics.median(seconds) for seconds in took.values())
    share = abs(known - unknown) / known
    print(
        f"median of {times}: known {known * 1000:.2f} ms, unknown {unknown * 1000:.2f} ms, "
        f"apart by {share:.1%} (aim under {TARGET:.0%})"
    )
    return share


if __name__ == "__main__":
    sys.exit(asyncio.run(measured(int(sys.argv[1]) if len(sys.argv) > 1 else 300)) >= TARGET)
