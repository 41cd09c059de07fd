"""The bans that no linter knows, read from the syntax tree: floating point in the rules, and clocks in disguise.

True division is refused in the rules because what it gives depends on its operands; where these are Fraction or
Decimal, the line says so with `# exact`.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

WHOLE_NUMBERS = {"gcd", "lcm", "isqrt", "prod", "comb"}
FLOAT_METHODS = {"total_seconds", "timestamp"}

Finding = tuple[int, str]


def floats(source: str) -> list[Finding]:
    """Line and reason for all that is, or can give, a float."""
    lines = source.splitlines()
    found = {(node.lineno, reason) for node, reason in _floats(ast.parse(source))}
    return sorted((line, reason) for line, reason in found if not lines[line - 1].rstrip().endswith("# exact"))


def _floats(tree: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=float() | complex()):
                yield node, "a float literal"
            case ast.Name(id="float" | "complex"):
                yield node, f"the type {node.id}"
            case ast.BinOp(op=ast.Div()) | ast.AugAssign(op=ast.Div()):
                yield node, "true division"
            case ast.BinOp(op=ast.Pow(), right=ast.UnaryOp(op=ast.USub())):
                yield node, "a negative power"
            case ast.Attribute(attr=name) if name in FLOAT_METHODS:
                yield node, f"{name}() gives a float"
            case ast.Import(names=names) if any(name.name == "math" for name in names):
                yield node, "the math module; import the whole-number functions by name"
            case ast.ImportFrom(module="math", names=names) if {name.name for name in names} - WHOLE_NUMBERS:
                yield node, "a math function that gives floats"


def third_parties(source: str) -> list[Finding]:
    """Line and name of imports that are neither standard library nor the domain's own."""
    return [
        (node.lineno, name)
        for node in ast.walk(ast.parse(source))
        for name in _imported(node)
        if name.partition(".")[0] not in sys.stdlib_module_names and not name.startswith("perennia.domain")
    ]


def _imported(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=names):
            return [name.name for name in names]
        case ast.ImportFrom(module=str(module), level=0):
            return [module]
    return []


def hidden_clocks(source: str) -> list[Finding]:
    """Line and name of Django's field options that read the machine's clock by themselves."""
    return [
        (keyword.lineno, keyword.arg)
        for keyword in ast.walk(ast.parse(source))
        if isinstance(keyword, ast.keyword) and keyword.arg in ("auto_now", "auto_now_add")
    ]


def long_functions(source: str, *, limit: int) -> list[Finding]:
    """Line and name of functions of more than `limit` lines."""
    return [
        (node.lineno, f"{node.name} has {length} lines")
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (length := (node.end_lineno or node.lineno) - node.lineno + 1) > limit
    ]


def python_files(folder: Path) -> list[Path]:
    """Every file of ours below a folder; migrations are exempt, since tools write them."""
    return sorted(path for path in folder.rglob("*.py") if "migrations" not in path.parts)
