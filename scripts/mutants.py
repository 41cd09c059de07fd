"""Break the rules on purpose, one operator or number at a time, and see whether a test of theirs notices.

    .venv/bin/python scripts/mutants.py [money calendar proration pricing invoicing] [--every N] [--jobs N]

Each mutant is a copy of one domain module with one change; the tests that name the module are run against it until one
fails. Survivors are printed with their line. Exit code 0 where all were killed or are explained in docs/mutants.md.
"""

import argparse
import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ("money", "calendar", "proration", "pricing", "invoicing")
EXPLAINED = ROOT / "docs/mutants.md"
_TIMEOUT_S = 300

_COMPARE: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
_COMPUTE: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change in one module, and what it says there and says otherwise."""

    module: str
    place: str
    number: int
    line: int
    before: str
    after: str
    source: str

    @property
    def name(self) -> str:
        """Stays the same when lines move: the function and what was changed in it."""
        return f"{self.module}.{self.place}: {self.before} -> {self.after}"


def mutants(module: str) -> Iterator[Mutant]:
    """Every mutant of a module, in the order of its lines."""
    source = (ROOT / f"src/perennia/domain/{module}.py").read_text()
    count = sum(1 for _ in _places(ast.parse(source)))
    for number in range(count):
        tree = ast.parse(source)
        node, change = list(_places(tree))[number]
        before = ast.unparse(node)
        change()
        yield Mutant(
            module,
            _function(tree, node.lineno),
            number,
            node.lineno,
            before,
            ast.unparse(node),
            ast.unparse(ast.fix_missing_locations(tree)),
        )


def _function(tree: ast.AST, line: int) -> str:
    """The innermost function that a line is in, or `module`."""
    found = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef) and node.lineno <= line <= (node.end_lineno or line)
    ]
    return max(found, key=lambda node: node.lineno).name if found else "module"


def _places(tree: ast.AST) -> Iterator[tuple[ast.expr, "_Change"]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARE:
            yield node, _Change(node, "ops", [_COMPARE[type(node.ops[0])](), *node.ops[1:]])
        elif isinstance(node, ast.BinOp) and type(node.op) in _COMPUTE and not _is_type(node):
            yield node, _Change(node, "op", _COMPUTE[type(node.op)]())
        elif isinstance(node, ast.BoolOp):
            yield node, _Change(node, "op", ast.And() if isinstance(node.op, ast.Or) else ast.Or())
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yield node, _Change(node, "op", ast.UAdd())
        elif isinstance(node, ast.Constant) and type(node.value) is int:
            yield node, _Change(node, "value", node.value + 1)


def _is_type(node: ast.BinOp) -> bool:
    """Whether an operator stands between types or texts, where changing it means nothing."""
    return any(isinstance(part, ast.Constant) and isinstance(part.value, str) for part in (node.left, node.right))


@dataclass(frozen=True, slots=True)
class _Change:
    node: ast.AST
    field: str
    value: object

    def __call__(self) -> None:
        setattr(self.node, self.field, self.value)


def tests_of(module: str) -> list[str]:
    """The domain's test files that use the module, its own first."""
    pattern = re.compile(rf"perennia\.domain\.{module}\b")
    found = [path for path in sorted((ROOT / "tests/domain").glob("test_*.py")) if pattern.search(path.read_text())]
    found.sort(key=lambda path: path.stem != f"test_{module}")
    return [str(path.relative_to(ROOT)) for path in found]


def is_killed(mutant: Mutant) -> bool:
    """Whether a test fails once the mutant stands in for its module."""
    with tempfile.TemporaryDirectory(prefix="perennia-mutant-") as folder:
        source = Path(folder) / "perennia"
        shutil.copytree(ROOT / "src/perennia", source, ignore=shutil.ignore_patterns("__pycache__"))
        (source / f"domain/{mutant.module}.py").write_text(mutant.source)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-x",
            "-q",
            "--noconftest",
            "-p",
            "no:cacheprovider",
            "-p",
            "no:xdist",
        ]
        path = os.pathsep.join((folder, str(ROOT)))
        try:
            done = subprocess.run(
                [*command, "-o", f"pythonpath={folder} {ROOT}", *tests_of(mutant.module)],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"},
                capture_output=True,
                timeout=_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:  # it goes round for ever, which nobody overlooks
            return True
    return done.returncode != 0


def main() -> int:
    """Run the mutants; 1 where one survived that nobody explained."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", nargs="*", default=MODULES, help=f"of {', '.join(MODULES)}")
    parser.add_argument("--every", type=int, default=1, help="only every so-many-th mutant")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    args = parser.parse_args()
    explained = EXPLAINED.read_text() if EXPLAINED.exists() else ""
    chosen = [mutant for module in args.modules for mutant in list(mutants(module))[:: args.every]]
    survivors = unexplained = 0
    with ThreadPoolExecutor(args.jobs) as pool:
        for mutant, killed in zip(chosen, pool.map(is_killed, chosen), strict=True):
            if killed:
                continue
            survivors += 1
            known = f"`{mutant.name}`" in explained
            unexplained += not known
            print(f"{mutant.module}.py:{mutant.line}  {mutant.name}{'  (explained)' if known else ''}")
    print(f"{len(chosen)} mutants, {len(chosen) - survivors} killed, {survivors} survived, {unexplained} not explained")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
