"""Locks on files, held by the operating system: a process that dies lets go of them by itself."""

import fcntl
import os
import time
from pathlib import Path


def take_lock(path: Path, *, shared: bool = False, patience_s: float = 0.0) -> int | None:
    """Lock the file, making it if need be. The lock lives as long as the returned file descriptor.

    None when somebody else held it for all of `patience_s` seconds.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    deadline = time.monotonic() + patience_s
    while True:
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            return descriptor
        except BlockingIOError:
            if time.monotonic() >= deadline:
                os.close(descriptor)
                return None
            time.sleep(0.01)
        except BaseException:
            os.close(descriptor)
            raise


def is_locked(path: Path) -> bool:
    """Whether somebody holds the lock exclusively at this moment."""
    if not path.exists():
        return False
    descriptor = take_lock(path, shared=True)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False
