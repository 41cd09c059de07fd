"""The common VAT area of the European Union: which places belong to it, and when.

Source: Council Directive 2006/112/EC, articles 5 to 7; the treaties of accession of 2003, 2005 and 2011; the agreement on
the withdrawal of the United Kingdom, articles 126 and 127. Services only: Northern Ireland stays inside for goods.
"""

from datetime import date

_FIFTEEN = "AT BE DE DK ES FI FR GB GR IE IT LU NL PT SE"
_LATER = (
    ("CY CZ EE HU LT LV MT PL SI SK", date(2004, 5, 1)),
    ("BG RO", date(2007, 1, 1)),
    ("HR", date(2013, 7, 1)),
)
_JOINED = {country: joined for countries, joined in ((_FIFTEEN, date.min), *_LATER) for country in countries.split()}
_LEFT = {"GB": date(2021, 1, 1)}

_SAME_AS = {"MC": "FR", "IM": "GB"}
"""Article 7: Monaco is treated as France, the Isle of Man as the United Kingdom."""

OUTSIDE = frozenset(("ES-CE", "ES-CN", "ES-ML", "FI-01", "FR-971", "FR-972", "FR-973", "FR-974", "FR-976", "GR-69"))
"""Article 6: parts of member states (ISO 3166-2) where the directive does not apply."""

MEMBERS_TODAY = tuple(sorted(_JOINED.keys() - _LEFT.keys()))


def tax_country(country: str) -> str:
    """The country whose VAT holds in `country`."""
    return _SAME_AS.get(country, country)


def in_eu(country: str, *, on: date, region: str | None = None) -> bool:
    """Whether a place belongs to the common VAT area on a day."""
    country = tax_country(country)
    if country not in _JOINED or region in OUTSIDE:
        return False
    return _JOINED[country] <= on < _LEFT.get(country, date.max)
