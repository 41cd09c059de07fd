"""Scenarios told in few words, and what was billed as a small table."""

from collections.abc import Mapping
from typing import Any

from tests.oracle.billing import billed


def at(moment: str, verb: str, /, **args: Any) -> dict[str, Any]:
    return {"at": moment, "verb": verb, **args}


def table(timeline: list[dict[str, Any]], plans: Mapping[str, Any], **scenario: Any) -> str:
    """One row for each line (item, kind, from, to, net), and one under each day: net, tax, total, balance, open."""
    catalogue = {"plans": plans} | scenario.pop("catalogue", {})
    rows: list[str] = []
    for day in billed({"catalogue": catalogue, "timeline": timeline, **scenario}):
        seen = day.as_json()
        rows.append(seen["day"])
        for line in seen["lines"]:
            row = [line["item"], line["kind"], line["start"] or "-", line["end"] or "-", line["amount"]]
            row += [f"credits {line['credits']}"] if line["credits"] else []
            rows.append("  " + " ".join(row))
        rows.append("  = " + " ".join(seen[name] for name in ("net", "tax", "total", "balance_after", "open_after")))
    return "\n".join(rows)


def lines(timeline: list[dict[str, Any]], plans: Mapping[str, Any], **scenario: Any) -> str:
    """The rows of the lines alone, each with the day it came out."""
    rows, day = [], ""
    for row in table(timeline, plans, **scenario).splitlines():
        if not row.startswith("  "):
            day = row
        elif not row.startswith("  ="):
            rows.append(f"{day} {row.strip().split(' credits')[0]}")
    return "\n".join(rows)


def block(text: str) -> str:
    """An indented table of a test without its indentation."""
    rows = [row.strip() for row in text.strip().splitlines()]
    return "\n".join(row if row[:1].isdigit() else f"  {row}" for row in rows)


def rows(text: str) -> str:
    return "\n".join(row.strip() for row in text.strip().splitlines())
