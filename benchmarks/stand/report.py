"""How figures are shown: progress on stderr, a table on stdout."""

import sys
from collections.abc import Mapping, Sequence


def say(what: str) -> None:
    print(f"{what} …", file=sys.stderr, flush=True)


def table(names: Sequence[str], rows: Sequence[Mapping[str, object]]) -> str:
    """One line for each name, one column for each row."""
    shown = [[_text(row.get(name)) for row in rows] for name in names]
    widths = [max(len(line[column]) for line in shown) for column in range(len(rows))]
    longest = max(map(len, names))
    return "\n".join(
        f"{name:<{longest}}  " + "  ".join(f"{cell:>{width}}" for cell, width in zip(line, widths, strict=True))
        for name, line in zip(names, shown, strict=True)
    )


def _text(value: object) -> str:
    return "" if value is None else f"{value:,}" if isinstance(value, int | float) else str(value)
