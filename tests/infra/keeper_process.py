"""Runs a program as a worker runs a decoder: ``keeper_process.py <how> <source> <program> ...``.

The package ``app`` lies beside. Prints, as JSON, what the program wrote, how it ended, and what kind of fault ended the
waiting for it.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from app.domain.errors import ProcessingError
from app.infra.ffmpeg.budget import TimeBudget
from app.infra.ffmpeg.child import ChildLimits, child
from app.infra.ffmpeg.confinement import python_paths

HOW, SOURCE, PROGRAM, MORE = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:]
NAME = f"fiapx-test-{os.getpid()}"


async def main() -> None:
    listening = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0)
    also = await asyncio.start_unix_server(lambda _, writer: writer.close(), f"\0{NAME}")
    port = listening.sockets[0].getsockname()[1]
    isolated = [sys.executable, "-I", "-S", "-B", str(PROGRAM), str(SOURCE), str(port), NAME]
    wrote, code, fault = b"", None, None
    if HOW == "free":
        reading, writing = os.pipe()
        process = await asyncio.create_subprocess_exec(*isolated, str(writing), *MORE, pass_fds=[writing])
        os.close(writing)
        wrote = await asyncio.to_thread(os.fdopen(reading, "rb").read)
        code = await process.wait()
    else:
        budget = TimeBudget(60, quiet_seconds=0.5 if HOW == "impatient" else 30.0)
        async with child(
            lambda pipes, _: [*isolated, str(pipes[0]), *MORE],
            outputs=1,
            readable=[SOURCE, PROGRAM, *python_paths()],
            limits=ChildLimits(2 * 1024**3, 60),
            budget=budget,
            directory=SOURCE.parent,
        ) as running:
            try:
                wrote = await budget.wait(running.outputs[0].read())
                code = await budget.wait(running.ended())
            except (ProcessingError, OSError) as error:
                fault = type(error).__name__
            sys.stderr.buffer.write(await running.last_words())
    for server in (listening, also):
        server.close()
    told = [json.loads(line) for line in wrote.splitlines()]
    sys.stdout.write(json.dumps({"told": told, "code": code, "fault": fault}))


asyncio.run(main())
