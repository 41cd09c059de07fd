"""A cap refuses, or counts for nothing, what goes beyond it; an alert tells once a period that so much is reached."""

import pytest

from tests.scenarios.told import played, story, told_as_data

pytestmark = pytest.mark.usefixtures("database")


def test_beyond_a_cap_usage_is_refused_or_free() -> None:
    """Bo's eight are refused whole, since no part of an event is taken; five of Eva's eight cost nothing."""
    story(
        """
        plans: {api: {meter: calls, amount: 0.50}}
        meters: {calls: {aggregation: sum}}

        2024-04-01 subscribe plan=api customer=bo
        2024-04-01 subscribe plan=api customer=eva
        2024-04-01 set_cap quantity=10 customer=bo
        2024-04-01 set_cap quantity=10 customer=eva beyond=free
        2024-04-05 usage value=7 customer=bo
        2024-04-05 usage value=7 customer=eva
        2024-04-06 usage value=8 customer=bo
        2024-04-06 usage value=8 customer=eva
        2024-04-07 end_cap customer=bo
        2024-04-07 usage value=8 customer=bo
        2024-04-08 end_cap customer=bo
        2024-05-01 bill_run
        """,
        """
        2024-04-06 refused: cap_reached
        2024-04-08 refused: not_found
        2024-05-01 bo invoice 1
          api  usage  2024-04-01..2024-05-01  x15  7.50
          total 7.50
        2024-05-01 eva invoice 2
          api  usage  2024-04-01..2024-05-01  x10  5.00
          total 5.00
        """,
    )


def test_another_cap_stands_in_the_place_of_the_one_there_was() -> None:
    story(
        """
        plans: {api: {meter: calls, amount: 1}}
        meters: {calls: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-01 set_cap 10
        2024-04-02 set_cap 20
        2024-04-05 usage 15
        2024-05-01 bill_run
        """,
        """
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x15  15.00
          total 15.00
        """,
    )


def test_an_alert_is_told_with_what_was_reached_once_in_each_period() -> None:
    found = told_as_data(
        """
        currency: EUR
        plans: {api: {meter: calls, amount: 0.50, currency: USD}}
        meters: {calls: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-01 set_alert amount=3
        2024-04-01 set_alert quantity=8.5
        2024-04-05 usage 8
        2024-04-05 bill_run
        2024-04-06 usage 1
        2024-04-06 advance_to 2024-04-07
        2024-04-08 usage 1
        2024-04-08 bill_run
        2024-05-02 usage 7
        2024-05-02 bill_run
        """
    )
    assert [(moment["at"][:10], moment["currency"], moment.get("notices")) for moment in found["moments"]] == [
        ("2024-04-05", "USD", [_notice(amount="3.00", period_start="2024-04-01")]),
        ("2024-04-06", "USD", [_notice(quantity="8.5", period_start="2024-04-01")]),
        ("2024-05-02", "USD", [_notice(amount="3.00", period_start="2024-05-01")]),
    ]
    assert [len(moment["documents"]) for moment in found["moments"]] == [0, 0, 1]
    assert found["verify_ok"]


def _notice(**reached: str) -> dict[str, str]:
    return {"kind": "usage_alert", "subscription": "c1", "meter": "calls", **reached}


def test_a_limit_that_makes_no_sense_is_refused() -> None:
    head = "plans: {api: {meter: m, amount: 1}}\nmeters: {m: {aggregation: unique}}\n\n2024-04-01 subscribe api\n"
    acts = (
        "set_cap 5",
        "set_cap beyond=free",
        "set_cap -1",
        "set_alert quantity=1 amount=1",
        "set_alert quantity=1 meter=x",
    )
    refused = ["invalid_value", "missing_argument", "invalid_value", "invalid_value", "not_found"]
    for act, code in zip(acts, refused, strict=True):
        assert played(f"{head}2024-04-02 {act}\n").splitlines() == [f"2024-04-02 refused: {code}"], act


def test_usage_is_counted_with_twelve_decimals_and_refused_with_more() -> None:
    """A tenth of a millionth at 1,000,000 is 0.10; nothing is cut, whatever `scale` the price has."""
    story(
        """
        plans: {api: {meter: calls, amount: 1000000, scale: 2}}
        meters: {calls: {aggregation: sum}}

        2024-04-01 subscribe api
        2024-04-02 usage 0.0000001
        2024-04-02 usage 0.000000000001
        2024-04-02 usage 0.0000000000001
        2024-04-02 usage 1e-13
        2024-04-02 usage 1000000000000000
        2024-05-01 bill_run
        """,
        """
        2024-04-02 refused: bad_value
        2024-04-02 refused: bad_value
        2024-04-02 refused: bad_value
        2024-05-01 c1 invoice 1
          api  usage  2024-04-01..2024-05-01  x0.000000100001  0.10
          total 0.10
        """,
    )
