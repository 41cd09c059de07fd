"""`perennia run`: start everything and keep it up, one line for each event."""

import argparse

from perennia.cli import WrongUse
from perennia.config import environment
from perennia.config.clock import now
from perennia.config.serving import serve


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `--help`."""
    parser.add_argument(
        "--workers", type=int, metavar="N", help="worker processes (default: PERENNIA_WORKERS, else one for each core)"
    )


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM or Ctrl-C; 0 after an orderly stop."""
    if args.workers is not None and args.workers < 0:
        raise WrongUse("--workers is 0 or more")
    workers = environment.WORKERS.read() if args.workers is None else args.workers
    serve(workers=max(0, workers), say=_say)
    return 0


def _say(name: str, event: str) -> None:
    print(f"{now():%Y-%m-%d %H:%M:%SZ}  {name:<10} {event}", flush=True)
