"""English: a sentence for each refusal, by code, or by code and what it is about."""

SENTENCES = {
    "refused": "This was refused.",
    "invalid_value": "{field} cannot be {value}: {reason}.",
    "policy_conflict": "{one} and {other} cannot go together; change one of the two.",
    "not_found": "There is no {kind} {id} here; look whether it is written right and belongs to this tenant.",
    "not_found.tenant": "There is no tenant called {id}; `perennia tenant list` shows them.",
    "not_found.business": (
        "There is no business called {id}; leave out --business to make one. `perennia tenant list` shows the tenants."
    ),
    "not_found.payer set aside": "The payer {id} is not set aside, so there is nothing to release.",
    "already_exists": "There is already a {kind} with this {key}; choose another, or use the one there is.",
    "already_exists.tenants_one_live": "This business has live books already; a second set is a sandbox (--clock).",
    "already_exists.tenants_slug_key": (
        "There is already a tenant of this name; choose another. `perennia tenant list` shows them."
    ),
    "already_exists.businesses_slug_key": (
        "There is already a business of this name; choose another, or add books to it with --business."
    ),
    "unknown_currency": "{currency} is not a currency that can be invoiced; write three capital letters of ISO 4217, "
    "like DKK.",
    "currency_mismatch": "Amounts in {expected} and in {given} cannot go together; use prices in one currency.",
    "unknown_zone": "{zone} is not a time zone; write one of the IANA list, like Europe/Copenhagen.",
    "move_not_permitted": "What is {state} cannot become {to}; look at its state before trying again.",
    "subscription_ended": (
        "{subscription} has ended, so nothing can be changed in it; take it up again with a new start (reactivate)."
    ),
    "not_trialing": ("{subscription} is in no trial, so there is none to end; give it one first, or cancel it."),
    "already_paused": (
        "{subscription} has a pause from {starts_at} already; resume it first, or wait until it is over."
    ),
    "not_paused": ("{subscription} has no pause, running or to come; pause it first."),
    "not_canceling": ("{subscription} has no end that is still to come; to bring back an ended one, reactivate it."),
    "still_running": (
        "{subscription} has not ended, so there is nothing to take up again; take back its end instead, if it has one."
    ),
    "withdrawal_over": ("{subscription} could be withdrawn from until {until}; cancel it instead."),
    "catch_up": (
        "{subscription} is {periods} periods behind, and at most {limit} are billed unseen; look why, then bill it by "
        "name: `perennia bill --payer`."
    ),
    "billing_stuck": (
        "What is due for {payer} at {at} does not become done by billing it; nothing was written. This is a fault of "
        "Perennia: please report it with what was asked for last, and take that back."
    ),
    "clock_moving": "The clock of {tenant} is being moved, and other changes wait; try again when it has arrived.",
    "clock_goes_forward": "A clock never goes back, and this one stands at {now}, after {to}; give a later time.",
    "live_clock": (
        "{tenant} is live, and its clock is the machine's; only a sandbox's is moved by hand "
        "(`perennia tenant create --clock` makes one)."
    ),
    "tax_rates_overlap": (
        "{country} already has a rate of {percent} % for {tax_class} from {valid_from} to {valid_to}, and two cannot "
        "hold on one day; end it first (`perennia tenant tax SLUG --country {country} --class {tax_class} --to DATE`) "
        "or choose other dates."
    ),
    "no_open_tax_rate": (
        "{country} has no rate for {tax_class} that {valid_to} could end; it takes one without an end that began "
        "before."
    ),
    "file_unreadable": (
        "The file {file} cannot be read ({reason}), so nothing was written; see that it is there and may be read."
    ),
    "file_changed": "The {file} file is not the one that was checked, so nothing was written; run the import again.",
    "unknown_argument": "{rule} has no argument {name}; the nearest is {nearest}, and docs/rules.md has them all.",
    "missing_argument": "{rule} needs the argument {name}; docs/rules.md shows an example.",
    "more_than_left": "{given} is more than the {left} that are left of {kind} {id}; ask for that much or less.",
    "nothing_left": "Nothing is left of {kind} {id} to credit, give back or collect; look at what was done to it before.",
    "already_exists.payments_reference": (
        "Another payment was booked under this reference, of another payer or amount; use the reference of this one."
    ),
    "already_exists.refunds_key": "This key was used for another refund; give each refund a key of its own.",
    "quantity_above_tiers": (
        "This price has tiers for at most {most}, and {quantity} is beyond them; take fewer, or a price with an open tier."
    ),
    "price_not_sold": (
        "{price} is sold from {sold_from} to {sold_until}, so not at {at}; choose another price of the plan."
    ),
    "not_found.document": (
        "There is no document {id} here; name one of this tenant, as `invoice 12`, `credit note 3` or by its id."
    ),
    "not_found.line": "There is no line {id}; `perennia explain DOCUMENT` shows the lines of a document.",
    "price_replaced": "{price} was replaced by {successor} already; replace that one.",
    "code_unknown": "No coupon answers to {given}; look whether the code is written right.",
    "coupon_exhausted": "{given} has been redeemed as often as it may be; use another code.",
    "coupon_expired": "{given} could be redeemed until {valid_to} and no longer; use another code.",
    "coupon_not_yet_valid": "{given} can be redeemed from {valid_from} on; come back then, or use another code.",
    "coupon_not_for_this": "{given} is for other plans or products than these; choose what it is for, or another code.",
    "coupon_used_by_customer": (
        "{given} may be redeemed by one customer {limit} times, and this one has; use another code."
    ),
    "coupon_for_new_customers": "{given} is for a first subscription, and this customer had one; use another code.",
    "coupon_attached": "{given} is at work there already; redeem it elsewhere, or use another code.",
    "payer_chain": (
        "{payer} cannot pay here: who pays for others is paid for by nobody; name the one who pays in the end."
    ),
    "payer_unsettled": (
        "{payer} still owes for these subscriptions ({documents} open documents); settle them, then change who pays."
    ),
    "usage_refused": "The usage event {event} is not counted: {kind}.",
    "change_pending": (
        "What was asked for on {subscription} waits for its payment until {until}; have it paid, or take it back first."
    ),
    "not_a_plan": "{price} is the price of an add-on; change to the price of a plan, and add an add-on as an item.",
    "not_an_add_on": "{price} is the price of a plan, and a subscription has one; add an add-on, or change the plan.",
    "other_product": "{price} is of another product; change to a plan of this one, or start a subscription to the other.",
    "start_too_early": (
        "A start on {start} would bill every period since; none is before {earliest}. Name a later date, or import the "
        "subscription with how far it is billed."
    ),
    "already_subscribed": "A customer may have this product once, and has it with {subscription}; change or end that one.",
    "already_exists.subscriptions_one_per_product": "A customer may have this product once, and has it; look at that one.",
    "not_found.invoice of customer": (
        "This customer has no invoice {id}; `document` is an invoice's number or `last`, a sum stands under `amount`."
    ),
    "not_found.payment of customer": "{id} has paid nothing that could be given back; a record_payment comes first.",
    "several_customers": "There are several customers ({customers}); say which one is meant, as customer: NAME.",
    "not_found.subscription of customer": (
        "{id} has no subscription; look whether its subscribe was refused, or name the customer or subscription meant."
    ),
}

# Kinds, keys and fields that read badly as they are called inside.
WORDS = {
    "tenants": "tenant",
    "businesses": "business",
    "products": "product",
    "plans": "plan",
    "add_ons": "add-on",
    "prices": "price",
    "coupons": "coupon",
    "customers": "customer",
    "subscriptions": "subscription",
    "tax_rates": "tax rate",
    "products_code": "code",
    "plans_code": "code",
    "add_ons_code": "code",
    "prices_code": "code",
    "coupons_code": "code",
    "tax_rates_once": "country, class and first day",
    "external_id": "external id",
    "customers_external_id": "external id",
    "subscriptions_external_id": "external id",
    "payment_methods_one_default": "customer and the mark of the default",
    "unit_amount": "unit price",
    "plan_id": "plan",
    "interval_count": "interval",
    "cancel_at": "end",
    "valid_to": "the end of a rate",
    "percent_off": "percent off",
    "amount_off": "amount off",
    "payments": "payment",
    "refunds": "refund",
    "payments_reference": "reference",
    "refunds_key": "key",
    "po_number": "order number",
    "net_days": "the days to pay",
    "expires_at": "the end of credit",
    "prices_replaced_once": "price to replace",
    "period_minimum": "minimum of a period",
    "setup_fee": "set-up fee",
    "trial_days": "days of trial",
    "package_size": "package size",
    "free_units": "free part",
    "fixed_amount": "sum per event",
    "tax_class": "tax class",
    "tax_id": "VAT number",
    "tax_status": "tax status",
    "exempt_reason": "reason of the exemption",
    "coupon_codes": "code",
    "coupon_codes_pkey": "writing",
    "customer_discounts": "discount",
    "max_redemptions": "number of redemptions",
    "max_per_customer": "number of redemptions by one customer",
    "subscription_id": "subscription",
    "next_zone": "time zone",
    "number_series": "number series",
    "serves": "countries served",
    "key_reused": "its key was given before for something else; give each event a key of its own",
    "bad_key": "its key must be 1 to 200 printable characters",
    "bad_time": "its time lacks the offset from UTC",
    "bad_value": "its value must be a decimal number below 10 to the 15th with at most 12 decimals",
    "bad_who": "it must say who it is about, in 1 to 200 printable characters",
    "bad_properties": "its properties must be texts, together below 4,000 bytes",
    "negative_value": "its meter takes no values below zero",
    "unknown_meter": "no meter has that code",
    "unknown_subscription": "no subscription is named so, or none of that customer's had begun and not ended then",
    "several_subscriptions": "its customer has several subscriptions; name one",
    "before_start": "it lies before the subscription's start",
    "after_end": "it lies after the subscription's end",
    "in_the_future": "it lies in the future",
    "late_window_closed": "its period is billed, and late events are taken no longer; credit the line instead",
    "cap_reached": "it goes beyond the subscription's cap for this period",
    "corrected": "it is about an event that was corrected before; correct that correction",
    "meters": "meter",
    "meters_code": "code",
    "drafts": "draft",
    "payment_behavior": "payment behaviour",
    "coupon_end": "the end of a coupon",
}
