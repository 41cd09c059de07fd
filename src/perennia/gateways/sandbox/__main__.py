"""`python -m perennia.gateways.sandbox --port 0 --state DIR --ready-file FILE`: run the test gateway until told to stop."""

import argparse
import asyncio
import os
import signal
import sys
from pathlib import Path

from perennia.gateways.sandbox.charges import Charges
from perennia.gateways.sandbox.journal import Journal, JournalUnusable
from perennia.gateways.sandbox.refunds import Refunds
from perennia.gateways.sandbox.server import listen


def main() -> int:
    """Exit code 0 after a signal to stop, 1 if it cannot run, 2 for wrong use."""
    options = _options()
    try:
        journal = Journal(options.state)
        options.ready_file.unlink(missing_ok=True)  # only now: another may run on this journal, and the file be its
        charges = Charges(journal)
        asyncio.run(_serve(charges, Refunds(journal, charges), options))
    except (JournalUnusable, OSError) as error:
        print(f"The test gateway cannot run: {error}", file=sys.stderr)
        return 1
    options.ready_file.unlink(missing_ok=True)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m perennia.gateways.sandbox", description="A payment provider to test with."
    )
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1; 0 takes a free one (default)")
    parser.add_argument("--state", type=Path, required=True, help="folder that keeps the charges")
    parser.add_argument("--ready-file", type=Path, required=True, help="gets the base URL once it listens")
    return parser.parse_args()


async def _serve(charges: Charges, refunds: Refunds, options: argparse.Namespace) -> None:
    server = await listen(charges, refunds, port=options.port)
    stopped = asyncio.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(sign, stopped.set)
    _announce(options.ready_file, port=server.sockets[0].getsockname()[1])
    await stopped.wait()


def _announce(ready_file: Path, *, port: int) -> None:
    """Write the base URL so that a reader sees all of it or nothing."""
    draft = ready_file.with_name(f"{ready_file.name}.{os.getpid()}")
    draft.write_text(f"http://127.0.0.1:{port}")
    draft.replace(ready_file)


if __name__ == "__main__":
    sys.exit(main())
