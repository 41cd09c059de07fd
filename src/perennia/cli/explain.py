"""`perennia explain`: a document with the way to each of its amounts, and why it has its tax."""

import argparse
import json
import re
from typing import TYPE_CHECKING, Any

from perennia.cli import WrongUse
from perennia.cli.common import find_tenant
from perennia.config import environment, wiring
from perennia.domain.documents import DocumentKind, Line
from perennia.domain.errors import NotFound
from perennia.domain.explanation import evaluate, evidence_stored
from perennia.domain.ids import Id
from perennia.domain.money import decimal_text
from perennia.wording.documents import Document, Parties
from perennia.wording.errors import languages
from perennia.wording.explanations import calculation_of, explain_line

if TYPE_CHECKING:  # its models cannot be imported before Django is set up
    from perennia.store.reads.explained import ExplainedDocument, ExplainedLine
    from perennia.store.reads.sellers import Tenant

_NAMED = re.compile(r"(invoice|credit[ _-]note|faktura|kreditnota) (?:(\d{4})-)?(\d{1,18})")
_KINDS = {"invoice": DocumentKind.INVOICE, "faktura": DocumentKind.INVOICE}


def arguments(parser: argparse.ArgumentParser) -> None:
    """See `--help`."""
    parser.add_argument("document", nargs="+", help="invoice 12, credit note 3, invoice 2026-12, or an id: inv_…")
    parser.add_argument("--tenant", required=True, help="whose document")
    parser.add_argument("--line", type=int, metavar="N", help="this line alone")
    parser.add_argument("--language", choices=languages(), help="default: PERENNIA_LANGUAGE, else en")
    parser.add_argument("--json", action="store_true", help="print one JSON object: steps as data beside the sentences")


def run(args: argparse.Namespace) -> int:
    """Print it."""
    name, language = " ".join(args.document), args.language or environment.LANGUAGE.read()
    named = None if name.startswith("inv_") else _parsed(name)
    with wiring.database():
        tenant = find_tenant(args.tenant)
        found = _found(tenant, name, named)
    lines = list(enumerate(found.lines, start=1))
    if args.line is not None:
        lines = [(position, line) for position, line in lines if position == args.line]
        if not lines:
            raise NotFound(kind="line", id=f"{name}/{args.line}")
    told = _Told(found, tenant.zone, language)
    print(json.dumps(told.as_data(lines), indent=2, ensure_ascii=False) if args.json else told.as_text(lines))
    return 0


def _parsed(name: str) -> tuple[DocumentKind, int, int | None]:
    """(kind, number, year of the series, if one was named). Raises WrongUse."""
    found = _NAMED.fullmatch(" ".join(name.lower().split()))
    if found is None:
        raise WrongUse(f"{name!r} names no document; write `invoice 12`, `credit note 3`, or its id: inv_…")
    kind, year, number = found.groups()
    return _KINDS.get(kind, DocumentKind.CREDIT_NOTE), int(number), int(year) if year else None


def _found(tenant: "Tenant", name: str, named: tuple[DocumentKind, int, int | None] | None) -> "ExplainedDocument":
    """Raises NotFound; WrongUse where a number is not enough."""
    from perennia.store.reads import explained
    from perennia.store.session import reading

    with reading(tenant.id) as cursor:
        if named is None:
            return explained.document(cursor, document_id=Id.parse(name, prefix="inv"))
        kind, number, year = named
        keys = explained.named(cursor, tenant=tenant.id, kind=kind, number=number, year=year)
        if not keys:
            raise NotFound(kind="document", id=name)
        if len(keys) > 1:
            ids = ", ".join(key.text("inv") for key in keys)
            raise WrongUse(f"{len(keys)} documents are called {name}; name one by its id: {ids}")
        return explained.document(cursor, document_id=keys[0])


class _Told:
    """A document as text, and as data."""

    def __init__(self, found: "ExplainedDocument", zone: str, language: str) -> None:
        self._found, self._zone, self._language = found, zone, language
        buyer = found.buyer
        parties = Parties(
            home=found.seller.get("country", ""),
            place=buyer.get("country", ""),
            buyer=buyer.get("name", ""),
            tax_id=buyer.get("tax_id", ""),
            exempt_reason=buyer.get("exempt_reason", ""),
        )
        self._words = Document(parties=parties, currency=found.currency, language=language, zone=zone)
        year = f"{found.series_year}-" if found.series_year else ""
        self._number = f"{year}{found.number}"

    def as_text(self, lines: "list[tuple[int, ExplainedLine]]") -> str:
        found, words = self._found, self._words
        total = found.net_minor + found.tax_minor
        rows = [words.title(kind=found.kind, number=self._number, issued_at=found.issued_at, total_minor=total)]
        if found.from_balance_minor:
            rows.append(words.paid_from_balance(found.from_balance_minor))
        width = len(str(len(found.lines)))
        for position, one in lines:
            rows.append(f"{position:>{width}}  {words.line(one.line, zone=one.zone or self._zone)}")
            rows += [f"{'':<{width + 4}}{sentence}" for sentence in self._sentences(one)]
        rows.append(words.tax_heading())
        rows += [f"{'':<{width + 4}}{sentence}" for sentence in self._tax()]
        return "\n".join(rows)

    def as_data(self, lines: "list[tuple[int, ExplainedLine]]") -> dict[str, Any]:
        found = self._found
        return {
            "id": found.id.text("inv"),
            "kind": found.kind.value,
            "number": self._number,
            "payer": found.payer_id.text("cus"),
            "currency": found.currency,
            "issued_at": found.issued_at.isoformat(),
            "net": self._text(found.net_minor),
            "tax": self._text(found.tax_minor),
            "total": self._text(found.net_minor + found.tax_minor),
            "paid_from_balance": self._text(found.from_balance_minor),
            "lines": [self._line(position, one) for position, one in lines],
            "tax_evidence": None if found.evidence is None else evidence_stored(found.evidence),
            "tax_sentences": self._tax(),
        }

    def _line(self, position: int, one: "ExplainedLine") -> dict[str, Any]:
        line = one.line
        kind, number, credited = one.credits or (None, None, None)
        return {
            "position": position,
            "kind": line.kind.name.lower(),
            "description": line.description,
            "start": line.period_start.isoformat(),
            "end": line.period_end.isoformat(),
            "net": self._text(line.net_minor),
            "tax": self._text(line.tax_minor),
            "tax_percent": f"{line.tax_percent.normalize():f}",
            "credits": None if one.credits is None else {"kind": kind, "number": number, "position": credited},
            "steps": _steps(line, self._found.currency),
            "sentences": self._sentences(one),
        }

    def _sentences(self, one: "ExplainedLine") -> list[str]:
        zone = one.zone or self._zone
        return explain_line(one.line, currency=self._found.currency, language=self._language, zone=zone)

    def _tax(self) -> list[str]:
        return self._words.tax([one.line for one in self._found.lines], self._found.evidence)

    def _text(self, minor: int) -> str:
        return decimal_text(minor, self._found.currency)


def _steps(line: Line, currency: str) -> list[dict[str, Any]]:
    """Exact: values in minor units, where need be as a fraction; what they come from by name."""
    steps, _ = evaluate(calculation_of(line, currency=currency))
    found = []
    for step in steps:
        facts = {name: str(value) for name, value in step.facts}
        found.append({"name": step.name, "value": str(step.value), "facts": facts, "measure": step.measure or None})
    return found
