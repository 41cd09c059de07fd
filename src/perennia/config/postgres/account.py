"""The account that PostgreSQL runs under. It refuses root, so root lends it an unprivileged one."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perennia.config.failures import ServerError

_UNPRIVILEGED = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """Whom the server runs as; `is_lent` when we are root and it is somebody else."""

    name: str
    uid: int
    gid: int
    is_lent: bool

    @property
    def spawn(self) -> dict[str, Any]:
        """Arguments that make `subprocess` start a program as this account."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []} if self.is_lent else {}

    def own(self, path: Path) -> None:
        """Hand over a file or folder that we have just made."""
        if self.is_lent:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def reaches(self, folder: Path) -> bool:
        """Whether the account may enter the folder; asked of the system, so that ACLs count."""
        if not self.is_lent:
            return os.access(folder, os.X_OK)
        enter = ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)]
        return subprocess.run(enter, check=False, cwd="/", stderr=subprocess.DEVNULL, **self.spawn).returncode == 0


def server_account(*, owner_of: Path | None = None) -> Account:
    """Ourselves; for root the owner of `owner_of` (data that exist), else `postgres`, else `nobody`.

    Raises ServerError when root has no unprivileged account to lend.
    """
    if os.geteuid() != 0:
        return _lent(pwd.getpwuid(os.geteuid()), is_lent=False)
    if owner_of is not None and owner_of.exists() and owner_of.stat().st_uid != 0:
        return _lent(pwd.getpwuid(owner_of.stat().st_uid), is_lent=True)
    for name in _UNPRIVILEGED:
        try:
            return _lent(pwd.getpwnam(name), is_lent=True)
        except KeyError:
            continue
    raise ServerError(
        what="The embedded database cannot start as root",
        why="PostgreSQL refuses to run as root, and there is no account named postgres or nobody to run it.",
        remedy="Run Perennia as an ordinary user, or add a system account named postgres.",
    )


def _lent(entry: pwd.struct_passwd, *, is_lent: bool) -> Account:
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, is_lent=is_lent)
