"""What once had many copies has one."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("what", "pattern", "home"),
    [
        ("base64url", r"urlsafe_b64|b\"-_\"", "app/domain/base64url.py"),
        ("the form of a UUID", r"str\(UUID\(", "app/domain/identifiers.py"),
        (
            "a wait that doubles",
            r"\* 2(\.0)? \*\* min|=2 \*\* min|float\(2 \*\*|2 \* (self\._)?pause",
            "app/domain/backoff.py",
        ),
        ("the weights of a preference", r"== \"q\"|\(\"q=\"\)", "app/server/preferences.py"),
        ("the size of a page", r"LONGEST_PAGE|A page has 1 to|PAGE(: Final)? = 20", "app/usecases/paging.py"),
    ],
)
def test_a_helper_stands_in_one_place(what: str, pattern: str, home: str):
    files = (path for room in ("app", "jobs") for path in (ROOT / room).rglob("*.py"))
    found = {str(path.relative_to(ROOT)) for path in files if re.search(pattern, path.read_text())}
    assert found == {home}, what
