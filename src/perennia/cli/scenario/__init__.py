"""`perennia scenario`: what would be billed? A timeline runs through the real operations, in a throw-away sandbox."""

import argparse
import json
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perennia.cli import WrongUse, language
from perennia.cli.scenario.reading import read_file
from perennia.cli.scenario.script import Script
from perennia.cli.scenario.tree import Unreadable
from perennia.config import clock, wiring

if TYPE_CHECKING:  # its reads cannot be imported before Django is set up
    from perennia.cli.scenario.playing import Outcome

_ENDINGS = (".json", ".yaml", ".yml")


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `--help`."""
    parser.add_argument("path", type=Path, metavar="FILE|DIR", help="a scenario, or a folder of them")
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def run(args: argparse.Namespace) -> int:
    """0 when it ran; 1 when the checks found something or the rules refused the set-up; 2 for a file that makes no sense."""
    return _run_all(args.path, as_json=args.json) if args.path.is_dir() else _run_one(args.path, as_json=args.json)


def _run_one(path: Path, *, as_json: bool) -> int:
    try:
        script = read_file(path)
    except Unreadable as error:
        raise WrongUse(f"{path}: {error.told(language())}") from None
    with wiring.database():
        outcome, data, told = _played(script)
    print(json.dumps(data, indent=2) if as_json else told)
    _tell_unread(outcome, path, as_json=as_json)
    return 0 if outcome.was_played and outcome.verify_ok else 1


def _run_all(folder: Path, *, as_json: bool) -> int:
    """All files of a folder, by name. One that cannot be read, or breaks, does not keep the others from being run."""
    paths = sorted(path for path in folder.iterdir() if path.suffix in _ENDINGS)
    if not paths:
        raise WrongUse(f"{folder} holds no file ending in {', '.join(_ENDINGS)}")
    found: dict[str, Any] = {}
    ok = True
    with wiring.database():
        for path in paths:
            found[path.name], told, fine = _one_of_many(path, as_json=as_json)
            ok = ok and fine
            if not as_json:
                print(f"{path.name}\n{told}\n")
    if as_json:
        print(json.dumps(found, indent=2))
    return 0 if ok else 1


def _tell_unread(outcome: "Outcome", path: Path, *, as_json: bool) -> None:
    """Say on stderr why nothing was played; and, where only codes are printed, what could not be read of the file."""
    from perennia.cli.scenario.tables import wording

    for refusal in outcome.refusals:
        unread = as_json and isinstance(refusal.error, Unreadable)
        if refusal.error is not None and (unread or not outcome.was_played):
            print(f"perennia: {path}: {wording(refusal.error)}", file=sys.stderr)


def _one_of_many(path: Path, *, as_json: bool) -> tuple[dict[str, Any], str, bool]:
    """What came of one file, as data and as text, and whether all is well with it."""
    try:
        outcome, data, told = _played(read_file(path))
    except Unreadable as error:
        said = error.told(language())
        return {"error": said}, said, False
    except Exception as error:  # a bug of ours, told in full on stderr; the others are run nevertheless
        traceback.print_exc()
        found = f"it broke: {type(error).__name__}: {error}"
        return {"error": found}, found, False
    _tell_unread(outcome, path, as_json=as_json)
    return data, told, outcome.was_played and outcome.verify_ok


def _played(script: Script) -> "tuple[Outcome, dict[str, Any], str]":
    from perennia.cli.scenario.playing import play
    from perennia.cli.scenario.tables import as_text
    from perennia.cli.scenario.telling import as_data

    outcome = play(script, now=clock.now())
    return outcome, as_data(outcome), as_text(outcome)
