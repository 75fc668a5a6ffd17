"""Write what is made from the code: ``python -m docs.reference``; with ``--check`` only say what would change."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from app.rest.routes import description
from docs.reference import errors, graphql, rest, settings

ROOT: Final = Path(__file__).parents[2]
MADE: Final[Mapping[Path, Callable[[], str]]] = {
    ROOT / "openapi.json": description,
    ROOT / "docs" / "errors.md": errors.page,
    ROOT / "docs" / "graphql.md": graphql.page,
    ROOT / "docs" / "rest.md": rest.page,
    ROOT / "docs" / "settings.md": settings.page,
}


def differing() -> list[str]:
    """Return the names of those files that are not what the code says."""
    return [
        str(path.relative_to(ROOT))
        for path, make in MADE.items()
        if not path.exists() or path.read_text("utf-8") != make()
    ]


def main(*, check: bool) -> None:
    """Write them all, or fail where one differs."""
    if check:
        if names := differing():
            sys.exit(f"{', '.join(names)}: not what the code says; make schema writes them anew.")
        return
    for path, make in MADE.items():
        path.write_text(make(), "utf-8")


if __name__ == "__main__":
    main(check="--check" in sys.argv)
