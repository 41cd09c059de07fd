"""Which addresses are one mailbox, and what a trial is remembered by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from perennia.domain.trials import marks, normalised_email


@pytest.mark.parametrize(
    ("written", "mailbox"),
    [
        (" Bo@Example.COM ", "bo@example.com"),
        ("bo+trial2@example.com", "bo@example.com"),
        ("b.o+x@gmail.com", "bo@gmail.com"),
        ("B.O@GoogleMail.com", "bo@gmail.com"),
        ("b.o@example.com", "b.o@example.com"),
        ("+bo@example.com", "+bo@example.com"),
        ('"a@b"@example.com', '"a@b"@example.com'),
        ("\uff42\uff4f@example.com", "bo@example.com"),
        ("no address", "no address"),
        ("@example.com", "@example.com"),
        ("", ""),
    ],
)
def test_one_mailbox_in_many_writings(written: str, mailbox: str) -> None:
    assert normalised_email(written) == mailbox


@given(st.emails())
def test_a_normalised_address_stays_as_it_is(email: str) -> None:
    assert normalised_email(normalised_email(email)) == normalised_email(email)


def test_a_trial_is_remembered_by_customer_mailbox_and_each_card() -> None:
    assert marks(customer_id=b"1", email="Bo@x.dk", fingerprints=["b", "a", "b", ""]) == [
        b"customer:1", b"email:bo@x.dk", b"fingerprint:a", b"fingerprint:b",
    ]  # fmt: skip
    assert marks(customer_id=b"1", email="") == [b"customer:1"]
