"""Changes and starts that happen only if they are paid ("payment_gated", decision 20), turned into plain acts.

What comes to nothing happens at once; what is paid in time happens as of its request, issued on the day of the payment;
what is not leaves no trace.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from tests.oracle import NotSupported
from tests.oracle.acts import Act
from tests.oracle.policies import word

PATIENCE = timedelta(hours=23)
ASKS = ("payment_gated", "payment_behavior")


def resolved(acts: Sequence[Act], due_of: Callable[[Sequence[Act]], int]) -> list[Act]:
    """The acts as they took place; `due_of` tells what the last of some acts has to be paid, in minor units."""
    done: list[Act] = []
    waiting: dict[str, tuple[Act, int]] = {}
    asked_for: set[str] = set()
    for act in acts:
        waiting = {name: one for name, one in waiting.items() if act.at < one[0].at + PATIENCE}
        if _waits_for_payment(act):
            plain = replace(act, args={key: value for key, value in act.args.items() if key not in ASKS})
            due = due_of([*done, plain])
            asked_for |= {act.subscription} if act.verb == "subscribe" and due > 0 else set()
            if due > 0:
                waiting[act.subscription or act.customer] = (plain, due)
            else:
                done.append(plain)
        elif act.verb == "record_payment" and act.get("document") == "draft":
            asked, due = _paid(waiting, act)
            done.append(replace(asked, issued=act.at))
            asked_for.discard(asked.subscription)
            done.append(replace(act, args={key: value for key, value in act.args.items() if key != "document"}))
        elif act.subscription not in asked_for:
            given_up = waiting.pop(act.subscription or act.customer, None)
            if given_up and act.verb == "unchange":
                raise NotSupported("unchange of what waits for its payment")
            done.append(act)
    return done


def _waits_for_payment(act: Act) -> bool:
    return word(act.get("payment_gated", "no")) in ("yes", "true") or act.get("payment_behavior") == "incomplete"


def _paid(waiting: dict[str, tuple[Act, int]], payment: Act) -> tuple[Act, int]:
    """What a payment of the draft is for."""
    mine = [name for name, (act, _) in waiting.items() if act.customer == payment.customer]
    if len(mine) != 1:
        raise NotSupported("a payment of a draft that is not known")
    asked, due = waiting.pop(mine[0])
    if payment.get("amount") is not None:
        raise NotSupported("a payment by hand of an amount for a draft")
    return asked, due
