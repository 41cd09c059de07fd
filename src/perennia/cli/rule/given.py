"""The arguments of a rule as they were written, and what they mean: liberal in form, strict in meaning."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any

from perennia.domain.calendar import Interval, Unit, instant, local_time, zone_info
from perennia.domain.errors import DomainError, InvalidValue
from perennia.domain.money import exponent
from perennia.domain.policies import DEFAULTS, Policies, changed

MOST = 10_000
"""The longest list, and the largest count."""

_YEARS = range(1900, 2200)
_INTERVAL = re.compile(r"(?:every )?(?:(\d{1,5}) )?(day|week|month|year|quarter)s?")
_WORDS_OF_INTERVALS = {
    "daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year", "annual": "year",
    "annually": "year", "half year": "6 months", "half yearly": "6 months", "semiannual": "6 months",
}  # fmt: skip
_QUARTER = 3


class UnknownArgument(DomainError):
    """A rule has no argument of that name (`rule`, `name`, `nearest`)."""

    code = "unknown_argument"


class MissingArgument(DomainError):
    """A rule cannot answer without an argument (`rule`, `name`)."""

    code = "missing_argument"


class Given:
    """The named arguments of one call. Each is taken once, under one of its names; `done` refuses those left over.

    Upper case and dashes in names mean the same as lower case and underscores; null is nothing. What stands in
    `policy` (or `policies`) is checked whole, and stands under what is given by name.
    """

    def __init__(self, rule: str, values: Mapping[str, Any]) -> None:
        self.rule = rule
        self._values = {name.lower().replace("-", "_"): value for name, value in values.items() if value is not None}
        self._taken: list[str] = []

    @property
    def names(self) -> list[str]:
        """In the order in which they were written."""
        return list(self._values)

    def has(self, *names: str) -> bool:
        return any(name in self._values for name in names)

    def take(self, *names: str) -> Any:
        """The value under one of these names, None where there is none. Raises InvalidValue where two have one."""
        self._taken += names
        found = [name for name in names if name in self._values]
        if len(found) > 1:
            raise InvalidValue(field=found[1], value=self._values[found[1]], reason=f"{found[0]} says it already")
        return self._values[found[0]] if found else None

    def need(self, *names: str) -> Any:
        """The value under one of these names. Raises MissingArgument."""
        found = self.take(*names)
        if found is None:
            raise self.missing(names[0])
        return found

    def missing(self, name: str) -> DomainError:
        """The error to raise for an argument that must be there; a name that looks misspelt is the one refused."""
        left = [other for other in self._values if other not in self._taken]
        misspelt = get_close_matches(name, left, n=1, cutoff=0.7)
        if misspelt:
            return UnknownArgument(rule=self.rule, name=misspelt[0], nearest=name)
        return MissingArgument(rule=self.rule, name=name)

    def done(self) -> None:
        """Raises UnknownArgument for what nobody took."""
        for name in self._values:
            if name not in self._taken:
                nearest = get_close_matches(name, self._taken, n=1, cutoff=0.5)
                raise UnknownArgument(rule=self.rule, name=name, nearest=nearest[0] if nearest else self._taken[0])

    def policies(self, **names: tuple[str, ...]) -> Policies:
        """The policies in force: of each key the value under one of its names, over `policy`, over the defaults."""
        stated = self.take("policy", "policies")
        if stated is not None and not isinstance(stated, dict):
            raise InvalidValue(field="policy", value=stated, reason="an object of policies and their words")
        base = changed(DEFAULTS, stated)
        own = {key: self.take(key, *others) for key, others in names.items()}
        return changed(base, {key: value for key, value in own.items() if value is not None})

    def currency(self) -> str:
        """ISO 4217; EUR where none is given. Raises UnknownCurrency."""
        found = self.take("currency")
        code = "EUR" if found is None else str(found).upper()
        exponent(code)
        return code

    def zone(self) -> str:
        """An IANA name; UTC where none is given. Raises UnknownZone."""
        found = self.take("zone", "timezone", "time_zone", "tz")
        name = "UTC" if found is None else str(found)
        zone_info(name)
        return name

    def interval(self) -> Interval:
        """A month where none is given. Raises InvalidValue."""
        unit, count = self.take("interval", "period"), self.take("interval_count")
        found = interval("month" if unit is None else unit)
        if count is None:
            return found
        return Interval(found.unit, found.count * whole("interval_count", count))


def number(field: str, value: Any) -> Decimal:
    """An exact decimal, written as a number or as text. Raises InvalidValue."""
    if isinstance(value, str | int | Decimal) and not isinstance(value, bool):
        try:
            found = Decimal(value.strip() if isinstance(value, str) else value)
        except (InvalidOperation, ValueError):
            found = Decimal("NaN")
        if found.is_finite() and abs(found) < 10**15 and -int(found.as_tuple().exponent) <= 30:
            return found
    raise InvalidValue(field=field, value=value, reason="a number below 10 to the 15th, as 12.50")


def numbers(field: str, value: Any) -> list[Decimal]:
    """A list of decimals; a single one is a list of one. Raises InvalidValue."""
    return [number(field, one) for one in listed(field, value)]


def listed(field: str, value: Any) -> Sequence[Any]:
    """A list as it is, anything else as a list of one. Raises InvalidValue for an endless one."""
    found = value if isinstance(value, list) else [value]
    if len(found) > MOST:
        raise InvalidValue(field=field, value=f"{len(found)} values", reason="at most 10,000 at once")
    return found


def whole(field: str, value: Any, *, most: int = MOST, least: int = 0) -> int:
    """A whole number. Raises InvalidValue."""
    found = number(field, value)
    if found != found.to_integral_value() or not least <= found <= most:
        raise InvalidValue(field=field, value=value, reason=f"a whole number from {least} to {most}")
    return int(found)


def flag(field: str, value: Any) -> bool:
    """true or false, yes or no. Raises InvalidValue."""
    word = value if isinstance(value, bool) else str(value).strip().lower()
    if word in (True, "true", "yes"):
        return True
    if word in (False, "false", "no"):
        return False
    raise InvalidValue(field=field, value=value, reason="true or false")


def interval(value: Any) -> Interval:
    """From `month`, `3 months`, `quarterly`, or an object with `unit` and `count`. Raises InvalidValue."""
    if isinstance(value, dict):
        of = Given("interval", value)
        unit, count = of.need("unit", "interval"), of.take("count", "interval_count", "n")
        of.done()
        found = interval(unit)
        return found if count is None else Interval(found.unit, found.count * whole("interval_count", count))
    text = " ".join(re.sub(r"(?<=\w)-", " ", str(value).lower().replace("_", " ")).split())
    found_words = _INTERVAL.fullmatch(_WORDS_OF_INTERVALS.get(text, text))
    if found_words is None:
        raise InvalidValue(
            field="interval", value=value, reason="a unit or a count of it: day, 2 weeks, month, 3 months, year"
        )
    steps = int(found_words[1] or 1)
    if found_words[2] == "quarter":
        return Interval(Unit.MONTH, steps * _QUARTER)
    return Interval(Unit(found_words[2]), steps)


def local(field: str, value: Any, zone: str) -> datetime:
    """A local time in `zone`: a date is its midnight, a time with an offset is brought there. Raises InvalidValue."""
    found = _written(field, value)
    return found if found.tzinfo is None else local_time(found.astimezone(UTC), zone)


def moment(field: str, value: Any, zone: str) -> datetime:
    """An instant: a date is its midnight in `zone`, a time without an offset is local there. Raises InvalidValue."""
    found = _written(field, value)
    return instant(found, zone) if found.tzinfo is None else found.astimezone(UTC)


def _written(field: str, value: Any) -> datetime:
    try:
        found = datetime.fromisoformat(str(value).strip())
    except ValueError:
        found = None
    if found is None or found.year not in _YEARS:
        raise InvalidValue(field=field, value=value, reason="a day or a time, as 2026-01-31 or 2026-01-31T12:00+01:00")
    return found


def local_text(found: datetime) -> str:
    """A local time as it is written: a date where it is midnight."""
    return found.date().isoformat() if found.time() == time() else found.isoformat()


def start_date(found: datetime) -> date:
    """A midnight as the date it begins, another local time as it is."""
    return found.date() if found.time() == time() else found
