"""The built-in test gateway for commands: the one that runs already, else a process of the command's own.

There is one for each home folder, since its journal says what was charged: a second with a journal of its own would
know nothing of the first one's charges.
"""

import contextlib
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from perennia.config import environment
from perennia.config.failures import ServerError
from perennia.config.home import home_folder
from perennia.config.postgres.parent import start_child
from perennia.config.serving import gateway_ready_file
from perennia.gateways.calls import Calls

_PATIENCE_S = 20.0
_ROUND_S = 0.02
_STOP_PATIENCE_S = 5.0


@contextlib.contextmanager
def open_test_calls() -> Iterator[dict[str, Calls]]:
    """Open callers of the test gateway by gateway name, for as long as the block lasts. Raises ServerError."""
    from perennia.jobs.collection import open_calls  # needs Django set up, which this file's other half does not

    with running_test_gateway() as url:
        calls = open_calls(url)
        try:
            yield calls
        finally:
            for one in calls.values():
                one.close()


@contextlib.contextmanager
def running_test_gateway(folder: Path | None = None) -> Iterator[str]:
    """The base URL of a test gateway that answers for as long as the block lasts.

    The one named by PERENNIA_TEST_GATEWAY_URL, else the one that runs on `folder` (by default the home's), else a
    child on that folder, which ends with the block or with this process. Raises ServerError where none can be had.
    """
    given = environment.TEST_GATEWAY_URL.read()
    if given and folder is None:
        yield given
        return
    ready_file = gateway_ready_file(home_folder()) if folder is None else folder / "url"
    child, url = _find_or_start(ready_file)
    try:
        yield url
    finally:
        if child is not None:
            _stop(child)


def _find_or_start(ready_file: Path) -> tuple[subprocess.Popen[bytes] | None, str]:
    """Another command may start or stop one at this moment: then ours ends at once, and we look again."""
    ready_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    give_up_at = time.monotonic() + _PATIENCE_S
    while time.monotonic() < give_up_at:
        url = _announced(ready_file)
        if url and _answers(url):
            return None, url
        child = _start(ready_file)
        while child.poll() is None and time.monotonic() < give_up_at:
            url = _announced(ready_file)
            if url and _answers(url):
                return child, url
            time.sleep(_ROUND_S)
        _stop(child)
    raise ServerError(
        what="The test gateway did not start",
        why=f"Nothing announced itself in {ready_file} within {_PATIENCE_S:.0f} s.",
        remedy="Run `python -m perennia.gateways.sandbox --help`, or name one that runs in PERENNIA_TEST_GATEWAY_URL.",
    )


def _start(ready_file: Path) -> subprocess.Popen[bytes]:
    options = ("--port", "0", "--state", str(ready_file.parent), "--ready-file", str(ready_file))
    return start_child(
        (sys.executable, "-m", "perennia.gateways.sandbox", *options),
        parting_signal=signal.SIGTERM,
        stdin=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    )


def _announced(ready_file: Path) -> str:
    with contextlib.suppress(FileNotFoundError):
        return ready_file.read_text().strip()
    return ""


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=2) as answer:  # noqa: S310  our own loopback address
            return bool(answer.status == 200)
    except OSError:  # nobody listens there any more
        return False


def _stop(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(_STOP_PATIENCE_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
