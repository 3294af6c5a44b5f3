"""The run folder: where everything that a run keeps stands, and who may enter it."""

from __future__ import annotations

import fcntl
import os
import pwd
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

import msgspec

from ecommerce.kernel import Value
from ecommerce.sandbox.ports import DEFAULT_BASE

LONGEST: Final = 90
"""Characters: a socket's whole path may have 107, and the supervisor adds to it."""
SYSTEM: Final = Path("/var/lib/ecommerce")
"""Where root's runs are: the servers' own users can enter it, and not /root."""


class NoFolder(Exception):
    """The run folder cannot be used, or there is none."""


class Run(Value, frozen=True):
    """One shop on this machine: its folder, its ports and how many instances it has."""

    folder: Path
    base: int = DEFAULT_BASE
    scale: Mapping[str, int] = {}
    """Context -> its instances, where they are not one."""
    database: str = ""
    """The superuser's address of a PostgreSQL that is not ours to start; a private one if empty."""
    broker: str = ""
    """The address of a RabbitMQ that is not ours to start; a private one if empty."""
    management: str = ""
    """The address of that broker's management API."""

    def port(self, offset: int) -> int:
        """Return the port of this offset."""
        return self.base + offset

    @property
    def logs(self) -> Path:
        """Return the folder of the programs' output."""
        return self.folder / "log"


def project() -> Path:
    """Return the checkout that this code runs from, or the current folder where it is installed."""
    checkout = Path(__file__).resolve().parents[3]
    return checkout if (checkout / "pyproject.toml").exists() else Path.cwd()


def choose(project: Path, *, root: bool) -> Path:
    """Return where a project's run folder belongs."""
    if not root:
        return project / ".run"
    return SYSTEM / f"{project.name}-{sha256(str(project).encode()).hexdigest()[:8]}"


def locate(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the run folder: ECOMMERCE_RUN, or the project's."""
    if given := environment.get("ECOMMERCE_RUN"):
        return Path(given).resolve()
    home = project()
    link = home / ".run"
    return link.resolve() if link.exists() else choose(home, root=os.geteuid() == 0)


def make(folder: Path) -> None:
    """Make the run folder, and lead to it from the project. Raises `NoFolder`."""
    if len(str(folder)) > LONGEST:
        raise NoFolder(
            f"{folder} is too long a path for a socket ({LONGEST} characters at most)."
            " Name a shorter folder in ECOMMERCE_RUN."
        )
    try:
        (folder / "log").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise NoFolder(f"{folder} cannot be made: {error.strerror}.") from error
    _expect_owner(folder)
    link = project() / ".run"
    if folder.parent == SYSTEM and not link.exists():
        link.unlink(missing_ok=True)
        link.symlink_to(folder)


def _expect_owner(folder: Path) -> None:
    owner = folder.stat().st_uid
    if owner != os.geteuid():
        raise NoFolder(
            f"{folder} belongs to {pwd.getpwuid(owner).pw_name}, whose servers keep their data"
            " there. Run this as that user, or name another folder in ECOMMERCE_RUN."
        )


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep others from starting or resetting the run meanwhile. Raises `NoFolder`."""
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise NoFolder(f"Somebody else is starting or resetting {folder} now.") from error
        yield


def load(folder: Path) -> Run:
    """Read what the last start kept, or the defaults."""
    try:
        kept = (folder / "run.json").read_bytes()
    except FileNotFoundError:
        return Run(folder)
    return Run(folder, **msgspec.json.decode(kept, type=dict[str, Any]))


def load_made(folder: Path) -> Run:
    """Read what the last start kept. Raises `NoFolder` where there was none."""
    if not (folder / "run.json").exists():
        raise NoFolder(f"Nothing was started in {folder} yet: `ecommerce up` does.")
    return load(folder)


def keep(run: Run) -> None:
    """Write down what the next start and the other commands need."""
    kept = {name: getattr(run, name) for name in run.__struct_fields__ if name != "folder"}
    write_privately(run.folder / "run.json", msgspec.json.encode(kept))


def passwords(folder: Path, names: Iterable[str] = ()) -> dict[str, str]:
    """Read the run's passwords, by name, after making those that are missing."""
    file = folder / "secrets.json"
    known: dict[str, str] = msgspec.json.decode(file.read_bytes()) if file.exists() else {}
    missing = {name: secrets.token_hex(16) for name in names if name not in known}
    if missing:
        write_privately(file, msgspec.json.encode(known | missing))
    return known | missing


def write_privately(path: Path, content: bytes) -> None:
    """Replace a file by one that only its owner may read, all of it or nothing."""
    unfinished = path.with_suffix(".unfinished")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
    unfinished.replace(path)
