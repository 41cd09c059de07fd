"""UUIDv7 identifiers (RFC 9562, method 3: the fraction of the millisecond in the twelve bits after the version).

Machine time, not business time: a sandbox's clock does not move them.
"""

import os
import secrets
import threading
import time

_VERSION = 0x7 << 76
_VARIANT = 0x2 << 62
_lock = threading.Lock()
_last_tick = 0


def new_ids(n: int) -> list[bytes]:
    """`n` new identifiers of 16 bytes each, strictly increasing within a process.

    One call takes one tick (1/4096 ms) and one random start of 61 bits, then counts: later calls take later
    ticks, even when the machine's clock steps back, and other processes or forks start elsewhere.
    """
    tick = _next_tick()
    start = (tick >> 12) << 80 | _VERSION | (tick & 0xFFF) << 64 | _VARIANT | secrets.randbits(61)
    return [(start + count).to_bytes(16, "big") for count in range(n)]


def _next_tick() -> int:
    global _last_tick
    milliseconds, nanoseconds = divmod(time.time_ns(), 1_000_000)  # noqa: TID251
    tick = milliseconds << 12 | nanoseconds * 4096 // 1_000_000
    with _lock:
        _last_tick = max(tick, _last_tick + 1)
        return _last_tick


def _renew_lock() -> None:
    """A fork in the middle of another thread's call must not leave the child with a held lock."""
    global _lock
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_renew_lock)
