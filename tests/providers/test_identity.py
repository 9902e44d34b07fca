"""What providers say of people is kept as far as the database takes it, and never makes anything fail."""

import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Identity
from providers.identity import LARGEST_CLAIMS, ExternalIdentity, clean_address, clean_name, is_subject, storable
from providers.linking import link
from providers.refusal import Reason, SignInRefused

# JSON may hold what PostgreSQL does not take: NUL, halves of characters, and numbers of any size.
TEXTS = st.text(st.characters(exclude_categories=())) | st.sampled_from(["\0", "a\ud800b", "\udfff", "\U0010ffff", ""])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.just(10**400)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=20)
ODD_ADDRESSES = ["a@b\ud800c.example", "a@ü\ud800.example", '"\x01"@b.example', "a@b.example\n", " a@b.example", "a@b"]


def identity(**values: Any) -> ExternalIdentity:
    return ExternalIdentity(**{"provider": "google", "issuer": "https://issuer.example", "subject": "s", **values})


@pytest.mark.promise(8)
@pytest.mark.django_db
@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(subject=SCALARS, email=JSON | st.emails(), name=JSON, claims=st.dictionaries(TEXTS, JSON))
def test_whatever_a_provider_says_is_stored_or_refused(subject: Any, email: Any, name: Any, claims: Any) -> None:
    Identity.objects.all().delete()
    if not is_subject(subject):
        with pytest.raises(SignInRefused):
            identity(subject=subject, email=email, name=name, claims=claims)
        return
    linked = link(identity(subject=subject, email=email, name=name, claims=claims))

    assert Identity.objects.get(pk=linked.identity.pk).subject == subject


@pytest.mark.promise(8)
@pytest.mark.parametrize("subject", [None, "", 4711, True, ["ada"], {"a": 1}, "s" * 256, "a\0b", "\ud800"])
def test_a_subject_that_can_be_no_key_is_refused(subject: Any) -> None:
    with pytest.raises(SignInRefused) as refused:
        identity(subject=subject)

    assert refused.value.reason is Reason.SUBJECT_INVALID


@pytest.mark.promise(8)
@pytest.mark.django_db
def test_subjects_are_kept_whole_and_in_their_letter_case() -> None:
    longest = "k" * 127 + "/" + "K" * 127
    accounts = {link(identity(subject=subject)).user.pk for subject in (longest, longest.lower(), longest[:-1])}

    assert len(accounts) == 3


@pytest.mark.django_db
@pytest.mark.parametrize("address", ODD_ADDRESSES)
def test_an_address_that_the_database_would_refuse_is_no_address(address: str) -> None:
    told = identity(email=address, email_verified=True)

    assert (told.email, told.email_verified) == ("", False)
    link(told)


@pytest.mark.parametrize("address", ["ada@example.com", "ADA@Example.COM", "a@xn--mnchen-3ya.example"])
def test_an_address_is_kept_as_it_was_said(address: str) -> None:
    assert clean_address(address) == address


@pytest.mark.parametrize("said", [None, "true", 1, "1", [], "yes", math.nan])
def test_an_address_is_verified_only_by_the_literal_truth(said: Any) -> None:
    assert identity(email="ada@example.com", email_verified=said).email_verified is False


@given(TEXTS)
def test_a_name_is_one_line_of_visible_characters(name: str) -> None:
    cleaned = clean_name(name)

    assert not cleaned or cleaned.isprintable()
    assert len(cleaned) <= 255


def test_a_claim_that_cannot_be_stored_is_left_out_and_the_others_stay() -> None:
    deep: Any = "bottom"
    for _ in range(2000):
        deep = [deep]
    claims = {"fine": 1, "nul": "\0", "half": ["\ud800"], "deep": deep, "huge": 10**400, "nan": math.nan, "ke\0y": 1}

    assert storable(claims) == {"fine": 1}


def test_claims_that_are_too_many_are_not_kept() -> None:
    assert storable({"text": "x" * LARGEST_CLAIMS}) == {}
