"""Numbers, amounts, dates and counts as a language writes them; exact, or said to be about right.

The one place that knows how a language writes such things, so that CLDR data can take over. Nothing here is binary
floating point: every number is an integer, a Decimal or a Fraction.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from perennia.domain.calendar import local_date, local_time, start_of_day
from perennia.domain.money import exponent, round_ratio

Number = int | Decimal | Fraction

_LONGEST = 12
"""Decimals of the finest unit price; what takes more is shown rounded."""
_FINER = 4
"""Decimals beyond those of the currency that an amount on the way is shown with, if that makes it exact."""
_ABOUT = 2
"""Decimals beyond those of the currency where no such number makes it exact."""


@dataclass(frozen=True, slots=True)
class Formats:
    """How one language writes. Patterns name what they take; `nouns` are (one, more) by the name of what is counted."""

    decimal: str
    group: str
    about: str
    months: tuple[str, ...]
    day: str
    days: str
    days_across_months: str
    days_across_years: str
    instants: str
    symbols: Mapping[str, str]
    nouns: Mapping[str, tuple[str, str]]
    fraction_is_one: bool = False
    """Whether a number between 1 and 2 takes the singular (CLDR: Danish)."""

    def number(self, value: Number) -> str:
        """Exact where decimals can tell it, else as numerator and denominator."""
        exact = Fraction(value)
        places = _places(exact)
        if places is None:
            return f"{self.number(exact.numerator)}/{self.number(exact.denominator)}"
        return self._digits(exact, places)

    def price(self, units: Number, currency: str) -> str:
        """An amount in currency units, exact, with at least the currency's decimals."""
        places = _places(Fraction(units))
        return self._with(self._digits(Fraction(units), max(places or 0, exponent(currency))), currency)

    def amount(self, minor: Number, currency: str) -> str:
        """Minor units as an amount: exact where a few decimals do, else rounded half away and said to be about that."""
        units, digits = Fraction(minor) * Fraction(1, 10 ** exponent(currency)), exponent(currency)
        places = _places(units)
        if places is not None and places <= digits + _FINER:
            return self._with(self._digits(units, max(places, digits)), currency)
        return f"{self.about} {self._with(self._digits(units, digits + _ABOUT), currency)}"

    def counted(self, count: Number, noun: str) -> str:
        """`3 days`."""
        return f"{self.number(count)} {self.noun(count, noun)}"

    def noun(self, count: Number, noun: str) -> str:
        """What is counted, in the number that goes with the count."""
        one, more = self.nouns[noun]
        exact = abs(Fraction(count))
        is_one = exact == 1 or (self.fraction_is_one and exact.denominator > 1 and exact < 2)
        return one if is_one else more

    def on(self, day: date) -> str:
        """`10 February 2019`."""
        return self.day.format(day=day.day, month=self.months[day.month - 1], year=day.year)

    def span(self, start: datetime, end: datetime, zone: str) -> str | None:
        """[start, end) as its first and last local day; with times where one is not midnight; None where it is empty."""
        if end <= start:
            return None
        if any(start_of_day(at, zone) != at for at in (start, end)):
            return self.instants.format(start=self._instant(start, zone), end=self._instant(end, zone))
        return self._days(local_date(start, zone), local_date(end, zone) - timedelta(days=1))

    def _days(self, first: date, last: date) -> str:
        if first == last:
            return self.on(first)
        pattern = self.days
        if first.year != last.year:
            pattern = self.days_across_years
        elif first.month != last.month:
            pattern = self.days_across_months
        names = {"month": self.months[first.month - 1], "last_month": self.months[last.month - 1]}
        return pattern.format(day=first.day, last_day=last.day, year=first.year, last_year=last.year, **names)

    def _instant(self, at: datetime, zone: str) -> str:
        local = local_time(at, zone)
        seconds = "" if not local.second else f":{local.second:02}"
        return f"{self.on(local.date())} {local.hour:02}:{local.minute:02}{seconds}"

    def _digits(self, exact: Fraction, places: int) -> str:
        """So many decimals, half away from zero where there are more."""
        scaled = round_ratio(exact.numerator * 10**places, exact.denominator)
        whole, decimals = divmod(abs(scaled), 10**places)
        text = f"{whole:,}".replace(",", self.group)
        if places:
            text = f"{text}{self.decimal}{decimals:0{places}}"
        return f"-{text}" if scaled < 0 else text

    def _with(self, digits: str, currency: str) -> str:
        return f"{digits} {self.symbols.get(currency, currency)}"


def _places(exact: Fraction) -> int | None:
    """How many decimals tell a number exactly; None where that is too many, or no number is enough."""
    return next((n for n in range(_LONGEST + 1) if 10**n % exact.denominator == 0), None)


_ENGLISH_MONTHS = "January February March April May June July August September October November December"
_DANISH_MONTHS = "januar februar marts april maj juni juli august september oktober november december"

FORMATS: Mapping[str, Formats] = {
    "en": Formats(
        decimal=".",
        group=",",
        about="about",
        months=tuple(_ENGLISH_MONTHS.split()),
        day="{day} {month} {year}",
        days="{day} to {last_day} {month} {year}",
        days_across_months="{day} {month} to {last_day} {last_month} {year}",
        days_across_years="{day} {month} {year} to {last_day} {last_month} {last_year}",
        instants="{start} to {end}",
        symbols={},
        nouns={
            "day": ("day", "days"),
            "second": ("second", "seconds"),
            "package": ("package", "packages"),
            "block": ("block", "blocks"),
            "event": ("event", "events"),
            "is": ("is", "are"),
        },
    ),
    "da": Formats(
        decimal=",",
        group=".",
        about="ca.",
        months=tuple(_DANISH_MONTHS.split()),
        day="{day}. {month} {year}",
        days="{day}.-{last_day}. {month} {year}",
        days_across_months="{day}. {month} til {last_day}. {last_month} {year}",
        days_across_years="{day}. {month} {year} til {last_day}. {last_month} {last_year}",
        instants="{start} til {end}",
        symbols={"DKK": "kr."},
        nouns={
            "day": ("dag", "dage"),
            "second": ("sekund", "sekunder"),
            "package": ("pakke", "pakker"),
            "block": ("blok", "blokke"),
            "event": ("hændelse", "hændelser"),
            "is": ("er", "er"),
        },
        fraction_is_one=True,
    ),
}


def formats(language: str) -> Formats:
    """How a language writes; English where that is not known."""
    return FORMATS.get(language, FORMATS["en"])
