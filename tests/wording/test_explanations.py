"""A line explains itself in sentences: examples compared whole in both languages, and what holds for every calculation."""

import ast
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

import perennia.domain
from perennia.domain.calendar import midnight
from perennia.domain.documents import Calculation, CreditBasis, Line, LineKind
from perennia.domain.explanation import evaluate, priced
from perennia.domain.fractions import Measure
from perennia.domain.ids import Id
from perennia.domain.money import exponent
from perennia.domain.pricing import Model, Price
from perennia.domain.schemes import Basis
from perennia.domain.steps import Step
from perennia.wording.explanations import explain, explain_line
from perennia.wording.formats import formats
from perennia.wording.steps import STEPS
from perennia.wording.telling import SENTENCES, Here, Teller
from tests.domain.prices import bases, quantities, schemed, schemed_prices, tiered

DOMAIN = Path(next(iter(perennia.domain.__path__)))
ZONE = "Europe/Copenhagen"
FEBRUARY = midnight(date(2019, 2, 10), ZONE), midnight(date(2019, 2, 28), ZONE)
NOON = FEBRUARY[0], datetime(2019, 2, 20, 11, 30, tzinfo=UTC)
TIERS = ("10: 5.00", "20: 4.00 + 7.00", "*: 3.00")


def charge(amount: str, kind: LineKind = LineKind.RECURRING, model: str = "flat", **more) -> Calculation:
    return Calculation(kind, 2, model, Decimal(amount), **more)


def seats(quantity: str, amount: str = "10.00", **more) -> Calculation:
    return charge(amount, model="per_unit", quantity=Decimal(quantity), **more)


def schemed_line(price: Price, quantity: str, kind: LineKind = LineKind.RECURRING, basis: Basis = Basis(), **more):  # noqa: B008
    return Calculation(
        kind, 2, price.model, price.unit_amount, Decimal(quantity), **priced(price, basis), **more
    )  # fmt: skip


def given_back(charged: int, removed: int, whole: int, kind: LineKind = LineKind.CREDIT, **more) -> Calculation:
    return Calculation(
        kind, 2, more.pop("model", CreditBasis.TIME), charged=charged, removed=removed, whole=whole, **more
    )  # fmt: skip


EXAMPLES = {
    "a whole period at one price": (
        charge("31.00"), None,
        """
        The price of a period is 31.00 EUR.
        The line comes to 31.00 EUR.
        """,
        """
        Prisen for en periode er 31,00 kr.
        Linjen er på 31,00 kr.
        """,
    ),
    "three seats": (
        seats("3"), None,
        """
        3 at 10.00 EUR are 30.00 EUR a period.
        The line comes to 30.00 EUR.
        """,
        """
        3 til 10,00 kr. er 30,00 kr. pr. periode.
        Linjen er på 30,00 kr.
        """,
    ),
    "many of very little": (
        seats("1234567.5", "0.000123"), None,
        """
        1,234,567.5 at 0.000123 EUR are about 151.8518 EUR a period.
        Rounded: 151.85 EUR.
        The line comes to 151.85 EUR.
        """,
        """
        1.234.567,5 til 0,000123 kr. er ca. 151,8518 kr. pr. periode.
        Afrundet: 151,85 kr.
        Linjen er på 151,85 kr.
        """,
    ),
    "a part in days": (
        charge("31.00", part=18, whole=28), FEBRUARY,
        """
        The price of a period is 31.00 EUR.
        18 of 28 days, 10 to 27 February 2019: about 19.9286 EUR.
        Rounded: 19.93 EUR.
        The line comes to 19.93 EUR.
        """,
        """
        Prisen for en periode er 31,00 kr.
        18 af 28 dage, 10.-27. februar 2019: ca. 19,9286 kr.
        Afrundet: 19,93 kr.
        Linjen er på 19,93 kr.
        """,
    ),
    "a part in seconds": (
        charge("31.00", part=909000, whole=2419200, measure=Measure.SECOND), NOON,
        """
        The price of a period is 31.00 EUR.
        909,000 of 2,419,200 seconds, 10 February 2019 00:00 to 20 February 2019 12:30: about 11.6481 EUR.
        Rounded: 11.65 EUR.
        The line comes to 11.65 EUR.
        """,
        """
        Prisen for en periode er 31,00 kr.
        909.000 af 2.419.200 sekunder, 10. februar 2019 00:00 til 20. februar 2019 12:30: ca. 11,6481 kr.
        Afrundet: 11,65 kr.
        Linjen er på 11,65 kr.
        """,
    ),
    "a part in months of thirty days": (
        charge("31.00", part=21, whole=30, measure=Measure.DAY30), None,
        """
        The price of a period is 31.00 EUR.
        21 of 30 days, every month taken for 30 days: 21.70 EUR.
        The line comes to 21.70 EUR.
        """,
        """
        Prisen for en periode er 31,00 kr.
        21 af 30 dage, hver måned regnet som 30 dage: 21,70 kr.
        Linjen er på 21,70 kr.
        """,
    ),
    "a share rounded to nine places": (
        charge("31.00", part=642857143, whole=10**9, measure=Measure.SHARE), None,
        """
        The price of a period is 31.00 EUR.
        0.642857143 of a period: about 19.9286 EUR.
        Rounded: 19.93 EUR.
        The line comes to 19.93 EUR.
        """,
        """
        Prisen for en periode er 31,00 kr.
        0,642857143 af en periode: ca. 19,9286 kr.
        Afrundet: 19,93 kr.
        Linjen er på 19,93 kr.
        """,
    ),
    "percents in turn, then an amount": (
        seats("3", "9.99", off=(Decimal(50), Decimal("33.3333"), 99)), None,
        """
        3 at 9.99 EUR are 29.97 EUR a period.
        A discount of 50 % takes off 14.985 EUR and leaves 14.985 EUR.
        A discount of 33.3333 % takes off about 4.9950 EUR and leaves about 9.9900 EUR.
        A discount takes off 0.99 EUR and leaves about 9.0000 EUR.
        Rounded: 9.00 EUR.
        The line comes to 9.00 EUR.
        """,
        """
        3 til 9,99 kr. er 29,97 kr. pr. periode.
        En rabat på 50 % trækker 14,985 kr. fra, så der er 14,985 kr. tilbage.
        En rabat på 33,3333 % trækker ca. 4,9950 kr. fra, så der er ca. 9,9900 kr. tilbage.
        En rabat trækker 0,99 kr. fra, så der er ca. 9,0000 kr. tilbage.
        Afrundet: 9,00 kr.
        Linjen er på 9,00 kr.
        """,
    ),
    "graduated": (
        schemed_line(tiered(Model.GRADUATED, *TIERS), "21"), None,
        """
        Tier 1: 10 at 5.00 EUR are 50.00 EUR.
        Tier 2: 10 at 4.00 EUR and 7.00 EUR for the tier, 47.00 EUR.
        Tier 3: 1 at 3.00 EUR is 3.00 EUR.
        Together: 100.00 EUR.
        The line comes to 100.00 EUR.
        """,
        """
        Trin 1: 10 til 5,00 kr. er 50,00 kr.
        Trin 2: 10 til 4,00 kr. og 7,00 kr. for trinnet, 47,00 kr.
        Trin 3: 1 til 3,00 kr. er 3,00 kr.
        Tilsammen: 100,00 kr.
        Linjen er på 100,00 kr.
        """,
    ),
    "volume": (
        schemed_line(tiered(Model.VOLUME, *TIERS), "30"), None,
        """
        30 in all falls in tier 3, which holds for all of it.
        Tier 3: 30 at 3.00 EUR are 90.00 EUR.
        The line comes to 90.00 EUR.
        """,
        """
        30 i alt ligger på trin 3, som gælder for det hele.
        Trin 3: 30 til 3,00 kr. er 90,00 kr.
        Linjen er på 90,00 kr.
        """,
    ),
    "stairstep": (
        schemed_line(tiered(Model.STAIRSTEP, "5: 0 + 9.00", "*: 0 + 12.00"), "6"), None,
        """
        6 in all falls in tier 2, which holds for all of it.
        Tier 2 costs 12.00 EUR, however many there are in it.
        The line comes to 12.00 EUR.
        """,
        """
        6 i alt ligger på trin 2, som gælder for det hele.
        Trin 2 koster 12,00 kr., uanset hvor mange der er på det.
        Linjen er på 12,00 kr.
        """,
    ),
    "stairstep of nothing": (
        schemed_line(tiered(Model.STAIRSTEP, "5: 0 + 9.00"), "0"), None,
        """
        0 in all falls in tier 1, which holds for all of it.
        Nothing is due for a quantity of 0.
        The line comes to 0.00 EUR.
        """,
        """
        0 i alt ligger på trin 1, som gælder for det hele.
        Der skal ikke betales for et antal på 0.
        Linjen er på 0,00 kr.
        """,
    ),
    "blocks": (
        schemed_line(tiered(Model.BLOCK, "3x100: 9.00", "*x500: 30.00 + 1.00"), "301"), None,
        """
        Tier 1: 3 blocks of 100 at 9.00 EUR, 27.00 EUR.
        Tier 2: 1 block of 500 at 30.00 EUR and 1.00 EUR for the tier, 31.00 EUR.
        Together: 58.00 EUR.
        The line comes to 58.00 EUR.
        """,
        """
        Trin 1: 3 blokke a 100 til 9,00 kr., 27,00 kr.
        Trin 2: 1 blok a 500 til 30,00 kr. og 1,00 kr. for trinnet, 31,00 kr.
        Tilsammen: 58,00 kr.
        Linjen er på 58,00 kr.
        """,
    ),
    "started packages": (
        schemed_line(schemed(Model.PACKAGE, amount="8.00", package_size="100", free_units="50"), "151"), None,
        """
        151, of which 50 free, takes 2 packages of 100 at 8.00 EUR: 16.00 EUR.
        The line comes to 16.00 EUR.
        """,
        """
        151, heraf 50 frit, kræver 2 pakker a 100 til 8,00 kr.: 16,00 kr.
        Linjen er på 16,00 kr.
        """,
    ),
    "full packages": (
        schemed_line(schemed(Model.PACKAGE, amount="8.00", package_size="100"), "151", basis=Basis(package="down")), None,
        """
        151 fills 1 package of 100 at 8.00 EUR: 8.00 EUR.
        The line comes to 8.00 EUR.
        """,
        """
        151 fylder 1 pakke a 100 til 8,00 kr.: 8,00 kr.
        Linjen er på 8,00 kr.
        """,
    ),
    "a percentage with its least": (
        schemed_line(schemed(Model.PERCENTAGE, percent="2.5", fixed_amount="0.10", minimum="1.00"), "1"), None,
        """
        2.5 % of 1.00 EUR is 0.025 EUR.
        With 1 event at 0.10 EUR that makes 0.125 EUR.
        At least 1.00 EUR is charged.
        The line comes to 1.00 EUR.
        """,
        """
        2,5 % af 1,00 kr. er 0,025 kr.
        Med 1 hændelse til 0,10 kr. er det 0,125 kr.
        Der opkræves mindst 1,00 kr.
        Linjen er på 1,00 kr.
        """,
    ),
    "a percentage with a free part and its most": (
        schemed_line(schemed(Model.PERCENTAGE, percent="3", free_units="100", maximum="20.00"), "900"), None,
        """
        3 % of the 800.00 EUR above the free 100.00 EUR is 24.00 EUR.
        At most 20.00 EUR is charged.
        The line comes to 20.00 EUR.
        """,
        """
        3 % af de 800,00 kr. over de frie 100,00 kr. er 24,00 kr.
        Der opkræves højst 20,00 kr.
        Linjen er på 20,00 kr.
        """,
    ),
    "a share of a document that is rounded as a whole": (
        seats("3", "0.335", share=1), None,
        """
        3 at 0.335 EUR are 1.005 EUR a period.
        Rounded together with the other lines of the document: 1.01 EUR.
        The line comes to 1.01 EUR.
        """,
        """
        3 til 0,335 kr. er 1,005 kr. pr. periode.
        Afrundet sammen med bilagets andre linjer: 1,01 kr.
        Linjen er på 1,01 kr.
        """,
    ),
    "to the smallest coin": (
        Calculation(LineKind.ROUNDING, 2, "flat", charged=1077, whole=5), None,
        """
        The document comes to 10.77 EUR.
        In cash, in steps of 0.05 EUR, that is 10.75 EUR.
        The line comes to -0.02 EUR.
        """,
        """
        Bilaget er på 10,77 kr.
        Kontant, i trin på 0,05 kr., er det 10,75 kr.
        Linjen er på -0,02 kr.
        """,
    ),
    "usage that was charged too much": (
        seats("1500", "0.015", kind=LineKind.USAGE, charged=3000), FEBRUARY,
        """
        Counted, 10 to 27 February 2019: 1,500.
        1,500 at 0.015 EUR are 22.50 EUR.
        30.00 EUR was charged before, 7.50 EUR more than that.
        The line comes to -7.50 EUR.
        """,
        """
        Medregnet 10.-27. februar 2019: 1.500.
        1.500 til 0,015 kr. er 22,50 kr.
        30,00 kr. er opkrævet før, altså 7,50 kr. for meget.
        Linjen er på -7,50 kr.
        """,
    ),
    "usage after what was charged": (
        seats("1500", "0.015", kind=LineKind.USAGE, charged=2000, off=(Decimal(10),)), FEBRUARY,
        """
        Counted, 10 to 27 February 2019: 1,500.
        1,500 at 0.015 EUR are 22.50 EUR.
        20.00 EUR of that was charged before, which leaves 2.50 EUR.
        A discount of 10 % takes off 0.25 EUR and leaves 2.25 EUR.
        The line comes to 2.25 EUR.
        """,
        """
        Medregnet 10.-27. februar 2019: 1.500.
        1.500 til 0,015 kr. er 22,50 kr.
        20,00 kr. af det er opkrævet før, så der er 2,50 kr. tilbage.
        En rabat på 10 % trækker 0,25 kr. fra, så der er 2,25 kr. tilbage.
        Linjen er på 2,25 kr.
        """,
    ),
    "usage whose tiers count on": (
        schemed_line(tiered(Model.GRADUATED, *TIERS), "5", LineKind.USAGE, Basis(before=Decimal(8))), None,
        """
        Together with the 8 that came before in the period that makes 13.
        Tier 1: 10 at 5.00 EUR are 50.00 EUR.
        Tier 2: 3 at 4.00 EUR and 7.00 EUR for the tier, 19.00 EUR.
        Together: 69.00 EUR.
        What came before in the period, 8, is taken out again, which leaves 29.00 EUR.
        The line comes to 29.00 EUR.
        """,
        """
        Sammen med de 8, der kom før i perioden, er det 13.
        Trin 1: 10 til 5,00 kr. er 50,00 kr.
        Trin 2: 3 til 4,00 kr. og 7,00 kr. for trinnet, 19,00 kr.
        Tilsammen: 69,00 kr.
        Det, der kom før i perioden, 8, trækkes fra igen, så der er 29,00 kr. tilbage.
        Linjen er på 29,00 kr.
        """,
    ),
    "usage in a part of the tiers": (
        schemed_line(tiered(Model.GRADUATED, *TIERS), "6", LineKind.USAGE, Basis(share=(1, 2))), None,
        """
        Tiers and free parts count for 0.5 of a period here.
        Tier 1: 5 at 5.00 EUR are 25.00 EUR.
        Tier 2: 1 at 4.00 EUR and 7.00 EUR for the tier, 11.00 EUR.
        Together: 36.00 EUR.
        The line comes to 36.00 EUR.
        """,
        """
        Trin og frie dele gælder her for 0,5 af en periode.
        Trin 1: 5 til 5,00 kr. er 25,00 kr.
        Trin 2: 1 til 4,00 kr. og 7,00 kr. for trinnet, 11,00 kr.
        Tilsammen: 36,00 kr.
        Linjen er på 36,00 kr.
        """,
    ),
    "a set-up fee": (
        charge("50.00", LineKind.SETUP), None,
        """
        The set-up fee is 50.00 EUR, charged once.
        The line comes to 50.00 EUR.
        """,
        """
        Oprettelsen koster 50,00 kr. og opkræves én gang.
        Linjen er på 50,00 kr.
        """,
    ),
    "a trial with a price": (
        charge("5.00", LineKind.TRIAL), None,
        """
        The whole trial costs 5.00 EUR.
        The line comes to 5.00 EUR.
        """,
        """
        Hele prøven koster 5,00 kr.
        Linjen er på 5,00 kr.
        """,
    ),
    "a one-off": (
        seats("2", "12.50", kind=LineKind.ONE_OFF), None,
        """
        2 at 12.50 EUR are 25.00 EUR, charged once.
        The line comes to 25.00 EUR.
        """,
        """
        2 til 12,50 kr. er 25,00 kr., der opkræves én gang.
        Linjen er på 25,00 kr.
        """,
    ),
    "what a minimum lacks": (
        charge("50.00", LineKind.MINIMUM, part=15, whole=30, fees=1999, format=2), None,
        """
        A period comes to at least 50.00 EUR.
        15 of 30 days: 25.00 EUR.
        The fees before discounts come to 19.99 EUR, so 5.01 EUR is missing.
        The line comes to 5.01 EUR.
        """,
        """
        En periode koster mindst 50,00 kr.
        15 af 30 dage: 25,00 kr.
        Beløbene før rabat er 19,99 kr., så der mangler 5,01 kr.
        Linjen er på 5,01 kr.
        """,
    ),
    "tax out of a gross price": (
        charge("9.99", tax_out=Decimal(25)), None,
        """
        The price of a period is 9.99 EUR.
        The price holds 25 % tax: 1.998 EUR.
        No tax is due, so it comes off, rounded, which leaves 7.99 EUR.
        The line comes to 7.99 EUR.
        """,
        """
        Prisen for en periode er 9,99 kr.
        Prisen rummer 25 % moms: 1,998 kr.
        Der skal ikke betales moms, så den går fra, afrundet, og der er 7,99 kr. tilbage.
        Linjen er på 7,99 kr.
        """,
    ),
    "the unused rest after a change": (
        given_back(10000, 20, 30), FEBRUARY,
        """
        Not used: 10 to 27 February 2019.
        20 of 30 days not used: about 66.6667 EUR of 100.00 EUR.
        Rounded: 66.67 EUR.
        66.67 EUR is given back: the line comes to -66.67 EUR.
        """,
        """
        Ikke brugt: 10.-27. februar 2019.
        20 af 30 dage ikke brugt: ca. 66,6667 kr. af 100,00 kr.
        Afrundet: 66,67 kr.
        66,67 kr. gives tilbage: linjen er på -66,67 kr.
        """,
    ),
    "a second credit, limited by what is left": (
        given_back(10000, 20, 30, credited=1000, limit=4000), None,
        """
        20 of 30 days not used: about 66.6667 EUR of 100.00 EUR.
        Rounded: 66.67 EUR.
        10.00 EUR of that was given back before, which leaves 56.67 EUR.
        No more than 40.00 EUR was left to give back.
        40.00 EUR is given back: the line comes to -40.00 EUR.
        """,
        """
        20 af 30 dage ikke brugt: ca. 66,6667 kr. af 100,00 kr.
        Afrundet: 66,67 kr.
        10,00 kr. af det er givet tilbage før, så der er 56,67 kr. tilbage.
        Der var højst 40,00 kr. tilbage at give tilbage.
        40,00 kr. gives tilbage: linjen er på -40,00 kr.
        """,
    ),
    "all of it goes back": (
        given_back(10000, 1, 1), None,
        """
        Nothing of it is used: all of 100.00 EUR.
        100.00 EUR is given back: the line comes to -100.00 EUR.
        """,
        """
        Intet af det er brugt: hele 100,00 kr.
        100,00 kr. gives tilbage: linjen er på -100,00 kr.
        """,
    ),
    "a share of it goes back": (
        given_back(10000, 2, 3, measure=Measure.SHARE), None,
        """
        2/3 of it not used: about 66.6667 EUR of 100.00 EUR.
        Rounded: 66.67 EUR.
        66.67 EUR is given back: the line comes to -66.67 EUR.
        """,
        """
        2/3 af det ikke brugt: ca. 66,6667 kr. af 100,00 kr.
        Afrundet: 66,67 kr.
        66,67 kr. gives tilbage: linjen er på -66,67 kr.
        """,
    ),
    "an amount credited by hand": (
        Calculation(LineKind.ADJUSTMENT, 2, CreditBasis.AMOUNT, charged=10000, removed=2500, credited=1000), FEBRUARY,
        """
        Credited by hand.
        100.00 EUR was charged.
        90.00 EUR of that was not given back before.
        25.00 EUR is given back: the line comes to -25.00 EUR.
        """,
        """
        Krediteret i hånden.
        Der blev opkrævet 100,00 kr.
        90,00 kr. af det var ikke givet tilbage før.
        25,00 kr. gives tilbage: linjen er på -25,00 kr.
        """,
    ),
    "two more of three taken back by hand": (
        given_back(10000, 1, 1, LineKind.ADJUSTMENT, model=CreditBasis.QUANTITY, credited=3333), None,
        """
        Credited by hand.
        All of it is taken back: 100.00 EUR.
        33.33 EUR of that was given back before, which leaves 66.67 EUR.
        66.67 EUR is given back: the line comes to -66.67 EUR.
        """,
        """
        Krediteret i hånden.
        Det hele er taget tilbage: 100,00 kr.
        33,33 kr. af det er givet tilbage før, så der er 66,67 kr. tilbage.
        66,67 kr. gives tilbage: linjen er på -66,67 kr.
        """,
    ),
    "one of three taken back by hand": (
        given_back(10000, 1, 3, LineKind.ADJUSTMENT, model=CreditBasis.QUANTITY), None,
        """
        Credited by hand.
        1/3 of it taken back: about 33.3333 EUR of 100.00 EUR.
        Rounded: 33.33 EUR.
        33.33 EUR is given back: the line comes to -33.33 EUR.
        """,
        """
        Krediteret i hånden.
        1/3 af det taget tilbage: ca. 33,3333 kr. af 100,00 kr.
        Afrundet: 33,33 kr.
        33,33 kr. gives tilbage: linjen er på -33,33 kr.
        """,
    ),
    "usage that came to less": (
        given_back(10000, 6000, 10000, LineKind.OVERUSED, model=CreditBasis.USAGE, measure=Measure.SHARE), FEBRUARY,
        """
        Usage settled again: 10 to 27 February 2019.
        It comes to 60.00 EUR less than the 100.00 EUR that this line charged.
        60.00 EUR is given back: the line comes to -60.00 EUR.
        """,
        """
        Forbrug gjort op igen: 10.-27. februar 2019.
        Det bliver 60,00 kr. mindre end de 100,00 kr., som linjen opkrævede.
        60,00 kr. gives tilbage: linjen er på -60,00 kr.
        """,
    ),
    "usage that came to less, charged at half the price": (
        given_back(5000, 6000, 10000, LineKind.OVERUSED, model=CreditBasis.USAGE, measure=Measure.SHARE), None,
        """
        It comes to 60.00 EUR less than the 100.00 EUR charged before discounts: 30.00 EUR of 50.00 EUR.
        30.00 EUR is given back: the line comes to -30.00 EUR.
        """,
        """
        Det bliver 60,00 kr. mindre end de 100,00 kr., der blev opkrævet før rabat: 30,00 kr. af 50,00 kr.
        30,00 kr. gives tilbage: linjen er på -30,00 kr.
        """,
    ),
    "usage of which nothing is left": (
        given_back(5000, 10000, 10000, LineKind.OVERUSED, model=CreditBasis.USAGE, measure=Measure.SHARE), None,
        """
        Nothing of what this line charged is due: all of 50.00 EUR.
        50.00 EUR is given back: the line comes to -50.00 EUR.
        """,
        """
        Intet af det, som linjen opkrævede, skal betales: hele 50,00 kr.
        50,00 kr. gives tilbage: linjen er på -50,00 kr.
        """,
    ),
    "a pause": (
        given_back(3000, 10, 30, LineKind.PAUSE), FEBRUARY,
        """
        Paused: 10 to 27 February 2019.
        10 of 30 days paused: 10.00 EUR of 30.00 EUR.
        10.00 EUR is given back: the line comes to -10.00 EUR.
        """,
        """
        På pause: 10.-27. februar 2019.
        10 af 30 dage på pause: 10,00 kr. af 30,00 kr.
        10,00 kr. gives tilbage: linjen er på -10,00 kr.
        """,
    ),
}  # fmt: skip


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_in_both_languages(name: str) -> None:
    calculation, period, english, danish = EXAMPLES[name]
    assert explain(calculation, currency="EUR", zone=ZONE, period=period) == _lines(english)
    assert explain(calculation, currency="DKK", language="da", zone=ZONE, period=period) == _lines(danish)


@pytest.mark.parametrize(
    ("percent", "inclusive", "net", "tax", "english", "danish"),
    [
        ("25", False, 3100, 775,
         "The line comes to 31.00 DKK, before 25 % tax.", "Linjen er på 31,00 kr. før 25 % moms."),
        ("24.5", True, 2490, 610,
         "The line comes to 31.00 DKK, of which 6.10 DKK is the 24.5 % tax and 24.90 DKK the price without it.",
         "Linjen er på 31,00 kr., heraf 6,10 kr. i moms (24,5 %) og 24,90 kr. i pris uden moms."),
        ("0", True, 3100, 0, "The line comes to 31.00 DKK.", "Linjen er på 31,00 kr."),
    ],
)  # fmt: skip
def test_a_line_says_how_its_tax_lies_to_its_amount(
    percent: str, inclusive: bool, net: int, tax: int, english: str, danish: str
) -> None:
    line = Line(
        LineKind.RECURRING, Id(bytes(16)), Id(bytes(16)), "Basic", *FEBRUARY, "flat", Decimal(1), Decimal("31.00"),
        net, tax, Decimal(percent), inclusive,
    )  # fmt: skip
    assert explain_line(line, currency="DKK", zone=ZONE)[-1] == english
    assert explain_line(line, currency="DKK", language="da", zone=ZONE)[-1] == danish


def test_a_credit_line_says_what_is_given_back_and_how_its_tax_lies_to_that() -> None:
    line = Line(
        LineKind.PAUSE, Id(bytes(16)), Id(bytes(16)), "Basic", *FEBRUARY, "credit", Decimal(1), Decimal(0),
        -1000, -250, Decimal(25), False, calculation=given_back(3000, 10, 30),
    )  # fmt: skip
    assert explain_line(line, currency="EUR", zone=ZONE) == [
        "Paused: 10 to 27 February 2019.",
        "10 of 30 days paused: 10.00 EUR of 30.00 EUR.",
        "10.00 EUR is given back: the line comes to -10.00 EUR, before 25 % tax.",
    ]


def test_a_language_that_is_not_spoken_is_english() -> None:
    assert explain(seats("3"), currency="EUR", language="xx") == explain(seats("3"), currency="EUR")


def _step_names() -> set[str]:
    """The name of every step that the rules make, read from their source."""
    found = set()
    for path in DOMAIN.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Step":
                assert isinstance(node.args[0], ast.Constant), f"{path.name}:{node.lineno} names no step"
                found.add(node.args[0].value)
    return found


def test_every_step_has_words() -> None:
    assert len(_step_names()) > 20
    assert _step_names() - set(STEPS) == set()


def test_every_kind_of_line_and_every_measure_has_an_example() -> None:
    shown = [calculation for calculation, *_ in EXAMPLES.values()]
    assert {calculation.kind for calculation in shown} >= set(LineKind) - {LineKind.ROUNDING}
    assert {str(calculation.model) for calculation in shown} >= {str(model) for model in Model}
    assert {str(calculation.measure) for calculation in shown} == {str(measure) for measure in Measure}


@pytest.mark.parametrize(
    ("language", "currency", "told"),
    [
        ("en", "DKK", ["The document comes to 123.47 DKK.", "In cash, in steps of 0.50 DKK, that is 123.50 DKK."]),
        ("da", "DKK", ["Bilaget er på 123,47 kr.", "Kontant, i trin på 0,50 kr., er det 123,50 kr."]),
    ],
)
def test_what_a_total_is_rounded_to_in_cash(language: str, currency: str, told: list[str]) -> None:
    inputs = Calculation(LineKind.ROUNDING, 2, charged=12347, whole=50)
    teller = Teller(inputs, currency=currency, language=language, zone=ZONE, period=None)
    total, cash, difference = (
        Step(name, Fraction(value)) for name, value in (("total", 12347), ("cash", 12350), ("difference", 3))
    )
    places = [Here(total, None, cash), Here(cash, total, difference), Here(difference, cash, None)]
    said = [STEPS[here.step.name](teller, here) for here in places]
    assert [teller.words(one.key, **one.holes) for one in said if one is not None] == told


def test_both_languages_have_the_same_sentences_with_the_same_holes() -> None:
    holes = {
        language: {key: {name for _, name, *_ in Formatter().parse(words) if name} for key, words in table.items()}
        for language, table in SENTENCES.items()
    }
    assert holes["da"] == holes["en"]
    told_alike = {key for key, words in SENTENCES["en"].items() if SENTENCES["da"][key] == words}
    assert {re.sub(r"{\w+}", "", SENTENCES["en"][key]).strip(" ,:.") for key in told_alike} == {""}


_charges = st.builds(
    Calculation,
    kind=st.sampled_from([LineKind.RECURRING, LineKind.SETUP, LineKind.ONE_OFF, LineKind.USAGE]),
    exponent=st.just(2),
    model=st.sampled_from(["flat", "per_unit"]),
    unit_amount=st.decimals(-(10**6), 10**6, places=12),
    quantity=quantities,
    part=st.integers(0, 40),
    whole=st.integers(40, 60),
    off=st.lists(st.decimals("0.0001", 100, places=4) | st.integers(1, 10**6), max_size=4).map(tuple),
    share=st.sampled_from([None, 0, 1]),
    rounding=st.sampled_from(["half_away", "half_even"]),
    tax_out=st.sampled_from([Decimal(0), Decimal(25), Decimal("20.5")]),
    measure=st.sampled_from(Measure),
)
_credits = st.builds(
    Calculation,
    kind=st.sampled_from([LineKind.CREDIT, LineKind.PAUSE]),
    exponent=st.just(2),
    charged=st.integers(-(10**9), 10**9),
    removed=st.integers(0, 40),
    whole=st.integers(40, 60),
    credited=st.integers(0, 10**6),
    limit=st.none() | st.integers(0, 10**6),
    measure=st.sampled_from([Measure.DAY, Measure.SECOND, Measure.SHARE]),
)
_instants = st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@st.composite
def _schemed(draw: st.DrawFn) -> Calculation:
    price, basis = draw(schemed_prices()), draw(bases())
    found = schemed_line(price, "0", draw(st.sampled_from([LineKind.RECURRING, LineKind.USAGE])), basis)
    charged = draw(st.integers(0, 10**6)) if found.kind is LineKind.USAGE else 0
    return replace(found, quantity=draw(quantities), exponent=2, charged=charged)


@given(_charges | _credits | _schemed(), st.sampled_from(["en", "da"]), st.none() | st.tuples(_instants, _instants))
def test_the_sentences_tell_the_amount_and_nothing_raw(
    calculation: Calculation, language: str, period: tuple[datetime, datetime] | None
) -> None:
    found = explain(calculation, currency="EUR", language=language, zone=ZONE, period=period)
    assert formats(language).amount(evaluate(calculation)[1], "EUR") in found[-1]
    assert all(sentence.endswith(".") and not sentence.endswith("..") for sentence in found)
    text = " ".join(found)
    assert not re.search(r"Fraction|Decimal|None|datetime|[{}<>_]|E[+-]\d", text)
    assert text.isprintable()


@given(st.integers(-(10**15), 10**15), st.sampled_from(["EUR", "JPY", "KWD"]), st.sampled_from(["en", "da"]))
def test_whole_minor_units_are_shown_exactly(minor: int, currency: str, language: str) -> None:
    shown = formats(language).amount(minor, currency).removesuffix(f" {currency}")
    assert int(re.sub(r"[.,]", "", shown)) == minor
    assert (
        len(re.split(r"[.,](?=\d*$)", shown)[1]) == exponent(currency) if exponent(currency) else "," not in shown[-3:]
    )
