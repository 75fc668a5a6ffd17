from collections.abc import Iterator

import pytest

from tests.aws.account import REGION, rolled_out
from tests.aws.templates import Template

_NOBODY = {
    "AWS_ACCESS_KEY_ID": "nobody",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": "/dev/null",
    "AWS_SHARED_CREDENTIALS_FILE": "/dev/null",
}


@pytest.fixture(scope="module")
def account() -> Iterator[dict[str, Template]]:
    """Everything rolled out, by nobody: no credentials of the machine are looked at and no address is asked."""
    with pytest.MonkeyPatch.context() as environment:
        for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
            environment.delenv(name, raising=False)
        for name, value in _NOBODY.items():
            environment.setenv(name, value)
        with rolled_out() as handed:
            yield handed
