"""Comparing e-mail addresses: what is typed finds an account by one rule, and mail goes only to stored addresses."""

# ruff: noqa: RUF001 - letters that look alike are what these tests are about

import io
import json
import logging
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.management.lookup import find_person
from accounts.models import Identity, Invitation, MailedLink, Role, User
from accounts.organizations import invitations
from accounts.organizations.invitations import InvitationRefusalReason, InvitationRefused
from accounts.people import search
from accounts.privacy.erasing import erase
from accounts.sign_in import login_throttle
from accounts.sign_in.email_change import EmailTaken
from accounts.sign_in.local.registration import open_local_account
from audit.context import Actor, ActorKind, acting
from audit.events import Event, record
from audit.models import Entry, Personal
from config.smtp import SMTPEmailBackend
from foundation.canonical_email import folded
from providers.identity import ExternalIdentity
from providers.linking import link
from providers.refusal import SignInRefused
from tenancy import site_context
from tests.flows.conftest import Browser
from tests.flows.proofs import let_be_proven
from tests.support.administrator import administrator, root
from tests.support.invited import link_of
from tests.support.mailbox import open_mailbox
from tests.support.post import Post
from tests.tenancy.conftest import Town

__all__ = ["administrator", "root"]  # fixtures of these tests too
pytestmark = pytest.mark.django_db(transaction=True)

SIGN_IN, FORGOTTEN, REGISTER = "/accounts/local/login/", "/accounts/local/password-reset/", "/accounts/register/"
PASSWORD = "teapot gravel umbrella"
VICTIM = "victim@mail-inc.example"
INTERNATIONAL, ENCODED = "Zoë@bücher.example", "zoë@xn--bcher-kva.example"
HOMOGRAPHS = [
    "victim@maİl-inc.example",
    "VİCTİM@mail-inc.example",
    "vıctım@mail-inc.example",
    "victim@ma\N{LATIN SMALL LETTER DOTLESS I}l-inc.example",
    "victim@mail\N{HYPHEN}inc.example",
    "victim@\N{FULLWIDTH LATIN SMALL LETTER M}ail-inc.example",
    "v\N{FULLWIDTH LATIN SMALL LETTER I}ctim@mail-inc.example",
    "victim@mail-inc.example\N{ZERO WIDTH SPACE}",
    '"victim"@mail-inc.example',
    "victim@mail-inc.example.",
]
SPELLINGS = [INTERNATIONAL, ENCODED, "ZOë@XN--BCHER-KVA.EXAMPLE", "zoe\u0308@bu\u0308cher.example"]


@pytest.fixture(autouse=True)
def _open(settings: Any) -> None:
    settings.LOCAL_ACCOUNTS = "open"
    cache.clear()


def local(address: str, name: str = "Somebody") -> User:
    return User.objects.create_user(name=name, email=address, email_verified=True, password=PASSWORD)


def receivers(post: Post) -> set[str]:
    return {receiver for letter in post.all() for receiver in letter.to}


@pytest.mark.parametrize("typed", HOMOGRAPHS)
@pytest.mark.parametrize("page", [FORGOTTEN, REGISTER])
@pytest.mark.promise(94)
def test_a_homograph_finds_nobody_and_causes_no_mail_about_them(
    browser: Browser, post: Post, page: str, typed: str
) -> None:
    """The kind of fault: accounts are found by a folded address, and the mail goes to the address as typed."""
    local(VICTIM)
    answer = browser.post(page, {"email": typed})

    assert answer.status_code in {200, 422}
    assert MailedLink.objects.filter(user__isnull=False).count() == 0
    assert not receivers(post) & {VICTIM}
    assert receivers(post) <= ({typed} if page == REGISTER and answer.status_code == 200 else set())
    assert browser.post(SIGN_IN, {"name": typed, "password": PASSWORD}).status_code == 422


@pytest.mark.parametrize("typed", SPELLINGS)
@pytest.mark.promise(94)
def test_a_reset_is_mailed_to_the_stored_address_however_it_was_typed(browser: Browser, post: Post, typed: str) -> None:
    """The kind of fault: mail goes to what was typed."""
    local(INTERNATIONAL)
    browser.post(FORGOTTEN, {"email": typed})
    assert receivers(post) == {INTERNATIONAL}
    assert MailedLink.objects.get().email == INTERNATIONAL

    browser.post(post.link(INTERNATIONAL), {"password": "seven quiet lanterns"})
    assert receivers(post) == {INTERNATIONAL}
    signed_in = browser.post(SIGN_IN, {"name": typed, "password": "seven quiet lanterns"})
    assert signed_in.headers["Location"] == "/accounts/"


@pytest.mark.parametrize("typed", SPELLINGS)
@pytest.mark.promise(94)
def test_a_registration_in_another_spelling_is_told_where_the_account_is(
    browser: Browser, post: Post, typed: str
) -> None:
    local(INTERNATIONAL)
    browser.post(REGISTER, {"email": typed})

    assert receivers(post) == {INTERNATIONAL}
    assert MailedLink.objects.count() == 0


@pytest.mark.promise(94)
def test_an_address_that_is_taken_in_another_spelling_is_told_to_its_owner(browser: Browser, post: Post) -> None:
    local(INTERNATIONAL)
    browser.sign_in("google", "ada")
    let_be_proven(browser)
    browser.post("/accounts/email/", {"email": SPELLINGS[2]})

    assert receivers(post) == {INTERNATIONAL, "ada@example.com"}
    assert "address" in post.to(INTERNATIONAL).subject


@pytest.mark.parametrize("typed", SPELLINGS)
@pytest.mark.promise(94)
def test_another_spelling_takes_no_address_by_any_way(typed: str) -> None:
    """The kind of fault: one address counts as two, which locks its owner out."""
    owner = local(INTERNATIONAL)
    with pytest.raises(EmailTaken), transaction.atomic():
        open_local_account(typed, "Thief", PASSWORD)
    with pytest.raises(SignInRefused, match="email_of_another_account"), transaction.atomic():
        link(_claimed(typed))
    with pytest.raises(IntegrityError), transaction.atomic():
        User.objects.create_user(email=typed, email_verified=True)

    assert list(User.objects.filter(email_verified=True)) == [owner]


@pytest.mark.parametrize("typed", [one for one in HOMOGRAPHS if "mail-inc" in one])
@pytest.mark.promise(94)
def test_a_homograph_takes_no_address(typed: str) -> None:
    """The kind of fault: the database's case folding equates a stranger's address with the real one."""
    link(_claimed(typed))

    assert open_local_account(VICTIM, "Victim", PASSWORD).own_email == VICTIM


@pytest.mark.parametrize(
    "said", ["victim@maİl-inc.example", "ada@BÜCHER.example", "ada@xn--abc.example", '"a"@b.example']
)
@pytest.mark.promise(94)
def test_a_claim_that_is_not_an_address_is_dropped_with_a_reason(said: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, logger="providers.identity"):
        person = link(_claimed(said)).user

    assert (person.email, person.email_verified) == (None, False)
    assert "reason=" in caplog.text
    assert said not in caplog.text


@pytest.mark.promise(94)
def test_what_is_not_an_address_is_refused_everywhere(town: Town, administrator: Client) -> None:
    """The kind of fault: one form checks less than the others."""
    person = User.objects.create_user(name="Zoë")
    wrong = "zoe@BÜCHER.example"
    changed = administrator.post(
        f"/admin/accounts/user/{person.pk}/change/",
        {"name": "Zoë", "email": wrong, "email_verified": "on", "is_active": "on"},
    )
    assert (changed.status_code, User.objects.get(pk=person.pk).email) == (200, None)
    with pytest.raises(ValidationError):
        invitations.invite(town.a.tenant, Role.objects.get(name="member"), wrong, town.a.owner)
    with pytest.raises(CommandError, match=r"address|email"):
        call_command("create_administrator", username="new", email=wrong, generate_password=True, stdout=io.StringIO())
    for write in (
        lambda: User.objects.create_user(email=wrong, email_verified=True),
        lambda: User.objects.bulk_create([User(email=wrong, email_verified=True)]),
        lambda: User.objects.filter(pk=person.pk).update(email=wrong, email_verified=True),
    ):
        with pytest.raises(IntegrityError, match="user_verified_email_canonical"), transaction.atomic():
            write()


@pytest.mark.promise(94)
def test_an_administrator_is_told_that_an_address_is_taken_in_another_spelling(administrator: Client) -> None:
    """A constraint of the database does not become a 500 of a form."""
    local(INTERNATIONAL)
    person = User.objects.create_user(name="Other")
    answer = administrator.post(
        f"/admin/accounts/user/{person.pk}/change/",
        {"name": "Other", "email": ENCODED, "email_verified": "on", "is_active": "on"},
    )

    assert answer.status_code == 200
    assert "Another account has this verified address." in answer.content.decode()


@pytest.mark.parametrize(
    ("invited", "has", "may"),
    [
        (INTERNATIONAL, ENCODED, True),
        (ENCODED, "ZOe\u0308@bu\u0308cher.EXAMPLE", True),
        ("king@corp.example", "kıng@corp.example", False),
        ("kıng@corp.example", "king@corp.example", False),
        ("miss@corp.example", "mi\N{LATIN SMALL LETTER LONG S}s@corp.example", False),
        ("ada@strasse.example", "ada@straße.example", False),
    ],
)
@pytest.mark.promise(94)
def test_an_invitation_is_for_one_address_in_all_its_spellings(
    town: Town, invited: str, has: str, *, may: bool
) -> None:
    sent = invitations.invite(town.a.tenant, Role.objects.get(name="member"), invited, town.a.owner)
    person = User.objects.create_user(name="Comer", email=has, email_verified=True)

    if may:
        assert invitations.accept(link_of(sent), person).user == person
    else:
        with pytest.raises(InvitationRefused, match=f"^{InvitationRefusalReason.FOREIGN_EMAIL.value}$"):
            invitations.accept(link_of(sent), person)


@pytest.mark.promise(94)
def test_an_invitation_in_another_spelling_replaces_the_earlier_one(town: Town, post: Post) -> None:
    for spelling in SPELLINGS:
        invitations.invite(town.a.tenant, Role.objects.get(name="member"), spelling, town.a.owner)

    with site_context("a test looks"):
        assert [one.email for one in Invitation.objects.filter(revoked_at=None)] == [folded(SPELLINGS[-1])]
    assert receivers(post) == {folded(spelling) for spelling in SPELLINGS}, (
        "each went to the address that is stored with it"
    )


@pytest.mark.promise(94)
def test_exports_and_erasures_keep_lookalikes_apart(town: Town) -> None:
    """The kind of fault: rows of a person are matched by UPPER(), which turns a dotless i into another person's I."""
    member = Role.objects.get(name="member")
    king, lookalike = local("king@corp.example", "King"), local("kıng@corp.example", "Lookalike")
    for person in (king, lookalike):
        assert person.email
        invitations.invite(town.a.tenant, member, person.email, town.a.owner)
    for person, subject in ((king, "SUBJECT-K"), (lookalike, "subject-k")):
        Identity.objects.create(user=person, provider="google", issuer="https://i", subject=subject)
    with acting(actor=Actor(ActorKind.COMMAND, "test")):
        for text in ("KING@corp.example", "kıng@corp.example", "SUBJECT-K", "subject-k"):
            record(Event.REGISTRATION_REQUESTED, personal={"email": text})
    out = io.StringIO()
    call_command("export_person", user=str(king.pk), stdout=out)
    kept = json.loads(out.getvalue())["kept"]
    erase(king, reason="asked for")

    assert [row["email"] for row in kept["accounts.Invitation"]] == ["king@corp.example"]
    with site_context("a test looks"):
        assert [one.email for one in Invitation.objects.filter(tenant=town.a.tenant)] == ["kıng@corp.example"]
    left = set(Personal.objects.exclude(after=None).values_list("after__email", flat=True))
    assert {"kıng@corp.example", "subject-k"} <= left
    assert not {"KING@corp.example", "SUBJECT-K"} & left


@pytest.mark.promise(94)
def test_erasure_finds_every_spelling_of_an_address_in_the_trail(browser: Browser) -> None:
    """The kind of fault: Python folds the search term and SQL folds the column, each in its own way."""
    person = local(INTERNATIONAL)
    others = ["zoë@bücher.other.example", "zoé@bücher.example", "zoë@xn--bcher-kva.example.com"]
    with acting(actor=Actor(ActorKind.COMMAND, "test")):
        for text in [*SPELLINGS, *others]:
            record(Event.REGISTRATION_REQUESTED, personal={"email": text})
    erase(person, reason="asked for")

    asked = Personal.objects.filter(entry_id__in=Entry.objects.filter(action="registration.requested").values("id"))
    assert set(asked.values_list("after__email", flat=True)) == set(others)


@pytest.mark.parametrize("typed", ["zoë", "ZOë@", "zoë@b", "zoë@bü", "zoë@bu\u0308ch", *SPELLINGS, "zoë@xn--bch"])
@pytest.mark.promise(94)
def test_the_admins_search_finds_both_spellings_by_prefix(typed: str) -> None:
    for name, address in (("given", INTERNATIONAL), ("other", "zoé@bücher.example"), ("third", "zo@bücher.example")):
        User.objects.create_user(name=f"x {name}", email=address)

    found = {person.name for person in search.find(User.objects.all(), typed)}
    assert found == {"x given", "x other"}, "a search looks past accents; whose address it is, nobody is told by it"


@pytest.mark.promise(94)
def test_commands_and_the_trail_find_people_by_either_spelling(administrator: Client) -> None:
    person = local(INTERNATIONAL)

    assert [find_person(typed) for typed in SPELLINGS] == [person] * len(SPELLINGS)
    for typed in SPELLINGS:
        shown = administrator.get("/admin/audit/entry/", {"person": typed})
        assert {entry.person for entry in shown.context["cl"].result_list} == {str(person.pk)}, typed


@pytest.mark.promise(94)
def test_the_throttle_counts_all_spellings_of_an_address_together() -> None:
    keys = {tuple(track.key for track in login_throttle.for_password(None, typed)) for typed in SPELLINGS}

    assert len(keys) == 1
    assert login_throttle.for_password(None, "king@x.example") != login_throttle.for_password(None, "kıng@x.example")


@pytest.mark.promise(94)
def test_mail_goes_by_smtp_to_the_intended_domain() -> None:
    """The kind of fault: a library encodes the recipient by other rules: ``straße`` is not ``strasse``."""
    with open_mailbox() as mailbox:
        backend = SMTPEmailBackend(host="127.0.0.1", port=mailbox.server_address[1], use_tls=False, use_ssl=False)
        letter = EmailMessage("Hello", "Text", "no-reply@example.com", ["Ada@straße.example"])
        letter.extra_headers["To"] = "Ada@xn--strae-oqa.example"
        assert backend.send_messages([letter]) == 1
        assert mailbox.receivers == ["Ada@xn--strae-oqa.example"]


def _claimed(address: str) -> ExternalIdentity:
    return ExternalIdentity(
        provider="google", issuer="https://i", subject=f"of {address}", email=address, email_verified=True
    )
