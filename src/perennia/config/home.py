"""The home folder: where Perennia keeps data, secrets and logs on this machine."""

import contextlib
import hashlib
import os
import secrets
from pathlib import Path

from perennia.config import environment
from perennia.config.failures import ServerError
from perennia.config.postgres.account import Account, server_account

_SYSTEM_HOME = Path("/var/lib/perennia")


def home_folder() -> Path:
    """The home folder, made if need be. Folders that exist are never given another owner or mode.

    `PERENNIA_HOME`, else `var` in the checkout, else a system or user folder. Raises ServerError when it
    cannot be made or written.
    """
    home = environment.HOME.read() or _default_home()
    try:
        _make(home)
    except OSError as error:
        raise _unusable(home, why=error.strerror or str(error)) from None
    if not home.is_dir():
        raise _unusable(home, why="It is a file, not a folder.")
    if not os.access(home, os.W_OK | os.X_OK):
        raise _unusable(home, why=f"It belongs to {home.owner()}, and this account may not write there.")
    return home


def secret_key() -> str:
    """The key that signs sessions: the setting, else one made once and kept in the home folder (mode 600)."""
    given = environment.SECRET_KEY.read()
    if given:
        return given
    path = home_folder() / "secret-key"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(50), replace=False)
    return path.read_text()


def write_private(path: Path, text: str, *, replace: bool = True) -> None:
    """Write a file of mode 600, whole or not at all. Without `replace`, whoever comes first wins."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            draft.replace(path)
        else:
            _link_first(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def _link_first(draft: Path, path: Path) -> None:
    with contextlib.suppress(FileExistsError):  # another process was first; its text counts
        os.link(draft, path)


def _default_home() -> Path:
    checkout = _checkout()
    if checkout is None:
        return _SYSTEM_HOME if os.geteuid() == 0 else _user_home()
    home = checkout / "var"
    if any(home.glob("pg*")) or _serves(home, account=server_account()):
        return home
    if os.geteuid() != 0:
        return _user_home()
    mark = hashlib.sha256(str(checkout).encode()).hexdigest()[:8]
    return _SYSTEM_HOME / f"{checkout.name}-{mark}"


def _checkout() -> Path | None:
    root = Path(__file__).resolve().parents[3]
    return root if (root / "pyproject.toml").exists() else None


def _serves(home: Path, *, account: Account) -> bool:
    nearest = next(folder for folder in (home, *home.parents) if folder.exists())
    return os.access(nearest, os.W_OK) and account.reaches(nearest)


def _user_home() -> Path:
    return Path.home() / ".local" / "share" / "perennia"


def _make(home: Path) -> None:
    """Make what is missing. Another account has to pass through what root makes, whatever the umask says."""
    missing = [folder for folder in (home, *home.parents) if not folder.exists()]
    for folder in reversed(missing):
        folder.mkdir(exist_ok=True)
        private = 0o711 if os.geteuid() == 0 else 0o700
        folder.chmod(private if folder == home else 0o755)


def _unusable(home: Path, *, why: str) -> ServerError:
    return ServerError(
        what=f"The home folder {home} cannot be used",
        why=why,
        remedy="Set PERENNIA_HOME to a folder of your own, or run Perennia as the account that owns this one.",
    )
