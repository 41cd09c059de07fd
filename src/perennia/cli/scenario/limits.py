"""Caps and alerts of a subscription's usage, and which alerts were given."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from perennia.cli.scenario.script import Act
from perennia.cli.scenario.stage import Alert, Stage
from perennia.domain.errors import NotFound
from perennia.domain.ids import Id
from perennia.domain.metering import LimitKind
from perennia.domain.money import decimal_text, minor_units
from perennia.operations import usage
from perennia.store import session
from perennia.store.reads import issued

_BEYOND = {"refuse": LimitKind.REFUSE, "free": LimitKind.STOP}


@dataclass(frozen=True, slots=True)
class Notice:
    """An alert that was given, of the usage in the period that begins then."""

    alert: Alert
    period_start: datetime


def set_cap(stage: Stage, act: Act) -> None:
    """In the place of the cap that there was."""
    subscription, meter = stage.subscription(act), stage.meter(act)
    if (subscription, meter) in stage.caps:
        end_cap(stage, act)
    stage.caps[subscription, meter] = usage.set_limit(
        tenant=stage.tenant,
        subscription_id=subscription,
        meter=meter,
        kind=_BEYOND[act.given.get("beyond", "refuse")],
        now=stage.now,
        quantity=act.given["quantity"],
    )


def end_cap(stage: Stage, act: Act) -> None:
    found = stage.caps.pop((stage.subscription(act), stage.meter(act)), None)
    if found is None:
        raise NotFound(kind="usage limit", id=stage.meter(act))
    usage.end_limit(tenant=stage.tenant, limit_id=found, now=stage.now)


def set_alert(stage: Stage, act: Act) -> None:
    meter, currency = stage.meter(act), stage.currency_of(act)
    quantity, amount = act.given.get("quantity"), act.given.get("amount")
    amount_minor = None if amount is None else minor_units(amount, currency)
    made = usage.set_limit(
        tenant=stage.tenant,
        subscription_id=stage.subscription(act),
        meter=meter,
        kind=LimitKind.ALERT,
        now=stage.now,
        quantity=quantity,
        amount_minor=amount_minor,
    )
    amount_text = None if amount_minor is None else decimal_text(amount_minor, currency)
    stage.alerts[made] = Alert(
        act.subscription or "", meter, None if quantity is None else f"{quantity:f}", amount_text
    )


def newly_given(stage: Stage, seen: set[tuple[Id, datetime]]) -> Iterator[tuple[Id, str, Notice]]:
    """The alerts that were given since the last look, as (payer, currency, notice); nobody is asked where there are none."""
    if not stage.alerts:
        return
    with session.reading(stage.tenant) as cursor:
        found = issued.alerts(cursor, limits=stage.alerts)
    for limit, period_start, payer, currency in found:
        if (limit, period_start) not in seen:
            seen.add((limit, period_start))
            yield payer, currency, Notice(stage.alerts[limit], period_start)


PLAYED: dict[str, Callable[[Stage, Act], None]] = {
    "set_cap": set_cap,
    "end_cap": end_cap,
    "set_alert": set_alert,
}
