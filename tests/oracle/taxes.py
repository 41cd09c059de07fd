"""Tax: the rate of a line, and its amount by document ("Tax")."""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from tests.oracle import NotSupported
from tests.oracle.acts import Scenario
from tests.oracle.desk import Customer
from tests.oracle.lines import Line
from tests.oracle.prices import rounded, share

EU = "AT BE BG HR CY CZ DK EE FI FR DE GR EL HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE"


def without_tax(scenario: Scenario, customer: Customer) -> bool:
    """Exempt with a reason, or reverse charge with a VAT number of another member state."""
    facts = customer.facts
    if facts.get("exempt"):
        return True
    abroad = customer.country != scenario.country
    return bool(facts.get("tax_id")) and abroad and {customer.country, scenario.country} <= set(EU.split())


def percent(scenario: Scenario, country: str | None, tax_class: str | None, day: date) -> Fraction:
    """The rate in force in a place for a class on a day; a class of its own wins over the general one."""
    if not scenario.rates:
        return Fraction(0)
    fitting = [
        rate
        for rate in scenario.rates
        if rate.country in (None, country)
        and rate.tax_class in (None, tax_class)
        and (rate.since is None or rate.since <= day)
        and (rate.until is None or day <= rate.until)
    ]
    if not fitting:
        raise NotSupported(f"no tax rate for {country} {tax_class} on {day}")
    return max(fitting, key=lambda r: (r.tax_class is not None, r.country is not None, r.since or date.min)).percent


def lay_nothing(scenario: Scenario, line: Line, day: date, mode: str) -> None:
    """No tax is due: a gross price is left what a buyer at home pays without it (99.00 at 25 % becomes 79.20), or stays."""
    if line.inclusive and scenario.policy["gross_without_tax"] == "strip_tax":
        rate = percent(scenario, scenario.country, line.tax_class, line.tax_day or day)
        without(line, rounded(line.amount * rate / (100 + rate), mode))
    line.tax, line.inclusive = 0, False


def without(line: Line, tax: int) -> None:
    """From here on it is what it comes to without tax, of which credits are a share."""
    line.whole *= Fraction(line.amount - tax, line.amount) if line.amount else 1
    line.amount, line.inclusive = line.amount - tax, False


def lay_tax(scenario: Scenario, customer: Customer, lines: Sequence[Line], day: date) -> None:
    """Exact for each line, rounded once for each rate on the document (or line by line), and shared back."""
    mode, free = scenario.policy["rounding_mode"], without_tax(scenario, customer)
    by_rate: dict[Fraction, list[Line]] = {}
    for line in lines:
        if line.source is None and free:
            lay_nothing(scenario, line, day, mode)
        elif line.source is None:
            rate = percent(scenario, customer.country, line.tax_class, line.tax_day or day)
            by_rate.setdefault(rate, []).append(line)
    for rate, group in by_rate.items():
        if rate and len({line.inclusive for line in group}) > 1:
            raise NotSupported("prices with and without tax in them on one document")
        exact = [line.amount * (rate / (100 + rate) if line.inclusive else rate / 100) for line in group]
        if scenario.policy["tax_rounding"] == "line":
            taxes = [rounded(tax, mode) for tax in exact]
        else:
            taxes = share(rounded(sum(exact, Fraction(0)), mode), exact)
        for line, tax in zip(group, taxes, strict=True):
            line.tax = tax
            if line.inclusive:
                without(line, tax)
    for line in lines:
        if line.source is not None:
            line.tax = -credited_tax(line.source, -line.amount, mode)


def credited_tax(line: Line, amount: int, mode: str) -> int:
    """Cumulative: tax credited so far = round(line tax x credited / line amount); this credit takes the difference."""
    line.tax_base += amount
    if line.amount == 0:
        return 0
    so_far = rounded(Fraction(line.tax * line.tax_base, line.amount), mode)
    given, line.tax_credited = so_far - line.tax_credited, so_far
    return given
