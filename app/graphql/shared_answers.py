"""Answers that several subscriptions share."""

import json
from collections import OrderedDict
from typing import Any, Final

_KEPT: Final = 64
"""Events come one after the other, and an answer is needed only until all who watch have it."""


class EncodedOnce(dict[str, Any]):
    """An answer's data, whose JSON is made when it is first asked for; many hold it, so nobody changes it."""

    _text: str | None = None

    @property
    def text(self) -> str:
        if self._text is None:
            self._text = json.dumps(self, separators=(",", ":"))
        return self._text


class SharedAnswers:
    """The answers to the last events, by all that they depend on."""

    def __init__(self) -> None:
        # What a key's identities belong to is kept with it, so that no other object can take its place.
        self._answers: OrderedDict[object, tuple[Any, object]] = OrderedDict()

    def get(self, key: object) -> Any:
        """Return the answer, a future of it, or None."""
        found = self._answers.get(key)
        return found[0] if found else None

    def keep(self, key: object, answer: Any, belongs_to: object) -> None:
        self._answers[key] = (answer, belongs_to)
        if len(self._answers) > _KEPT:
            self._answers.popitem(last=False)
