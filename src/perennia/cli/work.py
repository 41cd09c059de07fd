"""`perennia work`: one worker process; `perennia run` keeps some of them up."""

import argparse
import logging
import signal
from threading import Event

from perennia.config import clock, wiring


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `--help`."""


def run(args: argparse.Namespace) -> int:
    """Work until SIGTERM or Ctrl-C; what was begun is finished first."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with wiring.database():
        from perennia.config.test_gateway import open_test_calls
        from perennia.jobs.worker import work

        with open_test_calls() as calls:
            work(clock=clock.now, calls=calls, stop=stop)
    return 0
