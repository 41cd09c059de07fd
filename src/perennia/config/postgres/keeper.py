"""The keeper: PostgreSQL's parent, one small process for each home folder.

It holds `<home>/keeper.lock` for as long as it lives. Users hold `<home>/in-use` shared; when nobody has held it for
three seconds the keeper takes it for itself, so that none can come in while it leaves, and shuts the server down.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

from perennia.config.failures import ServerError
from perennia.config.home import write_private
from perennia.config.locks import take_lock
from perennia.config.postgres.cluster import SUPERUSER, Cluster, open_cluster
from perennia.config.postgres.postmaster import Postmaster, start_postmaster

GRACE_S = 3.0
_LOOK_EVERY_S = 0.2


class Keeper:
    """One server from start to stop. SIGTERM: stop now. SIGUSR1: leave without grace once unused."""

    def __init__(self, *, home: Path) -> None:
        self.home = home
        self.is_told_to_stop = False
        self.grace_s = GRACE_S
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._stop)
        signal.signal(signal.SIGUSR1, self._hurry)

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self.is_told_to_stop = True

    def _hurry(self, _number: int, _frame: FrameType | None) -> None:
        self.grace_s = 0.0

    def keep(self) -> None:
        """Start the server, say so in `keeper.json`, and stay until it is no longer needed."""
        cluster = open_cluster(home=self.home)
        postmaster = start_postmaster(cluster)
        try:
            _ensure_roles(cluster, postmaster)
            self._tell(
                host=str(postmaster.socket_folder),
                port=postmaster.port,
                version=cluster.binaries.version,
                folder=str(cluster.folder),
                binaries=str(cluster.binaries.folder),
            )
            self._wait_until_unused(postmaster)
        finally:
            postmaster.stop()

    def refuse(self, error: ServerError) -> None:
        """Tell those who wait why there is no server."""
        self._tell(error={"what": error.what, "why": error.why, "remedy": error.remedy})

    def _tell(self, **facts: object) -> None:
        write_private(self.home / "keeper.json", json.dumps({"pid": os.getpid(), **facts}))

    def _wait_until_unused(self, postmaster: Postmaster) -> None:
        """Returns holding `in-use` exclusively, to the end of this process, unless it was told to stop or must."""
        unused_since: float | None = None
        while not self.is_told_to_stop and not postmaster.has_ended():
            descriptor = take_lock(self.home / "in-use")
            if descriptor is None:
                unused_since = None
            else:
                unused_since = unused_since or time.monotonic()
                if time.monotonic() - unused_since >= self.grace_s:
                    return
                os.close(descriptor)
            time.sleep(_LOOK_EVERY_S)


def _ensure_roles(cluster: Cluster, postmaster: Postmaster) -> None:
    """Make roles and database, once for each data folder: `roles` in it says that they are there."""
    mark = cluster.folder / "roles"
    if mark.exists():
        return
    import psycopg  # a quarter of a second and half of the keeper's memory, for the first start only

    from perennia.config.roles import ensure_embedded

    passwords = cluster.passwords()
    address: dict[str, Any] = {"host": str(postmaster.socket_folder), "port": postmaster.port, "dbname": "postgres"}
    try:
        with psycopg.connect(user=SUPERUSER, password=passwords[SUPERUSER], autocommit=True, **address) as superuser:
            ensure_embedded(superuser, passwords=passwords)
    except psycopg.Error as error:
        raise ServerError(
            what="The embedded database started but could not be made ready",
            why=str(error).strip(),
            remedy=f"If a password is refused, restore `passwords.json` in {cluster.folder} from a backup; "
            "`server.log` beside it has the rest.",
        ) from None
    mark.touch(mode=0o600)


def main() -> int:
    """`python -m perennia.config.postgres.keeper HOME`, started by `attach` with the lock already held for it."""
    os.umask(0o077)
    keeper = Keeper(home=Path(sys.argv[1]))
    try:
        keeper.keep()
    except ServerError as error:
        keeper.refuse(error)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
