"""What PostgreSQL does at most: a statement in many transactions, run by its own C program."""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from ecommerce.sandbox.postgres import binary

CONNECTIONS: Final = 16
THREADS: Final = 2


async def run(url: str, statement: str, times: int, batch: int) -> None:
    """Run a statement so many times, each one a transaction; raise `RuntimeError` where it fails.

    `:client_id` and `:n` together are unique in it, as long as `batch` is; `:n` only grows.
    """
    each = times // CONNECTIONS
    with TemporaryDirectory() as place:
        script = Path(place) / "statement.sql"
        script.write_text(f"\\set n :n + 1\n{statement}\n")
        options = f"-n -M prepared -c {CONNECTIONS} -j {THREADS} -t {each} -D n={batch * each}"
        await _run(str(binary("pgbench")), *options.split(), "-f", str(script), url)


async def _run(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    if process.returncode or b"number of failed transactions: 0" not in output:
        raise RuntimeError(f"pgbench has failed:\n{output.decode()}")
