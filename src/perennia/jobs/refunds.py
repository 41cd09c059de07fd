"""Sending refunds: claim, call, book what came back, until nothing is due."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from perennia.domain.decision import RefundState
from perennia.domain.ids import Id
from perennia.gateways.calls import Calls
from perennia.gateways.port import ChargeResult, Outcome
from perennia.operations import refunds
from perennia.operations.refunds import Call

_WAIT_S = 1.0


@dataclass(slots=True)
class Refunded:
    """Refunds that gateways made, refused, or of which nobody knows yet."""

    made: int = 0
    failed: int = 0
    underway: int = 0


def refund_due(
    *,
    tenant: Id,
    as_of: datetime,
    clock: Callable[[], datetime],
    calls: Mapping[str, Calls],
    alone: bool = False,
    given_up: bool = False,
) -> Refunded:
    """Send what is due at `as_of` and ask after what is unknown. The other arguments are as for `collect_due`.

    Nothing else may be under way with `calls` meanwhile.
    """
    done, asked = Refunded(), set[Id]()
    while wanted := refunds.claim(
        tenant=tenant, as_of=as_of, now=clock(), alone=alone, given_up=given_up, besides=asked
    ):
        asked |= {call.refund_id for call in wanted}
        for call, result in _answers(wanted, calls):
            ended = refunds.book(tenant=tenant, call=call, result=result, now=clock())
            done.made += ended is RefundState.SUCCEEDED
            done.failed += ended is RefundState.FAILED
            done.underway += ended is None
    return done


def _answers(wanted: Sequence[Call], calls: Mapping[str, Calls]) -> list[tuple[Call, ChargeResult]]:
    """Every call with its answer, all of them under way at once."""
    found, under_way = [], {call.request.key: call for call in wanted}
    for call in wanted:
        gateway = calls.get(call.gateway)
        if gateway is None:
            outcome = Outcome.UNKNOWN if call.is_look_up else Outcome.NOT_SENT
            nobody = ChargeResult(
                key=call.request.key, outcome=outcome, message=f"no gateway {call.gateway!r} is connected"
            )
            found.append((under_way.pop(call.request.key), nobody))
        elif call.is_look_up:
            gateway.look_up_refunds([call.request.key])
        else:
            gateway.refund([call.request])
    while under_way:
        waits = any(gateway.pending for gateway in calls.values())
        came = [result for gateway in calls.values() for result in gateway.results(_WAIT_S)]
        if not came and not waits:
            raise RuntimeError(f"{len(under_way)} refunds never answered; were their callers closed?")
        found += [(under_way.pop(result.key), result) for result in came if result.key in under_way]
    return found
