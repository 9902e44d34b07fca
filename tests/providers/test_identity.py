"""What providers claim about people is stored as far as the database accepts it, and never causes an error."""

import json
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import Identity
from foundation.display_names import clean_name
from providers.identity import (
    CUT,
    LARGEST_CLAIMS,
    ExternalIdentity,
    beneath,
    clean_address,
    is_subject,
    name_in,
    storable,
)
from providers.linking import link
from providers.refusal import RefusalReason, SignInRefused

# JSON may contain what PostgreSQL does not accept: NUL, lone surrogates, and numbers of any size.
TEXTS = st.text(st.characters(exclude_categories=())) | st.sampled_from(["\0", "a\ud800b", "\udfff", "\U0010ffff", ""])
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | TEXTS | st.just(10**400)
JSON = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=20)
ODD_ADDRESSES = ["a@b\ud800c.example", "a@ü\ud800.example", '"\x01"@b.example', "a@b\n.example", "a @b.example", "a@b"]


def identity(**values: Any) -> ExternalIdentity:
    return ExternalIdentity(**{"provider": "google", "issuer": "https://issuer.example", "subject": "s", **values})


@pytest.mark.slow
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
def test_an_invalid_subject_is_refused(subject: Any) -> None:
    with pytest.raises(SignInRefused) as refused:
        identity(subject=subject)

    assert refused.value.reason is RefusalReason.SUBJECT_INVALID


@pytest.mark.promise(8)
@pytest.mark.django_db
def test_subjects_are_stored_unchanged_including_their_case() -> None:
    longest = "k" * 127 + "/" + "K" * 127
    accounts = {link(identity(subject=subject)).user.pk for subject in (longest, longest.lower(), longest[:-1])}

    assert len(accounts) == 3


@pytest.mark.django_db
@pytest.mark.parametrize("address", ODD_ADDRESSES)
def test_an_address_that_the_database_would_refuse_is_ignored(address: str) -> None:
    told = identity(email=address, email_verified=True)

    assert (told.email, told.email_verified) == ("", False)
    link(told)


@pytest.mark.parametrize("address", ["ada@example.com", "ADA@Example.COM", "a@xn--mnchen-3ya.example"])
def test_an_address_is_stored_as_it_was_provided(address: str) -> None:
    assert clean_address(address) == address


@pytest.mark.parametrize("blanks", [" ", "\n", "\t", "\u3000", "\u00a0", "\r\n"])
def test_blanks_around_an_address_are_stripped(blanks: str) -> None:
    """People and directories put blanks around values."""
    assert clean_address(f"{blanks}ada@example.com{blanks}") == "ada@example.com"


@pytest.mark.parametrize("said", [None, "true", 1, "1", [], "yes", math.nan])
def test_an_address_is_verified_only_by_the_literal_truth(said: Any) -> None:
    assert identity(email="ada@example.com", email_verified=said).email_verified is False


@given(TEXTS)
def test_a_name_is_one_line_of_visible_characters(name: str) -> None:
    cleaned = clean_name(name)

    assert all(letter.isprintable() or letter in "\u200c\u200d" for letter in cleaned)
    assert len(cleaned) <= 255
    assert cleaned == clean_name(cleaned)


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("Ada\tLovelace", "Ada Lovelace"),
        ("  Ada \u3000 \u00a0\u2003Lovelace\u2028", "Ada Lovelace"),
        ("\u3164", ""),
        ("\u200d \u200c", ""),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("\u0915\u094d\u200d\u0937", "\u0915\u094d\u200d\u0937"),
        ("Ada\u202egnp.exe", "Adagnp.exe"),
        ("\u2066Ada\u2069\u200e \u202aL\u202c\ufeff", "Ada L"),
        ("Zo\u00eb \u738b\u5c0f\u660e", "Zo\u00eb \u738b\u5c0f\u660e"),
    ],
)
def test_blanks_of_any_script_are_one_space_joiners_stay_and_overrides_go(told: str, shown: str) -> None:
    """Some characters are invisible, and some change where others are displayed."""
    assert clean_name(told) == shown


@pytest.mark.parametrize(
    ("claims", "shown"),
    [
        ({"name": "Ada", "given_name": "A"}, "Ada"),
        ({"name": " ", "given_name": "Ada", "family_name": "Lovelace"}, "Ada Lovelace"),
        ({"given_name": "Ada"}, "Ada"),
        ({"family_name": "Lovelace", "given_name": None}, "Lovelace"),
        ({"name": 7, "given_name": ["Ada"], "preferred_username": "ada"}, "ada"),
        ({"login": "ada", "name": None}, "ada"),
        ({"preferred_username": "\u200b"}, ""),
        ({}, ""),
    ],
)
def test_without_a_full_name_its_parts_or_the_username_are_used(claims: dict[str, Any], shown: str) -> None:
    """Providers may omit a claim while other claims contain the same."""
    assert name_in(claims) == shown


@pytest.mark.parametrize(
    ("more", "claims", "merged"),
    [
        ({"a": 1}, {}, {"a": 1}),
        ({"a": 1, "b": 2}, {"a": 3}, {"a": 3, "b": 2}),
        (
            {"r": {"x": {"roles": ["u"]}}},
            {"r": {"y": {"roles": ["v"]}}},
            {"r": {"x": {"roles": ["u"]}, "y": {"roles": ["v"]}}},
        ),
        ({"r": {"roles": ["u"]}}, {"r": {"roles": []}}, {"r": {"roles": []}}),
        ({"r": {"roles": ["u"]}}, {"r": "text"}, {"r": "text"}),
    ],
)
def test_merged_claims_only_fill_in_what_is_missing(more: Any, claims: Any, merged: Any) -> None:
    assert beneath(more, claims) == merged


def test_a_claim_that_cannot_be_stored_is_left_out_and_the_others_are_kept() -> None:
    deep: Any = "bottom"
    for _ in range(2000):
        deep = [deep]
    claims = {"fine": 1, "nul": "\0", "half": ["\ud800"], "deep": deep, "huge": 10**400, "nan": math.nan, "ke\0y": 1}

    assert storable(claims) == {"fine": 1}


def test_claims_that_are_too_large_are_cut_and_the_cut_is_listed() -> None:
    """A limit must neither refuse people nor apply silently."""
    groups = [f"/organization/department/group-{number:04}-with-a-long-name" for number in range(593)]

    assert storable({"text": "x" * LARGEST_CLAIMS, "sub": "ada"}) == {"sub": "ada", CUT: {"text": "left out"}}
    kept = storable({"groups": groups, "sub": "ada", CUT: "told by the provider"})
    assert kept["sub"] == "ada"
    assert kept["groups"] == groups[: len(kept["groups"])]
    assert kept[CUT] == {"groups": f"{len(kept['groups'])} of 593 kept"}
    assert len(json.dumps(kept)) <= LARGEST_CLAIMS + 100
    many = storable({f"claim-{number:05}": number for number in range(9000)})
    assert many[CUT][""].endswith("others left out")
    assert len(json.dumps(many)) <= LARGEST_CLAIMS + 1000


@given(st.dictionaries(TEXTS, st.lists(st.text(max_size=3000), max_size=40), max_size=5))
def test_cut_claims_fit_whatever_they_were(claims: dict[str, Any]) -> None:
    assert len(json.dumps(storable(claims))) <= LARGEST_CLAIMS + 4000
