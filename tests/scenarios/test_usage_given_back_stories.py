"""Usage that was charged and is given back: as much as was charged for it, and at once where it is charged again."""

import pytest

from tests.scenarios.told import story

pytestmark = pytest.mark.usefixtures("database")


def test_a_threshold_does_not_charge_again_what_an_earlier_price_charged() -> None:
    """600 at 0.10; once 0.20 holds for the whole month, 950 come to 190.00, of which 60.00 are there already."""
    story(
        """
        policy: {usage_cut: at_invoice, progressive_threshold: 50}
        plans: {one: {meter: m, amount: 0.10}, two: {meter: m, amount: 0.20}}
        meters: {m: {aggregation: sum}}

        2024-04-01 subscribe one
        2024-04-05 usage 600
        2024-04-05 bill_run
        2024-04-16 change_plan two
        2024-04-18 usage 350
        2024-04-18 bill_run
        2024-04-19 usage 10
        2024-04-19 advance_to 2024-06-05
        """,
        """
        2024-04-05 c1 invoice 1
          one  usage  2024-04-01..2024-04-05  x600  60.00
          total 60.00
        2024-04-18 c1 invoice 2
          one  usage  2024-04-01..2024-04-18  x0    -60.00
          two  usage  2024-04-01..2024-04-18  x950  190.00
          total 130.00
        2024-05-01 c1 invoice 3
          two  usage  2024-04-01..2024-05-01  x960  2.00
          total 2.00
        """,
    )
