"""What tests need that Python's packages do not bring. ``make unit`` leaves such tests out by the mark ``outside``.

Who asks for a database server, or is marked as one that opens a built page, need not say so twice. Where a page was not
built nothing is begun: one sentence says so, instead of each test in turn.
"""

from collections.abc import Sequence
from typing import Final

import pytest

from app.pages.routes import BUILT

_SERVERS: Final = frozenset({"mariadb", "server"})
"""Fixtures that start a database server of the machine's own."""
_PAGES: Final = {
    page: BUILT / folder / "index.html"
    for page, folder in {"/": "app", "/operate": "operate", "/graphiql": "graphiql"}.items()
}


def _lacks() -> str | None:
    lacking = [page for page, file in _PAGES.items() if not file.is_file()]
    return f"This opens {' and '.join(lacking)}, which is not built: make pages" if lacking else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    for item in items:
        if item.get_closest_marker("pages") or _SERVERS.intersection(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.outside)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish(session: pytest.Session) -> None:
    if session.config.option.collectonly or hasattr(session.config, "workerinput"):
        return  # One of several processes cannot end all: there each such test says it.
    if any(item.get_closest_marker("pages") for item in session.items) and (lacks := _lacks()):
        pytest.exit(lacks, pytest.ExitCode.USAGE_ERROR)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("pages") and (lacks := _lacks()):
        pytest.fail(lacks, pytrace=False)
