"""Prices of every model, written shortly, and random ones."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from perennia.domain.pricing import Model, Price
from perennia.domain.schemes import Basis, Scheme, Tier
from tests.domain.world import price

BY_TIERS = (Model.GRADUATED, Model.VOLUME, Model.STAIRSTEP, Model.BLOCK)


def tier(text: str) -> Tier:
    """`10: 5.00 + 2.00` is up to 10 at 5.00 a unit and 2.00 flat; `*` is open, `3x100: 9.00` three blocks of 100."""
    bound, amounts = (part.strip() for part in text.split(":"))
    unit, _, flat = (part.strip() for part in amounts.partition("+"))
    money = {"unit_amount": Decimal(unit), "flat_amount": Decimal(flat or 0)}
    if "x" in bound:
        blocks, size = bound.split("x")
        return Tier(block_size=Decimal(size), blocks=None if blocks == "*" else int(blocks), **money)
    return Tier(None if bound == "*" else Decimal(bound), **money)


def tiered(model: Model, *tiers: str, **more: Any) -> Price:
    return schemed(model, tiers=tuple(map(tier, tiers)), **more)


def schemed(model: Model, *, amount: str = "0", currency: str = "EUR", **scheme: Any) -> Price:
    """A price of a model with a scheme; the numbers of the scheme may be text."""
    values = {name: Decimal(value) if isinstance(value, str) else value for name, value in scheme.items()}
    return replace(price(amount, model=model, currency=currency), scheme=Scheme(**values))


_amounts = st.one_of(
    st.integers(0, 5_000).map(lambda cents: Decimal(cents).scaleb(-2)),
    st.integers(0, 10**14).map(lambda tiny: Decimal(tiny).scaleb(-12)),
)
_sizes = st.one_of(st.integers(1, 500).map(Decimal), st.integers(1, 900_000).map(lambda n: Decimal(n).scaleb(-3)))
quantities = st.one_of(
    st.integers(0, 2_000).map(Decimal), st.integers(0, 3_000_000_000).map(lambda n: Decimal(n).scaleb(-6))
)


@st.composite
def schemed_prices(draw: st.DrawFn, models: Sequence[Model] = tuple(Model)[2:], open_end: bool = True) -> Price:
    model = draw(st.sampled_from(models))
    currency = draw(st.sampled_from(["EUR", "JPY", "KWD"]))
    if model is Model.PACKAGE:
        package = {"package_size": draw(_sizes), "free_units": draw(st.just(Decimal(0)) | _sizes)}
        return schemed(model, amount=str(draw(_amounts)), currency=currency, **package)
    if model is Model.PERCENTAGE:
        return schemed(model, currency=currency, **draw(_percentages()))
    return schemed(model, currency=currency, tiers=draw(_tiers(model, open_end)))


@st.composite
def _percentages(draw: st.DrawFn) -> dict[str, Any]:
    low, high = sorted([draw(_amounts), draw(_amounts)])
    return {
        "percent": draw(st.integers(0, 100 * 10**6)) * Decimal(1).scaleb(-6),
        "fixed_amount": draw(_amounts),
        "free_units": draw(st.just(Decimal(0)) | _sizes),
        "minimum": draw(st.sampled_from([None, low])),
        "maximum": draw(st.sampled_from([None, high])),
    }


@st.composite
def _tiers(draw: st.DrawFn, model: Model, open_end: bool) -> tuple[Tier, ...]:
    reach, found = Decimal(0), []
    count = draw(st.integers(1, 5))
    for number in range(1, count + 1):
        last = number == count and open_end
        money = {
            "unit_amount": Decimal(0) if model is Model.STAIRSTEP else draw(_amounts),
            "flat_amount": draw(st.just(Decimal(0)) | _amounts),
        }
        reach += draw(_sizes)
        if model is Model.BLOCK:
            found.append(Tier(block_size=draw(_sizes), blocks=None if last else draw(st.integers(1, 20)), **money))
        else:
            found.append(Tier(None if last else reach, **money))
    return tuple(found)


@st.composite
def bases(draw: st.DrawFn, cut: bool = True) -> Basis:
    """Any policies; with `cut` also parts of a period."""
    part, whole = sorted([draw(st.integers(1, 31)), draw(st.integers(1, 31))])
    return Basis(
        draw(st.sampled_from(["all", "top"])),
        draw(st.sampled_from(["no", "yes"])),
        draw(st.sampled_from(["up", "down"])),
        draw(st.none() | st.integers(0, 50)),
        draw(st.just(Decimal(0)) | quantities) if cut else Decimal(0),
        draw(st.integers(0, 20)) if cut else 0,
        (part, whole) if cut else (1, 1),
    )
