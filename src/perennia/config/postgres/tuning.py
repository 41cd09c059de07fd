"""The settings that the embedded server starts with: modest, durable, and open to be overruled."""

import os
from pathlib import Path

from perennia.config import environment

_MB = 1 << 20


def server_settings(*, socket_folder: Path) -> dict[str, str]:
    """Names and values for PostgreSQL's command line; those of PERENNIA_POSTGRES_SETTINGS win."""
    port = environment.POSTGRES_PORT.read()
    return {
        "unix_socket_directories": str(socket_folder),
        "listen_addresses": "" if port is None else "127.0.0.1",
        "port": str(port or 5432),
        "shared_buffers": f"{_shared_buffers_mb()}MB",
        "max_wal_size": "4GB",
        "checkpoint_timeout": "15min",
        "checkpoint_completion_target": "0.9",
        "jit": "off",
        "random_page_cost": "1.1",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "log_line_prefix": "%m [%p] ",
        "log_checkpoints": "off",
        "cluster_name": "perennia",
        **environment.POSTGRES_SETTINGS.read(),
    }


def _shared_buffers_mb() -> int:
    """A quarter of the memory, between 64 MB and 1 GB."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(64, min(1024, memory // 4 // _MB))
