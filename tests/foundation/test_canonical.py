"""Two addresses are one only by the canonical form: ASCII folding, NFC, A-labels by IDNA 2008, and nothing else."""

# ruff: noqa: RUF001 - letters that look alike are what these tests are about

import unicodedata
from string import ascii_letters, ascii_lowercase, digits

import pytest
from django.core.exceptions import ValidationError
from django.db import connection
from django.db.models import F
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from accounts.models import User
from foundation.canonical_email import (
    LONGEST,
    NotAnEmail,
    beginning,
    canonical,
    canonical_domain,
    canonical_or_none,
    comparable,
    folded,
    for_mail,
    labels_by_spelling,
    validate_canonical,
)

SAME = [
    ("ada@example.com", "ADA@Example.COM"),
    ("ada@bücher.example", "ada@xn--bcher-kva.example"),
    ("ada@bücher.example", "Ada@XN--BCHER-KVA.EXAMPLE"),
    ("ada@bücher.example", "ada@bu\N{COMBINING DIAERESIS}cher.example"),
    ("zoë@example.com", "zoe\N{COMBINING DIAERESIS}@example.com"),
    ("\N{KELVIN SIGN}im@example.com", "kim@example.com"),  # NFC: the sign is nothing but a K
    ("h\N{COMBINING MACRON BELOW}@example.com", "H\N{COMBINING MACRON BELOW}@example.com"),
]
OTHERS = [
    ("kıng@example.com", "king@example.com"),
    ("KİNG@example.com", "king@example.com"),
    ("mi\N{LATIN SMALL LETTER LONG S}s@example.com", "miss@example.com"),
    ("o\N{LATIN SMALL LIGATURE FI}@example.com", "ofi@example.com"),
    ("straße@example.com", "strasse@example.com"),
    ("ada@straße.example", "ada@strasse.example"),
    ("ada@faß.example", "ada@fass.example"),
    ("É@example.com", "é@example.com"),
    ("\N{FULLWIDTH LATIN SMALL LETTER A}da@example.com", "ada@example.com"),
    ("Ω@example.com", "ω@example.com"),
]
NONE = [
    "", "ada", "@example.com", "ada@", "ada@@", "a b@example.com", "ada @example.com", " ada@example.com",
    "ada@example.com ", "ada@example.com\n", "a\0da@example.com", "ada@exa\0mple.com", "ada@example.com.", "ada@b",
    "ada@.example.com", "ada@example..com", ".ada@example.com", "ada.@example.com", "a..da@example.com",
    '"ada"@example.com', '"a da"@example.com', "ada@[127.0.0.1]", "ada@[IPv6:::1]", "ada@127.0.0.1", "ada@example.123",
    "(comment)ada@example.com", "Ada <ada@example.com>", "ada@exa_mple.com", "ada@-example.com", "ada@example-.com",
    "ada@ab--cd.example", "ada@xn--a.example", "ada@xn--abc.example", "ada@xn--.example", "ada@xn--ls8h.example",
    "ada@xn--bcher-kva-.example",
    "victim@maİl-inc.example", "ada@ma\N{LATIN SMALL LIGATURE FI}.example", "ada@BÜCHER.example",
    "ada@\N{FULLWIDTH LATIN SMALL LETTER E}xample.com", "ada@mi\N{LATIN SMALL LETTER LONG S}s.example",
    "ada@example\N{IDEOGRAPHIC FULL STOP}com", "ada\N{FULLWIDTH COMMERCIAL AT}example.com", "ada@☃.example",
    "a\N{ZERO WIDTH SPACE}da@example.com", "ada@exa\N{ZERO WIDTH JOINER}mple.com", "ada@exa\N{SOFT HYPHEN}mple.com",
    "a\N{RIGHT-TO-LEFT OVERRIDE}da@example.com", "ada@a\N{RIGHT-TO-LEFT OVERRIDE}b.example", "ada\x7f@example.com",
    "a\N{NO-BREAK SPACE}da@example.com", "a\ud800@example.com", "ada@\ud800.example", "a" * 65 + "@example.com",
    "ü" * 33 + "@example.com", "ada@" + "x" * 64 + ".example", "ada@" + "x.y" * 90 + ".example", "x" * 400,
    "ada@" + "ü" * 60 + ".example",
    "a\N{VARIATION SELECTOR-16}da@example.com", "a\N{COMBINING GRAPHEME JOINER}da@example.com",
    "a\N{HANGUL FILLER}da@example.com", "a\N{HANGUL CHOSEONG FILLER}da@example.com", "a\u2800da@example.com",
    "a\N{KHMER VOWEL INHERENT AQ}da@example.com", "a\N{MONGOLIAN FREE VARIATION SELECTOR ONE}da@example.com",
    "a\N{VARIATION SELECTOR-17}da@example.com", "a\N{HALFWIDTH HANGUL FILLER}da@example.com",
]  # fmt: skip
LETTERS = st.characters(exclude_categories=()) | st.sampled_from("aAkKIiıİſßﬁ.@-\u0301\u0308\u0331\u212a")
TEXTS = st.text(LETTERS, max_size=40)
LABELS = st.text(ascii_letters + digits + "-", min_size=1, max_size=12) | st.text(LETTERS, min_size=1, max_size=8)
ADDRESSES = st.builds(
    lambda local, labels: f"{local}@{'.'.join(labels)}", TEXTS, st.lists(LABELS, min_size=2, max_size=4)
)
ANY = ADDRESSES | st.emails() | TEXTS | st.sampled_from([*NONE, *(one for pair in SAME + OTHERS for one in pair)])


@pytest.mark.parametrize(("one", "other"), SAME)
@pytest.mark.promise(94)
def test_spellings_of_one_address_are_one(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(("one", "other"), OTHERS)
@pytest.mark.promise(94)
def test_addresses_that_unicode_or_a_database_would_fold_together_are_two(one: str, other: str) -> None:
    """The kind: a homograph that ``lower``, ``upper`` or a compatibility mapping makes somebody else's address."""
    assert canonical_or_none(one) != canonical_or_none(other)


@pytest.mark.parametrize("text", NONE)
@pytest.mark.promise(94)
def test_what_cannot_be_encoded_is_no_address(text: str) -> None:
    assert canonical_or_none(text) is None
    with pytest.raises(ValidationError):
        validate_canonical(text)
    with pytest.raises(NotAnEmail):
        for_mail(text)


@pytest.mark.parametrize("length", [64, 65])
@pytest.mark.promise(94)
def test_the_limits_are_those_of_smtp(length: int) -> None:
    whole = canonical_or_none("a" * length + "@" + ".".join(["b" * 63, "c" * 63, "d" * 63, "e" * 61]))

    assert (whole is not None) == (length == 64)
    assert whole is None or len(whole) == 64 + 1 + 253 < LONGEST


@settings(max_examples=400, deadline=None)
@given(ANY)
@example("H\u0331@example.com")
@example("\u212a@example.com")
@pytest.mark.promise(94)
def test_the_canonical_form_of_a_canonical_form_is_itself(text: str) -> None:
    form = canonical_or_none(text)

    assert form is None or (canonical(form) == form and canonical(text.swapcase() if text.isascii() else text) == form)


@pytest.mark.slow
@settings(max_examples=400, deadline=None)
@given(ANY, ANY)
@pytest.mark.promise(94)
def test_two_addresses_are_one_only_if_nothing_but_ascii_case_composition_and_encoding_tells_them_apart(
    one: str, other: str
) -> None:
    first, second = canonical_or_none(one), canonical_or_none(other)
    if first is None or first != second:
        return

    assert _by_hand(one) == _by_hand(other)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(ANY)
@pytest.mark.promise(94)
def test_a_domain_is_ascii_and_leads_back_to_what_was_typed(text: str) -> None:
    form = canonical_or_none(text)
    if form is None:
        return
    local, _at, domain = form.rpartition("@")
    other = {label: spelled for spelled, label in labels_by_spelling(form).items()}
    spelled = ".".join(other.get(label, label) for label in domain.split("."))

    assert domain.isascii()
    assert canonical(f"{local}@{spelled}") == form


@pytest.mark.promise(94)
def test_mail_goes_to_the_domain_by_idna_2008_and_leaves_the_letter_case_of_the_mailbox() -> None:
    assert for_mail("Ada.L@straße.Example") == "Ada.L@xn--strae-oqa.example"
    assert for_mail("Zoe\N{COMBINING DIAERESIS}@Example.com") == "Zoë@example.com"


@pytest.mark.promise(94)
@pytest.mark.parametrize(
    ("typed", "canonical_form"),
    [
        ("example.com", "example.com"),
        ("EXAMPLE.Com.", "example.com"),
        ("\N{KELVIN SIGN}im.example", "kim.example"),
        ("Bu\N{COMBINING DIAERESIS}cher.example", "xn--bcher-kva.example"),
        ("straße.example", "xn--strae-oqa.example"),
        (".".join(["x" * 63] * 3 + ["y" * 61]), ".".join(["x" * 63] * 3 + ["y" * 61])),
    ],
)
def test_a_domain_has_the_form_that_it_has_in_addresses(typed: str, canonical_form: str) -> None:
    assert canonical_domain(typed) == canonical_form
    assert canonical(f"a@{typed.removesuffix('.')}") == f"a@{canonical_form}"


@pytest.mark.parametrize(
    "typed",
    [
        *("", ".", "com", "example..com", "example.com..", "192.0.2.1", "[2001:db8::1]", "*.example.com"),
        *("a_b.example.com", "example.com/", "ada@example.com", "exam ple.com", "exam\u200bple.com", "example.c"),
        *("ｅxample.com", "example。com", "ſ.example", "xn--a.example", "x" * 64 + ".example"),
        *(".".join(["x" * 63] * 4), "x." * 200 + "example"),
    ],
)
def test_what_no_address_can_have_is_no_domain(typed: str) -> None:
    with pytest.raises(NotAnEmail):
        canonical_domain(typed)


def test_a_name_that_is_no_address_is_compared_in_ascii_letter_case() -> None:
    assert comparable("Admin") == "admin"
    assert comparable("Ada@BU\N{COMBINING DIAERESIS}cher.example") == folded("Ada@BÜcher.example")
    assert comparable("Ada@bücher.example") == "ada@xn--bcher-kva.example"


@pytest.mark.parametrize(
    ("typed", "known", "last"),
    [
        ("Ada", "ada", ""),
        ("ADA@", "ada@", ""),
        ("ada@exam", "ada@", "exam"),
        ("ada@bücher.ex", "ada@xn--bcher-kva.", "ex"),
        ("ada@bü", "ada@", "bü"),
    ],
)
@pytest.mark.promise(94)
def test_the_beginning_of_an_address_is_canonical_but_for_its_last_label(typed: str, known: str, last: str) -> None:
    assert beginning(typed) == (known, last)


@pytest.mark.django_db
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(ascii_lowercase + digits + "@.-_\"!' ", max_size=30) | st.emails() | ADDRESSES)
@example("a@b.c-d")
@example("a" * 65 + "@example.com")
@example("a@localhost")
@example("a@1.2.3.4")
@example("a@xn--a.example")
@pytest.mark.promise(94)
def test_the_database_and_python_agree_on_what_an_address_is(text: str) -> None:
    """The kind: two places that fold, each its own way."""
    if "\0" in text or _has_halves(text):
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT accounts_canonical(%s, %s), accounts_folded_email(%s)", [text, canonical_or_none(text), text]
        )
        by_database, folded_there = cursor.fetchone()

    assert by_database == canonical_or_none(text)
    assert folded_there == folded(text)


@pytest.mark.django_db
@pytest.mark.promise(94)
def test_every_way_to_write_an_address_writes_its_canonical_form() -> None:
    """The kind: a write that goes past ``save``."""
    given_, form = "Ada@Bücher.example", "ada@xn--bcher-kva.example"
    saved = User.objects.create_user(email="x@example.com")
    saved.email = given_
    saved.save(update_fields=["email"])
    created = User.objects.bulk_create([User(name=str(number), email=given_) for number in range(2)])
    updated = User.objects.create_user(name="updated")
    User.objects.filter(pk=updated.pk).update(email=given_)
    changed = User.objects.create_user(email="y@example.com")
    changed.email = given_
    User.objects.bulk_update([changed], ["email"])
    either, _is_new = User.objects.update_or_create(name="updated", defaults={"email": given_})

    people = [saved, *created, updated, changed, either]
    assert {User.objects.get(pk=person.pk).canonical_email for person in people} == {form}
    with pytest.raises(TypeError, match="canonical_email"):
        User.objects.update(email=F("name"))


@pytest.mark.django_db
@pytest.mark.promise(94)
def test_code_that_knows_nothing_of_it_cannot_leave_a_wrong_one() -> None:
    """The kind: SQL, an old process beside the new table, ``_base_manager``."""
    person = User.objects.create_user(email="ada@bücher.example", email_verified=True)

    def by_sql(address: str, also: str = "") -> str | None:
        with connection.cursor() as cursor:
            query = f"UPDATE accounts_user SET email = %s {also} WHERE id = %s"  # noqa: S608  # our own text
            cursor.execute(query, [address, person.pk])
        person.refresh_from_db()
        return person.canonical_email

    assert by_sql("ADA@bücher.example") == "ada@xn--bcher-kva.example", "the letters that the database folds itself"
    assert by_sql("Eve@Example.com") == "eve@example.com"
    assert by_sql("eve@straße.example", ", email_verified = false") is None
    assert by_sql("eve@straße.example", ", canonical_email = 'victim@example.com'") is None
    assert by_sql("eve@example.com", ", canonical_email = 'victim@example.com'") == "eve@example.com"
    assert by_sql("", "") is None


def _by_hand(address: str) -> tuple[str, list[str]]:
    """The same rule told in other words: compose, fold 26 letters, compose, decode every label."""
    text = unicodedata.normalize("NFC", address)
    text = "".join(chr(ord(letter) + 32) if "A" <= letter <= "Z" else letter for letter in text)
    local, _at, domain = unicodedata.normalize("NFC", text).rpartition("@")
    labels = [
        label.removeprefix("xn--").encode().decode("punycode") if label.startswith("xn--") else label
        for label in domain.split(".")
    ]
    return local, labels


def _has_halves(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text)
