"""The steps from a quantity to the amount of a whole period by a scheme: format 2 of an explanation.

Worked out apart from the rules of `pricing` on purpose, from the calculation alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from perennia.domain.documents import Calculation
from perennia.domain.errors import InvalidValue
from perennia.domain.schemes import Scheme, Tier

Facts = tuple[tuple[str, Fraction], ...]


@dataclass(frozen=True, slots=True)
class Step:
    """A named intermediate of a calculation, exact, in minor units. Wording turns it into a sentence.

    `facts` are the numbers behind it, amounts among them in currency units: of a tier which one it is, how many are
    in it and at what. `measure` is what the share of a period was counted in, a word of `fractions.Measure`.
    """

    name: str
    value: Fraction
    facts: Facts = ()
    measure: str = ""


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The quantities above `low` up to `high` with the tier that prices them."""

    number: int
    tier: Tier
    low: Fraction
    high: Fraction | None

    def holds(self, quantity: Fraction) -> bool:
        above = quantity > self.low or self.number == 1
        return above and (self.high is None or quantity <= self.high)


def scheme_steps(inputs: Calculation) -> list[Step]:
    """The last one's value is the amount of the whole period, exact."""
    basis, quantity = inputs.basis, Fraction(inputs.quantity)
    events = basis.events if basis.events is not None else int(inputs.quantity > 0)
    if not basis.before and not basis.events_before:
        return _steps(inputs, quantity, events)
    before = Fraction(basis.before)
    steps = _steps(inputs, before + quantity, basis.events_before + events)
    earlier = _steps(inputs, before, basis.events_before)[-1].value
    left = steps[-1].value - earlier
    return [*steps, Step("before", left, (("quantity", before), ("events", Fraction(basis.events_before))))]


def _steps(inputs: Calculation, quantity: Fraction, events: int) -> list[Step]:
    scheme, minor = inputs.scheme, 10**inputs.exponent
    if scheme is None:
        raise InvalidValue(field="model", value=inputs.model, reason="a calculation of format 2 holds a scheme")
    if inputs.model == "package":
        return [_packages(inputs, scheme, quantity)]
    if inputs.model == "percentage":
        return _percentage(inputs, scheme, quantity, events)
    stretches = list(_stretches(scheme, Fraction(*inputs.basis.share)))
    home = next((one for one in stretches if one.holds(quantity)), None)
    if home is None:
        raise InvalidValue(field="quantity", value=str(quantity), reason="beyond the last tier")
    if inputs.model in ("volume", "stairstep") or inputs.basis.tier_mode == "top":
        return [_tier(inputs, home, quantity, minor)]
    steps = [
        _tier(inputs, one, (one.high if one.high is not None and one is not home else quantity) - one.low, minor)
        for one in stretches[: home.number]
    ]
    if len(steps) > 1:
        steps.append(Step("sum", sum((step.value for step in steps), Fraction(0))))
    return steps


def _stretches(scheme: Scheme, share: Fraction) -> Iterator[_Stretch]:
    low = Fraction(0)
    for number, tier in enumerate(scheme.tiers, start=1):
        high: Fraction | None = None
        if tier.block_size is None and tier.up_to is not None:
            high = share * Fraction(tier.up_to)
        elif tier.block_size is not None and tier.blocks is not None:
            high = low + share * tier.blocks * Fraction(tier.block_size)
        yield _Stretch(number, tier, low, high)
        low = low if high is None else high


def _tier(inputs: Calculation, stretch: _Stretch, units: Fraction, minor: int) -> Step:
    tier, facts = stretch.tier, [("number", Fraction(stretch.number)), ("quantity", units)]
    if tier.block_size is not None:
        count, rest = divmod(units, Fraction(tier.block_size))
        units = Fraction(count + (rest > 0))
        facts += [("block_size", Fraction(tier.block_size)), ("blocks", units)]
    amount = units * Fraction(tier.unit_amount)
    facts.append(("unit_amount", Fraction(tier.unit_amount)))
    if tier.flat_amount and (units or inputs.basis.first_flat_at_zero == "yes"):
        amount += Fraction(tier.flat_amount)
        facts.append(("flat_amount", Fraction(tier.flat_amount)))
    return Step("tier", amount * minor, tuple(facts))


def _packages(inputs: Calculation, scheme: Scheme, quantity: Fraction) -> Step:
    size, free = Fraction(scheme.package_size or 1), Fraction(scheme.free_units) * Fraction(*inputs.basis.share)
    count, rest = divmod(quantity - free, size) if quantity > free else (0, Fraction(0))
    if rest and inputs.basis.package == "up":
        count += 1
    facts = (("quantity", quantity), ("packages", Fraction(count)), ("package_size", size), ("free_units", free))
    amount = count * Fraction(inputs.unit_amount) * 10**inputs.exponent
    return Step("packages", amount, (*facts, ("unit_amount", Fraction(inputs.unit_amount))))


def _percentage(inputs: Calculation, scheme: Scheme, quantity: Fraction, events: int) -> list[Step]:
    minor, percent = 10**inputs.exponent, Fraction(scheme.percent or 0)
    free = Fraction(scheme.free_units) * Fraction(*inputs.basis.share)
    rated = quantity - free if quantity > free else Fraction(0)
    amount = rated * minor * percent * Fraction(1, 100)
    steps = [Step("percentage", amount, (("amount", rated), ("percent", percent), ("free", free)))]
    if scheme.fixed_amount and events:
        amount += events * Fraction(scheme.fixed_amount) * minor
        steps.append(Step("events", amount, (("events", Fraction(events)), ("each", Fraction(scheme.fixed_amount)))))
    if scheme.minimum is not None and 0 < amount < Fraction(scheme.minimum) * minor:
        amount = Fraction(scheme.minimum) * minor
        steps.append(Step("at_least", amount))
    if scheme.maximum is not None and amount > Fraction(scheme.maximum) * minor:
        amount = Fraction(scheme.maximum) * minor
        steps.append(Step("at_most", amount))
    return steps
