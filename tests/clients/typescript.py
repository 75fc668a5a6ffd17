"""What the README of the TypeScript client says, and how its examples are run."""

import asyncio
import os
import re
import subprocess
from pathlib import Path

from tests.clients.conftest import TYPESCRIPT, node
from tests.parts.site import PASSWORD, Site

README = (TYPESCRIPT / "README.md").read_text("utf-8")


def example(name: str, site: Site, email: str = "") -> str:
    """The README's example of this name, for this site and person."""
    (found,) = re.findall(rf"^```js\n// {re.escape(name)}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert "https://videos.example" in found
    code: str = found.replace("https://videos.example", site.url)
    return code.replace("ana@example.com", email).replace("correct horse battery", PASSWORD)


async def ran(package: Path, name: str, code: str, *arguments: str, key: str = "") -> str:
    """Run an example; return what it said."""
    (package / name).write_text(code, "utf-8")
    process = await asyncio.create_subprocess_exec(
        *(node(), name, *arguments),
        cwd=package,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"FIAPX_KEY": key},
    )
    async with asyncio.timeout(60):
        said, cried = await process.communicate()
    assert process.returncode == 0, cried
    return said.decode()
