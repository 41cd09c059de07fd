"""One-off charges as charges of a draft, so that tax, discounts and totals have one rule for all lines."""

from dataclasses import dataclass, field

from perennia.domain.calendar import Interval, Series, Unit, local_time
from perennia.domain.charges import Charge
from perennia.domain.discounts import Discount, at_work
from perennia.domain.documents import LineKind
from perennia.domain.errors import InvalidValue
from perennia.domain.facts import Item, ItemKind, Status, Subscription, Version
from perennia.domain.ids import Id
from perennia.domain.money import ROUNDINGS
from perennia.domain.pending import Pending
from perennia.domain.policies import DEFAULTS, Policies
from perennia.domain.pricing import Model, Price, period_amount
from perennia.domain.proration import Part

_ONCE = Interval(Unit.DAY)
_NO_KEY = Id(bytes(16))
LARGEST_MINOR = 10**17


@dataclass(frozen=True, slots=True)
class OneOff(Charge):
    """A charge without a period and a version; also without a subscription where its customer alone is charged."""

    pending: Pending = field(kw_only=True)


def one_off(
    pending: Pending, *, zone: str, policies: Policies = DEFAULTS, subscription: Subscription | None = None
) -> OneOff:
    """The charge, priced: quantity x unit amount, less percents in turn, rounded once.

    `subscription` is its own, None for one without or one that has ended: then nothing is taken off, and the
    tenant's `policies` hold. Raises InvalidValue for more than a document can hold.
    """
    price = Price(
        id=_NO_KEY,
        model=Model.PER_UNIT,
        currency=pending.currency,
        interval=_ONCE,
        unit_amount=pending.unit_amount,
        tax_inclusive=pending.tax_inclusive,
        tax_class=pending.tax_class,
    )
    exact = period_amount(price, pending.quantity)
    if exact[0] > LARGEST_MINOR * exact[1]:
        raise InvalidValue(
            field="amount", value=str(pending.unit_amount), reason="no charge is above 10^17 minor units"
        )
    discounts: tuple[Discount, ...] = ()
    if subscription is not None and pending.is_discountable:
        discounts = at_work(subscription.discounts, sold=())
    under = policies if subscription is None else subscription.policies
    series = Series(local_time(pending.at, zone), zone, _ONCE)
    version = Version(_NO_KEY, price, pending.quantity, series, pending.at)
    return OneOff(
        subscription=subscription or _stand_in(pending, zone, policies),
        item=Item(_NO_KEY, ItemKind.ADD_ON, pending.description, (version,)),
        version=version,
        part=Part(pending.at, pending.at, 1, 1),
        exact=exact,
        listed=ROUNDINGS[under.rounding_mode](*exact),
        discounts=discounts,
        policies=under,
        kind=LineKind.SETUP if pending.is_setup else LineKind.ONE_OFF,
        pending=pending,
    )


def _stand_in(pending: Pending, zone: str, policies: Policies) -> Subscription:
    """What the rules of a draft ask of a charge's subscription; amounts off are shared within it."""
    return Subscription(
        id=pending.subscription_id or pending.id or _NO_KEY,
        customer_id=pending.customer_id,
        entity_id=pending.entity_id,
        status=Status.ACTIVE,
        currency=pending.currency,
        zone=zone,
        started_at=pending.at,
        items=(),
        policies=policies,
    )
