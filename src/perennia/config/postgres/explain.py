"""From PostgreSQL's own words to what an owner can do about them."""

import os
import re
from pathlib import Path

from perennia.config.failures import ServerError

_FULL_BELOW_BYTES = 16 << 20

_KNOWN = (
    (
        r"No space left on device|[Dd]isk quota exceeded",
        "The disk is full: {line}",
        "Free some space (`df -h {folder}` shows how much there is), then start again. No data are lost.",
    ),
    (
        r"could not bind .*Address already in use|could not create any TCP/IP sockets",
        "Another program listens on the port of PERENNIA_POSTGRES_PORT: {line}",
        "Choose another port or unset PERENNIA_POSTGRES_PORT; Perennia itself does not need one.",
    ),
    (
        r"Read-only file system",
        "The disk is mounted read-only: {line}",
        "Look for disk errors (`dmesg`), mount it writable, then start again.",
    ),
    (
        r"Permission denied|has wrong ownership|has invalid permissions",
        "The account that runs PostgreSQL may not use its files: {line}",
        "Give {folder}/data back to its first owner with mode 700, or restore a backup.",
    ),
    (
        r"database files are incompatible|incompatible with server",
        "The data were written by another version of PostgreSQL: {line}",
        "Use the version that wrote them (PERENNIA_POSTGRES_BIN), make a backup, and restore it with the new one.",
    ),
    (
        r"invalid (primary )?checkpoint|PANIC|could not locate a valid checkpoint|invalid magic number|"
        r"control file|could not open file|invalid page|checksum",
        "The data folder is damaged: {line}",
        "Keep a copy of {folder}, move it away, and restore the last backup.",
    ),
    (
        r"could not (map|resize|create) .*shared memory|Cannot allocate memory",
        "There is not enough memory: {line}",
        "Set PERENNIA_POSTGRES_SETTINGS to something like shared_buffers=64MB, or free some memory.",
    ),
)


def explain(*, what: str, log: str, folder: Path) -> ServerError:
    """The error for what PostgreSQL wrote before it gave up. Unknown words are passed on as they are."""
    lines = [line for line in log.splitlines() if line.strip()]
    for pattern, why, remedy in _KNOWN:
        line = next((line for line in lines if re.search(pattern, line)), None)
        if line is not None:
            return ServerError(what=what, why=why.format(line=_bare(line)), remedy=remedy.format(folder=folder))
    if _is_full(folder):
        return ServerError(what=what, why="The disk is full.", remedy=_KNOWN[0][2].format(folder=folder))
    said = " / ".join(_bare(line) for line in lines[-3:]) or "It said nothing."
    return ServerError(what=what, why=said, remedy=f"The logs in {folder} have the whole story.")


def _bare(line: str) -> str:
    return re.sub(r"^.*?\b(FATAL|PANIC|ERROR|LOG|HINT|DETAIL|WARNING|error):\s+", "", line).strip()


def _is_full(folder: Path) -> bool:
    nearest = next(place for place in (folder, *folder.parents) if place.exists())
    disk = os.statvfs(nearest)
    return disk.f_bavail * disk.f_frsize < _FULL_BELOW_BYTES
