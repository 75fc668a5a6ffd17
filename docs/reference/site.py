"""What MkDocs must be told of this repository: its pages are read on the site and in the repository alike.

Links to files outside of docs/ become their names, since a site does not know where the repository lies; a file that
is not there fails the build as any other broken link does.
"""

import posixpath
import re
from pathlib import Path
from typing import Any, Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT: Final = Path(__file__).parents[2]
OF_THE_ROOT: Final = {"contributing.md": "CONTRIBUTING.md", "changelog.md": "CHANGELOG.md"}
"""Pages of the site that lie beside docs/, where people and programs look for them."""
_LINK: Final = re.compile(r"(!?)\[([^\]]*)\]\((?!https?://|#|mailto:)([^)#\s]+)(#[^)\s]*)?\)")
_FENCE: Final = re.compile(r"^```(\w+) [a-z ]+$", re.MULTILINE)
_TITLE: Final = re.compile(r"^# (?:\d+\. )?(.+)$", re.MULTILINE)


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Put every decision into the navigation, under its number and below their index."""
    decisions: list[Any] = ["adr/README.md"]
    for path in sorted((ROOT / "docs" / "adr").glob("[0-9]*.md")):
        title = _TITLE.search(path.read_text("utf-8"))
        assert title, f"{path} has no title"
        decisions.append({f"{int(path.name[:4])}. {title[1]}": f"adr/{path.name}"})
    _fill(config.nav, "Decisions", decisions)
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that lie at the repository's root."""
    for page, name in OF_THE_ROOT.items():
        files.append(File.generated(config, page, content=(ROOT / name).read_text("utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001 - MkDocs' signature
    """Make links lead where they can, and leave a code's language alone where it says who may run it."""
    uri = page.file.src_uri
    beside = OF_THE_ROOT.get(uri, f"docs/{uri}")

    def lead(link: re.Match[str]) -> str:
        picture, text, to, anchor = link[1], link[2], link[3], link[4] or ""
        path = posixpath.normpath(posixpath.join(posixpath.dirname(beside), to))
        if path.startswith("..") or not (ROOT / path).exists():
            raise PluginError(f"{beside} links to {to}, which is not there")
        inside = {name: page for page, name in OF_THE_ROOT.items()}.get(path, path.removeprefix("docs/"))
        if files.get_file_from_path(inside) is None:
            return text if f"`{path}`" in text or text == path else f"{text} (`{path}`)"
        return f"{picture}[{text}]({posixpath.relpath(inside, posixpath.dirname(uri) or '.')}{anchor})"

    return _FENCE.sub(r"```\1", _LINK.sub(lead, markdown))


def _fill(nav: Any, title: str, pages: list[Any]) -> None:
    """Put pages under a title of the navigation, wherever it stands."""
    for entry in nav if isinstance(nav, list) else ():
        for name, below in entry.items() if isinstance(entry, dict) else ():
            if name == title:
                entry[name] = pages
            else:
                _fill(below, title, pages)
