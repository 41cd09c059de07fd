"""`perennia bench NAME`: one measured figure. The benchmarks stand in the checkout, not in the installed package."""

import argparse
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from perennia.cli import WrongUse

_ROOT = Path(__file__).resolve().parents[3]


def arguments(parser: argparse.ArgumentParser) -> None:
    """Each benchmark declares its own, as a command does. Raises WrongUse outside a checkout."""
    names = parser.add_subparsers(title="benchmarks", metavar="NAME", required=True)
    for name, module in _benchmarks().items():
        purpose = (module.__doc__ or "").strip().partition("\n")[0].rstrip(".")
        figure = names.add_parser(name, help=purpose[:1].lower() + purpose[1:], description=module.__doc__)
        figure.add_argument("--folder", type=Path, help="where the throw-away database is kept; a disk, not memory")
        figure.add_argument("--json", action="store_true", help="print one JSON object")
        module.arguments(figure)
        figure.set_defaults(measure=module.run)


def run(args: argparse.Namespace) -> int:
    """Measure, and print what was found."""
    code: int = args.measure(args)
    return code


def _benchmarks() -> dict[str, Any]:
    folder = _ROOT / "benchmarks"
    if not (folder / "__init__.py").exists():
        raise WrongUse(f"the benchmarks are part of the source checkout, and {_ROOT} is none; run ./bench there")
    if str(_ROOT) not in sys.path:
        sys.path.insert(0, str(_ROOT))
    names = [module.name for module in iter_modules([str(folder)]) if not module.ispkg]
    return {name: import_module(f"benchmarks.{name}") for name in sorted(names)}
