"""Charges that wait, on their way to the document that takes them in."""

from datetime import datetime

from perennia.domain.drafting import Draft, GroupKey, group_key
from perennia.domain.facts import Payer, Seller
from perennia.domain.one_offs import one_off
from perennia.domain.pending import Pending


class Waiting:
    """The pending charges of one payer that no document of this decision has taken in yet."""

    __slots__ = ("_left", "_payer", "_seller")

    def __init__(self, payer: Payer, seller: Seller) -> None:
        self._payer, self._seller = payer, seller
        self._left = list(payer.pending)

    def join(self, draft: Draft, *, key: GroupKey, until: datetime) -> None:
        """Put on a draft what belongs there and was charged until it falls due, or for as long as it is a draft.

        A subscription's charge stands on its document, any other on one of its currency and legal entity.
        """
        for pending in list(self._left):
            subscription = next((one for one in self._payer.subscriptions if one.id == pending.subscription_id), None)
            wanted = key if subscription is None else group_key(subscription)
            if pending.at <= until and wanted == key and _fits(pending, key, of_its_own=subscription is not None):
                seller = self._seller
                draft.charges.append(
                    one_off(pending, zone=seller.zone, policies=seller.policies, subscription=subscription)
                )
                self._left.remove(pending)


def _fits(pending: Pending, key: GroupKey, *, of_its_own: bool) -> bool:
    entity_id, currency, *_, apart = key
    return (pending.entity_id, pending.currency) == (entity_id, currency) and (of_its_own or apart is None)
