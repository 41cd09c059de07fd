"""Every refusal a rule or an operation can give, each with a stable code.

An error carries its code and the facts behind it; `perennia.wording.errors` turns both into a sentence
in the reader's language. Programs look at `code`, never at the text.
"""

from typing import ClassVar


class DomainError(Exception):
    """Something was refused. `facts` says what and why; the code's wording says what to do."""

    code: ClassVar[str] = "refused"

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        super().__init__(self.code, facts)

    def __str__(self) -> str:
        details = ", ".join(f"{name}={value}" for name, value in self.facts.items())
        return f"{self.code}: {details}" if details else self.code


class InvalidValue(DomainError):
    """A value that has no meaning where it was given (`field`, `value`, `reason`)."""

    code = "invalid_value"


class PolicyConflict(DomainError):
    """Two policies that together have no meaning (`one`, `other`: each its key and value)."""

    code = "policy_conflict"


class NotFound(DomainError):
    """No such row in this tenant (`kind`, `id`)."""

    code = "not_found"


class AlreadyExists(DomainError):
    """The same key was given before for something else (`kind`, `key`)."""

    code = "already_exists"


class UnknownCurrency(DomainError):
    """Not a currency of ISO 4217 that can be invoiced (`currency`)."""

    code = "unknown_currency"


class CurrencyMismatch(DomainError):
    """Two amounts that must share a currency do not (`expected`, `given`)."""

    code = "currency_mismatch"


class UnknownZone(DomainError):
    """Not a time zone of the IANA data base (`zone`)."""

    code = "unknown_zone"


class MoveNotPermitted(DomainError):
    """A state does not lead where it was asked to go (`state`, `to`)."""

    code = "move_not_permitted"


class SubscriptionEnded(DomainError):
    """An ended subscription cannot be acted on (`subscription`)."""

    code = "subscription_ended"


class NotTrialing(DomainError):
    """Only a trial that runs can end (`subscription`)."""

    code = "not_trialing"


class AlreadyPaused(DomainError):
    """There is a pause already, running or to come (`subscription`, `starts_at`)."""

    code = "already_paused"


class NotPaused(DomainError):
    """There is no pause to end (`subscription`)."""

    code = "not_paused"


class NotCanceling(DomainError):
    """No end is scheduled that could be taken back (`subscription`)."""

    code = "not_canceling"


class StillRunning(DomainError):
    """Only an ended subscription can be taken up again (`subscription`)."""

    code = "still_running"


class WithdrawalOver(DomainError):
    """The time for a withdrawal is over (`subscription`, `until`)."""

    code = "withdrawal_over"


class CatchUpHeld(DomainError):
    """More missed periods at once than the tenant lets pass unseen (`subscription`, `periods`, `limit`)."""

    code = "catch_up"


class BillingStuck(DomainError):
    """The rule finds the same instant due again and again: a fault of ours, so nothing is written (`payer`, `at`)."""

    code = "billing_stuck"


class ClockMoving(DomainError):
    """The sandbox's clock is being advanced; other changes wait (`tenant`)."""

    code = "clock_moving"


class ClockGoesForward(DomainError):
    """A clock never goes back (`now`, `to`)."""

    code = "clock_goes_forward"


class LiveClock(DomainError):
    """Only a sandbox's clock can be moved by hand (`tenant`)."""

    code = "live_clock"


class TaxRatesOverlap(DomainError):
    """Two rates of one country and class would hold on the same day; the facts are the rate that is there.

    (`country`, `tax_class`, `percent`, `valid_from`, `valid_to`)
    """

    code = "tax_rates_overlap"


class NoOpenTaxRate(DomainError):
    """No rate without an end that began before the day it should end on (`country`, `tax_class`, `valid_to`)."""

    code = "no_open_tax_rate"


class QuantityAboveTiers(DomainError):
    """The price's last tier is not open, and so many are beyond it (`quantity`, `most`)."""

    code = "quantity_above_tiers"


class PriceNotSold(DomainError):
    """The price is not on sale at this time: not yet, or no longer (`price`, `at`, `sold_from`, `sold_until`)."""

    code = "price_not_sold"


class PriceReplaced(DomainError):
    """The price has a successor already, and has only one (`price`, `successor`)."""

    code = "price_replaced"


class MoreThanLeft(DomainError):
    """More than is left of a line, a payment or a balance (`kind`, `id`, `given`, `left`)."""

    code = "more_than_left"


class NothingLeft(DomainError):
    """Nothing is left that could be credited, given back or collected (`kind`, `id`)."""

    code = "nothing_left"


class CodeUnknown(DomainError):
    """No coupon answers to this code (`given`)."""

    code = "code_unknown"


class CouponExhausted(DomainError):
    """The coupon, or this code for it, was redeemed as often as it may be (`given`)."""

    code = "coupon_exhausted"


class CouponExpired(DomainError):
    """The coupon can no longer be redeemed (`given`, `valid_to`)."""

    code = "coupon_expired"


class CouponNotYetValid(DomainError):
    """The coupon cannot be redeemed before its first day (`given`, `valid_from`)."""

    code = "coupon_not_yet_valid"


class CouponNotForThis(DomainError):
    """Nothing in the subscription is what the coupon is limited to (`given`)."""

    code = "coupon_not_for_this"


class CouponUsedByCustomer(DomainError):
    """This customer redeemed the coupon as often as one customer may (`given`, `limit`)."""

    code = "coupon_used_by_customer"


class CouponForNewCustomers(DomainError):
    """The coupon is for a customer's first subscription (`given`)."""

    code = "coupon_for_new_customers"


class CouponAttached(DomainError):
    """The coupon is at work there already (`given`)."""

    code = "coupon_attached"


class PayerChain(DomainError):
    """Whoever pays for others is paid for by nobody, and a parent has no parent (`payer`)."""

    code = "payer_chain"


class PayerUnsettled(DomainError):
    """What the payer owes for these subscriptions is not settled yet (`payer`, `documents`)."""

    code = "payer_unsettled"


class ChangePending(DomainError):
    """What was asked for before still waits for its payment (`subscription`, `until`)."""

    code = "change_pending"


class NotAPlan(DomainError):
    """The price is an add-on's, and a subscription's plan is changed to a plan (`price`)."""

    code = "not_a_plan"


class NotAnAddOn(DomainError):
    """The price is a plan's, and what is added to a subscription is an add-on (`price`)."""

    code = "not_an_add_on"


class OtherProduct(DomainError):
    """The plan is of another product, and one switches between the plans of one (`price`)."""

    code = "other_product"


class AlreadySubscribed(DomainError):
    """One customer may have one live subscription of this product, and has it (`subscription`)."""

    code = "already_subscribed"


class StartTooEarly(DomainError):
    """No subscription starts that long ago, so that a slip of the pen bills no century (`start`, `earliest`)."""

    code = "start_too_early"
