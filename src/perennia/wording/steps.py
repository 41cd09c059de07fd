"""The sentence of each step of a calculation, by the name of the step; None where it says nothing new."""

from collections.abc import Callable, Mapping
from fractions import Fraction

from perennia.domain.documents import CreditBasis, LineKind
from perennia.wording.telling import Here, Said, Teller

Telling = Callable[[Teller, Here], Said | None]

_OCCASIONS = {LineKind.SETUP: "setup", LineKind.ONE_OFF: "once", LineKind.USAGE: "usage", LineKind.TRIAL: "trial"}


def _plainly(teller: Teller, here: Here) -> Said:
    """The amount is all there is to say."""
    return Said(here.step.name, {"amount": teller.amount(here.step.value)})


def _if_it_changes(teller: Teller, here: Here) -> Said | None:
    return None if here.changes_nothing else _plainly(teller, here)


def _unit(teller: Teller, here: Here) -> Said | None:
    """Of so many at a price the next sentence says it all."""
    if here.leads_to("quantity"):
        return None
    return Said(f"unit.{_occasion(teller)}", {"price": teller.price(here.facts["unit_amount"])})


def _quantity(teller: Teller, here: Here) -> Said:
    holes = _so_many_at_a_price(teller, here.facts)
    return Said(f"quantity.{_occasion(teller)}", {**holes, "amount": teller.amount(here.step.value)})


def _occasion(teller: Teller) -> str:
    return _OCCASIONS.get(teller.calculation.kind, "period")


def _so_many_at_a_price(teller: Teller, facts: Mapping[str, Fraction]) -> dict[str, str]:
    quantity = facts["quantity"]
    return {
        "quantity": teller.number(quantity),
        "price": teller.price(facts["unit_amount"]),
        "is": teller.formats.noun(quantity, "is"),
    }


def _part(teller: Teller, here: Here) -> Said:
    share = teller.share(here.facts["part"], here.facts["whole"], measure=here.step.measure, key="share")
    holes = {"share": share, "amount": teller.amount(here.step.value)}
    return Said("part.undated", holes) if teller.span is None else Said("part", {**holes, "span": teller.span})


def _tier(teller: Teller, here: Here) -> Said:
    facts = here.facts
    holes = _so_many_at_a_price(teller, facts)
    holes |= {"number": teller.number(facts["number"]), "amount": teller.amount(here.step.value)}
    if teller.calculation.model == "stairstep":
        is_free = not facts["quantity"] and "flat_amount" not in facts
        return Said("tier.none" if is_free else "tier.sum", holes)
    key, flat = "tier", ""
    if "flat_amount" in facts:
        holes["flat"], flat = teller.price(facts["flat_amount"]), "_with_flat"
    if "blocks" in facts:
        holes["blocks"] = teller.formats.counted(facts["blocks"], "block")
        holes["size"] = teller.number(facts["block_size"])
        key = "tier.blocks"
    return Said(f"{key}{flat}", holes)


def _before(teller: Teller, here: Here) -> Said:
    quantity = teller.number(here.facts["quantity"])
    return Said("before", {"quantity": quantity, "amount": teller.amount(here.step.value)})


def _packages(teller: Teller, here: Here) -> Said:
    facts = here.facts
    holes = {
        "quantity": teller.number(facts["quantity"]),
        "packages": teller.formats.counted(facts["packages"], "package"),
        "size": teller.number(facts["package_size"]),
        "free": teller.number(min(facts["free_units"], facts["quantity"])),
        "price": teller.price(facts["unit_amount"]),
        "amount": teller.amount(here.step.value),
    }
    free = "_free" if facts["free_units"] else ""
    return Said(f"packages.{teller.calculation.basis.package}{free}", holes)


def _percentage(teller: Teller, here: Here) -> Said:
    facts = here.facts
    holes = {
        "percent": teller.number(facts["percent"]),
        "base": teller.price(facts["amount"]),
        "free": teller.price(facts["free"]),
        "amount": teller.amount(here.step.value),
    }
    return Said("percentage.free" if facts["free"] else "percentage", holes)


def _events(teller: Teller, here: Here) -> Said:
    events, each = teller.formats.counted(here.facts["events"], "event"), teller.price(here.facts["each"])
    return Said("events", {"events": events, "each": each, "amount": teller.amount(here.step.value)})


def _already_charged(teller: Teller, here: Here) -> Said:
    holes = {"charged": teller.price(here.facts["charged"]), "amount": teller.amount(abs(here.step.value))}
    return Said("already_charged.more" if here.step.value < 0 else "already_charged", holes)


def _percent_off(teller: Teller, here: Here) -> Said:
    holes = {"percent": teller.number(here.facts["percent"]), "amount": teller.amount(here.step.value)}
    return Said("percent_off", {**holes, "off": teller.amount(here.came_from - here.step.value)})


def _amount_off(teller: Teller, here: Here) -> Said:
    off = teller.amount(here.came_from - here.step.value)
    return Said("amount_off", {"off": off, "amount": teller.amount(here.step.value)})


def _tax_held(teller: Teller, here: Here) -> Said:
    percent = teller.number(here.facts["percent"])
    return Said("tax_held", {"percent": percent, "amount": teller.amount(here.step.value)})


def _missing(teller: Teller, here: Here) -> Said:
    return Said("missing", {"fees": teller.price(here.facts["fees"]), "amount": teller.amount(here.step.value)})


def _charged(teller: Teller, here: Here) -> Said | None:
    """What a share is taken of is said with the share."""
    return None if here.leads_to("unused") else _plainly(teller, here)


def _unused(teller: Teller, here: Here) -> Said:
    facts, measure, key = here.facts, here.step.measure, "unused"
    if teller.calculation.model == CreditBasis.USAGE:
        return _overused(teller, here)
    if teller.calculation.model == CreditBasis.QUANTITY:
        measure, key = "share", "unused.quantity"
    elif teller.calculation.kind is LineKind.PAUSE:
        key = "unused.paused"
    base = teller.amount(here.came_from)
    if facts["removed"] == facts["whole"]:
        return Said(f"{key}_all", {"base": base})
    share = teller.share(facts["removed"], facts["whole"], measure=measure, key="of_line")
    return Said(key, {"share": share, "amount": teller.amount(here.step.value), "base": base})


def _overused(teller: Teller, here: Here) -> Said:
    """Amounts before discounts on the one hand, what is left of the line on the other."""
    removed, whole = here.facts["removed"], here.facts["whole"]
    base = teller.amount(here.came_from)
    if removed == whole:
        return Said("unused.usage_all", {"base": base})
    holes = {"removed": teller.amount(removed), "whole": teller.amount(whole), "base": base}
    if whole == here.came_from:
        return Said("unused.usage", holes)
    return Said("unused.usage_share", {**holes, "amount": teller.amount(here.step.value)})


def _credit(teller: Teller, here: Here) -> Said | None:
    """What the line gives back is said in the end; here only what comes off it."""
    credited = here.facts.get("credited")
    if not credited:
        return None
    return Said("credit", {"credited": teller.price(credited), "amount": teller.amount(-here.step.value)})


def _limited(teller: Teller, here: Here) -> Said:
    return Said("limited", {"amount": teller.amount(-here.step.value)})


def _cash(teller: Teller, here: Here) -> Said:
    step = teller.amount(teller.calculation.whole)
    return Said("cash", {"step": step, "amount": teller.amount(here.step.value)})


def _silent(teller: Teller, here: Here) -> None:
    """What the line comes to is said in the end."""


STEPS: Mapping[str, Telling] = {
    "unit": _unit,
    "quantity": _quantity,
    "part": _part,
    "tier": _tier,
    "sum": _plainly,
    "before": _before,
    "packages": _packages,
    "percentage": _percentage,
    "events": _events,
    "at_least": _plainly,
    "at_most": _plainly,
    "already_charged": _already_charged,
    "percent_off": _percent_off,
    "rounded": _if_it_changes,
    "amount_off": _amount_off,
    "tax_held": _tax_held,
    "tax_taken_out": _plainly,
    "minimum": _plainly,
    "missing": _missing,
    "charged": _charged,
    "left": _if_it_changes,
    "unused": _unused,
    "credit": _credit,
    "limited": _limited,
    "share": _if_it_changes,
    "total": _plainly,
    "cash": _cash,
    "difference": _silent,
}
