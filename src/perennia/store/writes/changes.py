"""What decisions change in rows that exist, each kind by one statement for all of them.

Arrays stand in a sub-select, `unnest((SELECT %s::uuid[]))`, so that the planner does not count their elements: else,
on tables without statistics, it takes a long list for longer than all rows of the tenant, and reads those instead of
looking each key up.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from typing import Any

import orjson

from perennia.domain.decision import Decision
from perennia.domain.facts import Status
from perennia.domain.ids import Id
from perennia.domain.policies import Policies, as_given
from perennia.store.arrays import instants, keys
from perennia.store.session import Cursor

_SPANS = """unnest((SELECT %(versions)s::uuid[]), (SELECT %(starts)s::timestamptz[]), (SELECT %(ends)s::timestamptz[]))
            AS s (version_id, span_start, span_end)"""
_STRETCHES = f"(SELECT version_id, span_start, max(span_end) AS span_end FROM {_SPANS} GROUP BY 1, 2) AS c"
_CUTS = f"(SELECT version_id, span_start, min(span_end) AS span_end FROM {_SPANS} GROUP BY 1, 2) AS c"
"""Each part once: of several rows for one an UPDATE would take any."""


def flat(decisions: Sequence[Decision], name: str) -> list[Any]:
    """One kind of thing from all decisions, in their order."""
    return list(chain.from_iterable(map(attrgetter(name), decisions)))


def change_subscriptions(cursor: Cursor, decisions: Sequence[Decision]) -> None:
    moves = flat(decisions, "moves")
    if moves:
        last = {move.subscription_id: move for move in moves}
        activated = {move.subscription_id: move.at for move in reversed(moves) if move.after is Status.ACTIVE}
        cursor.execute(
            """UPDATE subscriptions s SET status = m.status, ended_at = m.ended_at,
                activated_at = coalesce(s.activated_at, m.activated_at),
                only_product_id = CASE WHEN m.status NOT IN ('canceled', 'incomplete_expired') THEN s.only_product_id END
            FROM unnest((SELECT %s::uuid[]), (SELECT %s::text[]), (SELECT %s::timestamptz[]), (SELECT %s::timestamptz[]))
                AS m (id, status, ended_at, activated_at)
            WHERE s.id = m.id""",
            (
                list(last),
                [move.after.value for move in last.values()],
                [move.at if move.after is Status.CANCELED else None for move in last.values()],
                [activated.get(key) for key in last],
            ),
        )


def move_settled(cursor: Cursor, decisions: Sequence[Decision]) -> None:
    settled = flat(decisions, "settled")
    if settled:
        cursor.execute(
            """UPDATE item_versions v SET billed_through = n.through
            FROM unnest((SELECT %s::uuid[]), (SELECT %s::timestamptz[])) AS n (id, through) WHERE v.id = n.id""",
            (keys(version for version, _ in settled), instants(through for _, through in settled)),
        )


def end_versions(cursor: Cursor, decisions: Sequence[Decision]) -> None:
    """Versions that end now; those begun in the same decisions are inserted with their end."""
    new = {begun.version.id for decision in decisions for begun in decision.begun}
    ended = {end.version_id: end for end in flat(decisions, "ended") if end.version_id not in new}
    if ended:
        cursor.execute(
            """UPDATE item_versions v SET ends_at = e.at, ended_under = e.under::jsonb
            FROM unnest((SELECT %s::uuid[]), (SELECT %s::timestamptz[]), (SELECT %s::text[])) AS e (id, at, under)
            WHERE v.id = e.id""",
            (list(ended), [end.ends_at for end in ended.values()], [_stored(end.under) for end in ended.values()]),
        )


def _stored(under: Policies | None) -> str | None:
    return None if under is None else orjson.dumps(as_given(under)).decode()


def finish_changes(cursor: Cursor, decisions: Sequence[Decision]) -> None:
    """Changes that took effect, pauses whose effect was taken, dates that moved."""
    done = flat(decisions, "changes")
    if done:
        cursor.execute(
            """UPDATE changes c SET state = d.state, done_at = d.at
            FROM unnest((SELECT %s::uuid[]), (SELECT %s::timestamptz[]), (SELECT %s::text[])) AS d (id, at, state)
            WHERE c.id = d.id""",
            ([one.change_id for one in done], [one.at for one in done], [one.state for one in done]),
        )
        cursor.execute(
            """UPDATE subscriptions s SET changing = w.waits FROM unnest((SELECT %s::uuid[])) AS k (id),
            LATERAL (
                SELECT EXISTS (SELECT 1 FROM changes c WHERE c.subscription_id = k.id AND c.state = 'pending') OFFSET 0
            ) AS w (waits)
            WHERE s.id = k.id""",
            (list(dict.fromkeys(one.subscription_id for one in done)),),
        )
        _go_over(cursor, {one.subscription_id: one.zone for one in done if one.zone is not None})
    moved = {one.change_id: one.at for one in flat(decisions, "moved_changes")}
    if moved:
        cursor.execute(
            """UPDATE changes c SET effective_at = m.at
            FROM unnest((SELECT %s::uuid[]), (SELECT %s::timestamptz[])) AS m (id, at) WHERE c.id = m.id""",
            (list(moved), list(moved.values())),
        )
    over = flat(decisions, "pauses")
    if over:
        cursor.execute("UPDATE pauses SET is_over = true WHERE id = ANY(%s)", ([one.pause_id for one in over],))
    dates = flat(decisions, "dates")
    if dates:
        last = {one.subscription_id: one for one in dates}
        cursor.execute(
            """UPDATE subscriptions s SET trial_ends_at = d.trial, term_ends_at = d.term, cancel_at = d.cancel
            FROM unnest((SELECT %s::uuid[]), (SELECT %s::timestamptz[]), (SELECT %s::timestamptz[]),
                (SELECT %s::timestamptz[])) AS d (id, trial, term, cancel)
            WHERE s.id = d.id""",
            (
                list(last),
                [one.trial_ends_at for one in last.values()],
                [one.term_ends_at for one in last.values()],
                [one.cancel_at for one in last.values()],
            ),
        )


def _go_over(cursor: Cursor, zones: dict[Id, str]) -> None:
    """Subscriptions to another time zone; versions that do not say whose they are keep the one that they had."""
    if zones:
        cursor.execute(
            """UPDATE item_versions v SET zone = s.zone FROM subscriptions s
            WHERE s.id = ANY(%s) AND v.subscription_id = s.id AND v.zone IS NULL""",
            (list(zones),),
        )
        cursor.execute(
            """UPDATE subscriptions s SET zone = z.zone, next_zone = NULL
            FROM unnest((SELECT %s::uuid[]), (SELECT %s::text[])) AS z (id, zone) WHERE s.id = z.id""",
            (list(zones), list(zones.values())),
        )


def stretch_spans(cursor: Cursor, decisions: Sequence[Decision], *, tenant: Id) -> None:
    """Settled parts that last longer now, and their versions with them."""
    stretches = flat(decisions, "stretches")
    if stretches:
        values = {
            "tenant": tenant,
            "versions": keys(one.version_id for one in stretches),
            "starts": instants(one.start for one in stretches),
            "ends": instants(one.end for one in stretches),
        }
        cursor.execute(
            f"""UPDATE billed_spans b SET span_end = c.span_end FROM {_STRETCHES} WHERE b.tenant_id = %(tenant)s
            AND b.version_id = c.version_id AND b.span_start = c.span_start""".encode(),
            values,
        )
        cursor.execute(
            f"""UPDATE item_versions v SET billed_through = c.through
            FROM (SELECT version_id, max(span_end) AS through FROM {_SPANS} GROUP BY 1) AS c
            WHERE v.id = c.version_id""".encode(),
            values,
        )


def cut_spans(cursor: Cursor, decisions: Sequence[Decision], *, tenant: Id) -> None:
    cuts = flat(decisions, "cuts")
    if cuts:
        values = {
            "tenant": tenant,
            "versions": keys(cut.version_id for cut in cuts),
            "starts": instants(cut.start for cut in cuts),
            "ends": instants(cut.end for cut in cuts),
        }
        cursor.execute(
            f"""UPDATE billed_spans b SET span_end = c.span_end FROM {_CUTS} WHERE b.tenant_id = %(tenant)s
            AND b.version_id = c.version_id AND b.span_start = c.span_start AND c.span_end > c.span_start""".encode(),
            values,
        )
        cursor.execute(
            f"""DELETE FROM billed_spans b USING {_CUTS} WHERE b.tenant_id = %(tenant)s
            AND b.version_id = c.version_id AND b.span_start = c.span_start AND c.span_end = c.span_start""".encode(),
            values,
        )
        cursor.execute(
            f"""UPDATE item_versions v SET billed_through = least(v.billed_through, c.through)
            FROM (SELECT version_id, min(span_end) AS through FROM {_SPANS} GROUP BY 1) AS c
            WHERE v.id = c.version_id""".encode(),
            values,
        )


def use_discounts(cursor: Cursor, decisions: Sequence[Decision]) -> None:
    uses = flat(decisions, "discounts")
    if uses:
        cursor.execute(
            """UPDATE subscription_discounts d SET periods_left = u.periods_left, ended_at = u.ended_at
            FROM unnest((SELECT %s::uuid[]), (SELECT %s::int[]), (SELECT %s::timestamptz[]))
                AS u (id, periods_left, ended_at)
            WHERE d.id = u.id""",
            (
                [use.discount_id for use in uses],
                [use.periods_left for use in uses],
                [use.ended_at for use in uses],
            ),
        )


@dataclass(frozen=True, slots=True)
class Recovered:
    """An amount settled on a document that was taken for lost."""

    document_id: Id
    payer_id: Id
    currency: str
    amount_minor: int


def lower_receivables(cursor: Cursor, decisions: Sequence[Decision]) -> list[Recovered]:
    """Allocations to documents issued earlier; those of this decision are born with what is left open.

    Answers what of it was settled on documents that had been written off.
    """
    new = {document.id for decision in decisions for document in decision.documents}
    lowered: Counter[Id] = Counter()
    for allocation in flat(decisions, "allocations"):
        if allocation.document_id not in new:
            lowered[allocation.document_id] += allocation.amount_minor
    if not lowered:
        return []
    rows = cursor.execute(
        """WITH lowered AS (
            UPDATE receivables r SET open_minor = r.open_minor - a.amount,
                state = CASE WHEN r.open_minor = a.amount THEN 'paid' ELSE r.state END,
                next_attempt_at = CASE WHEN r.open_minor = a.amount THEN NULL ELSE r.next_attempt_at END
            FROM unnest((SELECT %s::uuid[]), (SELECT %s::bigint[])) AS a (id, amount) WHERE r.document_id = a.id
            RETURNING r.document_id, r.payer_id, r.currency, a.amount, r.written_off_at
        )
        SELECT document_id, payer_id, currency, amount FROM lowered WHERE written_off_at IS NOT NULL
        ORDER BY document_id""",
        (list(lowered), list(lowered.values())),
    )
    return [Recovered(*row) for row in rows]


def move_payers(cursor: Cursor, decisions: Sequence[Decision]) -> None:
    cursor.execute(
        """UPDATE payers p SET next_due_at = n.next_due_at, has_credit = p.has_credit OR n.has_credit
        FROM unnest((SELECT %s::uuid[]), (SELECT %s::timestamptz[]), (SELECT %s::bool[])) AS n (id, next_due_at, has_credit)
        WHERE p.id = n.id AND (p.next_due_at IS DISTINCT FROM n.next_due_at OR n.has_credit AND NOT p.has_credit)""",
        (
            keys(decision.payer_id for decision in decisions),
            instants(decision.next_due_at for decision in decisions),
            [any(entry.amount_minor > 0 for entry in decision.balance) for decision in decisions],
        ),
    )
