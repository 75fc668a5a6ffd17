"""Why a video failed, in Portuguese: failures are worded in English."""

import json
import re
from pathlib import Path
from typing import Final, final

from app.domain.failure import FailureCode, ImportFailureCode

_CATALOGUE: Final = Path(__file__).with_name("mail_templates")


@final
class PortugueseReasons:
    """All catalogues: of what codes mean, and, as patterns, of sentences that name the fault of one video."""

    def __init__(self) -> None:
        self._of_codes: dict[str, str] = json.loads((_CATALOGUE / "reasons.pt-BR.json").read_text("utf-8"))
        self._of_imports: dict[str, str] = json.loads((_CATALOGUE / "import_reasons.pt-BR.json").read_text("utf-8"))
        self._sentences: dict[str, str] = json.loads((_CATALOGUE / "sentences.pt-BR.json").read_text("utf-8"))

    def __call__(self, code: FailureCode | ImportFailureCode, reason: str) -> str:
        """Return what names this one video's fault, where Portuguese has words for it, else what the code means."""
        if isinstance(code, ImportFailureCode):
            return self._of_imports[code]
        for said, translated in self._sentences.items():
            if found := re.fullmatch(said, reason):
                return re.sub(r"(?<=\d)\.(?=\d)", ",", found.expand(translated))
        return self._of_codes[code]
