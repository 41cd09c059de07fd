"""What the sentences of an explanation are made with: one calculation, its amounts and shares in one language."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from perennia.domain.documents import Calculation
from perennia.domain.explanation import evaluate
from perennia.domain.steps import Step
from perennia.wording import lines_danish, lines_english
from perennia.wording.formats import Number, formats

SENTENCES: Mapping[str, Mapping[str, str]] = {"en": lines_english.SENTENCES, "da": lines_danish.SENTENCES}

Period = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence before it is put into words: its key, and what goes into its holes."""

    key: str
    holes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Here:
    """One step of a calculation between its neighbours."""

    step: Step
    before: Step | None
    after: Step | None

    @property
    def facts(self) -> dict[str, Fraction]:
        return dict(self.step.facts)

    @property
    def came_from(self) -> Fraction:
        """The amount before this step."""
        return Fraction(0) if self.before is None else self.before.value

    @property
    def changes_nothing(self) -> bool:
        return self.before is not None and self.before.value == self.step.value

    def leads_to(self, name: str) -> bool:
        return self.after is not None and self.after.name == name


class Teller:
    """One calculation on its way to sentences; English where the language is not spoken."""

    def __init__(
        self, calculation: Calculation, *, currency: str, language: str, zone: str, period: Period | None
    ) -> None:
        self.calculation, self.currency = calculation, currency
        self.steps, self.result = evaluate(calculation)
        self.formats = formats(language)
        self.span = self.formats.span(*period, zone) if period else None
        self._sentences = SENTENCES.get(language, SENTENCES["en"])

    def places(self) -> list[Here]:
        """The steps in order."""
        around = [None, *self.steps, None]
        return [Here(step, around[n], around[n + 2]) for n, step in enumerate(self.steps)]

    def words(self, key: str, **holes: str) -> str:
        """A sentence, or a piece of one; an amount that ends with a point of its own ends a sentence with just one."""
        return self._sentences[key].format(**holes).replace("..", ".")

    def amount(self, minor: Number) -> str:
        return self.formats.amount(minor, self.currency)

    def price(self, units: Number) -> str:
        return self.formats.price(units, self.currency)

    def number(self, value: Number) -> str:
        return self.formats.number(value)

    def share(self, part: Fraction, whole: Fraction, *, measure: str, key: str) -> str:
        """`18 of 28 days`; the bare share where nothing was counted."""
        if measure == "share":
            return self.words(f"{key}.share", part=self.number(part / whole))
        noun = "second" if measure == "second" else "day"
        return self.words(f"{key}.{measure}", part=self.number(part), whole=self.formats.counted(whole, noun))
