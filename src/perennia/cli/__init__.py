"""The `perennia` command: a table of sub-commands, each in its own module and imported only when it is called.

A command's module has `arguments(parser)`, which declares what it takes, and `run(args)`, which returns the exit code:
0, 1 when it failed, 2 for wrong use.
"""

import argparse
import errno
import os
import sys
from collections.abc import Sequence
from importlib import import_module

from perennia.config import environment
from perennia.config.failures import ServerError
from perennia.domain.errors import DomainError
from perennia.wording.errors import phrase, text

COMMANDS: dict[str, tuple[str, str]] = {
    "run": ("perennia.cli.run", "start everything: the loops and, by default, the embedded database"),
    "demo": ("perennia.cli.demo", "make a business with subscribers to look around in"),
    "bill": ("perennia.cli.bill", "bill what is due"),
    "collect": ("perennia.cli.collect", "charge what is open and due"),
    "advance": ("perennia.cli.advance", "move a sandbox's clock forward"),
    "import": ("perennia.cli.importing", "take over customers and subscriptions from another system"),
    "work": ("perennia.cli.work", "one worker process; `run` keeps some of them up"),
    "report": ("perennia.cli.report", "print the revenue figures"),
    "explain": ("perennia.cli.explain", "tell how a document came to its amounts and its tax"),
    "verify": ("perennia.cli.verify", "derive every figure anew and compare"),
    "doctor": ("perennia.cli.doctor", "look for faults in the installation and say what to do"),
    "preview": (
        "perennia.cli.preview",
        "tell what an act would bring, what comes next, and what if; nothing is written",
    ),
    "rule": ("perennia.cli.rule", "ask one pure rule: boundaries, prorate, price, allocate, discount, round, tax"),
    "scenario": ("perennia.cli.scenario", "play a timeline in a throw-away sandbox and tell what would be billed"),
    "bench": ("perennia.cli.bench", "measure the billing run and the other figures"),
    "tenant": ("perennia.cli.tenant", "create and list businesses and their sandboxes"),
}

_CANNOT_WRITE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


class WrongUse(Exception):
    """What was asked for makes no sense, and trying again will not help; a command raises it for exit code 2."""


class Failed(Exception):
    """What was asked for could not be done, for a reason told in one line; a command raises it for exit code 1."""


def main(words: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; a refusal is one line on stderr, in the language of PERENNIA_LANGUAGE."""
    words = sys.argv[1:] if words is None else words
    try:
        environment.LANGUAGE.read()
    except ServerError as error:
        print(f"perennia: {error}", file=sys.stderr)
        return 1
    try:
        args = _parser(called=words[0] if words else "").parse_args(words)
        code: int = args.run(args)
        sys.stdout.flush()
    except WrongUse as error:
        return _refuse(str(error), code=2)
    except DomainError as error:
        return _refuse(told(error), code=1)
    except (Failed, ServerError) as error:
        return _refuse(str(error), code=1)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of our output left, as head(1) does; nothing is left to be said
        _drop_output()
        return 1
    except OSError as error:
        if error.errno is None:  # raised by a program, not by the system: a bug of ours
            raise
        return _refuse(_system_failure(error), code=1)
    except Exception as error:
        reason = _database_failure(error)
        if reason is None:
            raise
        return _refuse(f"the database did not carry on ({reason}); what was done is kept, run it again.", code=1)
    return code


def _system_failure(error: OSError) -> str:
    """What the system refused, in one line; output that cannot be written is dropped, not tried again at the end."""
    if isinstance(error.filename, str | bytes):
        return f"{os.fsdecode(error.filename)}: {error.strerror}."
    if error.errno in _CANNOT_WRITE:
        _drop_output()
        return f"the output could not be written: {error.strerror}."
    return f"{error.strerror}."


def _drop_output() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _database_failure(error: Exception) -> str | None:
    """What a server said that went away or is in need, in one line; None for any other error, which is a bug of ours."""
    from django.db import OperationalError as FromDjango
    from psycopg import OperationalError

    return " ".join(str(error).split()) if isinstance(error, OperationalError | FromDjango) else None


def _parser(*, called: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="perennia", description="Subscriptions and recurring billing you run yourself."
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, (module, purpose) in COMMANDS.items():
        command = commands.add_parser(name, help=purpose, description=purpose.capitalize() + ".")
        if name == called:
            loaded = import_module(module)
            loaded.arguments(command)
            command.set_defaults(run=loaded.run)
    return parser


def told(error: DomainError) -> str:
    """A refusal in the language of PERENNIA_LANGUAGE."""
    return text(error, language=language())


def language() -> str:
    """The language of PERENNIA_LANGUAGE."""
    return environment.LANGUAGE.read()


def _refuse(message: str, *, code: int) -> int:
    print(f"perennia: {phrase(message, language=language())}", file=sys.stderr)
    return code
