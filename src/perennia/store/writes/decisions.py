"""The one writer: whatever a rule decided, for one payer or two thousand, in a fixed number of statements.

Children first, documents last: the number series, the only row that all payers of a tenant share, is locked
just before the documents are inserted and the transaction ends.
"""

from collections.abc import Sequence

from perennia.domain.decision import Decision
from perennia.domain.ids import Id
from perennia.store import bulk
from perennia.store.session import Cursor, sent_ahead
from perennia.store.writes import additions, begun, changes, corrections, drafts, payments, usage
from perennia.store.writes.changes import flat


def apply(cursor: Cursor, decisions: Sequence[Decision], *, tenant: Id, actor: str) -> None:
    """Write everything that was decided. The payers' locks are held; the caller's transaction commits it."""
    if len(decisions) == 1 and all(len(rows) <= bulk.FEW for rows in _rows(decisions[0])):
        with sent_ahead(cursor):
            _apply(cursor, decisions, tenant=tenant, actor=actor)
    elif decisions:
        _apply(cursor, decisions, tenant=tenant, actor=actor)


def _rows(decision: Decision) -> list[Sequence[object]]:
    """What becomes rows of one table each."""
    d = decision
    lines = [line for document in d.documents for line in document.lines]
    history = (*d.moves, *d.states)
    return [lines, d.documents, d.begun, d.postings, d.allocations, d.balance, d.events, d.movements, history]


def _apply(cursor: Cursor, decisions: Sequence[Decision], *, tenant: Id, actor: str) -> None:
    changes.change_subscriptions(cursor, decisions)
    begun.insert_versions(cursor, decisions, tenant=tenant)
    changes.move_settled(cursor, decisions)
    changes.end_versions(cursor, decisions)
    changes.cut_spans(cursor, decisions, tenant=tenant)
    changes.stretch_spans(cursor, decisions, tenant=tenant)
    begun.insert_pauses(cursor, decisions, tenant=tenant)
    changes.finish_changes(cursor, decisions)
    changes.use_discounts(cursor, decisions)
    drafts.drop(cursor, decisions)
    corrections.insert_payments(cursor, decisions, tenant=tenant)
    recovered = changes.lower_receivables(cursor, decisions)
    payments.let_go(cursor, decisions, tenant=tenant, actor=actor)
    changes.move_payers(cursor, decisions)
    additions.insert_children(cursor, decisions, tenant=tenant, actor=actor)
    corrections.by_hand(cursor, decisions, tenant=tenant)
    corrections.take_back_write_offs(cursor, recovered, decisions, tenant=tenant)
    usage.settle(cursor, flat(decisions, "usage"), tenant=tenant)
    usage.close(cursor, flat(decisions, "closed"))
    additions.insert_documents(cursor, decisions, tenant=tenant)
