"""What each verb does: one call into operations. A new verb is one function here and its arguments in `grammar.py`."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from perennia.cli.scenario.script import Act
from perennia.cli.scenario.stage import ACTOR, Stage
from perennia.domain.facts import CollectionMode
from perennia.jobs import advancing, billing
from perennia.operations import subscriptions
from perennia.operations.subscriptions import Chosen


def create_customer(stage: Stage, act: Act) -> None:
    assert act.customer is not None
    stage.customer(act.customer, act.given)


def subscribe(stage: Stage, act: Act) -> None:
    assert act.customer is not None and act.subscription is not None
    given = act.given
    stage.subscriptions[act.subscription] = subscriptions.start(
        tenant=stage.tenant,
        actor=ACTOR,
        customer_id=stage.customer(act.customer),
        items=_items(stage, act),
        now=stage.now,
        start_on=given.get("start_date"),
        anchor_on=given.get("anchor"),
        trial_ends_on=given.get("trial_end"),
        cancel_on=given.get("end_date"),
        collection=CollectionMode(given.get("collection", "automatic")),
        net_days=given.get("net_days", 0),
        external_id=act.subscription,
    )


def _items(stage: Stage, act: Act) -> list[Chosen]:
    given = act.given
    chosen = []
    if "plan" in given:
        chosen.append(_chosen(stage, given["plan"], given.get("quantity"), given.get("amount")))
    return chosen + [_chosen(stage, i["code"], i["quantity"], i["amount"]) for i in given.get("items", ())]


def _chosen(stage: Stage, code: str, quantity: Decimal | None, amount: Decimal | None) -> Chosen:
    return Chosen(stage.price(code), Decimal(1) if quantity is None else quantity, amount)


def cancel(stage: Stage, act: Act) -> None:
    when = act.given.get("when")
    subscriptions.cancel(
        tenant=stage.tenant,
        actor=ACTOR,
        subscription_id=stage.subscription(act),
        now=stage.now,
        at=stage.start_of(when, act) if isinstance(when, date) else None,
    )


def bill_run(stage: Stage, act: Act) -> None:
    billing.run_until_done(tenant=stage.tenant, as_of=stage.now, now=stage.now)


PLAYED: Mapping[str, Callable[[Stage, Act], None]] = {
    "create_customer": create_customer,
    "subscribe": subscribe,
    "cancel": cancel,
    "bill_run": bill_run,
}
"""All verbs but `advance_to`, which is many steps."""


def advance_to(stage: Stage, act: Act, *, told: Callable[[], None]) -> None:
    """Move the clock to the goal through every instant at which anything is due; `told` is called after each step."""

    def after(so_far: advancing.Advanced) -> None:
        stage.now = so_far.clock
        told()

    goal = act.given.get("to") or act.at
    advancing.walk(
        tenant=stage.tenant, start=stage.now, to=goal, calls=None, machine_now=lambda: stage.now, progress=after
    )
    stage.now = goal
