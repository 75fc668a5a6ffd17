"""moto's S3 on a port of its own: ``python -m tests.parts.moto_s3 PORT``.

A storage that somebody else wrote, and the only one at hand that lets pages in by a bucket's own CORS rules as Amazon
has them. moto's own server wants Flask, which brings a dozen packages, and by its default lets in any page whatever a
bucket says. Its S3 itself asks for no more than a request of Werkzeug's, which moto needs anyway.

moto checks no signature: that a link lets in nobody else is the embedded storage's to show. It keeps all in memory.
"""

import os
import secrets
import sys
from pathlib import Path
from typing import Any

import httpx

from devserver.ports import free_pair
from devserver.program import LOOPBACK, ROOT, Program, plain_environment
from tests.parts.running import RunningPart


class MotoPart(RunningPart):
    def __init__(self, folder: Path) -> None:
        port = free_pair()
        self.url = f"http://{LOOPBACK}:{port}"
        self.access_key, self.secret_key = "tests", secrets.token_hex(20)
        program = Program(
            name="moto",
            command=(sys.executable, "-m", __name__, str(port)),
            environment=plain_environment(os.environ, PYTHONPATH=str(ROOT)),
            folder=folder / "moto",
            serves=self._serves,
        )
        super().__init__(program, folder / "moto.log")

    def _serves(self) -> bool:
        try:
            return httpx.get(self.url, trust_env=False).is_success
        except httpx.HTTPError:
            return False


def main(port: int) -> None:
    from moto.core.request import Request  # noqa: PLC0415  # It takes a second, of this process alone.
    from moto.s3.responses import S3Response  # noqa: PLC0415
    from werkzeug.serving import WSGIRequestHandler, make_server  # noqa: PLC0415
    from werkzeug.wrappers import Response  # noqa: PLC0415

    class FromOutside(Request):
        from_wsgi_server = True

    class Quiet(WSGIRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_request(self, *_: Any) -> None:
            """Log no request: its address may be a signed link, and this process's log is searched for such."""

    @FromOutside.application
    def answer(request: Any) -> Response:
        _, _, key = request.raw_path.lstrip("/").partition("/")
        dispatch = S3Response.key_dispatch if key else S3Response.bucket_dispatch
        status, headers, body = dispatch(request, request.raw_url, request.headers)
        answered = Response(body, status, headers)
        if "content-length" in headers:  # Which is not that of the body where the question was HEAD.
            answered.headers["Content-Length"] = headers["content-length"]
        return answered

    make_server(LOOPBACK, port, answer, threaded=True, request_handler=Quiet).serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]))
