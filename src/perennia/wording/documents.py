"""A document as a reader sees it: what it is, and why it has its tax."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from perennia.domain.calendar import local_date
from perennia.domain.documents import DocumentKind, Line, LineKind, TaxedLines, TaxEvidence
from perennia.domain.tax import Category
from perennia.wording.formats import Number, formats
from perennia.wording.telling import SENTENCES

_PER_LINE = "line"
"""The word of `tax_rounding` that rounds each line alone."""


@dataclass(frozen=True, slots=True)
class Parties:
    """Who is on a document: countries (ISO 3166), and of the buyer what its frozen party says."""

    home: str
    place: str
    buyer: str = ""
    tax_id: str = ""
    exempt_reason: str = ""


class Document:
    """The words around the lines of one document, in one language."""

    def __init__(self, *, parties: Parties, currency: str, language: str, zone: str) -> None:
        self._parties, self._currency, self._zone = parties, currency, zone
        self._formats = formats(language)
        self._sentences = SENTENCES.get(language, SENTENCES["en"])

    def title(self, *, kind: DocumentKind, number: str, issued_at: datetime, total_minor: int) -> str:
        """What it is, to whom, of which day, and over how much."""
        day = self._formats.on(local_date(issued_at, self._zone))
        buyer, total = one_line(self._parties.buyer), self._amount(total_minor)
        return self._words(f"document.{kind.value}", number=number, buyer=buyer, date=day, total=total)

    def line(self, line: Line, *, zone: str) -> str:
        """What a line is for, with its period as local days of `zone`, and its net."""
        span = self._formats.span(line.period_start, line.period_end, zone)
        description = self._words("document.rounding") if _is_rounding(line) else one_line(line.description)
        holes = {"description": description, "amount": self._amount(line.net_minor)}
        if span is None:
            return self._words("document.line_at_once", **holes)
        return self._words("document.line", span=span, **holes)

    def paid_from_balance(self, minor: int) -> str:
        return self._words("document.paid_from_balance", amount=self._amount(minor))

    def tax_heading(self) -> str:
        return self._words("document.tax")

    def tax(self, lines: Sequence[Line], evidence: TaxEvidence | None) -> list[str]:
        """A sentence for each way in which lines are taxed, with rate, place and reason; in the end their sum.

        `evidence` is None for a taxable buyer at the rates of its country.
        """
        found = [*self._charged(lines, evidence), *self._credited(lines)]
        if len(found) > 1:
            taxed = [line for line in lines if not _is_rounding(line)]
            found.append(self._words("tax.total", **self._sums(taxed)))
        return found

    def _charged(self, lines: Sequence[Line], evidence: TaxEvidence | None) -> Iterator[str]:
        if evidence is not None:
            for said, places in _together(evidence):
                yield self._treated(said, places, [lines[position - 1] for position in places], evidence)
            return
        for percent, positions in _by_percent(lines, credits=False).items():
            treated = [lines[position - 1] for position in positions]
            yield self._sentence("tax.standard" if percent else "tax.nothing", positions, treated, percent=percent)

    def _treated(self, said: TaxedLines, positions: Sequence[int], lines: Sequence[Line], evidence: TaxEvidence) -> str:
        if said.category is Category.STANDARD:
            key = "tax.by_line" if said.rounding == _PER_LINE else "tax.standard"
        else:
            key = f"tax.{said.reason}"
        places = {"place": evidence.region or evidence.buyer, "home": evidence.seller}
        return self._sentence(key, positions, lines, percent=said.percent, **places)

    def _credited(self, lines: Sequence[Line]) -> Iterator[str]:
        for percent, positions in _by_percent(lines, credits=True).items():
            credited = [lines[position - 1] for position in positions]
            yield self._sentence(
                "tax.credited" if percent else "tax.credited_none", positions, credited, percent=percent
            )

    def _sentence(
        self, key: str, positions: Sequence[int], lines: Sequence[Line], *, percent: Decimal, **places: str
    ) -> str:
        parties = self._parties
        holes = {
            "lines": self._words("lines.one" if len(positions) == 1 else "lines.more", lines=ranges(positions)),
            "percent": self._formats.number(percent),
            "place": parties.place,
            "home": parties.home,
            "tax_id": one_line(parties.tax_id),
            "exempt_reason": one_line(parties.exempt_reason),
        }
        return self._words(key, **holes | places | self._sums(lines))

    def _sums(self, lines: Iterable[Line]) -> dict[str, str]:
        sums = [(line.net_minor, line.tax_minor) for line in lines]
        return {"net": self._amount(sum(net for net, _ in sums)), "tax": self._amount(sum(tax for _, tax in sums))}

    def _amount(self, minor: Number) -> str:
        return self._formats.amount(minor, self._currency)

    def _words(self, key: str, **holes: str) -> str:
        return self._sentences[key].format(**holes).replace("..", ".")


def _by_percent(lines: Sequence[Line], *, credits: bool) -> Mapping[Decimal, list[int]]:
    """The positions of charge lines, or of those that give back, by their rate; what cash is rounded by has none."""
    found: dict[Decimal, list[int]] = {}
    for position, line in enumerate(lines, start=1):
        if (line.credits is not None) == credits and not _is_rounding(line):
            found.setdefault(line.tax_percent, []).append(position)
    return found


def _together(evidence: TaxEvidence) -> Iterator[tuple[TaxedLines, list[int]]]:
    """The ways in which lines are taxed with their positions; whether tax was taken out is said with the line."""
    found: dict[TaxedLines, list[int]] = {}
    for said, positions in evidence.lines:
        found.setdefault(replace(said, taken_out=Decimal(0)), []).extend(positions)
    for said, together in found.items():
        yield said, sorted(together)


def _is_rounding(line: Line) -> bool:
    return line.kind is LineKind.ROUNDING


def ranges(numbers: Sequence[int]) -> str:
    """Rising numbers in short: `1-3, 5`."""
    found: list[list[int]] = []
    for number in numbers:
        if found and found[-1][-1] == number - 1:
            found[-1] = [found[-1][0], number]
        else:
            found.append([number])
    return ", ".join("-".join(map(str, one)) for one in found)


def one_line(text: str) -> str:
    """What a person wrote, fit for a line: no line breaks, nothing that does not print."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in " ".join(text.split()))
