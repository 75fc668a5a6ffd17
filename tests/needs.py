"""What tests need that Python's packages do not bring. ``make unit`` leaves such tests out by the mark ``outside``.

Who asks for a database server, or is marked as one that opens a built page, need not say so twice. Where a page was not
built nothing is begun: one sentence says so, instead of each test in turn.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import pytest

from app.pages.routes import BUILT

_SERVERS: Final = frozenset({"mariadb", "server"})
"""Fixtures that start a database server of the machine's own."""
_PAGES: Final = {"/": BUILT / "app" / "index.html", "/graphiql": BUILT / "graphiql" / "index.html"}


def _not_built() -> Iterator[str]:
    return (page for page, file in _PAGES.items() if not file.is_file())


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("pages") or _SERVERS.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.outside)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    opens = any(item.get_closest_marker("pages") for item in session.items)
    if opens and not session.config.option.collectonly and (pages := [*_not_built()]):
        pytest.exit(f"A test opens {' and '.join(pages)}, which is not built: make pages", pytest.ExitCode.USAGE_ERROR)
