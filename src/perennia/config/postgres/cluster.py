"""The data folder of the embedded server: made whole or not at all, and looked over before each start.

`<home>/pg18/` holds `data` (mode 700, of the server's account), `passwords.json` (mode 600) and `server.log`.
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from perennia.config import environment
from perennia.config.failures import ServerError
from perennia.config.home import write_private
from perennia.config.postgres.account import Account, server_account
from perennia.config.postgres.binaries import Binaries, find_binaries
from perennia.config.postgres.explain import explain
from perennia.config.postgres.parent import start_child

SUPERUSER = "postgres"
LOGINS = (SUPERUSER, "perennia_owner", "perennia_app")
_NEEDED = ("PG_VERSION", "global/pg_control", "base", "pg_wal", "postgresql.conf", "pg_hba.conf")


@dataclass(frozen=True, slots=True)
class Cluster:
    """One data folder with the account and the programs it is served by."""

    home: Path
    account: Account
    binaries: Binaries

    @property
    def folder(self) -> Path:
        return self.home / f"pg{self.binaries.major}"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def passwords(self) -> dict[str, str]:
        """The password of each login role. Raises ServerError when the file is missing or not ours."""
        return read_passwords(self.folder)


def read_passwords(folder: Path) -> dict[str, str]:
    """See `Cluster.passwords`."""
    path = folder / "passwords.json"
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError) as error:
        raise ServerError(
            what="The embedded database's passwords cannot be read",
            why=str(error),
            remedy="Run Perennia as the account that first started it, or restore the file from a backup.",
        ) from None


def open_cluster(*, home: Path) -> Cluster:
    """The cluster in `home`, made by initdb if there is none. Only a keeper may call this: it holds the lock.

    Raises ServerError when the folder cannot be made, entered or trusted.
    """
    account = server_account(owner_of=next(iter(home.glob("pg*/data")), None))
    if not account.reaches(home):
        raise ServerError(
            what=f"The embedded database cannot be kept in {home}",
            why=f"PostgreSQL does not run as root, and the account {account.name} cannot enter this folder.",
            remedy="Set PERENNIA_HOME to a folder that others may pass through, such as /var/lib/perennia, "
            "or run Perennia as an ordinary user.",
        )
    cluster = Cluster(home=home, account=account, binaries=find_binaries(account=account, home=home))
    for draft in home.glob("pg*.new-*"):
        shutil.rmtree(draft, ignore_errors=True)
    if cluster.folder.exists():
        _look_over(cluster)
    else:
        _refuse_other_major(cluster)
        _make(cluster)
    return cluster


def _refuse_other_major(cluster: Cluster) -> None:
    others = [folder for folder in cluster.home.glob("pg[0-9]*") if folder.is_dir() and folder.name[2:].isdecimal()]
    if others:
        raise ServerError(
            what="The embedded database does not start with an empty folder",
            why=f"{others[0]} holds data of PostgreSQL {others[0].name[2:]}; the programs in "
            f"{cluster.binaries.folder} are PostgreSQL {cluster.binaries.version}.",
            remedy="Set PERENNIA_POSTGRES_BIN to the older programs and make a backup; then move the old folder "
            "away and restore the backup.",
        )


def _look_over(cluster: Cluster) -> None:
    missing = [name for name in _NEEDED if not (cluster.data / name).exists()]
    if missing:
        raise ServerError(
            what="The embedded database cannot be started",
            why=f"The data folder {cluster.data} is damaged: {', '.join(missing)} missing.",
            remedy=f"Keep a copy of {cluster.folder}, move it away, and restore the last backup.",
        )
    written_by = (cluster.data / "PG_VERSION").read_text().strip()
    if written_by != str(cluster.binaries.major):
        raise ServerError(
            what="The embedded database cannot be started",
            why=f"{cluster.data} was written by PostgreSQL {written_by}; the programs are {cluster.binaries.version}.",
            remedy=f"Set PERENNIA_POSTGRES_BIN to programs of PostgreSQL {written_by}, or restore a backup.",
        )
    if cluster.data.stat().st_uid != cluster.account.uid:
        raise ServerError(
            what="The embedded database cannot be started",
            why=f"{cluster.data} belongs to {cluster.data.owner()}, and we would run PostgreSQL as "
            f"{cluster.account.name}.",
            remedy=f"Run Perennia as {cluster.data.owner()}.",
        )


def _make(cluster: Cluster) -> None:
    """initdb in a folder with another name, renamed when it is whole; what a killed start leaves is never used."""
    draft = cluster.home / f"{cluster.folder.name}.new-{secrets.token_hex(4)}"
    passwords = {login: secrets.token_urlsafe(24) for login in LOGINS}
    try:
        draft.mkdir()
        draft.chmod(0o711 if cluster.account.is_lent else 0o700)
        _run_initdb(cluster, data=draft / "data", password=passwords[SUPERUSER])
        write_private(draft / "passwords.json", json.dumps(passwords))
        _sync(draft)
        draft.rename(cluster.folder)
    except OSError as error:
        raise explain(what="The embedded database cannot be made", log=str(error), folder=cluster.folder) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    _sync(cluster.home)


def _run_initdb(cluster: Cluster, *, data: Path, password: str) -> None:
    data.mkdir(mode=0o700)
    password_file = data.with_name("password")
    write_private(password_file, password)
    cluster.account.own(data)
    cluster.account.own(password_file)
    log = data.with_name("initdb.log")
    command = [cluster.binaries.program("initdb"), f"--pgdata={data}", f"--pwfile={password_file}", *_choices(cluster)]
    with log.open("wb") as file:
        initdb = start_child(
            command,
            parting_signal=signal.SIGKILL,
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=file,
            env=plain_environment(),
            **cluster.account.spawn,
        )
        status = initdb.wait()
    password_file.unlink()
    if status != 0:
        what = "The embedded database cannot be made"
        raise explain(what=what, log=log.read_text(errors="replace"), folder=cluster.folder)
    log.unlink()


def _choices(cluster: Cluster) -> list[str]:
    """Checksums, passwords everywhere, and one order of text on every machine."""
    builtin = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    hasty = environment.POSTGRES_SETTINGS.read().get("fsync") == "off"
    return [
        f"--username={SUPERUSER}",
        "--encoding=UTF8",
        "--data-checksums",
        "--auth=scram-sha-256",
        "--no-instructions",
        *(builtin if cluster.binaries.major >= 17 else ["--locale=C.UTF-8"]),
        *(["--no-sync"] if hasty else []),
    ]


def plain_environment() -> dict[str, str]:
    """What PostgreSQL's programs see of our environment: no PG* names, English, UTC."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
