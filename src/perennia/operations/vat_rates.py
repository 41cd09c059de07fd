"""Standard rates of VAT with their history: the member states of the European Union and four neighbours.

Every rate since 1 January 2000, with the provision that sets it and, where one made the change known by its own name, that
act. Changes up to 2021 are also in the Commission's own history. Regional rates are not here: a tenant adds them itself
(`PT-20`, the Azores). The facts were restated from the sources; `tests/operations/test_vat_rates.py` compares them with two
public collections.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from perennia.domain.tax import TaxRate

STANDARD = "standard"
_HISTORY = "European Commission (TAXUD), VAT rates applied in the Member States, 1 January 2021, part VII: evolution"
_HISTORY_ENDS = date(2021, 1, 1)
NEIGHBOURS = ("CH", "GB", "IS", "NO")

# Country, the provision that sets the standard rate, and its rates: first day, percent, and the act that changed it.
_LAWS: tuple[tuple[str, str, tuple[tuple[str, str, str], ...]], ...] = (
    ("AT", "UStG 1994 § 10 (1)", (("1984-01-01", "20", ""),)),
    ("BE", "koninklijk besluit nr. 20 van 20 juli 1970, art. 1", (("1996-01-01", "21", ""),)),
    ("BG", "Закон за ДДС, чл. 66 (1)", (("1999-01-01", "20", ""),)),
    (
        "CY",
        "VAT Law 95(I)/2000, section 17",
        (
            ("1993-10-01", "8", ""),
            ("2000-07-01", "10", ""),
            ("2002-07-01", "13", ""),
            ("2003-01-01", "15", ""),
            ("2012-03-01", "17", ""),
            ("2013-01-14", "18", ""),
            ("2014-01-13", "19", ""),
        ),
    ),
    (
        "CZ",
        "zákon č. 235/2004 Sb., § 47",
        (
            ("1995-01-01", "22", "zákon č. 588/1992 Sb., § 16"),
            ("2004-05-01", "19", ""),
            ("2010-01-01", "20", ""),
            ("2013-01-01", "21", ""),
        ),
    ),
    (
        "DE",
        "UStG § 12 (1)",
        (
            ("1998-04-01", "16", ""),
            ("2007-01-01", "19", "Haushaltsbegleitgesetz 2006"),
            ("2020-07-01", "16", "UStG § 28 (1), Zweites Corona-Steuerhilfegesetz"),
            ("2021-01-01", "19", "UStG § 28 (1), Zweites Corona-Steuerhilfegesetz"),
        ),
    ),
    ("DK", "momsloven § 33", (("1992-01-01", "25", ""),)),
    (
        "EE",
        "käibemaksuseadus § 15 (1)",
        (
            ("1993-01-01", "18", ""),
            ("2009-07-01", "20", ""),
            ("2024-01-01", "22", ""),
            ("2025-07-01", "24", "julgeolekumaksu seadus"),
        ),
    ),
    (
        "ES",
        "Ley 37/1992, art. 90",
        (
            ("1995-01-01", "16", ""),
            ("2010-07-01", "18", "Ley 26/2009"),
            ("2012-09-01", "21", "Real Decreto-ley 20/2012"),
        ),
    ),
    (
        "FI",
        "arvonlisäverolaki 1501/1993, 84 §",
        (
            ("1994-06-01", "22", ""),
            ("2010-07-01", "23", ""),
            ("2013-01-01", "24", ""),
            ("2024-09-01", "25.5", ""),
        ),
    ),
    (
        "FR",
        "code général des impôts, art. 278",
        (
            ("1995-08-01", "20.6", ""),
            ("2000-04-01", "19.6", ""),
            ("2014-01-01", "20", "loi n° 2012-1510, art. 68"),
        ),
    ),
    (
        "GR",
        "Law 2859/2000, art. 21",
        (
            ("1990-04-28", "18", "Law 1642/1986"),
            ("2005-04-01", "19", "Law 3336/2005"),
            ("2010-03-15", "21", "Law 3833/2010"),
            ("2010-07-01", "23", "Law 3845/2010"),
            ("2016-06-01", "24", "Law 4389/2016"),
        ),
    ),
    (
        "HR",
        "Zakon o PDV, čl. 38",
        (("1998-08-01", "22", ""), ("2009-08-01", "23", ""), ("2012-03-01", "25", "")),
    ),
    (
        "HU",
        "2007. évi CXXVII. törvény, 82. §",
        (
            ("1988-01-01", "25", ""),
            ("2006-01-01", "20", ""),
            ("2009-07-01", "25", ""),
            ("2012-01-01", "27", ""),
        ),
    ),
    (
        "IE",
        "Value-Added Tax Consolidation Act 2010, section 46",
        (
            ("1991-03-01", "21", ""),
            ("2001-01-01", "20", ""),
            ("2002-03-01", "21", ""),
            ("2008-12-01", "21.5", ""),
            ("2010-01-01", "21", ""),
            ("2012-01-01", "23", ""),
            ("2020-09-01", "21", "July stimulus 2020, up to 28 February 2021"),
            ("2021-03-01", "23", "July stimulus 2020, up to 28 February 2021"),
        ),
    ),
    (
        "IT",
        "DPR 633/1972, art. 16",
        (
            ("1997-10-01", "20", ""),
            ("2011-09-17", "21", "legge 148/2011"),
            ("2013-10-01", "22", "decreto-legge 98/2011, art. 40"),
        ),
    ),
    (
        "LT",
        "PVM įstatymas, 19 str.",
        (("1994-05-01", "18", ""), ("2009-01-01", "19", ""), ("2009-09-01", "21", "")),
    ),
    (
        "LU",
        "loi du 12 février 1979 concernant la TVA, art. 39",
        (
            ("1992-01-01", "15", ""),
            ("2015-01-01", "17", ""),
            ("2023-01-01", "16", "loi du 26 octobre 2022"),
            ("2024-01-01", "17", "loi du 26 octobre 2022"),
        ),
    ),
    (
        "LV",
        "PVN likums, 41. pants",
        (
            ("1995-05-01", "18", ""),
            ("2009-01-01", "21", ""),
            ("2011-01-01", "22", ""),
            ("2012-07-01", "21", ""),
        ),
    ),
    ("MT", "Value Added Tax Act, Cap. 406, art. 19", (("1999-01-01", "15", ""), ("2004-01-01", "18", ""))),
    (
        "NL",
        "Wet op de omzetbelasting 1968, art. 9",
        (("1992-10-01", "17.5", ""), ("2001-01-01", "19", ""), ("2012-10-01", "21", "")),
    ),
    ("PL", "ustawa o VAT, art. 41, 146a, 146ea", (("1993-07-05", "22", ""), ("2011-01-01", "23", ""))),
    (
        "PT",
        "Código do IVA, art. 18",
        (
            ("1995-01-01", "17", ""),
            ("2002-06-05", "19", "Lei 16-A/2002"),
            ("2005-07-01", "21", "Lei 39/2005"),
            ("2008-07-01", "20", "Lei 26-A/2008"),
            ("2010-07-01", "21", "Lei 12-A/2010"),
            ("2011-01-01", "23", "Lei 55-A/2010"),
        ),
    ),
    (
        "RO",
        "Codul fiscal, art. 291 (1)",
        (
            ("2000-01-01", "19", ""),
            ("2010-07-01", "24", "OUG 58/2010"),
            ("2016-01-01", "20", "Legea 227/2015"),
            ("2017-01-01", "19", "Legea 227/2015"),
            ("2025-08-01", "21", "Legea 141/2025"),
        ),
    ),
    ("SE", "mervärdesskattelag, 9 kap. 2 § (1994:200: 7 kap. 1 §)", (("1990-07-01", "25", ""),)),
    (
        "SI",
        "ZDDV-1, 41. člen",
        (("1999-07-01", "19", ""), ("2002-01-01", "20", ""), ("2013-07-01", "22", "ZIPRS1314-A")),
    ),
    (
        "SK",
        "zákon č. 222/2004 Z. z., § 27",
        (
            ("1996-01-01", "23", "zákon č. 289/1995 Z. z."),
            ("2003-01-01", "20", "zákon č. 289/1995 Z. z."),
            ("2004-01-01", "19", ""),
            ("2011-01-01", "20", ""),
            ("2025-01-01", "23", "zákon č. 278/2024 Z. z."),
        ),
    ),
    (
        "CH",
        "MWSTG Art. 25 (1)",
        (
            ("1999-01-01", "7.5", ""),
            ("2001-01-01", "7.6", ""),
            ("2011-01-01", "8", ""),
            ("2018-01-01", "7.7", ""),
            ("2024-01-01", "8.1", "AHV 21"),
        ),
    ),
    (
        "GB",
        "Value Added Tax Act 1994, section 2",
        (
            ("1991-04-01", "17.5", ""),
            ("2008-12-01", "15", "SI 2008/3020"),
            ("2010-01-01", "17.5", "Finance Act 2009, section 9"),
            ("2011-01-04", "20", "Finance (No. 2) Act 2010, section 3"),
        ),
    ),
    (
        "IS",
        "lög nr. 50/1988, 14. gr.",
        (("1990-01-01", "24.5", ""), ("2010-01-01", "25.5", ""), ("2015-01-01", "24", "")),
    ),
    (
        "NO",
        "merverdiavgiftsloven § 5-1, Stortingets vedtak om merverdiavgift",
        (("1995-01-01", "23", ""), ("2001-01-01", "24", ""), ("2005-01-01", "25", "")),
    ),
)


@dataclass(frozen=True, slots=True)
class SourcedRate:
    """A rate with the provision and the publication it was taken from."""

    rate: TaxRate
    source: str


def _rates() -> tuple[SourcedRate, ...]:
    found = []
    for country, law, rows in _LAWS:
        ends = [date.fromisoformat(day) for day, _, _ in rows[1:]]
        for (day, percent, act), end in zip(rows, [*ends, None], strict=True):
            begins = date.fromisoformat(day)
            sources = [law, act, _HISTORY if begins <= _HISTORY_ENDS and country not in NEIGHBOURS else ""]
            rate = TaxRate(country, STANDARD, Decimal(percent), begins, end)
            found.append(SourcedRate(rate, "; ".join(source for source in sources if source)))
    return tuple(found)


RATES = _rates()
"""In order of country and date; each ends where the next begins."""
