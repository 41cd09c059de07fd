"""Builds the checkout's own environment, .venv, from a hashed lock: `python environment.py requirements.txt`.

Standard library only. It is built beside the old one and renamed into place when complete, so an interruption leaves
the old environment or none, never half of one. One build runs at a time; whoever waited finds it done.
"""

import fcntl
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV, FRESH, STALE = ROOT / ".venv", ROOT / ".venv.new", ROOT / ".venv.old"
DEVELOPMENT = "requirements-dev.txt"
INTERPRETER = os.path.realpath(sys.executable)  # names its version: an upgrade leaves a dangling link, and a new set-up

INSTALL_FAILED = """\
The packages that {lock} names could not be installed; the lines above say why. Most often the package index cannot
be reached: check the network and the proxy settings, then start again. The environment you had is untouched."""


def main(lock: str) -> None:
    """Bring .venv to `lock`; an environment that was built for development stays one."""
    with Path(__file__).open() as guard:
        _take_turn(guard.fileno())
        if (VENV / DEVELOPMENT).exists():
            lock = DEVELOPMENT
        if _is_current(lock):
            return
        _say(f"Setting up .venv from {lock} (once; up to a minute on a slow line) ...")
        _remove(FRESH, STALE)
        _build(lock)
        _put_in_place()


def _take_turn(guard: int) -> None:
    try:
        fcntl.flock(guard, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        _say("Another start is setting up .venv; waiting for it ...")
        fcntl.flock(guard, fcntl.LOCK_EX)


def _is_current(lock: str) -> bool:
    stamp = VENV / lock
    usable = os.access(VENV / "bin/python", os.X_OK) and stamp.exists()
    return usable and stamp.read_bytes() == (ROOT / lock).read_bytes()


def _build(lock: str) -> None:
    python = FRESH / "bin/python"
    install: list[str | Path]
    if uv := shutil.which("uv"):
        _call(uv, "venv", "--quiet", "--no-project", "--python", INTERPRETER, FRESH)
        install = [uv, "pip", "install", "--quiet", "--python", python, "--no-build"]
    else:
        _need_ensurepip()
        _call(INTERPRETER, "-m", "venv", FRESH)
        install = [python, "-m", "pip", "install", "--quiet", "--no-input", "--only-binary", ":all:"]
        install += ["--disable-pip-version-check"]
    # Read the lock once: what was installed is then what the stamp says, whatever is edited meanwhile.
    stamp = FRESH / lock
    shutil.copyfile(ROOT / lock, stamp)
    _call(*install, "--require-hashes", "-r", stamp, hint=INSTALL_FAILED.format(lock=lock))
    for packages in FRESH.glob("lib/python*/site-packages"):
        (packages / "perennia.pth").write_text(os.path.relpath(ROOT / "src", packages) + "\n")


def _need_ensurepip() -> None:
    if importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        sys.exit(
            f"{INTERPRETER} cannot make virtual environments: its ensurepip module is missing. On Debian and Ubuntu: "
            f"apt install python{version}-venv. Or install uv. Then start again."
        )


def _put_in_place() -> None:
    for script in (FRESH / "bin").iterdir():  # first lines and activate scripts name the folder they were made in
        if not script.is_symlink() and os.fsencode(FRESH) in (text := script.read_bytes()):
            script.write_bytes(text.replace(os.fsencode(FRESH), os.fsencode(VENV)))
    if VENV.exists():
        VENV.rename(STALE)
    FRESH.rename(VENV)
    _remove(STALE)


def _call(*command: str | Path, hint: str = "") -> None:
    done = subprocess.run(command, stdout=sys.stderr, check=False)
    if done.returncode:
        sys.exit(hint or f"{Path(command[0]).name} failed with exit code {done.returncode}.")


def _remove(*folders: Path) -> None:
    for folder in folders:
        if folder.exists():
            shutil.rmtree(folder)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except KeyboardInterrupt:
        sys.exit(130)
