"""Whose word holds: the tenant's, the price's, the subscription's, the act's."""

import pytest

from perennia.domain.errors import InvalidValue, PolicyConflict
from perennia.domain.policies import DEFAULTS, as_given, as_stored, changed, of_subscription, over, policies, values_of


@pytest.mark.parametrize(
    ("tenant", "price", "subscription", "act", "holds"),
    [
        ({}, {}, {}, {}, "all"),
        ({"tier_mode": "top"}, {}, {}, {}, "top"),
        ({}, {"tier_mode": "top"}, {}, {}, "top"),
        ({"tier_mode": "top"}, {"tier_mode": "all"}, {}, {}, "all"),
        ({}, {"tier_mode": "top"}, {"tier_mode": "all"}, {}, "all"),
        ({"tier_mode": "top"}, {"tier_mode": "top"}, {"tier_mode": "all"}, {}, "all"),
        ({}, {"tier_mode": "top"}, {}, {"tier_mode": "all"}, "all"),
        ({}, {"tier_mode": "all"}, {"tier_mode": "all"}, {"tier_mode": "top"}, "top"),
        ({}, {"package": "down"}, {}, {"tier_mode": "top"}, "top"),
    ],
)
def test_the_nearest_word_holds(tenant: dict, price: dict, subscription: dict, act: dict, holds: str) -> None:
    stored = as_given(changed(policies(), subscription)) if subscription else None
    found = changed(of_subscription(tenant, stored), act)
    assert over(found, values_of(price)).tier_mode == holds
    assert over(as_stored(as_given(found)), values_of(price)).tier_mode == holds


def test_what_was_stated_is_kept_even_where_it_is_the_default() -> None:
    said = changed(DEFAULTS, {"rounding_mode": "half_away", "proration": "none"})
    assert as_given(said) == {
        "proration": "none", "rounding_mode": "half_away", "stated": ["proration", "rounding_mode"],
    }  # fmt: skip
    assert as_stored(as_given(said)) == said
    assert as_given(DEFAULTS) == {}


def test_a_subscription_takes_a_policy_of_its_tenant_back() -> None:
    own = as_given(changed(DEFAULTS, {"proration": "prorate"}))
    assert of_subscription({"proration": "none"}, own).proration == "prorate"


def test_what_goes_together_is_looked_at_again_with_a_price() -> None:
    with pytest.raises(PolicyConflict):
        over(policies({"proration_unit": "month30"}), values_of({"denominator": "running"}))


def test_nobody_states_what_was_stated() -> None:
    with pytest.raises(InvalidValue):
        policies({"stated": ["proration"]})
    with pytest.raises(InvalidValue):
        changed(DEFAULTS, {"stated": ["proration"]})
